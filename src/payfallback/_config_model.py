"""The shape of a configuration file, as pydantic models: what may stand where, and what it means.

The models check shape and single values; `_config_checks.py` checks what keys say about each other. The descriptions
here are what editors show (`payfallback schema`) and what `docs/configuration.md` is held against.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from payfallback._config_types import (
    Address,
    Amount,
    CallTime,
    CauseName,
    Code,
    Duration,
    HealthAddress,
    HealthInterval,
    Identifier,
    JournalAddress,
    Moment,
    Name,
    NotifyAddress,
    PublicKey,
    Secret,
    Secrets,
    Terms,
    Text,
    encrypted,
    wrong,
)
from payfallback.policy import Autonomy

Count = Annotated[int, Field(ge=1, le=100_000)]
Part = Annotated[float, Field(ge=0, le=1)]
Labels = Annotated[dict[str, str], Field(description="Names for the shopper, by locale.")]


class Table(BaseModel):
    """A table of the file: exact types, no unknown keys, and no value in an error."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


class CircuitTable(Table):
    """When a channel is passed over because it fails."""

    failures_in_a_row: Count | None = Field(default=None, description="Opens after so many failures in a row.")
    failure_rate: Part | None = Field(
        default=None, description="Opens when this part of the calls in the window failed."
    )
    minimum: Count | None = Field(default=None, description="Fewer calls in the window than this say nothing.")
    window: Duration | None = Field(default=None, description="How far back calls count.")
    open_for: Duration | None = Field(
        default=None, description="How long it stays open before one call is let through."
    )
    slow_after: Duration | None = Field(
        default=None, description="A call longer than this is slow; not given: none is."
    )
    slow_rate: Part | None = Field(
        default=None, description="Opens when this part of the calls in the window was slow."
    )


class RetryTable(Table):
    """Retries on the same channel, under the same number."""

    attempts: Count | None = Field(default=None, description="Sends of one charge in all; 1: none is repeated.")
    budget: Annotated[float, Field(ge=0, le=100_000)] | None = Field(
        default=None, description="Retries that can be made in one burst."
    )
    budget_per_success: Part | None = Field(
        default=None, description="What a payment that succeeds at once gives back."
    )
    first_wait: Duration | None = Field(
        default=None, description="Longest wait before the first retry; each later one doubles."
    )
    longest_wait: Duration | None = Field(default=None, description="No wait is longer.")


class DefaultsTable(Table):
    """What holds where a channel says nothing else, and times of the whole."""

    within: CallTime = Field(default=5.0, description="`pay` answers within this time; a day at most.")
    pay_by: Duration = Field(default=1800.0, description="After this no charge starts; what is open is closed.")
    timeout: Duration = Field(default=3.0, description="The longest one call to a provider takes.")
    max_in_flight: Count = Field(default=40, description="Calls per channel and process; above it the channel is busy.")
    expiry: Duration | None = Field(default=None, description="How long a shown QR code, link or token can be paid.")
    number: str = Field(default="{order}{seq:02}", description="Template of attempt numbers.")
    lease: CallTime = Field(
        default=10.0, description="How long a worker holds an order before another may take it over; a day at most."
    )
    max_attempts: Count = Field(default=8, description="Charges of one order in all.")
    surplus_tries: Count = Field(default=5, description="Refunds tried for a surplus before a person is called.")
    circuit: CircuitTable = CircuitTable()
    retry: RetryTable = RetryTable()


class MemoryTable(Table):
    """What is remembered of a shopper over several orders. Needs `journal.seal`: its first key hashes `Shopper.ref`."""

    keep: dict[CauseName, Duration] = Field(
        default={}, description="How long a refusal for this cause is remembered, where not as listed below."
    )
    forget: list[CauseName] = Field(default=[], description="Refusals for these causes are not remembered at all.")


class CreditTable(Table):
    """How instalment plans and credit limits are read."""

    plans_for: Duration = Field(default=60.0, description="How long plans that a provider told are used again.")
    implausible_below: Amount = Field(
        default="1.00", description="A credit limit above zero and below this, in major units, is taken for a glitch."
    )
    surge_shoppers: Count = Field(
        default=5, description="So many shoppers with the same glitch, reduced limit or risk refusal are a surge."
    )
    surge_window: Duration = Field(default=300.0, description="Within this time.")


class CardsTable(Table):
    """How often one card may be declined before it is not tried again. Needs `journal.seal`, as the memory does."""

    visa: Count = Field(default=15, description="Declines of a Visa card in 30 days.")
    mastercard: Count = Field(default=35, description="Declines of a Mastercard in 30 days.")
    mastercard_daily: Count = Field(default=10, description="Declines of a Mastercard in 24 hours.")


class JournalTable(Table):
    """The durable record of every intent and every answer."""

    url: JournalAddress = Field(description="sqlite:///path or postgresql://user@host/database; memory: for tests.")
    seal: Secrets = Field(default=[], description="Keys that seal what may not stand there in clear; the first seals.")


class SharedHealthTable(Table):
    """Where workers tell each other how channels do. Needs the extra `redis`."""

    url: HealthAddress = Field(description="rediss://user:${env:NAME}@host:6379/0; redis:// without TLS; unix://path.")
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:{}-]{1,64}$")] = Field(
        default="payfallback", description="Begins every key: workers with the same one share."
    )
    every: HealthInterval = Field(default=0.5, description="How often each worker looks.")


class SignKeyTable(Table):
    """A private key of the merchant."""

    id: Identifier = Field(description="What the provider knows it by: a certificate's serial number, or any name.")
    key: Secret = Field(description="The private key, PEM.")


class VerifyKeyTable(Table):
    """A public key of the provider."""

    id: Identifier = Field(description="What the provider calls it: a certificate's serial number, or any name.")
    key: PublicKey = Field(description="The public key or certificate, PEM.")
    until: Moment | None = Field(default=None, description="Not believed after this time.")


class CodeRowTable(Table):
    """What one of the provider's codes means, before what the library's table says."""

    code: Code = Field(description="The provider's code.")
    operation: Code = Field(
        default="*", description="As in `payfallback codes`: the provider's name of an operation; *: every one."
    )
    verdict: Literal["declined", "pending", "unknown"] | None = Field(
        default=None, description="What it proves. Not given: what the table says; of an unlisted code, nothing."
    )
    cause: CauseName | None = Field(default=None, description="Why. Not given: what the table says.")
    meaning: str = Field(default="", description="In the provider's words.")
    confirmed_by: str = Field(
        default="", description="Who at the provider confirmed that nothing is charged; a code then ends the attempt."
    )


class AccountTable(Table):
    """A merchant's account at a provider; several channels can share it."""

    provider: str = Field(
        description="jdpay, jdpay_aggregate, wechatpay, alipay, unionpay, stripe; wrap: callables of your own."
    )
    merchant: Identifier = Field(description="The merchant's number at the provider.")
    app: Annotated[Text, Field(pattern=r"^[!-.0-~]{0,64}$")] = Field(
        default="", description="The app id, where there is one."
    )
    environment: Name = Field(
        default="production", description="production, sandbox or another name: accounts never mix."
    )
    notify_url: NotifyAddress | None = Field(
        default=None, description="Where the provider notifies; {channel} is filled in."
    )
    base_url: Address | None = Field(default=None, description="Another address of the provider, such as a sandbox's.")
    sign: list[SignKeyTable] = Field(default=[], description="Our private keys: the first signs.")
    verify: list[VerifyKeyTable] = Field(default=[], description="The provider's public keys: all verify.")
    secret: Secret | None = Field(default=None, description="The shared secret (JD: 3DES key, WeChat: APIv3 key).")
    secrets: list[Secret] = Field(default=[], description="Several shared secrets: the first encrypts, all decrypt.")
    options: dict[str, Text] = Field(default={}, description="What only this provider knows.")
    codes: list[CodeRowTable] = Field(default=[], description="Your own rows in the provider's table of codes.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.secret is not None and self.secrets:
            raise wrong("expected `secret` or `secrets`, found both", "put them all into `secrets`", key="secrets")
        if self.base_url is not None and self.environment == "production" and not encrypted(self.base_url):
            hint = "use https, or name the environment if this is a test"
            raise wrong("expected an https address: credentials would travel in clear", hint, key="base_url")
        return self


class ChannelTable(Table):
    """A way to pay: a product of an account."""

    account: str = Field(description="The account that is paid.")
    product: str = Field(default="", description="The provider's product, such as baitiao or native.")
    terms: list[Terms] | None = Field(
        default=None, description='Numbers of instalments; "full" is all at once.', min_length=1
    )
    timeout: Duration | None = Field(default=None, description="The longest one call takes.")
    expiry: Duration | None = Field(default=None, description="How long what is shown can be paid.")
    max_in_flight: Count | None = Field(default=None, description="Calls per process; above it the channel is busy.")
    number: str | None = Field(default=None, description="Template of attempt numbers.")
    notify_url: NotifyAddress | None = Field(default=None, description="Instead of the account's.")
    last: bool = Field(default=False, description="Nothing is tried after it by itself.")
    label: Labels = Field(default={})
    circuit: CircuitTable = CircuitTable()
    retry: RetryTable = RetryTable()


class AmountTable(Table):
    """Bounds of an amount, both included."""

    from_: Amount | None = Field(default=None, alias="from", description="At least, in major units, in quotes.")
    to: Amount | None = Field(default=None, description="At most, in major units, in quotes.")


class WhenTable(Table):
    """The orders that take a route: all that is given must hold."""

    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = Field(
        default=None, description="ISO 4217, such as CNY."
    )
    amount: AmountTable | None = Field(default=None, description="Needs `currency` beside it.")
    categories: list[str] = Field(default=[], description="One of the order's categories is among these.")
    regions: list[str] = Field(default=[], description="The order's region is one of these.")
    merchants: list[str] = Field(default=[], description="The order's merchant is one of these.")
    attributes: dict[str, str] = Field(default={}, description="The order's attributes have these values.")
    start: Moment | None = Field(default=None, description="From this time on.")
    end: Moment | None = Field(default=None, description="Until before this time.")


class RouteTable(Table):
    """The order in which options are tried, for the orders that match. The first route that matches is taken."""

    name: str | None = Field(default=None, description="What traces and reports call it.")
    when: WhenTable = Field(default=WhenTable(), description="None: every order. The last route has none.")
    order: list[str] = Field(min_length=1, description="Option ids: wechat, baitiao/12, baitiao/full.")
    always_ask: list[str] = Field(default=[], description="Never taken by itself, whatever the shopper ticked.")
    shop_around_risk: bool = Field(default=False, description="Try another channel after a refusal for risk.")


class ConfigFile(Table):
    """A payfallback configuration."""

    version: Literal[1] = Field(description="Which form of the configuration this is: 1.")
    autonomy: Autonomy = Field(
        default="switch", description="How far it goes by itself: observe, retry, offer or switch."
    )
    share: Part = Field(
        default=1.0, description="The part of the orders on which `autonomy` applies; the rest is observed."
    )
    defaults: DefaultsTable = DefaultsTable()
    memory: MemoryTable = MemoryTable()
    credit: CreditTable = CreditTable()
    cards: CardsTable = CardsTable()
    journal: JournalTable
    shared_health: SharedHealthTable | None = Field(default=None)
    accounts: dict[Name, AccountTable]
    channels: dict[Name, ChannelTable]
    routes: list[RouteTable] = Field(min_length=1)

"""A configuration as frozen values: what the file says, with secrets resolved and defaults filled in. No parsing."""

from __future__ import annotations

from collections.abc import Mapping

from payfallback._core.safety import Problem, Where
from payfallback._values import field, value
from payfallback.policy import (
    Account,
    Autonomy,
    CardPolicy,
    CircuitPolicy,
    CreditPolicy,
    MemoryPolicy,
    RetryPolicy,
    Route,
)


@value(kw_only=True)
class KeySettings:
    """One key: its id (certificate serial, year), its PEM, and until when it verifies (epoch seconds)."""

    id: str
    pem: str = field(repr=False)
    until: float | None = None


@value(kw_only=True)
class CodeSettings:
    """A merchant's own row in a provider's table of codes. Empty: what the table says. `confirmed_by`: who at the
    provider said that nothing is charged."""

    code: str
    operation: str = "*"
    verdict: str = ""
    cause: str = ""
    meaning: str = ""
    confirmed_by: str = ""


@value(kw_only=True)
class AccountSettings:
    """One merchant account. Of the keys the first signs and all verify; of the secrets the first encrypts.

    `base_url` is empty for the provider's own address; `options` belong to the provider.
    """

    account: Account
    base_url: str = ""
    sign: tuple[KeySettings, ...] = field(default=(), repr=False)
    verify: tuple[KeySettings, ...] = field(default=(), repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    options: Mapping[str, str] = field(factory=dict, repr=False)
    codes: tuple[CodeSettings, ...] = ()


@value(kw_only=True)
class ChannelSettings:
    """One channel. Times are seconds; `expiry` None takes what the product's adapter advises.

    `first_wait` and `longest_wait` shape the waits between retries; both None: the library's own.
    """

    name: str
    account: str
    product: str
    terms: tuple[int, ...]
    timeout: float
    expiry: float | None
    max_in_flight: int
    number: str
    notify_url: str
    last: bool
    circuit: CircuitPolicy
    retry: RetryPolicy
    first_wait: float | None = None
    longest_wait: float | None = None
    label: Mapping[str, str] = field(factory=dict)


@value(kw_only=True)
class JournalSettings:
    """Where the journal is, and the keys that seal what may not stand in it in clear: the first seals, all open."""

    url: str = field(repr=False)
    seal: tuple[str, ...] = field(default=(), repr=False)


@value(kw_only=True)
class SharedHealthSettings:
    """Where workers share how channels do. `every`: seconds between two looks."""

    url: str = field(repr=False)
    prefix: str = "payfallback"
    every: float = 0.5


@value(kw_only=True)
class Settings:
    """A whole configuration file. `warnings`: what works and should be mended. `lines`: where each key stands."""

    file: str
    journal: JournalSettings
    accounts: Mapping[str, AccountSettings]
    channels: Mapping[str, ChannelSettings]
    routes: tuple[Route, ...]
    autonomy: Autonomy
    share: float
    within: float
    pay_by: float
    lease: float
    max_attempts: int
    surplus_tries: int
    memory: MemoryPolicy
    credit: CreditPolicy
    cards: CardPolicy
    shared_health: SharedHealthSettings | None = None
    warnings: tuple[Problem, ...] = ()
    lines: Mapping[Where, int] = field(factory=dict, repr=False)

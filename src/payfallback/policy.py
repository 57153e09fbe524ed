"""What the operator decided, as values: channels and what they can do, routes, autonomy, times. No I/O, no parsing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from payfallback._values import field, value
from payfallback.errors import NumberInvalid
from payfallback.model import Money, Option
from payfallback.taxonomy import Cause

LONGEST_WITHIN = 86400.0  # seconds that a call may take; an order whose worker died waits as long for another one

Autonomy = Literal["observe", "retry", "offer", "switch"]


@value(kw_only=True)
class Capabilities:
    """What a provider can do for one product. All times are seconds. Each value carries its source in the adapter.

    starts: "shopper" when no money can move before the shopper has the QR, URL or token that the charge returned.
    query: it answers for the merchant's own number. query_after: not useful sooner after the charge. query_every: poll.
    close: a close, void, cancel or reverse by the merchant's number exists. close_after: not sooner after the charge.
    close_names_trade: its acknowledgement says what it did to this trade, so that it is proof of death by itself.
    close_refunds: it refunds a trade that was paid (Alipay cancel, WeChat reverse): after it the attempt cannot win.
    close_until: the latest age of a charge that can be closed.
    resend: how long after the first send the same request under the same number is one charge; None: never.
    expiry: an absolute expiry can be sent with the charge; expiry_min and expiry_default are its bounds.
    not_found_after: how long after the expiry (or the send) an answer "not found" is final; None: never.
    lives: how long a charge can stay undecided by itself (a payment code lives 60 s); None: not known.
    creates: a charge takes two steps: CREATE makes it at the provider and answers PENDING with its `provider_ref`; no
    money moves before CHARGE confirms that id, so a silent CREATE is no risk (Stripe's unconfirmed PaymentIntent).
    authorises: a charge only holds the money and a capture takes it.
    refund / query_refund: as named. refund_until: latest age of a capture that can be refunded.
    leaves: it may be left automatically once shown or sent; False: only the shopper's wish leaves it.
    min_time: a charge is not started with less time left. watch: how long a dead attempt that was sent is watched.
    plans: it tells instalment plans, or the shopper's credit limit, before a charge.
    card: names of inputs that identify the card that pays, the best first (a fingerprint, a token); empty: no card.
    settle: the longest time in which this channel proves itself dead after a silence, as far as documented.
    assumptions: what is not documented by the provider, in words, shown by `check`.
    """

    starts: Literal["shopper", "server"] = "server"
    query: bool = True
    query_after: float = 0.0
    query_every: float = 2.0
    close: bool = False
    close_after: float = 0.0
    close_advised_after: float = 0.0
    close_names_trade: bool = False
    close_refunds: bool = False
    close_until: float | None = None
    resend: float | None = None
    expiry: bool = False
    expiry_min: float = 60.0
    expiry_default: float = 120.0
    not_found_after: float | None = None
    lives: float | None = None
    creates: bool = False
    authorises: bool = False
    refund: bool = True
    query_refund: bool = True
    refund_until: float | None = None
    leaves: bool = True
    min_time: float = 0.5
    watch: float = 86400.0 * 2
    settle: float | None = None
    number: str = "[0-9A-Za-z]{6,32}"
    inputs: tuple[str, ...] = ()
    plans: bool = False
    card: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


@value(kw_only=True)
class Account:
    """Who is paid: one merchant at one provider in one environment. Evidence of another account proves nothing."""

    name: str
    provider: str
    merchant: str
    app: str = ""
    environment: str = "production"

    @property
    def id(self) -> str:
        """What an attempt records, and what evidence is held against."""
        return "/".join((self.provider, self.merchant, self.app, self.environment))


@value(kw_only=True)
class CircuitPolicy:
    """When a channel's circuit opens. Times in seconds; `slow_after` None: slowness does not count."""

    failures_in_a_row: int = 5
    failure_rate: float = 0.5
    minimum: int = 20
    window: float = 30.0
    open_for: float = 15.0
    slow_after: float | None = None
    slow_rate: float = 0.8


@value(kw_only=True)
class RetryPolicy:
    """Retries on the same channel. `wait` is any tenacity wait strategy; None takes random exponential backoff.

    `attempts` counts sends under one number. The budget is a token bucket per channel and process: `budget` tokens,
    refilled by `budget_per_success` at each payment that succeeds at once.
    """

    attempts: int = 3
    wait: object | None = None
    budget: float = 10.0
    budget_per_success: float = 0.1


@value(kw_only=True)
class Channel:
    """A configured way to pay. `timeout`: seconds for one call. `number`: template of attempt numbers."""

    name: str
    account: Account
    capabilities: Capabilities
    product: str = ""
    terms: tuple[int, ...] = ()
    timeout: float = 3.0
    expiry: float | None = None
    max_in_flight: int = 40
    number: str = "{order}{seq:02}"
    circuit: CircuitPolicy = field(factory=CircuitPolicy)
    retry: RetryPolicy = field(factory=RetryPolicy)
    label: Mapping[str, str] = field(factory=dict)
    notify_url: str = ""
    last: bool = False

    @property
    def options(self) -> tuple[Option, ...]:
        """The options this channel offers, in the configured order of its terms."""
        if not self.terms:
            return (Option(self.name),)
        return tuple(Option(self.name, terms) for terms in self.terms)


@value(kw_only=True)
class When:
    """The condition of a route; an empty one holds for every order. `start` and `end` are epoch seconds."""

    currency: str = ""
    at_least: Money | None = None
    at_most: Money | None = None
    categories: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    merchants: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(factory=dict)
    start: float | None = None
    end: float | None = None


@value(kw_only=True)
class Route:
    """The order of options for the orders that match. `always_ask` is never taken by itself, whatever was ticked."""

    name: str
    order: tuple[Option, ...]
    when: When = field(factory=When)
    always_ask: tuple[Option, ...] = ()
    shop_around_risk: bool = False


_HOUR, _DAY = 3600.0, 86400.0
REMEMBERED: Mapping[Cause, float] = {
    Cause.CREDIT_EXHAUSTED: _DAY,  # a repayment or the next statement frees it; for smaller orders it says nothing
    Cause.LIMIT_REDUCED: 7 * _DAY,
    Cause.CREDIT_SCORE: 30 * _DAY,
    Cause.OVERDUE: 3 * _DAY,
    Cause.ACCOUNT_FROZEN: _DAY,
    Cause.REGULATORY: _DAY,
    Cause.NOT_ACTIVATED: _HOUR,  # may be done at once, and is then chosen: only our own first try goes elsewhere
    Cause.IDENTITY_UNVERIFIED: _HOUR,
    Cause.RISK_REJECTED: _DAY,
}
"""How long a refusal is remembered for its shopper and channel, seconds by cause. Refusals for any other cause say
nothing about the next order: they are about this order's goods, term or moment."""


@value(kw_only=True)
class MemoryPolicy:
    """What is remembered of a shopper over several orders. `keep`: seconds by cause; 0, or a cause that is not in it:
    not remembered."""

    keep: Mapping[Cause, float] = field(factory=lambda: dict(REMEMBERED))


@value(kw_only=True)
class CreditPolicy:
    """How instalment plans and credit limits are read. Times in seconds.

    plans_for: how long a provider's plans for one amount are used again; 0: asked each time. implausible_below: a
    credit limit above zero and below this (major units) is taken for a glitch. surge_shoppers, surge_window: so
    many shoppers with the same glitch, reduced limit or risk refusal in that time are a surge, not their own trouble.
    """

    plans_for: float = 60.0
    implausible_below: str = "1.00"
    surge_shoppers: int = 5
    surge_window: float = 300.0


@value(kw_only=True)
class CardPolicy:
    """How often one card may be declined before it is not tried again, over all orders and channels of the shop.

    visa, mastercard: declines in 30 days. Visa's own limit reads 15 in older and 20 reattempts in newer sources: 15
    satisfies both. mastercard_daily: declines in 24 hours.
    """

    visa: int = 15
    mastercard: int = 35
    mastercard_daily: int = 10


@value(kw_only=True)
class Policy:
    """Everything the operator decided. `share`: the part of the orders, 0 to 1, on which `autonomy` applies; the
    rest is observed."""

    channels: Mapping[str, Channel]
    routes: tuple[Route, ...]
    autonomy: Autonomy = "switch"
    share: float = 1.0
    within: float = 5.0
    pay_by: float = 1800.0
    lease: float = 10.0
    max_attempts: int = 8
    surplus_tries: int = 5
    memory: MemoryPolicy = field(factory=MemoryPolicy)
    credit: CreditPolicy = field(factory=CreditPolicy)
    cards: CardPolicy = field(factory=CardPolicy)

    def channel_of(self, option: Option) -> Channel | None:
        """The channel of an option when it is configured with these terms."""
        channel = self.channels.get(option.channel)
        if channel is None:
            return None
        offered = option.terms in channel.terms if channel.terms else option.terms is None
        return channel if offered else None


def number_fits(channel: Channel, number: str) -> bool:
    """Whether a number fits the provider's alphabet and length, as the channel declares them."""
    return _pattern(channel.capabilities.number).fullmatch(number) is not None


@lru_cache(256)
def _pattern(number: str) -> re.Pattern[str]:
    return re.compile(number)


def attempt_number(channel: Channel, order_id: str, seq: int) -> str:
    """The merchant's number of attempt `seq`, readable and never hashed or cut.

    Characters that no provider takes are left out of the order's id, and zeros are put in front until the number has
    six characters, or as many as the provider's alphabet asks for. Two orders whose numbers would collide under one
    account are told apart by the journal, which refuses the second. Raises `NumberInvalid` when the number does not
    fit the provider's alphabet and length, or nothing is left of the order's id.
    """
    plain = order_id.isascii() and order_id.isalnum()
    stem = order_id if plain else re.sub(r"[^0-9A-Za-z]", "", order_id)
    number = channel.number.format(order=stem, seq=seq, account=channel.account.name, channel=channel.name)
    number = number.rjust(_shortest(channel.capabilities.number), "0")
    if not stem or len(number) > LONGEST_NUMBER or not number_fits(channel, number):
        raise NumberInvalid(
            f"attempt number {number!r} does not fit channel {channel.name!r}",
            hint=f"at most {LONGEST_NUMBER} characters matching {channel.capabilities.number}: shorten the order id "
            "(the 32 digits of a UUID are too many) or set the channel's `number` template",
        )
    return number


@lru_cache(256)
def _shortest(alphabet: str) -> int:
    """The least length that a provider's alphabet of numbers, such as "[0-9A-Za-z]{8,40}", takes."""
    least = re.search(r"\{([0-9]{1,2})(?:,[0-9]*)?\}$", alphabet)
    return max(SHORTEST_NUMBER, min(int(least[1]), LONGEST_NUMBER) if least else 0)


SHORTEST_NUMBER = 6  # what every provider's alphabet and length admit (facts, merchant numbers)
LONGEST_NUMBER = 26  # leaves room for a refund's suffix within 32

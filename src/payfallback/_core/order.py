"""An order and its attempts, as their events tell it (`fold.py` makes them).

Records are treated as values: the fold copies before it changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from payfallback._core.state import LIVE, Status
from payfallback._values import draft
from payfallback.model import Action, Money

NOTHING: Mapping[str, str] = MappingProxyType({})


@draft
class Attempt:
    """One charge on one channel under one number. All times are epoch seconds."""

    seq: int
    number: str
    option: str
    account: str
    starts: str
    planned_at: float
    expires_at: float | None = None
    memo: Mapping[str, str] = NOTHING
    adopted: bool = False
    status: Status = Status.PLANNED
    changed_at: float = 0.0
    cause: str = ""
    code: str = ""
    text: str = ""
    refusal: str = ""  # the cause of a refusal, final or not
    final: bool = False
    open: tuple[int, ...] = ()  # charge requests that nobody has answered
    made: bool = False  # the first of two steps may have been sent
    taken: bool = False  # a charge request was answered, and not with a refusal
    sends: int = 0
    first_sent: float | None = None
    sending_until: float = 0.0
    answered_at: float = 0.0  # when the last charge request was answered, or its time was up
    requests: int = 0  # requests of every kind, numbered from 1
    provider_ref: str = ""
    provider_time: float = 0.0
    paid_at: float | None = None
    not_found: int = 0
    not_found_at: float = 0.0
    not_found_past: int = 0  # of those, how many the provider's clock puts after expiry
    seen: int = 0
    handed_over: bool = False
    action: Action | None = None
    closes: int = 0
    close_sent_at: float = 0.0
    overdue: bool = False  # asked after `pay_by`, the provider said that it was not paid yet
    poisoned: bool = False  # a cancel that may refund was sent: cannot win any more
    closed: bool = False  # the provider said so
    captures: int = 0
    capture_sent_at: float = 0.0
    refund: str = ""
    refunds: int = 0
    refund_since: float = 0.0  # when this refund number was first sent
    refund_sent_at: float = 0.0
    refund_lost: bool = False  # the provider does not know the refund that we sent
    refund_said: frozenset[str] = frozenset()  # "refunded" and "refund_failed", as far as either was said of it
    disputed_at: float = 0.0
    dead_because: str = ""
    excess: str = ""
    resendable: bool = False
    retry_after: float | None = None

    @property
    def live(self) -> bool:
        """Whether nothing else may be charged because of it."""
        return self.status in LIVE

    @property
    def refund_in_doubt(self) -> bool:
        """Whether the provider called one refund done and failed, in whatever order that was heard."""
        return len(self.refund_said) > 1

    @property
    def ever_sent(self) -> bool:
        """Whether any charge request may have left."""
        return self.sends > 0


@draft
class MerchantRefund:
    """A refund of the winner that the merchant asked for. `number` is what the provider knows it by."""

    refund: str
    number: str
    minor: int
    at: float
    reason: str
    state: str = "asked"
    sends: int = 0
    lost: bool = False
    cause: str = ""
    provider_ref: str = ""
    since: float = 0.0  # when it was first sent
    said: frozenset[str] = frozenset()  # as `Attempt.refund_said`

    @property
    def in_doubt(self) -> bool:
        """Whether the provider called it done and failed."""
        return len(self.said) > 1


@draft
class Record:
    """An order: what was asked, its attempts, its winner, what was told. `attempts[seq - 1]` is attempt `seq`."""

    order_id: str
    merchant: str
    amount: Money
    opened_at: float
    pay_by: float
    autonomy: str
    ref: str = ""
    route: str = ""
    choice: str = ""
    consent: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    winner: int = 0
    leave_upto: int = 0  # the shopper wants to leave every attempt up to this one
    cancelled: bool = False
    outcomes: Mapping[str, str] = NOTHING
    settled_at: float | None = None
    refunds: tuple[MerchantRefund, ...] = ()
    passed: tuple[tuple[str, str], ...] = ()  # options passed over since the last wish, and why

    @property
    def current(self) -> Attempt | None:
        """The attempt that stands in the way of another one; the earliest, should evidence have revived several."""
        for attempt in self.attempts:
            if attempt.live:
                return attempt
        return None

    @property
    def won(self) -> Attempt | None:
        """The attempt that pays the order."""
        return self.attempts[self.winner - 1] if self.winner else None

    @property
    def quiet(self) -> bool:
        """Whether its only attempt pays it and nothing speaks against that, as in nearly every order: nothing is left
        to be done about it."""
        attempts = self.attempts
        return self.winner == 1 == len(attempts) and attempts[0].status is Status.CAPTURED and not self.refunds

    @property
    def finished(self) -> bool:
        """Whether no charge may start any more: paid, cancelled or expired."""
        return bool(self.winner) or self.cancelled or "expired" in self.outcomes

    def refunded(self) -> int:
        """Minor units that went back to the shopper at the merchant's wish."""
        return sum(refund.minor for refund in self.refunds if refund.state == "done")

    def refund_of(self, refund: str) -> MerchantRefund | None:
        """The merchant's refund with this id."""
        return next((each for each in self.refunds if each.refund == refund), None)


def key_of(merchant: str, order_id: str) -> str:
    """The journal's key of an order."""
    return f"{merchant}|{order_id}"

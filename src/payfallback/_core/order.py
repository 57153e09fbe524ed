"""An order and its attempts, as their events tell it (`fold.py` makes them).

Records are treated as values: the fold copies before it changes. They keep their defaults on the class, so that an
order in flight holds only what differs (measured by `benchmarks/overhead.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from payfallback._core.state import LIVE, Status
from payfallback.model import Action, Money


class Attempt:
    """One charge on one channel under one number. All times are epoch seconds."""

    seq: int
    number: str
    option: str
    account: str
    starts: str
    planned_at: float
    expires_at: float | None = None
    memo: Mapping[str, str] = {}
    adopted: bool = False
    status: Status = Status.PLANNED
    changed_at: float = 0.0
    cause: str = ""
    code: str = ""
    text: str = ""
    refusal: str = ""  # the cause of a refusal, final or not
    final: bool = False
    open: tuple[int, ...] = ()  # charge requests that nobody has answered
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
    close_acked_at: float = 0.0
    close_answered: bool = True
    poisoned: bool = False  # a cancel that may refund was sent: cannot win any more
    closed: bool = False  # the provider said so
    captures: int = 0
    capture_sent_at: float = 0.0
    refund: str = ""
    refunds: int = 0
    refund_sent_at: float = 0.0
    refund_accepted: bool = False
    refund_lost: bool = False  # the provider does not know the refund that we sent
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
    def ever_sent(self) -> bool:
        """Whether any charge request may have left."""
        return self.sends > 0

    def copy(self) -> Self:
        """A copy to change."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        return new


class MerchantRefund:
    """A refund of the winner that the merchant asked for. `number` is what the provider knows it by."""

    def __init__(self, refund: str, number: str, minor: int, at: float, reason: str) -> None:
        self.refund, self.number, self.minor, self.at, self.reason = refund, number, minor, at, reason
        self.state = "asked"
        self.sends = 0
        self.sent_at = 0.0
        self.lost = False
        self.cause = ""
        self.provider_ref = ""

    def copy(self) -> MerchantRefund:
        """A copy to change."""
        new = object.__new__(MerchantRefund)
        new.__dict__.update(self.__dict__)
        return new


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
    consent: frozenset[str] = frozenset()
    attempts: tuple[Attempt, ...] = ()
    winner: int = 0
    leave_upto: int = 0  # the shopper wants to leave every attempt up to this one
    cancelled: bool = False
    outcomes: Mapping[str, str] = {}
    settled_at: float | None = None
    refunds: tuple[MerchantRefund, ...] = ()
    passed: tuple[tuple[str, str], ...] = ()  # options passed over since the last wish, and why
    version: int = 0

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
    def finished(self) -> bool:
        """Whether no charge may start any more: paid, cancelled or expired."""
        return bool(self.winner) or self.cancelled or "expired" in self.outcomes

    def refunded(self) -> int:
        """Minor units that went back to the shopper at the merchant's wish."""
        return sum(refund.minor for refund in self.refunds if refund.state == "done")

    def refund_of(self, refund: str) -> MerchantRefund | None:
        """The merchant's refund with this id."""
        return next((each for each in self.refunds if each.refund == refund), None)

    def copy(self) -> Self:
        """A copy to change."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        return new


def key_of(merchant: str, order_id: str) -> str:
    """The journal's key of an order."""
    return f"{merchant}|{order_id}"

"""A trade as a provider keeps it: what was asked for, what became of it, and what went back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

CNY = "CNY"
CODE_LIVES = 60.0  # seconds; a payment code is shown for a minute, so its confirmation is not waited for longer


class State(Enum):
    """Where a trade stands. Each provider says it in its own words."""

    CREATED = "created"  # known to the provider; it cannot be paid before another request says so
    OPEN = "open"  # the shopper can pay and has done nothing yet
    CONFIRMING = "confirming"  # a payment code was taken; the shopper must confirm
    PROCESSING = "processing"  # the shopper has paid; the money moves later
    AUTHORIZED = "authorized"  # the amount is set aside; the merchant takes it, or lets it go
    PAID = "paid"
    REFUSED = "refused"
    CLOSED = "closed"
    REVERSED = "reversed"

    __hash__ = object.__hash__


PAYABLE = frozenset({State.OPEN, State.CONFIRMING})
UNDECIDED = frozenset({State.CREATED, State.OPEN, State.CONFIRMING, State.PROCESSING, State.AUTHORIZED})


@dataclass(slots=True, eq=False)
class Trade:
    """One trade. Amounts in minor units, times in epoch seconds of the provider's clock.

    asked: the request that created it, to tell a repetition from another request under the same number.
    lapses_to: the state it takes when it expires unpaid; None: it stays as it is and just cannot be paid.
    hidden_until: only a charge sees it before (`appears_late`). late: seconds from paying to the money moving.
    doomed: the cause for which the shopper's attempt to pay will be refused. back_to: the shop's page.
    revoked_under: the merchant's number of the revoke that ended it. holds: paying only sets the amount aside, until
    the merchant takes it; taken: what it took, None for the whole amount.
    """

    provider: str
    number: str
    amount: int
    product: str
    created: float
    expires: float
    ref: str = ""
    title: str = ""
    order: str = ""
    notify_url: str = ""
    back_to: str = ""
    payer: str = ""
    terms: int = 0
    currency: str = CNY
    holds: bool = False
    asked: dict[str, Any] = field(default_factory=dict)
    lapses_to: State | None = None
    state: State = State.OPEN
    cause: str = ""
    paid_at: float | None = None
    taken: int | None = None
    hidden_until: float = 0.0
    late: float | None = None
    doomed: str = ""
    revoked_under: str = ""
    refunds: list[Refund] = field(default_factory=list)

    @property
    def refundable(self) -> int:
        """Minor units that were paid and not asked back."""
        asked_back = sum(refund.amount for refund in self.refunds if refund.state is not RefundState.FAILED)
        return self.captured - asked_back

    @property
    def captured(self) -> int:
        """Minor units that the provider took from the shopper, once."""
        if self.paid_at is None:
            return 0
        return self.amount if self.taken is None else self.taken

    @property
    def refunded(self) -> int:
        """Minor units that went back."""
        return sum(refund.amount for refund in self.refunds if refund.state is RefundState.DONE)


class RefundState(Enum):
    """Where a refund stands."""

    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"

    __hash__ = object.__hash__


@dataclass(slots=True, eq=False)
class Refund:
    """Money asked back under the merchant's own refund number."""

    number: str
    trade: Trade = field(repr=False)
    amount: int
    ref: str
    created: float
    reason: str = ""
    notify_url: str = ""
    state: RefundState = RefundState.PROCESSING
    done_at: float | None = None

"""A fake provider's trades: their states, the money that moves, and what the provider says about them."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from math import inf
from typing import Any

from payfallback._core.operations import Answer, Kind, Notice, Operation
from payfallback.model import Action, Money, Qr
from payfallback.policy import Capabilities
from payfallback.taxonomy import Cause, Verdict
from payfallback.testing.ledger import Entry, Ledger, What


class State(Enum):
    """What has become of a trade."""

    CREATED = "created"  # made in the first of two steps, not confirmed
    WAITING = "waiting"  # the shopper has to act
    WORKING = "working"  # the provider has to act
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    CLOSED = "closed"
    DECLINED = "declined"
    REFUNDED = "refunded"

    __hash__ = object.__hash__


class RefundMade:
    """A refund under its number. `done` is False while the provider works on it."""

    __slots__ = ("amount", "done", "number")

    def __init__(self, number: str, amount: Money, *, done: bool) -> None:
        self.number, self.amount, self.done = number, amount, done


class Trade:
    """A charge as its provider keeps it, under the merchant's number. Times are the provider's, epoch seconds.

    `pays` is what a capture takes: the amount asked for, unless the provider gets it wrong. `captured` counts minor
    units, more than one capture when the provider ignores keys. `late`: how long after the shopper or the request
    the money moves. `visible_at`: from when on a question finds it.
    """

    __slots__ = (
        "amount",
        "arrived",
        "can",
        "captured",
        "captured_at",
        "cause",
        "channel",
        "confirmed",
        "ends_at",
        "late",
        "number",
        "order_id",
        "pays",
        "ref",
        "refunds",
        "state",
        "visible_at",
    )

    def __init__(self, operation: Operation, can: Capabilities, ref: str, now: float) -> None:
        self.number, self.order_id, self.amount = operation.number, operation.order_id, operation.amount
        self.channel = operation.option.channel
        self.can, self.ref, self.arrived = can, ref, now
        self.pays = operation.amount
        self.state = State.WAITING
        self.confirmed = False  # of a charge in two steps: the second has arrived
        self.visible_at = now
        self.ends_at = _end(operation, can, now)
        self.late = 0.0
        self.captured = 0
        self.captured_at = now
        self.cause: Cause | None = None
        self.refunds: list[RefundMade] = []

    @property
    def refundable(self) -> int:
        """Minor units that were captured and that no refund has taken or reserved."""
        return self.captured - sum(each.amount.minor for each in self.refunds)

    def refund_made(self, number: str) -> RefundMade | None:
        """The refund under this number."""
        return next((each for each in self.refunds if each.number == number), None)


def _end(operation: Operation, can: Capabilities, now: float) -> float:
    if can.expiry and operation.expires_at is not None:
        return operation.expires_at
    return inf if can.lives is None else now + can.lives


class Till:
    """Moves the money of one account's trades and writes every movement into the ledger.

    `moved` collects what the merchant would be notified of; whoever calls takes it away.
    """

    def __init__(self, account: str, ledger: Ledger) -> None:
        self.account = account
        self.moved: list[tuple[Trade, RefundMade | None]] = []
        self._ledger = ledger
        self._notices = 0

    def take(self, trade: Trade, now: float) -> None:
        """Hold or capture the money, as the channel does."""
        if trade.can.authorises:
            trade.state = State.AUTHORISED
            self._write(now, "authorised", trade, trade.pays)
            self.moved.append((trade, None))
        else:
            self.capture(trade, now)

    def capture(self, trade: Trade, now: float) -> None:
        """Move the money."""
        trade.state = State.CAPTURED
        trade.captured += trade.pays.minor
        trade.captured_at = now
        self._write(now, "captured", trade, trade.pays)
        self.moved.append((trade, None))

    def close(self, trade: Trade, now: float) -> None:
        """End a trade that was not paid."""
        trade.state = State.CLOSED
        self._write(now, "closed", trade, trade.amount)

    def give_back(self, trade: Trade, refund: RefundMade, now: float) -> None:
        """Let a refund that stands in `trade.refunds` happen."""
        refund.done = True
        self._write(now, "refunded", trade, refund.amount, refund.number)
        if trade.captured and all(each.done for each in trade.refunds) and trade.refundable <= 0:
            trade.state = State.REFUNDED
        self.moved.append((trade, refund))

    def notice(self, trade: Trade, refund: RefundMade | None, now: float) -> Notice:
        """What the provider would send for one movement."""
        self._notices += 1
        name = f"{trade.ref}-{self._notices}"
        if refund is None:
            return Notice(number=trade.number, answer=self.says(trade, now), id=name)
        answer = self.refund_says(trade, refund, now)
        return Notice(number=trade.number, answer=answer, kind=Kind.REFUND, refund_number=refund.number, id=name)

    def says(self, trade: Trade, now: float) -> Answer:
        """What the provider answers when it is asked about a trade."""
        return _SAYS[trade.state](self, trade, now)

    def refund_says(self, trade: Trade, refund: RefundMade, now: float) -> Answer:
        """What the provider answers about one refund."""
        verdict = Verdict.REFUNDED if refund.done else Verdict.ACCEPTED
        return self.answer(trade, verdict, now, amount=refund.amount, named=True)

    def answer(self, trade: Trade, verdict: Verdict, now: float, **more: Any) -> Answer:
        """An answer that names the trade and carries the provider's clock."""
        return Answer(
            verdict=verdict,
            number=trade.number,
            account=self.account,
            provider_ref=trade.ref,
            provider_time=now,
            **more,
        )

    def _write(self, now: float, what: What, trade: Trade, amount: Money, refund: str = "") -> None:
        self._ledger.record(Entry(now, what, self.account, trade.number, trade.order_id, amount, refund))


def _created(till: Till, trade: Trade, now: float) -> Answer:
    return till.answer(trade, Verdict.UNKNOWN, now, cause=Cause.AWAITING_PROVIDER, code="not_confirmed")


def _waiting(till: Till, trade: Trade, now: float) -> Answer:
    action: Action | None = None
    if trade.can.starts == "shopper":
        action = Qr(f"https://pay.example/{trade.channel}/{trade.number}")
    return till.answer(trade, Verdict.PENDING, now, cause=Cause.AWAITING_SHOPPER, action=action)


def _working(till: Till, trade: Trade, now: float) -> Answer:
    return till.answer(trade, Verdict.PENDING, now, cause=Cause.AWAITING_PROVIDER)


def _authorised(till: Till, trade: Trade, now: float) -> Answer:
    return till.answer(trade, Verdict.AUTHORISED, now, amount=trade.pays)


def _captured(till: Till, trade: Trade, now: float) -> Answer:
    return till.answer(trade, Verdict.CAPTURED, now, amount=trade.pays, paid_at=trade.captured_at)


def _closed(till: Till, trade: Trade, now: float) -> Answer:
    return till.answer(trade, Verdict.CLOSED, now, named=True)


def _declined(till: Till, trade: Trade, now: float) -> Answer:
    cause = trade.cause or Cause.DECLINED
    return till.answer(trade, Verdict.DECLINED, now, cause=cause, code=cause.value, final=True)


def _refunded(till: Till, trade: Trade, now: float) -> Answer:
    back = sum(each.amount.minor for each in trade.refunds)
    return till.answer(trade, Verdict.REFUNDED, now, amount=Money(back, trade.amount.currency), named=True)


_SAYS: dict[State, Callable[[Till, Trade, float], Answer]] = {
    State.CREATED: _created,
    State.WAITING: _waiting,
    State.WORKING: _working,
    State.AUTHORISED: _authorised,
    State.CAPTURED: _captured,
    State.CLOSED: _closed,
    State.DECLINED: _declined,
    State.REFUNDED: _refunded,
}

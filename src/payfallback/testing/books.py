"""What a fake provider does with each operation, as far as the real channel declares that it can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Protocol

from payfallback._core.operations import Answer, Kind, Operation, Plan
from payfallback.model import Money
from payfallback.policy import Capabilities
from payfallback.taxonomy import Cause, Verdict
from payfallback.testing.faults import Fault
from payfallback.testing.plain_answers import accepted, not_found, refusal
from payfallback.testing.trades import RefundMade, State, Till, Trade

Struck = Mapping[str, Fault]

_OVER = frozenset({State.CLOSED, State.DECLINED, State.REFUNDED})


class Later(Protocol):
    """Does something in so many seconds, under the provider's lock, with the provider's time of then."""

    def __call__(self, delay: float, run: Callable[[float], None]) -> object:
        """Schedule it."""


class Books:
    """The trades of one account, by the merchant's number, and the operations on them. Not safe for threads."""

    def __init__(
        self, till: Till, later: Later, *, plans: tuple[int, ...] = (), hidden_until_scanned: bool = False
    ) -> None:
        self.till = till
        self.plans = plans
        self.hidden_until_scanned = hidden_until_scanned
        self.trades: dict[str, Trade] = {}
        self._later = later
        self._handlers: Mapping[Kind, Callable[[Operation, Capabilities, Struck, float], Answer]] = {
            Kind.CREATE: self._create,
            Kind.CHARGE: self._charge,
            Kind.QUERY: self._query,
            Kind.CLOSE: self._close,
            Kind.CAPTURE: self._capture,
            Kind.REFUND: self._refund,
            Kind.QUERY_REFUND: self._query_refund,
            Kind.PLANS: self._plans,
        }

    def perform(self, operation: Operation, can: Capabilities, struck: Struck, now: float) -> Answer:
        """Do what the request asks and say what happened. `now` is the provider's clock."""
        return self._handlers[operation.kind](operation, can, struck, now)

    # ------------------------------------------------------------ charging

    def _create(self, operation: Operation, can: Capabilities, struck: Struck, now: float) -> Answer:
        """The first of two steps: the trade is there, and nothing moves yet."""
        if (declined := struck.get("declined")) is not None:
            return refusal(operation, now, "declined", cause=declined.cause or Cause.DECLINED, final=True)
        trade = self.trades.get(operation.number) or self._open(operation, can, now)
        if not trade.confirmed:
            trade.state = State.CREATED
        return self.till.answer(trade, Verdict.PENDING, now, cause=Cause.AWAITING_PROVIDER)

    def _open(self, operation: Operation, can: Capabilities, now: float) -> Trade:
        ref = f"{self.till.account.partition('/')[0]}-{len(self.trades) + 1:08}"
        trade = self.trades[operation.number] = Trade(operation, can, ref, now)
        return trade

    def _charge(self, operation: Operation, can: Capabilities, struck: Struck, now: float) -> Answer:
        trade = self.known(operation.number, now)
        if trade is not None:
            repeated = self._repeated(trade, operation, struck, now)
            if repeated is not None:
                return repeated
        if can.expiry and operation.expires_at is not None and now > operation.expires_at:
            return refusal(operation, now, "expired", cause=Cause.EXPIRED, final=True)
        if can.creates and (trade is None or operation.provider_ref != trade.ref):
            return refusal(operation, now, "nothing_created")
        trade = trade or self._open(operation, can, now)
        trade.pays, trade.confirmed = operation.amount, True
        return self._begin(trade, struck, now) if struck or can.starts == "shopper" else self._take(trade, now)

    def _repeated(self, trade: Trade, operation: Operation, struck: Struck, now: float) -> Answer | None:
        """The answer to a second charge under one number; None when it is taken for a new one."""
        if trade.state is State.CREATED:
            return None
        if trade.state in _OVER:
            if trade.state is State.CLOSED:
                return self._refuse(trade, now, "trade_closed", final=True)
            return self.till.says(trade, now)
        if "key_ignored" in struck:
            return None
        if operation.amount != trade.amount:
            return self._refuse(trade, now, "parameters_differ")
        resend = trade.can.resend
        if resend is None:
            return self._refuse(trade, now, "number_used")
        return self.till.says(trade, now) if now - trade.arrived <= resend else None

    def _take(self, trade: Trade, now: float) -> Answer:
        self.till.take(trade, now)
        return self.till.says(trade, now)

    def _begin(self, trade: Trade, struck: Struck, now: float) -> Answer:
        self._mark(trade, struck, now)
        if (declined := struck.get("declined")) is not None:
            trade.state, trade.cause = State.DECLINED, declined.cause
        elif (declined := struck.get("declined_open")) is not None:
            trade.state = State.WAITING
            cause = declined.cause or Cause.DECLINED
            return self._refuse(trade, now, cause.value, cause=cause)
        elif trade.can.starts == "shopper" or "user_paying" in struck:
            trade.state = State.WAITING
        else:
            self._move(trade, now)
        return self.till.says(trade, now)

    def _mark(self, trade: Trade, struck: Struck, now: float) -> None:
        if (wrong := struck.get("wrong_amount")) is not None:
            trade.pays = Money(int(wrong.number) or trade.amount.minor + 1, trade.amount.currency)
        if (late := struck.get("captured_late")) is not None:
            trade.late = late.number
        if self.hidden_until_scanned and trade.can.starts == "shopper":
            trade.visible_at = inf
        elif (appears := struck.get("appears_late")) is not None:
            trade.visible_at = min(now + appears.number, _found_by(trade))

    def _move(self, trade: Trade, now: float) -> None:
        """Take the money now, or later when the provider is late."""
        if not trade.late:
            self.till.take(trade, now)
            return
        trade.state = State.WORKING
        self._later(trade.late, lambda then: self._finish(trade, then))

    def _finish(self, trade: Trade, now: float) -> None:
        if trade.state is State.WORKING:
            self.till.take(trade, now)

    def _capture(self, operation: Operation, can: Capabilities, struck: Struck, now: float) -> Answer:
        trade = self.known(operation.number, now)
        if trade is None:
            return refusal(operation, now, "trade_not_found")
        if trade.state is State.CAPTURED:
            return self.till.says(trade, now)
        if trade.state is not State.AUTHORISED:
            return self._refuse(trade, now, f"trade_{trade.state.value}", final=trade.state in _OVER)
        if (declined := struck.get("declined")) is not None:
            return self._refuse(trade, now, "capture_declined", cause=declined.cause or Cause.DECLINED)
        self.till.capture(trade, now)
        return self.till.says(trade, now)

    # ------------------------------------------------------------ the shopper

    def pays(self, trade: Trade, now: float) -> bool:
        """The shopper pays; False when the trade cannot be paid any more, or is paid."""
        trade.visible_at = min(trade.visible_at, now)
        if trade.state is not State.WAITING:
            return False
        self._move(trade, now)
        return True

    def refuses(self, trade: Trade, cause: Cause) -> None:
        """The shopper's attempt fails. What was shown can be paid again; a payment code is spent."""
        if trade.state is State.WAITING and trade.can.starts == "server":
            trade.state, trade.cause = State.DECLINED, cause

    # ------------------------------------------------------------ asking

    def known(self, number: str, now: float) -> Trade | None:
        """The trade as it is now: what was not paid before its end is closed."""
        trade = self.trades.get(number)
        if trade is not None and trade.state is State.WAITING and now > trade.ends_at:
            self.till.close(trade, trade.ends_at)
        return trade

    def _visible(self, number: str, now: float) -> Trade | None:
        trade = self.known(number, now)
        return trade if trade is not None and now >= trade.visible_at else None

    def _query(self, operation: Operation, can: Capabilities, struck: Struck, now: float) -> Answer:
        trade = self._visible(operation.number, now)
        return not_found(now) if trade is None else self.till.says(trade, now)

    def _query_refund(self, operation: Operation, can: Capabilities, struck: Struck, now: float) -> Answer:
        trade = self._visible(operation.number, now)
        made = trade.refund_made(operation.refund_number) if trade is not None else None
        if trade is None or made is None:
            return not_found(now)
        return self.till.refund_says(trade, made, now)

    def _plans(self, operation: Operation, can: Capabilities, struck: Struck, now: float) -> Answer:
        amount = operation.amount
        each = (Plan(terms=n, each=Money(-(-amount.minor // n), amount.currency), total=amount) for n in self.plans)
        return Answer(verdict=Verdict.ACCEPTED, provider_time=now, plans=tuple(each))

    # ------------------------------------------------------------ undoing

    def _close(self, operation: Operation, can: Capabilities, struck: Struck, now: float) -> Answer:
        trade = self._visible(operation.number, now)
        if trade is None:  # a cancel says "ok" about what it does not know; a close says that it does not know it
            return accepted(operation, now) if can.close_refunds else refusal(operation, now, "trade_not_found")
        age, can = now - trade.arrived, trade.can
        if "close_refused" in struck:
            return self._refuse(trade, now, "close_refused")
        if age < can.close_after:
            return self._refuse(trade, now, "too_early", retry_after=can.close_after - age)
        if can.close_until is not None and age > can.close_until:
            return self._refuse(trade, now, "too_late")
        if trade.state in (State.CAPTURED, State.REFUNDED) and not can.close_refunds:
            return self.till.says(trade, now) if can.close_names_trade else self._refuse(trade, now, "trade_paid")
        return self._undo(trade, now)

    def _undo(self, trade: Trade, now: float) -> Answer:
        if trade.state is State.CAPTURED and trade.refundable > 0:
            back = RefundMade(f"close-{trade.number}", Money(trade.refundable, trade.amount.currency), done=False)
            trade.refunds.append(back)
            self.till.give_back(trade, back, now)
        elif trade.state in (State.CREATED, State.WAITING, State.WORKING, State.AUTHORISED):
            self.till.close(trade, now)
        if not trade.can.close_names_trade:
            return self.till.answer(trade, Verdict.ACCEPTED, now)
        if trade.state is State.DECLINED:
            return self.till.answer(trade, Verdict.CLOSED, now, named=True)
        return self.till.says(trade, now)

    def _refund(self, operation: Operation, can: Capabilities, struck: Struck, now: float) -> Answer:
        trade = self.known(operation.number, now)
        if trade is None:
            return refusal(operation, now, "trade_not_found", verdict=Verdict.REFUND_FAILED)
        amount = operation.refund_amount or operation.amount
        made = trade.refund_made(operation.refund_number)
        if made is not None and "key_ignored" not in struck:
            if made.amount != amount:
                return self._refuse(trade, now, "parameters_differ")
            return self.till.refund_says(trade, made, now)
        why = _unrefundable(trade, amount, struck, now)
        if why:
            cause = struck["declined"].cause if "declined" in struck else Cause.DECLINED
            return self.till.answer(trade, Verdict.REFUND_FAILED, now, cause=cause, code=why, named=True)
        made = RefundMade(operation.refund_number, amount, done=False)
        trade.refunds.append(made)
        late = struck.get("captured_late")
        if late is None:
            self.till.give_back(trade, made, now)
        else:
            self._later(late.number, lambda then: self.till.give_back(trade, made, then))
        return self.till.refund_says(trade, made, now)

    def _refuse(
        self,
        trade: Trade,
        now: float,
        code: str,
        *,
        cause: Cause = Cause.DECLINED,
        final: bool = False,
        retry_after: float | None = None,
    ) -> Answer:
        verdict = Verdict.DECLINED
        return self.till.answer(trade, verdict, now, cause=cause, code=code, final=final, retry_after=retry_after)


def _found_by(trade: Trade) -> float:
    """When a question finds the trade at the latest: what the channel declares about "not found" stays true."""
    horizon = trade.can.not_found_after
    if horizon is None:
        return inf
    return horizon + (trade.ends_at if trade.can.expiry and trade.ends_at < inf else trade.arrived)


def _unrefundable(trade: Trade, amount: Money, struck: Struck, now: float) -> str:
    if "declined" in struck:
        return "refund_declined"
    if amount.currency != trade.amount.currency or not 0 < amount.minor <= trade.refundable:
        return "refund_exceeds_capture" if trade.captured else "trade_not_paid"
    until = trade.can.refund_until
    return "refund_too_late" if until is not None and now - trade.captured_at > until else ""

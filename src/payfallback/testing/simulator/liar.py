"""A fake provider that can break its word, and whose console the shop's staff can use."""

from __future__ import annotations

from payfallback._core.operations import Notice
from payfallback.model import Money
from payfallback.taxonomy import Cause, Verdict
from payfallback.testing.provider import FakeProvider
from payfallback.testing.trades import RefundMade, State, Trade

_OVER = frozenset({State.CLOSED, State.DECLINED})
_HELD = frozenset({State.AUTHORISED})
_UNPAID = frozenset({State.CREATED, State.WAITING, State.WORKING, State.AUTHORISED})
CLAIMS = ("pending", "authorised", "captured", "other_amount", "declined", "closed", "refund_failed")


class Liar(FakeProvider):
    """As a `FakeProvider`, until it is told to lie."""

    def captures_after_all(self, number: str) -> bool:
        """Capture what it had said was over. False when there is no such trade, or it is not over."""
        with self._lock:
            trade = self._books.known(number, self.time())
            if trade is None or trade.state not in _OVER or (trade.can.creates and not trade.confirmed):
                return False
            self._till.capture(trade, self.time())
            notices = self._notices(wanted=True)
        self._tell(notices)
        return True

    def console_refunds(self, number: str, minor: int) -> bool:
        """Somebody gives money back by hand (0: all that is left). False when there is nothing to give back."""
        with self._lock:
            trade = self._books.known(number, self.time())
            left = trade.refundable if trade is not None and trade.state is State.CAPTURED else 0
            if trade is None or left <= 0:
                return False
            amount = Money(min(minor or left, left), trade.amount.currency)
            made = RefundMade(f"console{len(trade.refunds) + 1}-{number}", amount, done=False)
            trade.refunds.append(made)
            self._till.give_back(trade, made, self.time())
            notices = self._notices(wanted=True)
        self._tell(notices)
        return True

    def console_ends(self, number: str, *, capture: bool) -> bool:
        """Somebody captures what is on hold, or voids what is not paid, by hand. False when there is nothing to end."""
        with self._lock:
            trade = self._books.known(number, self.time())
            if trade is None or trade.state not in (_HELD if capture else _UNPAID):
                return False
            if capture:
                self._till.capture(trade, self.time())
            else:
                self._till.close(trade, self.time())
                self._till.moved.append((trade, None))
            notices = self._notices(wanted=True)
        self._tell(notices)
        return True

    def claims(self, number: str, claim: str) -> Notice | None:
        """A notification that says what is not so; whoever asks is told the truth. None for a number nobody knows."""
        with self._lock:
            trade = self._books.known(number, self.time())
            return None if trade is None else self._claimed(trade, claim)

    def _claimed(self, trade: Trade, claim: str) -> Notice:
        notice = self._till.notice(trade, None, self.time())
        verdict = Verdict.CAPTURED if claim == "other_amount" else Verdict(claim)
        amount = Money(trade.amount.minor + (claim == "other_amount"), trade.amount.currency)
        answer = self._till.answer(
            trade,
            verdict,
            self.time(),
            amount=amount,
            final=claim == "declined",
            named=True,
            cause=Cause.DECLINED if claim == "declined" else None,
        )
        return Notice(number=trade.number, answer=answer, id=notice.id)

    def ref_of(self, number: str) -> str:
        """Its own id of a trade; empty for a number nobody knows."""
        trade = self._books.trades.get(number)
        return trade.ref if trade is not None else ""

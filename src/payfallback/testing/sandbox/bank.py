"""One provider's trades and the only place where its money moves. It knows no protocol."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Literal

from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.errors import UnknownNumber
from payfallback.testing.sandbox.ledger import Entry, Kind, Ledger
from payfallback.testing.sandbox.trades import PAYABLE, UNDECIDED, Refund, RefundState, State, Trade

MOST_TRADES = 200_000
Happening = Literal["opened", "paid", "refunded", "ended", "authorized", "refused"]
Listener = Callable[[Happening, Trade, Refund | None], None]


class Full(Exception):
    """More trades than the sandbox keeps: start a new one."""


class Declined(Exception):
    """A refund that the provider refuses: `why` is "not_paid", "too_much" or "number_used"."""

    def __init__(self, why: Literal["not_paid", "too_much", "number_used"]) -> None:
        super().__init__(why)
        self.why = why


class Bank:
    """Trades and refunds by the merchant's numbers. Safe for threads; calls the listener while it holds its lock."""

    def __init__(self, provider: str, ledger: Ledger, clock: Clock, listener: Listener, *, refusals_are_final: bool):
        self.provider = provider
        self._ledger, self._clock, self._tell = ledger, clock, listener
        self._refusals_are_final = refusals_are_final
        self._trades: dict[str, list[Trade]] = {}
        self._by_ref: dict[str, Trade] = {}
        self._refunds: dict[str, list[Refund]] = {}
        self._count = 0
        self.lock = RLock()

    # ------------------------------------------------------------ looking

    def all(self) -> list[Trade]:
        """Every trade, oldest first."""
        with self.lock:
            trades = [trade for same_number in self._trades.values() for trade in same_number]
            for trade in trades:
                self._lapse(trade)
        return sorted(trades, key=lambda trade: trade.created)

    def latest(self, number: str) -> Trade | None:
        """What the provider itself knows under a number: the trade that took money, else the last one."""
        with self.lock:
            trades = self._trades.get(number, [])
            for trade in trades:
                self._lapse(trade)
            paid = [trade for trade in trades if trade.refundable] or [t for t in trades if t.paid_at is not None]
            return paid[0] if paid else trades[-1] if trades else None

    def look(self, number: str, hidden_for: float | None = None) -> Trade | None:
        """What the provider shows under a number: nothing while the trade is hidden, or is younger than `hidden_for`
        seconds."""
        trade, now = self.latest(number), self._clock.now()
        if trade is None or trade.hidden_until > now or trade.created + (hidden_for or 0.0) > now:
            return None
        return trade

    def by_ref(self, ref: str) -> Trade | None:
        """The trade with this provider's reference, once it has taken money and shows."""
        trade = self._by_ref.get(ref)
        if trade is None or trade.paid_at is None or trade.hidden_until > self._clock.now():
            return None
        return trade

    def refund_under(self, refund_number: str) -> Refund | None:
        """The refund with this number, the last one where the number was used twice."""
        with self.lock:
            refunds = self._refunds.get(refund_number)
            return refunds[-1] if refunds else None

    # ------------------------------------------------------------ paying

    def open(self, trade: Trade) -> Trade:
        """Keep a new trade. Raises `Full`."""
        with self.lock:
            if self._count >= MOST_TRADES:
                raise Full
            self._count += 1
            self._trades.setdefault(trade.number, []).append(trade)
            self._by_ref[trade.ref] = trade
            self._tell("opened", trade, None)
        return trade

    def pay(self, trade: Trade, payer: str) -> None:
        """The shopper, or the holder of a payment code, pays: at once, later, or not, as the trade says."""
        with self.lock:
            self._lapse(trade)
            if trade.state not in PAYABLE or trade.expires <= self._clock.now():
                return
            trade.payer = payer or trade.payer
            if trade.doomed:
                self._refuse(trade, trade.doomed)
            elif trade.late is not None:
                trade.state = State.PROCESSING
                self._clock.later(trade.late, lambda: self._capture(trade))
            else:
                self._capture(trade)

    def take(self, trade: Trade, amount: int) -> bool:
        """Capture an amount that was set aside, or a part of it; the rest is let go. False where nothing is."""
        with self.lock:
            if trade.state is not State.AUTHORIZED or not 0 < amount <= trade.amount:
                return False
            trade.holds, trade.taken = False, amount
            self._capture(trade)
            return True

    def _capture(self, trade: Trade) -> None:
        with self.lock:
            if trade.state not in UNDECIDED:
                return
            if trade.holds:
                trade.state = State.AUTHORIZED
                self._tell("authorized", trade, None)
                return
            trade.state, trade.paid_at = State.PAID, self._clock.now()
            self._book("capture", trade, trade.captured, trade.ref)
            self._tell("paid", trade, None)

    def _book(self, kind: Kind, trade: Trade, amount: int, ref: str, refund_number: str = "") -> None:
        line = Entry(
            kind=kind,
            provider=self.provider,
            number=trade.number,
            amount=amount,
            currency=trade.currency,
            at=self._clock.now(),
            provider_ref=ref,
            refund_number=refund_number,
            order=trade.order,
        )
        self._ledger.append(line)

    def shopper_pays(self, number: str, payer: str) -> Trade:
        """The shopper pays the newest trade under a number that can be paid. Raises `UnknownNumber`."""
        with self.lock:
            trade = self._open_trade(number)
            self.pay(trade, payer)
            return trade

    def shopper_refuses(self, number: str, cause: str) -> Trade:
        """The shopper does not, or may not, pay. Raises `UnknownNumber`.

        It ends the trade where the provider counts a refusal as final or took a payment code; elsewhere the shopper
        may come back, as after leaving the cashier page.
        """
        with self.lock:
            trade = self._open_trade(number)
            if trade.state in PAYABLE:
                self._refuse(trade, cause)
            return trade

    def _open_trade(self, number: str) -> Trade:
        trades = self._trades.get(number)
        if not trades:
            raise UnknownNumber(f"{self.provider} has no trade {number!r}: charge it first")
        for trade in trades:
            self._lapse(trade)
        return next((trade for trade in reversed(trades) if trade.state in PAYABLE), trades[-1])

    def _refuse(self, trade: Trade, cause: str) -> None:
        trade.cause = cause
        left = cause == "shopper_cancelled" or not self._refusals_are_final
        if trade.state is State.CONFIRMING or not left:
            trade.state = State.REFUSED
        self._tell("refused", trade, None)

    def _lapse(self, trade: Trade) -> None:
        if trade.lapses_to is not None and trade.state in PAYABLE and trade.expires <= self._clock.now():
            trade.state, trade.cause = trade.lapses_to, "expired"

    # ------------------------------------------------------------ undoing

    def close(self, trade: Trade) -> None:
        """End an undecided trade; a decided one stays as it is."""
        with self.lock:
            if trade.state in UNDECIDED:
                trade.state = State.CLOSED
                self._tell("ended", trade, None)

    def undo(self, trade: Trade, refund_number: str, refund_ref: str, *, ends: State) -> Refund | None:
        """Close what is undecided, give back what was paid. Returns the refund if there was one."""
        with self.lock:
            refund = None
            if trade.refundable:
                refund = self.refund(trade, refund_number, trade.refundable, refund_ref)
            if trade.state in UNDECIDED or trade.state is State.PAID:
                trade.state = ends
                self._tell("ended", trade, None)
            return refund

    def refund(
        self,
        trade: Trade,
        number: str,
        amount: int,
        ref: str,
        *,
        reason: str = "",
        notify_url: str = "",
        late: float | None = None,
        fails: bool = False,
        key_ignored: bool = False,
    ) -> Refund:
        """Give money back, once per refund number unless `key_ignored`. Raises `Declined`."""
        with self.lock:
            before = None if key_ignored else self.refund_under(number)
            if before is not None:
                return _same(before, trade, amount)
            if trade.paid_at is None:
                raise Declined("not_paid")
            if amount > trade.refundable:
                raise Declined("too_much")
            refund = Refund(number, trade, amount, ref, self._clock.now(), reason, notify_url)
            trade.refunds.append(refund)
            self._refunds.setdefault(number, []).append(refund)
            if fails:
                refund.state = RefundState.FAILED
            elif late is not None:
                self._clock.later(late, lambda: self._give_back(refund))
            else:
                self._give_back(refund)
            return refund

    def _give_back(self, refund: Refund) -> None:
        with self.lock:
            trade = refund.trade
            refund.state, refund.done_at = RefundState.DONE, self._clock.now()
            self._book("refund", trade, refund.amount, refund.ref, refund.number)
            self._tell("refunded", trade, refund)


def _same(before: Refund, trade: Trade, amount: int) -> Refund:
    if before.trade is not trade or before.amount != amount:
        raise Declined("number_used")
    return before

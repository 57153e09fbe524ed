"""A provider that does what a real channel declares it can, fails when told to, and keeps its own ledger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from threading import Lock
from typing import Any, Literal

from payfallback._core.operations import Answer, Kind, Notice, Operation
from payfallback.errors import ConfigError, UnknownOrder
from payfallback.policy import Account, Capabilities
from payfallback.taxonomy import Cause
from payfallback.testing.books import Books
from payfallback.testing.clock import VirtualClock
from payfallback.testing.exchange import Course, Exchange, Reply, judge
from payfallback.testing.faults import Fault, Faults
from payfallback.testing.ledger import Arrival, Ledger
from payfallback.testing.trades import RefundMade, State, Till, Trade

__all__ = ["Exchange", "FakeProvider", "Reply"]

_NO_FAULTS: Mapping[str, Fault] = {}
_NO_MEMO: Mapping[str, str] = {}


class FakeProvider:
    """One account at one provider, in virtual time: a `Callables` for the runtime. Safe for threads.

    `capabilities`: what the channel declares, for all products or by product. Whatever is declared holds: what arrives
    after a sent expiry is refused, a repeated number is one charge for as long as `resend` says (and refused where it
    is never, a new charge after it), a close comes no earlier and no later than declared and says what it is declared
    to say. Faults break the exchange, not the declarations, but for `key_ignored`, `wrong_amount` and `close_refused`.

    `latency`: seconds of a call, or a function of the operation. `skew`: how far the provider's clock is ahead.
    `plans`: the instalments it offers. `hidden_until_scanned`: a question finds a QR code only once it was scanned.
    `on_notification` hears what the merchant is notified of: what moved by the shopper, late, or without the caller
    learning it (`notify="all"`: every movement). `on_arrival` hears every request that comes in. Both run outside
    any lock, in the thread that moves the time; what they raise comes out there.
    """

    def __init__(
        self,
        account: Account,
        capabilities: Capabilities | Mapping[str, Capabilities],
        clock: VirtualClock,
        ledger: Ledger,
        faults: Faults | None = None,
        *,
        latency: float | Callable[[Operation], float] = 0.2,
        skew: float = 0.0,
        plans: tuple[int, ...] = (),
        hidden_until_scanned: bool = False,
        is_async: bool = False,
        asleep: Callable[[float], Awaitable[object]] | None = None,
        notify: Literal["unattended", "all"] = "unattended",
        on_notification: Callable[[Notice], None] | None = None,
        on_arrival: Callable[[Arrival], None] | None = None,
    ) -> None:
        self.account = account
        self.is_async = is_async
        self.clock, self.ledger, self.skew, self.notify = clock, ledger, skew, notify
        self.faults = faults if faults is not None else Faults()
        self.on_notification, self.on_arrival = on_notification, on_arrival
        self.latency = latency
        self._capabilities = capabilities
        self._account_id = account.id
        self._asleep = asleep if asleep is not None else self._sleep_at_once
        self._lock = Lock()
        self._till = Till(account.id, ledger)
        self._books = Books(self._till, self._later, plans=plans, hidden_until_scanned=hidden_until_scanned)

    # ------------------------------------------------------------ what the runtime sees

    def capabilities(self, product: str) -> Capabilities:
        """What was declared. Raises `ConfigError` for a product it was not given."""
        if isinstance(self._capabilities, Capabilities):
            return self._capabilities
        if product not in self._capabilities:
            known = ", ".join(self._capabilities)
            raise ConfigError(f"the fake of {self.account.name} has no product {product!r}", hint=f"it has: {known}")
        return self._capabilities[product]

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """Nothing needs to be kept to ask it later."""
        return _NO_MEMO

    def call(self, operation: Operation) -> Callable[[], Reply] | Callable[[], Awaitable[Reply]] | None:
        """The call, taking virtual time when it is made; None when the channel has no such operation."""
        if not self._offers(operation):
            return None
        return partial(self._acall, operation) if self.is_async else partial(self._call, operation)

    def read(self, operation: Operation, result: Any) -> Answer:
        """What a reply, or the exception in its place, proves: what a careful adapter would say."""
        return judge(operation, result)

    def send(self, operation: Operation) -> Exchange:
        """Send a request without waiting, for drivers that keep a heap of their own: the provider deals with it when
        time passes, whether anybody waits or not; wait `takes` seconds and ask for the `result()`."""
        latency = self.latency(operation) if callable(self.latency) else self.latency
        course, struck = Course(latency), _NO_FAULTS
        faults = self.faults.strike(operation.option.channel, operation.kind)
        if faults:
            struck = {fault.name: fault for fault in faults}
            for fault in faults:
                course.bend(fault)
        exchange = Exchange(operation, course, struck, latency, self.clock.monotonic(), self._attend)
        if exchange.arrives_at is not None:
            self.clock.call_at(exchange.arrives_at, exchange.arrive)
        return exchange

    def _offers(self, operation: Operation) -> bool:
        if operation.kind is Kind.CHARGE:
            return True
        if operation.kind is Kind.PLANS:
            return bool(self._books.plans)
        return bool(getattr(self.capabilities(operation.product), _NEEDS[operation.kind]))

    def _call(self, operation: Operation) -> Reply:
        exchange = self.send(operation)
        self.clock.sleep(exchange.takes)
        return exchange.result()

    async def _acall(self, operation: Operation) -> Reply:
        exchange = self.send(operation)
        await self._asleep(exchange.takes)
        return exchange.result()

    async def _sleep_at_once(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    # ------------------------------------------------------------ what the shopper does

    def shopper_pays(self, number: str) -> bool:
        """The shopper pays what the charge showed. False when it cannot be paid: paid, closed, refused or expired.

        Raises `UnknownOrder` for a number that never arrived here.
        """
        with self._lock:
            paid = self._books.pays(self._trade(number), self.time())
            notices = self._notices(wanted=True)
        self._tell(notices)
        return paid

    def shopper_scans(self, number: str) -> None:
        """The shopper opens what was shown and does not pay yet. Raises `UnknownOrder`."""
        with self._lock:
            trade = self._trade(number)
            trade.visible_at = min(trade.visible_at, self.time())

    def shopper_refuses(self, number: str, cause: Cause = Cause.SHOPPER_CANCELLED) -> None:
        """The shopper's try fails: a payment code is spent, a QR code can be paid again. Raises `UnknownOrder`."""
        with self._lock:
            self._books.refuses(self._trade(number), cause)

    def waiting(self, order_id: str | None = None) -> tuple[str, ...]:
        """The numbers that a shopper could pay now, of one order or of all."""
        with self._lock:
            numbers = dict.fromkeys(each.number for each in self.ledger.arrivals(order_id, Kind.CHARGE))
            known = [self._books.known(number, self.time()) for number in numbers]
            return tuple(trade.number for trade in known if trade is not None and trade.state is State.WAITING)

    def time(self) -> float:
        """The provider's own clock, epoch seconds: the shop's clock may jump, this one does not."""
        return self.clock.world() + self.skew

    # ------------------------------------------------------------ how it works inside

    def _trade(self, number: str) -> Trade:
        trade = self._books.known(number, self.time())
        if trade is None:
            raise UnknownOrder(f"no charge {number!r} has arrived at {self._account_id}")
        return trade

    def _attend(self, exchange: Exchange) -> None:
        """Deal with a request that has arrived, once."""
        with self._lock:
            at = exchange.arrives_at
            if exchange.arrived or at is None or self.clock.monotonic() < at:
                return
            exchange.arrived = True
            arrival = self._arrival(exchange.operation)
            if exchange.course.honoured:
                self._honour(exchange)
            notices = self._notices(wanted=self.notify == "all" or not exchange.answer_reaches_caller)
        if self.on_arrival is not None:
            self.on_arrival(arrival)
        self._tell(notices)

    def _arrival(self, operation: Operation) -> Arrival:
        asked = operation.refund_amount if operation.kind is Kind.REFUND else None
        arrival = Arrival(
            self.time(),
            operation.kind,
            self._account_id,
            operation.number,
            operation.order_id,
            asked or operation.amount,
            self.clock.latest(),
            operation.refund_number,
        )
        self.ledger.arrived(arrival)
        return arrival

    def _honour(self, exchange: Exchange) -> None:
        operation, course = exchange.operation, exchange.course
        can = self.capabilities(operation.product)
        says = self._books.perform(operation, can, exchange.struck, self.time())
        exchange.reply = Reply(course.status, says, course.signed, course.readable, course.listed)

    def _later(self, delay: float, run: Callable[[float], None]) -> None:
        self.clock.call_later(delay, partial(self._happen, run))

    def _happen(self, run: Callable[[float], None]) -> None:
        with self._lock:
            run(self.time())
            notices = self._notices(wanted=True)
        self._tell(notices)

    def _notices(self, *, wanted: bool) -> tuple[Notice, ...]:
        moved: list[tuple[Trade, RefundMade | None]] = self._till.moved
        if not moved:
            return ()
        self._till.moved = []
        if not wanted or self.on_notification is None:
            return ()
        return tuple(self._till.notice(trade, refund, self.time()) for trade, refund in moved)

    def _tell(self, notices: tuple[Notice, ...]) -> None:
        if self.on_notification is not None:
            for notice in notices:
                self.on_notification(notice)


_NEEDS: Mapping[Kind, str] = {
    Kind.CREATE: "creates",
    Kind.QUERY: "query",
    Kind.CLOSE: "close",
    Kind.CAPTURE: "authorises",
    Kind.REFUND: "refund",
    Kind.QUERY_REFUND: "query_refund",
}

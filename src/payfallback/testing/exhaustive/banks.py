"""The providers of a small world: the fakes of `payfallback.testing`, without a heap of what happens later."""

from __future__ import annotations

from payfallback._core.operations import Answer, Notice, Operation
from payfallback._values import changed, value
from payfallback.policy import Account, Capabilities
from payfallback.testing.books import Books, Struck
from payfallback.testing.clock import Scheduled
from payfallback.testing.exhaustive.sheets import NO_MARK, SheetLedger, StandingClock, mark_of
from payfallback.testing.simulator.liar import Liar
from payfallback.testing.trades import RefundMade, State, Till, Trade


@value
class BooksSheet:
    """One provider's trades. They are copied when they are put back, and never changed here."""

    trades: tuple[Trade, ...] = ()
    mark: bytes = NO_MARK


class SheetBooks(Books):
    """A provider's books. What it does later it does when it is told to."""

    def __init__(self, till: Till) -> None:
        super().__init__(till, _when_told)

    def working(self) -> tuple[str, ...]:
        """The numbers of which something is still to be done: a capture or a refund."""
        return tuple(number for number, trade in self.trades.items() if _at_work(trade))

    def finish(self, number: str, now: float) -> None:
        """Do it."""
        trade = self.trades[number]
        self._finish(trade, now)
        for made in trade.refunds:
            if not made.done:
                self.till.give_back(trade, made, now)


def _when_told(delay: float, run: object) -> Scheduled:
    """Whatever a provider does later is a move of the search: `finish`."""
    return Scheduled(delay, _nothing)


def _nothing() -> None:
    """Never called."""


def _at_work(trade: Trade) -> bool:
    return trade.state is State.WORKING or any(not made.done for made in trade.refunds)


class SheetProvider(Liar):
    """A provider that does what it is asked at once, or when the search says so."""

    def __init__(
        self, account: Account, capabilities: dict[str, Capabilities], clock: StandingClock, ledger: SheetLedger
    ) -> None:
        super().__init__(account, capabilities, clock, ledger, notify="all", on_notification=self.post)
        self.books = SheetBooks(self._till)
        self._books = self.books
        self.posted: list[Notice] = []

    def post(self, notice: Notice) -> None:
        """Keep it for whoever brings it, under a name that tells what it says."""
        self.posted.append(changed(notice, id=mark_of(notice.number, notice.answer, notice.refund_number).hex()))

    def deal(self, operation: Operation, struck: Struck) -> Answer:
        """A request arrives."""
        self._arrival(operation)
        answer = self.books.perform(operation, self.capabilities(operation.product), struck, self.time())
        self._tell(self._notices(wanted=True))
        return answer

    def finish(self, number: str) -> None:
        """What it was still working at is done."""
        self.books.finish(number, self.time())
        self._tell(self._notices(wanted=True))

    def put(self, sheet: BooksSheet) -> None:
        """Hold this, and nothing else."""
        self.books.trades = {trade.number: _copied(trade) for trade in sheet.trades}
        self._till.moved, self.posted = [], []

    def sheet(self) -> BooksSheet:
        """What it holds now."""
        trades = tuple(map(_copied, self.books.trades.values()))
        return BooksSheet(trades, mark_of([_said(trade) for trade in trades]))


_FIELDS = tuple(name for name in Trade.__slots__ if name not in ("can", "refunds"))


def _copied(trade: Trade) -> Trade:
    new = Trade.__new__(Trade)
    for name in Trade.__slots__:
        setattr(new, name, getattr(trade, name))
    new.refunds = [RefundMade(made.number, made.amount, done=made.done) for made in trade.refunds]
    return new


def _said(trade: Trade) -> tuple[object, ...]:
    refunds = [(made.number, made.amount.minor, made.done) for made in trade.refunds]
    return (*(getattr(trade, name) for name in _FIELDS), refunds)

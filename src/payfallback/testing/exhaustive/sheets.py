"""The parts of a small world with their whole state on a sheet: taken off, put back, and told apart by a short mark.

The parts are the simulator's own: the journal with its rules, the ledger, the watch; `banks.py` has the providers.
"""

from __future__ import annotations

from functools import partial
from hashlib import blake2b
from typing import Any

from payfallback._core.events import Event
from payfallback._values import value
from payfallback.journal._entries import Entry, Leads
from payfallback.ports import Commit, Done
from payfallback.results import NotPaid, Outcome, Result
from payfallback.testing.exhaustive.old_news import only_old_news
from payfallback.testing.ledger import Arrival, Ledger
from payfallback.testing.ledger import Entry as Moved
from payfallback.testing.simulator.clocks import WorldClock
from payfallback.testing.simulator.medium import WatchedJournal
from payfallback.testing.simulator.watch import Watch, WatchedLedger

NO_MARK = b""


def mark_of(*parts: object) -> bytes:
    """Sixteen bytes that tell states apart: equal parts, equal mark. The same in every process."""
    return blake2b(repr(parts).encode(), digest_size=16).digest()


class StandingClock(WorldClock):
    """Time that is set. Nothing is scheduled on it."""

    def put(self, now: float, ahead: float = 0.0) -> None:
        """It is so late; some process's clock may be that much ahead."""
        self._now, self.ahead = now, ahead


# ---------------------------------------------------------------- the journal


@value
class JournalSheet:
    """One order as the journal holds it. `story` marks its events alone, `mark` everything."""

    events: tuple[Event, ...] = ()
    fence: int = 0
    owner: str = ""
    until: float = 0.0
    due: float | None = None
    numbers: tuple[tuple[str, str], ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    inbox: tuple[tuple[tuple[str, str], tuple[tuple[str, str], ...]], ...] = ()
    story: bytes = NO_MARK
    mark: bytes = NO_MARK


class SheetJournal(WatchedJournal):
    """The journal in memory, of one order."""

    def __init__(self, clock: StandingClock, key: str) -> None:
        super().__init__(clock)
        self.key, self.now = key, clock.epoch
        self.story = NO_MARK

    def put(self, sheet: JournalSheet) -> None:
        """Hold this, and nothing else."""
        self._orders, self._open = {}, {}
        self._numbers = dict.fromkeys(sheet.numbers, self.key)
        self._found = Leads()
        self._inbox = {pair: dict.fromkeys(kept) for pair, kept in sheet.inbox}
        self._undelivered = {outcome.id: outcome for outcome in sheet.outcomes}
        self._told = set(self._undelivered)
        self.story = sheet.story
        for _, number in sheet.numbers:
            self._found.add(number, self.key)
        if sheet.events:
            entry = self._orders[self.key] = Entry()
            entry.events = list(sheet.events)
            entry.fence, entry.owner, entry.until, entry.due = sheet.fence, sheet.owner, sheet.until, sheet.due
            if sheet.due is not None:
                self._open[self.key] = sheet.due
        self.mirror.put(self.key, sheet.events, sheet.fence, sheet.until)

    def submit(self, commit: Commit, done: Done, *, may_block: bool = False) -> None:
        """As the journal's; what it took is added to its mark."""
        super().submit(commit, partial(self._marked, commit, done))

    def _marked(self, commit: Commit, done: Done, receipt: Any) -> None:
        if getattr(receipt, "ok", False):
            self.story = mark_of(self.story, commit.events)
        done(receipt)

    def sheet(self) -> JournalSheet:
        """What it holds now."""
        entry = self._orders.get(self.key, _NOTHING)
        numbers, outcomes = tuple(self._numbers), tuple(self._undelivered.values())
        inbox = tuple((pair, tuple(kept)) for pair, kept in self._inbox.items())
        told = (entry.fence, entry.owner, entry.until, entry.due)
        return JournalSheet(
            tuple(entry.events), *told, numbers, outcomes, inbox, self.story, mark_of(self.story, told, inbox)
        )


_NOTHING = Entry()

# ---------------------------------------------------------------- the ledger


@value
class LedgerSheet:
    """What the providers wrote down."""

    entries: tuple[Moved, ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    mark: bytes = NO_MARK


class SheetLedger(WatchedLedger):
    """The providers' ledger, watched. Questions are no part of its mark: nothing follows from how many there were."""

    def __init__(self) -> None:
        super().__init__()
        self._mark = NO_MARK

    def put(self, sheet: LedgerSheet) -> None:
        """Hold this, and nothing else."""
        self._entries, self._arrivals, self._entries_of, self._arrivals_of = [], [], {}, {}
        for entry in sheet.entries:
            Ledger.record(self, entry)  # it was watched when it happened
        for arrival in sheet.arrivals:
            Ledger.arrived(self, arrival)
        self._mark = sheet.mark

    def record(self, entry: Moved) -> None:
        """As the ledger's."""
        self._mark = mark_of(self._mark, entry)
        super().record(entry)

    def arrived(self, arrival: Arrival) -> None:
        """As the ledger's."""
        if not arrival.kind.value.startswith("query"):
            self._mark = mark_of(self._mark, arrival)
        super().arrived(arrival)

    def sheet(self) -> LedgerSheet:
        """What it holds now."""
        return LedgerSheet(tuple(self._entries), tuple(self._arrivals), self._mark)


# ---------------------------------------------------------------- what was seen and said


@value
class ToldSheet:
    """What callers were told."""

    results: tuple[Result, ...] = ()
    not_paid: tuple[tuple[int, int, NotPaid], ...] = ()
    lied: bool = False
    misled: bool = False
    by_hand: bool = False
    mark: bytes = NO_MARK


class SheetWatch(Watch):
    """The simulator's watch over one order."""

    def put(self, sheet: ToldSheet, order_id: str) -> None:
        """Remember this, and nothing else."""
        self.results, self._not_paid, self.wrong = list(sheet.results), list(sheet.not_paid), []
        self.lied = {order_id} if sheet.lied else set()
        self.misled = {order_id} if sheet.misled else set()
        self.by_hand = {order_id} if sheet.by_hand else set()

    def find(self, promise: str, order_id: str, facts: str) -> None:
        """As the watch's, but for what only looks like it (`old_news`)."""
        key = self._medium.key
        if not only_old_news(promise, facts, key, self.events(key), self.ledger, self._medium.now()):
            super().find(promise, order_id, facts)

    def sheet(self) -> ToldSheet:
        """What it remembers now. Who was told first makes no difference."""
        results = tuple(dict.fromkeys(self.results))
        strange = bool(self.lied), bool(self.misled), bool(self.by_hand)
        said = sorted(map(repr, results)), sorted(map(repr, self._not_paid)), strange
        return ToldSheet(results, tuple(dict.fromkeys(self._not_paid)), *strange, mark_of(said))

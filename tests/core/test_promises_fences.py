"""I7: whoever slept through its lease decides and sends nothing any more, and what it learnt is still written down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from core_world import SILENCE, Scripted, captured, client, declined, pending, says
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.events import Seen, Sending
from payfallback._core.operations import Kind, Operation
from payfallback.journal.memory import MemoryJournal
from payfallback.journal.sqlite import SqliteJournal
from payfallback.ports import Commit, Done, Journal
from payfallback.testing import VirtualClock

ASLEEP = 60.0  # seconds, far beyond any lease
CLOSED = says(pf.Verdict.CLOSED, named=True)


class Pausing:
    """A journal whose caller falls asleep after its n-th commit became durable, and wakes when others have acted."""

    def __init__(self, inner: Journal, at: int, meanwhile: Callable[[], Any]) -> None:
        self._inner, self._left, self._meanwhile = inner, at, meanwhile

    def submit(self, commit: Commit, done: Done) -> None:
        """`done(Receipt)`, later than it was true."""
        self._left -= 1
        if self._left:
            self._inner.submit(commit, done)
            return
        kept: list[Any] = []
        self._inner.submit(commit, kept.append)
        self._meanwhile()
        done(kept[0])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Night:
    """Two processes over one journal and the same two channels; the first falls asleep, the second goes on."""

    def __init__(self, journal: Callable[[VirtualClock], Journal] = MemoryJournal) -> None:
        self.clock = VirtualClock()
        self.journal = journal(self.clock)
        self.first = Scripted("first", close=True, close_names_trade=True).on(Kind.CLOSE, CLOSED)
        self.first.on(Kind.QUERY, pending()).on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT))
        self.second = Scripted("second").on(Kind.CHARGE, captured())
        self.sleeper, self.other = self.process(), self.process()

    def process(self, journal: Journal | None = None) -> pf.Payments:
        """One more process."""
        return client({"a": self.first, "b": self.second}, self.clock, journal or self.journal)

    def sleeps_then(self, answer: pf.Answer, meanwhile: Callable[[], Any]) -> None:
        """The first channel's charge takes a minute, in which others act, and then answers."""

        def charge(operation: Operation) -> pf.Answer:
            self.clock.advance(ASLEEP)
            meanwhile()
            return answer

        self.first.on(Kind.CHARGE, charge)

    def events(self) -> tuple[Any, ...]:
        """The order's journal."""
        found: list[Any] = []
        self.journal.load(f"|{ORDER}", found.append)
        return tuple(found[0].events)


def test_one_that_wakes_up_late_charges_nothing_more() -> None:
    """It learns that its charge was refused when another process has long been paid: it does not fall back."""
    night = Night()
    night.sleeps_then(declined(), lambda: night.other.switch(order(), "b"))
    result = night.sleeper.pay(order(), "a", consent=["b"])
    assert isinstance(result, pf.Paid)
    assert result.option == "b"
    assert len(night.second.of(Kind.CHARGE)) == 1


def test_what_it_learnt_is_written_down() -> None:
    """The late answer stands in the journal, although the lease and the version had moved on."""
    night = Night()
    night.sleeps_then(captured(provider_ref="T-1"), lambda: night.other.switch(order(), "b"))
    night.sleeper.pay(order(), "a")
    late = [each for each in night.events() if isinstance(each, Seen) and each.what == "charge" and each.seq == 1]
    assert [each.verdict for each in late][-1] == "captured"


def test_its_capture_does_not_win_and_goes_back() -> None:
    """It wakes with money in hand for an order that another process has got paid: refunded once, one winner."""
    night = Night()
    night.sleeps_then(captured(), lambda: night.other.switch(order(), "b"))
    assert not isinstance(night.sleeper.pay(order(), "a", within=1.0), pf.NotPaid)
    night.first.on(Kind.QUERY, captured())
    for _ in range(20):
        night.clock.advance(5.0)
        night.other.recover()
    result = night.other.status(ORDER)
    assert isinstance(result, pf.Paid)
    assert result.option == "b"
    assert len(night.first.of(Kind.REFUND)) == 1


def test_recovery_that_finished_meanwhile_is_not_repeated() -> None:
    """Recovery asked, found the capture and decided: the sleeper says Paid and writes no second winner."""
    night = Night()
    night.first.on(Kind.QUERY, captured())
    night.sleeps_then(captured(), night.other.recover)
    assert isinstance(night.sleeper.pay(order(), "a"), pf.Paid)
    assert [each.name for each in night.events()].count("won") == 1


def test_an_intent_that_became_durable_too_late_is_not_sent() -> None:
    """The commit of the intent took longer than the call may take: nothing is sent, and the journal says so."""
    night = Night()
    slow = night.process(Pausing(night.journal, 1, lambda: night.clock.advance(ASLEEP)))
    assert not isinstance(slow.pay(order(), "a"), pf.Paid)
    assert night.first.of(Kind.CHARGE) == []
    assert ("charge", "not_sent") in [(each.what, each.verdict) for each in night.events() if isinstance(each, Seen)]


def test_an_intent_overtaken_by_recovery_is_not_sent() -> None:
    """While the writer slept in its commit, another process closed the attempt: nothing is sent."""
    night = Night()

    def meanwhile() -> None:
        night.clock.advance(ASLEEP)
        night.other.switch(order(), "b")

    slow = night.process(Pausing(night.journal, 1, meanwhile))
    slow.pay(order(), "a")
    assert night.first.of(Kind.CHARGE) == []
    assert len(night.second.of(Kind.CHARGE)) == 1


@pytest.mark.parametrize("within", [5.0, 300.0], ids=["its caller is gone", "its caller still waits"])
def test_a_close_after_the_lease_is_not_sent(within: float) -> None:
    """It wakes from a query that took a minute; another process has been paid, and nothing more is sent by it."""
    night = Night()

    def query(operation: Operation) -> pf.Answer:
        night.first.on(Kind.QUERY, SILENCE)
        night.clock.advance(within + ASLEEP)
        night.other.switch(order(), "b")
        return SILENCE

    night.first.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, query)
    night.sleeper.pay(order(), "a", consent=["b"], within=within)
    closes = [each for each in night.events() if isinstance(each, Sending) and each.what == "close"]
    assert len(night.first.of(Kind.CLOSE)) == len(closes) == 1
    assert len(night.second.of(Kind.CHARGE)) == 1


def test_fences_hold_across_processes_on_one_file(tmp_path: Path) -> None:
    """The same on a SQLite file with a journal for each process: no second winner, and the evidence is kept."""

    def opened(clock: VirtualClock) -> SqliteJournal:
        return SqliteJournal(tmp_path / "journal.db", clock=clock, allow_volatile=True)

    night = Night(opened)
    with night.sleeper, night.process(opened(night.clock)) as other:
        night.sleeps_then(captured(), lambda: other.switch(order(), "b"))
        night.sleeper.pay(order(), "a")
        result = other.status(ORDER)
        assert isinstance(result, pf.Paid)
        assert result.option == "b"
        assert "captured" in [each.verdict for each in night.events() if isinstance(each, Seen) and each.seq == 1]

"""I2: nothing is sent before the intent is durable, and what was sent is never forgotten because a disk was full."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from core_world import SILENCE, JournalThatFails, Scripted, captured, client, declined, says
from money_shop import ORDER, order

import payfallback as pf
from payfallback._core.events import Sending
from payfallback._core.operations import Kind, Operation
from payfallback.journal.memory import MemoryJournal
from payfallback.journal.sqlite import SqliteJournal
from payfallback.testing import VirtualClock

PATIENCE = 0.05  # real seconds that a locked file is waited for


class Desk:
    """Two scripted channels and a journal that fails when it is told to."""

    def __init__(self, **policy: Any) -> None:
        self.clock = VirtualClock()
        self.journal = JournalThatFails(MemoryJournal(self.clock))
        self.first = Scripted("first", close=True, close_names_trade=True)
        self.second = Scripted("second").on(Kind.CHARGE, captured())
        self.payments = client({"a": self.first, "b": self.second}, self.clock, self.journal, **policy)

    def pay(self) -> pf.Result:
        """The shopper clicks the first and agrees to the second."""
        return self.payments.pay(order(), "a", consent=["b"])


@pytest.mark.parametrize("autonomy", ["retry", "offer", "switch"])
def test_a_journal_that_is_away_lets_nothing_out(autonomy: str) -> None:
    """`pay` raises JournalUnavailable, and no provider was asked anything."""
    desk = Desk(autonomy=autonomy)
    desk.journal.away = True
    with pytest.raises(pf.JournalUnavailable):
        desk.pay()
    assert desk.first.asked == desk.second.asked == []


def test_after_the_send_it_is_pending() -> None:
    """The journal fails with the answer in hand: the result is Pending, in time, and never Paid."""
    desk = Desk(within=5.0)
    desk.first.on(Kind.CHARGE, captured())
    desk.journal.failing_from = 2
    result = desk.pay()
    assert isinstance(result, pf.Pending)
    assert result.cause is pf.Cause.JOURNAL_UNAVAILABLE
    assert desk.clock.monotonic() <= 5.0


def test_a_journal_that_comes_back_in_time_is_written() -> None:
    """The write is tried again while the shopper waits."""
    desk = Desk()
    desk.journal.failing_from = 2

    def later(operation: Operation) -> pf.Answer:
        desk.clock.call_later(1.0, desk.journal.repair)
        return captured()

    desk.first.on(Kind.CHARGE, later)
    assert isinstance(desk.pay(), pf.Paid)


def test_the_evidence_is_written_when_the_journal_is_back() -> None:
    """What the provider said while the journal was away is in the journal afterwards, without asking again."""
    desk = Desk()
    desk.first.on(Kind.CHARGE, captured())
    desk.journal.failing_from = 2
    desk.pay()
    desk.journal.repair()
    desk.clock.advance(60.0)
    desk.payments.recover()
    assert isinstance(desk.payments.status(ORDER), pf.Paid)
    assert desk.first.of(Kind.QUERY) == []


def test_the_next_channel_waits_for_the_journal() -> None:
    """The first channel refused, and the journal fails with the second intent: the second channel is not asked."""
    desk = Desk()
    desk.first.on(Kind.CHARGE, declined())
    desk.journal.failing_from = 2
    result = desk.pay()
    assert isinstance(result, pf.Pending)
    assert desk.second.asked == []


def test_a_close_waits_for_the_journal() -> None:
    """The charge fell silent and the journal is away: nothing is closed either."""
    desk = Desk()
    desk.first.on(Kind.CHARGE, SILENCE)
    desk.journal.failing_from = 2
    desk.pay()
    assert desk.first.of(Kind.CLOSE) == []


def test_switch_and_cancel_raise_before_they_send() -> None:
    """With the journal away, `switch` and `cancel` raise and ask no provider."""
    desk = Desk()
    desk.first.on(Kind.CHARGE, SILENCE)
    desk.pay()
    asked = len(desk.first.asked)
    desk.journal.away = True
    with pytest.raises(pf.JournalUnavailable):
        desk.payments.switch(order(), "b")
    with pytest.raises(pf.JournalUnavailable):
        desk.payments.cancel(ORDER)
    assert len(desk.first.asked) == asked
    assert desk.second.asked == []


def test_a_refund_raises_before_it_sends() -> None:
    """With the journal failing, `refund` raises and no money goes back."""
    desk = Desk()
    desk.first.on(Kind.CHARGE, captured())
    desk.pay()
    desk.journal.failing_from = 0
    with pytest.raises(pf.JournalUnavailable):
        desk.payments.refund(ORDER, "r-1")
    assert desk.first.of(Kind.REFUND) == []


# ---------------------------------------------------------------- a real file


def _sqlite(folder: Path, clock: VirtualClock) -> SqliteJournal:
    return SqliteJournal(folder / "journal.db", clock=clock, patience=PATIENCE, allow_volatile=True)


def _in_the_file(folder: Path, clock: VirtualClock) -> list[tuple[str, str]]:
    """The intents that another process would find in the file now."""
    found: list[Any] = []
    reader = _sqlite(folder, clock)
    reader.load(f"|{ORDER}", found.append)
    reader.close()
    return [(each.what, each.refund) for each in found[0].events if isinstance(each, Sending)]


def test_every_intent_is_in_the_file_when_the_request_goes_out(tmp_path: Path) -> None:
    """At the moment at which a provider is asked to charge, capture, close or refund, the file says so already."""
    clock, seen = VirtualClock(), []

    def noting(answer: pf.Answer) -> Any:
        def act(operation: Operation) -> pf.Answer:
            seen.append((operation.kind.value, _in_the_file(tmp_path, clock)[-1][0]))
            return answer

        return act

    shut = Scripted("shut", close=True, close_names_trade=True)
    shut.on(Kind.CHARGE, noting(SILENCE)).on(Kind.CLOSE, noting(says(pf.Verdict.CLOSED, named=True)))
    holds = Scripted("holds", authorises=True, close=True, close_names_trade=True)
    holds.on(Kind.CHARGE, noting(says(pf.Verdict.AUTHORISED))).on(Kind.CAPTURE, noting(captured()))
    holds.on(Kind.REFUND, noting(says(pf.Verdict.REFUNDED)))
    with client({"a": shut, "b": holds}, clock, _sqlite(tmp_path, clock)) as payments:
        assert isinstance(payments.pay(order(), "a", consent=["b"]), pf.Paid)
        payments.refund(ORDER, "r-1")
    assert seen == [(what, what) for what in ("charge", "close", "charge", "capture")] + [("refund", "merchant_refund")]


def test_a_locked_file_lets_nothing_out(tmp_path: Path) -> None:
    """Another program holds the journal's file: `pay` raises, and nothing was sent."""
    clock, only = VirtualClock(), Scripted("only").on(Kind.CHARGE, captured())
    with client({"a": only}, clock, _sqlite(tmp_path, clock)) as payments:
        payments.pay(pf.Order("B1", order().amount), "a")
        lock = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
        with pytest.raises(pf.JournalUnavailable):
            payments.pay(order(), "a")
        lock.close()
    assert len(only.asked) == 1


def test_a_file_that_locks_after_the_send_forgets_nothing(tmp_path: Path) -> None:
    """The file is locked while the money moves: Pending, and Paid as soon as the file can be written."""
    clock, locks = VirtualClock(), []

    def charge(operation: Operation) -> pf.Answer:
        locks.append(sqlite3.connect(tmp_path / "journal.db", isolation_level=None))
        locks[0].execute("BEGIN EXCLUSIVE")
        return captured()

    only = Scripted("only").on(Kind.CHARGE, charge)
    with client({"a": only}, clock, _sqlite(tmp_path, clock), within=0.2) as payments:
        assert isinstance(payments.pay(order(), "a"), pf.Pending)
        locks[0].close()
        clock.advance(60.0)
        payments.recover()
        assert isinstance(payments.status(ORDER), pf.Paid)
    assert [each.kind for each in only.asked] == [Kind.CHARGE]

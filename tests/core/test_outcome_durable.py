"""A run and its journal: what is written for how long, what a lost race costs, and journals that fail for a moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attack_scene import Refusing, attempts
from core_world import (
    QR,
    SILENCE,
    JournalThatFails,
    Scripted,
    captured,
    client,
    declined,
    meanwhile,
    pending,
    says,
)
from money_shop import ORDER, order

import payfallback as pf
from payfallback._core.events import Asked
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.ports import Commit, Done, Receipt
from payfallback.testing import VirtualClock

CLOSES = {"close": True, "close_names_trade": True}
CLOSED = says(pf.Verdict.CLOSED, named=True)
LAST: dict[str, Any] = {"channel": {"a": {"last": True}}}


class Noted(MemoryJournal):
    """A journal in memory that notes the commits that come in, and lets the test act before one is taken."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.commits: list[Commit] = []
        self.before: Callable[[Commit], Receipt | Exception | None] = lambda commit: None

    def submit(self, commit: Commit, done: Done, *, may_block: bool = False) -> None:
        """`done(Receipt)`, or what the test says."""
        self.commits.append(commit)
        told = self.before(commit)
        if told is not None:
            done(told)
        else:
            super().submit(commit, done)

    def overtake(self, key: str = f"|{ORDER}") -> None:
        """Somebody else writes to the order."""
        super().submit(Commit(key=key, version=None, events=(Asked(0.0, "pay", "a"),)), lambda receipt: None)


# ---------------------------------------------------------------- leases


@pytest.mark.parametrize("within", [1.0, 30.0])
def test_a_lease_outlives_its_call(within: float) -> None:
    """Nobody takes an order over from a call that is still within its time."""
    clock = VirtualClock()
    journal, only = Noted(clock), Scripted("only").on(Kind.CHARGE, captured())
    client({"a": only}, clock, journal, **LAST).pay(order(), "a", within=within)
    taken = [each.take_lease for each in journal.commits if each.take_lease]
    assert taken
    assert min(taken) > within


def test_who_switches_holds_the_order_from_the_start() -> None:
    """While the old channel is still being asked, no other worker looks at the order."""
    clock, first, looked = VirtualClock(), Scripted("first", **CLOSES), []
    first.on(Kind.CHARGE, pending(action=QR)).on(Kind.QUERY, SILENCE).on(Kind.CLOSE, CLOSED)
    payments = client({"a": first, "b": Scripted("second").on(Kind.CHARGE, captured())}, clock)
    payments.pay(order(), "a")
    clock.advance(600.0)

    def asks() -> None:
        looked.append(payments.resolve(ORDER).looked)

    first.on(Kind.QUERY, meanwhile(asks, pending()))
    assert isinstance(payments.switch(order(), "b"), pf.Paid)
    assert looked == [False]


def test_who_waits_for_an_answer_holds_the_order() -> None:
    """A second click asked about the open charge and waits for its next turn: a third one asks nothing meanwhile."""
    clock, only, asked = VirtualClock(), Scripted("only").on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE), []
    payments = client({"a": only}, clock, **LAST)
    payments.pay(order(), "a", within=1.0)
    clock.advance(60.0)
    only.on(Kind.QUERY, says(pf.Verdict.PENDING, cause=pf.Cause.AWAITING_PROVIDER), captured())

    def clicks() -> None:
        before = len(only.asked)
        payments.pay(order(), "a", within=0.5)
        asked.append(len(only.asked) - before)

    clock.call_later(1.0, clicks)
    assert isinstance(payments.pay(order(), "a", within=10.0), pf.Paid)
    assert asked == [0]


def test_a_call_that_comes_back_just_before_its_lease_ends_still_decides() -> None:
    """The provider took nine seconds and a half, and somebody wrote to the order meanwhile: it is paid."""
    clock = VirtualClock()
    journal, only = Noted(clock), Scripted("only")

    def takes_long() -> None:
        clock.advance(9.5)
        journal.overtake()

    only.on(Kind.CHARGE, meanwhile(takes_long, captured()))
    assert isinstance(client({"a": only}, clock, journal, **LAST).pay(order(), "a", within=5.0), pf.Paid)


def test_after_a_journal_that_failed_for_a_moment_the_order_is_free() -> None:
    """The refusal was written at the second try; the next click, in another process, is served at once."""
    clock = VirtualClock()
    journal = JournalThatFails(MemoryJournal(clock))
    first, second = Scripted("first", **CLOSES), Scripted("second").on(Kind.CHARGE, captured())
    one, two = (client({"a": first, "b": second}, clock, journal) for _ in range(2))

    def fails() -> None:
        journal.away = True
        clock.call_later(0.03, journal.repair)

    first.on(Kind.CHARGE, meanwhile(fails, declined()))
    result = one.pay(order(), "a", within=1.0)
    assert isinstance(result, pf.NotPaid)
    assert result.cause is pf.Cause.CREDIT_EXHAUSTED
    assert isinstance(two.pay(order(), "b", within=0.5), pf.Paid)


# ---------------------------------------------------------------- lost races


def test_who_always_loses_leaves_the_order_to_the_others() -> None:
    """A run that is overtaken at each commit gives up after some, and has charged nobody."""
    clock = VirtualClock()
    journal, only = Noted(clock), Scripted("only").on(Kind.CHARGE, captured())
    payments = client({"a": only}, clock, journal, **LAST)
    only.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments.pay(order(), "a", within=1.0)
    clock.advance(60.0)
    journal.commits.clear()
    journal.before = lambda commit: journal.overtake() if commit.version else None
    only.on(Kind.QUERY, captured())
    assert isinstance(payments.pay(order(), "a", within=600.0), pf.Pending)
    assert len(journal.commits) < 100


def test_twenty_lost_races_are_no_reason_to_give_up() -> None:
    """Others write to the order again and again, and leave off: it is paid in the same call."""
    clock = VirtualClock()
    journal, only = Noted(clock), Scripted("only")
    lost: list[Commit] = []

    def overtaken(commit: Commit) -> None:
        if commit.version and len(lost) < 20:
            lost.append(commit)
            journal.overtake()

    def others_write() -> None:
        journal.before = overtaken

    only.on(Kind.CHARGE, meanwhile(others_write, captured()))
    assert isinstance(client({"a": only}, clock, journal, **LAST).pay(order(), "a"), pf.Paid)
    assert len(lost) == 20


def test_who_loses_a_race_with_nothing_to_tell_writes_nothing() -> None:
    """It knew no more than the journal: there is no commit without events that only hurries the others."""
    clock = VirtualClock()
    journal, first = Noted(clock), Scripted("first", **CLOSES).on(Kind.CHARGE, declined())
    payments = client({"a": first, "b": Scripted("second").on(Kind.CHARGE, captured())}, clock, journal)
    payments.pay(order(), "a")
    lost: list[Commit] = []

    def once(commit: Commit) -> None:
        if commit.version and not lost:
            lost.append(commit)
            journal.overtake()

    journal.before = once
    assert isinstance(payments.pay(order(), "b"), pf.Paid)
    assert lost
    assert all(each.events for each in journal.commits if each.version is None)


def test_a_refusal_is_told_although_the_journal_could_not_be_read_for_a_moment() -> None:
    """Others wrote to the order during the charge, and reading failed at first: the call asks again, and lets go."""
    clock, first = VirtualClock(), Scripted("first", **CLOSES)
    inner = Noted(clock)
    journal = Refusing(inner)
    providers = {"a": first, "b": Scripted("second").on(Kind.CHARGE, captured())}

    def overtaken() -> None:
        inner.overtake()
        since = clock.monotonic()
        journal.readable = lambda: clock.monotonic() > since + 0.2

    first.on(Kind.CHARGE, meanwhile(overtaken, declined()))
    result = client(providers, clock, journal).pay(order(), "a")
    assert isinstance(result, pf.NotPaid)
    assert result.cause is pf.Cause.CREDIT_EXHAUSTED
    assert isinstance(client(providers, clock, journal).pay(order(), "b", within=0.5), pf.Paid)


def test_evidence_that_lost_its_race_is_written_once() -> None:
    """Somebody wrote to the order while the charge was out: what it came to stands in the journal once."""
    clock = VirtualClock()
    journal, only = Noted(clock), Scripted("only")
    payments = client({"a": only}, clock, journal, **LAST)
    only.on(Kind.CHARGE, meanwhile(journal.overtake, captured()))
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    clock.advance(5.0)
    payments.recover()
    found: list[Any] = []
    journal.load(f"|{ORDER}", found.append)
    assert [each.name for each in found[0].events].count("seen") == 1


def test_evidence_that_could_not_be_written_is_kept_until_it_can() -> None:
    """The race was lost, and then the disk was full: what the provider said is written as soon as there is room."""
    clock, only = VirtualClock(), Scripted("only")
    journal = Noted(clock)
    payments = client({"a": only}, clock, journal, **LAST)

    def full(commit: Commit) -> Exception | None:
        return pf.JournalUnavailable("the disk is full") if commit.version is None else None

    def overtaken() -> None:
        journal.overtake()
        journal.before = full

    only.on(Kind.CHARGE, meanwhile(overtaken, captured())).on(Kind.QUERY, SILENCE)
    payments.pay(order(), "a", within=1.0)
    assert [each.status.value for each in attempts(journal)] == ["sending"]
    journal.before = lambda commit: None
    payments.status(ORDER)
    assert [each.status.value for each in attempts(journal)] == ["captured"]


@pytest.mark.parametrize("wish", ["switch", "cancel"])
def test_a_wish_that_could_not_be_written_is_not_acted_on(wish: str) -> None:
    """Somebody was faster, and then the disk was full: nothing is closed or charged, and the shop hears of it."""
    clock = VirtualClock()
    journal, first, second = Noted(clock), Scripted("first", **CLOSES), Scripted("second").on(Kind.CHARGE, captured())
    first.on(Kind.CHARGE, pending(action=QR)).on(Kind.QUERY, pending()).on(Kind.CLOSE, CLOSED)
    payments = client({"a": first, "b": second}, clock, journal)
    payments.pay(order(), "a")
    first.asked.clear()

    def overtaken_then_full(commit: Commit) -> Exception | None:
        if commit.version is None:
            return pf.JournalUnavailable("the disk is full")
        journal.before = lambda each: pf.JournalUnavailable("the disk is full") if each.version is None else None
        journal.overtake()
        return None

    journal.before = overtaken_then_full
    with pytest.raises(pf.JournalUnavailable):
        payments.switch(order(), "b") if wish == "switch" else payments.cancel(ORDER)
    assert not first.of(Kind.CLOSE)
    assert second.asked == []

"""Looks that must not be left out, people who must be called, and what is not sold blindly."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import (
    AMOUNT,
    FIRST,
    ORDER,
    SILENCE,
    Scripted,
    captured,
    client,
    contradicted,
    declined,
    order,
    pending,
    says,
    settle,
)
from long_lives import KEY, ask

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.ports import Done, Journal
from payfallback.testing import VirtualClock

HOUR, DAY = 3600.0, 86400.0
CLOSED = says(pf.Verdict.CLOSED, named=True)


def fell_back(**policy: Any) -> tuple[pf.Payments, VirtualClock, Scripted, Scripted]:
    """Channel `a` was closed, and `b` pays the order."""
    clock = VirtualClock()
    first = Scripted("first", close=True, close_names_trade=True)
    first.on(Kind.CHARGE, pending()).on(Kind.CLOSE, CLOSED).on(Kind.QUERY, CLOSED)
    first.on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT, named=True))
    second = Scripted("second", close=True, close_names_trade=True).on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock, **policy)
    payments.pay(order(), "a")
    assert isinstance(payments.switch(order(), "b"), pf.Paid)
    return payments, clock, first, second


def spend(payments: pf.Payments, channel: str) -> None:
    """Others have just asked this channel all that the budget allows."""
    while payments._built.shared.gate.may_ask(channel):
        pass


def test_the_last_look_waits_for_its_turn() -> None:
    """A watch does not end with a question that the budget did not allow: what was captured late goes back."""
    payments, clock, first, _ = fell_back()
    settle(payments, clock, 2 * HOUR)
    first.on(Kind.QUERY, captured())
    clock.advance(ask(payments.journal.load, KEY).due - clock.epoch() + 1.0)
    spend(payments, "a")
    payments.recover()
    settle(payments, clock, DAY)
    assert len(first.of(Kind.REFUND)) == 1


def test_a_spent_budget_holds_up_nothing_else() -> None:
    """Nobody may be asked about a dead attempt; what lives on another channel is asked about all the same."""
    clock = VirtualClock()
    first = Scripted("first", close=True, close_names_trade=True)
    first.on(Kind.CHARGE, pending()).on(Kind.CLOSE, CLOSED).on(Kind.QUERY, CLOSED)
    second = Scripted("second", close=True, close_names_trade=True).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments = client({"a": first, "b": second}, clock)
    payments.pay(order(), "a", within=1.0)
    payments.switch(order(), "b", within=3.0)
    second.on(Kind.QUERY, captured())
    clock.advance(15.0)
    spend(payments, "a")
    payments.recover()
    assert isinstance(payments.status(ORDER), pf.Paid)


def test_a_dispute_ends_with_what_was_said_before_it_too() -> None:
    """An attempt that was closed, and is said to be paid, and is closed when it is asked about, is dead again."""
    payments, clock, _, _ = contradicted(query=CLOSED)
    settle(payments, clock, HOUR)
    assert ask(payments.journal.load, KEY).events[-1].verdict == "closed"


def test_nobody_is_called_to_what_goes_back_by_itself() -> None:
    """An old attempt that is paid late is no old uncertainty; whose refund fails for good is told with that cause."""
    told: list[pf.Cause | None] = []
    payments, clock, first, _ = fell_back(surplus_tries=3)
    settle(payments, clock, 3 * DAY)
    first.on(Kind.QUERY, captured()).on(Kind.REFUND, declined(pf.Cause.DECLINED))
    payments.report("a", FIRST, captured())
    settle(payments, clock, 10 * DAY)
    payments.deliver(lambda outcome: told.append(outcome.cause) if outcome.kind == "needs_person" else None)
    assert told == [pf.Cause.REFUND_STUCK]


def test_a_refund_without_its_channel_stands_before_a_person() -> None:
    """The channel that was paid is no longer configured: a refund cannot be sent, and after a day somebody hears it."""
    told: list[str] = []
    clock = VirtualClock()
    journal = MemoryJournal(clock)
    client({"a": Scripted("first").on(Kind.CHARGE, captured())}, clock, journal).pay(order(), "a")
    payments = client({"b": Scripted("second")}, clock, journal)
    assert payments.refund(ORDER, "r1").state == "pending"
    settle(payments, clock, 2 * DAY)
    payments.deliver(lambda outcome: told.append(outcome.kind))
    assert told == ["paid", "needs_person"]


class ReadsFail:
    """A journal that takes what is written, and cannot be read for a while."""

    def __init__(self, inner: Journal) -> None:
        self.inner, self.away = inner, False

    def load(self, key: str, done: Done) -> None:
        """`done(Stored | None)`, or `JournalUnavailable`."""
        if self.away:
            done(pf.JournalUnavailable("reads time out"))
        else:
            self.inner.load(key, done)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_what_the_journal_knows_is_not_sold_blindly() -> None:
    """In `observe` a sale goes on without a journal; not when the journal has just said that it has this order."""
    clock = VirtualClock()
    journal = ReadsFail(MemoryJournal(clock))
    first = Scripted("first", close=True, close_names_trade=True).on(Kind.CHARGE, captured())
    second = Scripted("second").on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock, journal, autonomy="observe")  # type: ignore[arg-type]  # by shape
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    journal.away = True
    with pytest.raises(pf.JournalUnavailable):
        payments.pay(order(), "b")
    assert not second.asked


def test_a_last_look_that_nobody_answers_is_made_again() -> None:
    """The provider is silent when the watch ends: an hour later it is asked again, and what was captured goes back."""
    payments, clock, first, _ = fell_back()
    settle(payments, clock, 2 * HOUR)
    first.on(Kind.QUERY, SILENCE, captured())
    clock.advance(ask(payments.journal.load, KEY).due - clock.epoch() + 1.0)
    payments.recover()
    settle(payments, clock, DAY)
    assert len(first.of(Kind.REFUND)) == 1
    assert ask(payments.journal.load, KEY).due is None


def test_a_silence_without_end_ends_the_watch_a_day_later() -> None:
    """Nothing is asked for ever."""
    payments, clock, first, _ = fell_back()
    first.on(Kind.QUERY, SILENCE)
    settle(payments, clock, 4 * DAY)
    assert ask(payments.journal.load, KEY).due is None


def test_a_question_of_recovery_has_time_to_be_answered() -> None:
    """When the time of `recover` is nearly over, the order in hand is asked about properly, and the rest later."""
    payments, clock, first, _ = fell_back()

    def slow(operation: Any) -> pf.Answer:
        clock.sleep(0.3)
        return captured() if operation.timeout >= 0.3 else SILENCE

    first.on(Kind.QUERY, slow)
    clock.advance(ask(payments.journal.load, KEY).due - clock.epoch() + 1.0)
    payments.recover(within=0.1)
    settle(payments, clock, HOUR)
    assert len(first.of(Kind.REFUND)) == 1


def questions(behind: float) -> int:
    """How often an order is asked about in ten minutes by a worker whose clock is behind the journal's."""
    ours, journals = VirtualClock(), VirtualClock()
    only = Scripted("only", close=True, close_names_trade=True)
    only.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, pending()).on(Kind.CLOSE, SILENCE)
    payments = client({"a": only}, ours, journal=MemoryJournal(journals))
    journals.advance(behind)
    payments.pay(order(), "a", within=1.0)
    for _ in range(600):
        ours.advance(1.0)
        journals.advance(1.0)
        payments.recover(within=0.9)
    return len(only.of(Kind.QUERY))


def test_a_worker_whose_clock_is_behind_is_not_handed_an_order_again_at_once() -> None:
    """The journal hands out by its own clock: a difference costs a few questions until it is known, and no more."""
    assert questions(400.0) <= questions(0.0) + 10


def test_a_refund_that_stays_open_for_a_day_is_called_stuck() -> None:
    """Nothing contradicts the payment: whoever is called is told that it is the refund."""
    clock = VirtualClock()
    only = Scripted("only").on(Kind.CHARGE, captured())
    only.on(Kind.REFUND, says(pf.Verdict.ACCEPTED)).on(Kind.QUERY_REFUND, says(pf.Verdict.ACCEPTED))
    payments = client({"a": only}, clock)
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    payments.refund(ORDER, "r-1")
    settle(payments, clock, 2 * DAY)
    told = [event for event in ask(payments.journal.load, KEY).events if event.name == "settled"]
    assert [event.cause for event in told if event.kind == "needs_person"] == ["refund_stuck"]

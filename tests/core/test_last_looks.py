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

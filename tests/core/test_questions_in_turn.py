"""Questions that the budget of a channel does not allow at once, while a shopper waits, and looks that come again."""

from __future__ import annotations

from typing import Any

from core_world import ORDER, SILENCE, Scripted, captured, client, meanwhile, order, says, settle
from long_lives import KEY, ask
from test_last_looks import DAY, HOUR, fell_back, spend

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.testing import VirtualClock

CLOSES = {"close": True, "close_names_trade": True}
UNDER_WAY = says(pf.Verdict.ACCEPTED)


def silent_and_spent() -> tuple[pf.Payments, VirtualClock, Scripted]:
    """A charge falls silent when others have just asked all that the channel's budget allows."""
    clock = VirtualClock()
    only = Scripted("only", **CLOSES).on(Kind.QUERY, captured())
    payments = client({"a": only}, clock)
    only.on(Kind.CHARGE, meanwhile(lambda: spend(payments, "a"), SILENCE))
    return payments, clock, only


def due_in(payments: pf.Payments, clock: VirtualClock) -> Any:
    """Seconds until recovery has the order."""
    return ask(payments.journal.load, KEY).due - clock.epoch()


def test_a_waiting_shopper_gets_the_next_question_that_is_allowed() -> None:
    """The budget allows it a moment later: it is asked then, in the same call."""
    payments, clock, only = silent_and_spent()
    start = clock.epoch()
    assert isinstance(payments.pay(order(), "a", within=10.0), pf.Paid)
    (asked,) = only.of(Kind.QUERY)
    assert 0.0 < asked.now - start <= 1.0


def test_a_shopper_without_time_leaves_the_question_to_recovery() -> None:
    """Nothing is asked, and the order is due in seconds, though not at once; recovery then finds that it is paid."""
    payments, clock, only = silent_and_spent()
    assert isinstance(payments.pay(order(), "a", within=0.2), pf.Pending)
    assert not only.of(Kind.QUERY)
    assert 1.0 <= due_in(payments, clock) <= 10.0
    settle(payments, clock, 60.0)
    assert isinstance(payments.status(ORDER), pf.Paid)


def test_a_status_has_no_time_to_wait_for_its_turn() -> None:
    """It says what is known."""
    payments, clock, only = silent_and_spent()
    payments.pay(order(), "a", within=0.2)
    spend(payments, "a")
    before = clock.monotonic()
    assert isinstance(payments.status(ORDER), pf.Pending)
    assert clock.monotonic() == before
    assert not only.of(Kind.QUERY)


def test_a_last_look_that_nobody_answers_is_made_again_in_an_hour() -> None:
    """Not at once, and not a day later."""
    payments, clock, first, _ = fell_back()
    settle(payments, clock, 2 * HOUR)
    first.on(Kind.QUERY, SILENCE)
    clock.advance(due_in(payments, clock) + 1.0)
    payments.recover()
    assert round(due_in(payments, clock)) == HOUR


def test_two_parts_of_an_order_are_both_asked_about_when_it_is_their_turn() -> None:
    """Neither was allowed before; after a while both have come back."""
    clock = VirtualClock()
    only = Scripted("only").on(Kind.CHARGE, captured()).on(Kind.REFUND, UNDER_WAY)
    only.on(Kind.QUERY_REFUND, lambda asked: says(pf.Verdict.REFUNDED, amount=asked.refund_amount))
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    payments.pay(order(), "a")
    for name in ("r-1", "r-2"):
        payments.refund(ORDER, name, pf.Money.of("20.00", "CNY"), within=0.3)
    clock.advance(60.0)
    spend(payments, "a")
    payments.recover()
    assert not only.of(Kind.QUERY_REFUND)
    settle(payments, clock, DAY / 8)
    assert [payments.refund(ORDER, name, within=0.0).state for name in ("r-1", "r-2")] == ["done", "done"]


def test_each_dead_attempt_is_watched_by_its_own_channel() -> None:
    """The channel that pays the order is not watched for long; the one that was left before it still is."""
    clock = VirtualClock()
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, SILENCE).on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    first.on(Kind.QUERY, says(pf.Verdict.CLOSED, named=True))
    second = Scripted("second", watch=1.0).on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock)
    payments.pay(order(), "a", within=0.05)
    assert isinstance(payments.switch(order(), "b"), pf.Paid)
    settle(payments, clock, 2 * HOUR)
    first.on(Kind.QUERY, SILENCE)
    clock.advance(due_in(payments, clock) + 1.0)
    payments.recover()
    assert round(due_in(payments, clock)) == HOUR

"""The fields of results: what they say of the attempt that is meant, since when, and how it goes on."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import (
    AMOUNT,
    FIRST,
    ORDER,
    QR,
    SILENCE,
    JournalThatFails,
    Scripted,
    captured,
    client,
    contradicted,
    declined,
    meanwhile,
    order,
    pending,
    says,
    settle,
)

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock

CLOSES = {"close": True, "close_names_trade": True}
CLOSED = says(pf.Verdict.CLOSED, named=True)
SECOND = f"{ORDER}02"
ACCEPTED = says(pf.Verdict.ACCEPTED)
PERSON_AFTER = 86400.0


def after_a_refusal(second: Scripted, clock: VirtualClock, **more: Any) -> tuple[pf.Payments, pf.Result]:
    """Channel `a` refuses at once, `b` does what it does."""
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, declined())
    third = Scripted("third").on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second, "c": third}, clock, **more)
    return payments, payments.pay(order(), "a", consent=["b"], within=2.0)


def test_paid_says_by_whom() -> None:
    """The option, the merchant's number, the provider's reference and time, and what was tried before."""
    second = Scripted("second", **CLOSES).on(Kind.CHARGE, captured(provider_ref="T-1", paid_at=1767225599.0))
    _, result = after_a_refusal(second, VirtualClock())
    assert isinstance(result, pf.Paid)
    assert (result.order_id, result.option, result.number, result.amount) == (ORDER, "b", SECOND, AMOUNT)
    assert (result.provider_ref, result.paid_at, result.switched_from) == ("T-1", 1767225599.0, ("a",))


def test_pending_says_what_is_waited_for() -> None:
    """The attempt, since when it is open, when it can be left, how often to ask, and what could be offered then."""
    clock = VirtualClock()
    start = clock.epoch()
    second = Scripted("second", query_every=4.0, close_after=30.0, **CLOSES)
    second.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments, result = after_a_refusal(second, clock)
    assert isinstance(result, pf.Pending)
    assert payments.status(ORDER, ask=False).alternatives == ("c",)
    assert (result.option, result.number, result.since, result.cause) == ("b", SECOND, start, pf.Cause.TIMEOUT)
    assert (result.poll_after, result.alternatives, result.switched_from) == (4.0, ("c",), ("a",))
    assert result.settles_by == result.switchable_at
    assert result.switchable_at is not None
    assert 30.0 <= result.switchable_at - start <= 40.0
    assert not result.needs_person


def test_what_was_shown_has_no_time_at_which_it_is_left() -> None:
    """The shopper may still pay it; the page may ask as often as the channel is asked."""
    second = Scripted("second", starts="shopper", query_every=4.0, **CLOSES).on(Kind.CHARGE, pending(action=QR))
    _, result = after_a_refusal(second, VirtualClock())
    assert isinstance(result, pf.ActionRequired)
    assert (result.option, result.number, result.action, result.poll_after) == ("b", SECOND, QR, 4.0)
    assert (result.cause, result.alternatives) == (pf.Cause.AWAITING_SHOPPER, ("c",))


def test_after_a_day_a_result_says_that_a_person_looks() -> None:
    """Nothing that the library does ends it, so no time is named."""
    clock = VirtualClock()
    only = Scripted("only").on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    payments.pay(order(), "a", within=1.0)
    settle(payments, clock, 2 * PERSON_AFTER)
    result = payments.status(ORDER, ask=False)
    assert isinstance(result, pf.Pending)
    assert (result.needs_person, result.switchable_at, result.settles_by) == (True, None, None)


def test_another_amount_is_named_as_such() -> None:
    """First a contradiction that is asked about, then a mismatch for a person."""
    clock = VirtualClock()
    other = captured(pf.Money.of("58.00", "CNY"))
    only = Scripted("only", **CLOSES).on(Kind.CHARGE, other).on(Kind.QUERY, SILENCE, other)
    payments = client({"a": only}, clock)
    first = payments.pay(order(), "a", within=0.1)
    settle(payments, clock, 60.0)
    then = payments.status(ORDER, ask=False)
    assert isinstance(first, pf.Pending)
    assert isinstance(then, pf.Pending)
    assert (first.cause, first.needs_person) == (pf.Cause.CONTRADICTION, False)
    assert (then.cause, then.needs_person) == (pf.Cause.AMOUNT_MISMATCH, True)


def test_money_on_its_way_back_is_pending() -> None:
    """An order that was cancelled, and paid after that, is not "certainly not charged" before its money is back."""
    clock = VirtualClock()
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, pending(action=QR)).on(Kind.CLOSE, CLOSED)
    first.on(Kind.QUERY, pending()).on(Kind.REFUND, ACCEPTED).on(Kind.QUERY_REFUND, ACCEPTED)
    payments = client({"a": first}, clock)
    payments.pay(order(), "a")
    assert isinstance(payments.cancel(ORDER), pf.NotPaid)
    first.on(Kind.QUERY, captured())
    payments.report("a", FIRST, captured())
    settle(payments, clock, 60.0)
    result = payments.status(ORDER, ask=False)
    assert isinstance(result, pf.Pending)
    assert (result.cause, result.number, result.needs_person) == (pf.Cause.SURPLUS_RETURNING, FIRST, False)
    first.on(Kind.QUERY_REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT))
    settle(payments, clock, 2 * 3600.0)
    ended = payments.status(ORDER, ask=False)
    assert isinstance(ended, pf.NotPaid)
    assert ended.cause is pf.Cause.CANCELLED


def test_an_order_paid_twice_stays_paid_while_the_second_money_goes_back() -> None:
    """What the shop sold is paid for."""
    payments, clock, first, _ = contradicted()
    first.on(Kind.REFUND, ACCEPTED).on(Kind.QUERY_REFUND, ACCEPTED)
    settle(payments, clock, 60.0)
    result = payments.status(ORDER, ask=False)
    assert isinstance(result, pf.Paid)
    assert (result.number, result.switched_from) == (SECOND, ("a",))


@pytest.mark.parametrize(("minor", "expected"), [(2000, pf.Paid), (5900, pf.Pending)], ids=["a part", "all of it"])
def test_a_refund_under_way_can_have_undone_the_payment(minor: int, expected: type) -> None:
    """While all of it may be back, "paid" would not be true; a part leaves the order paid."""
    only = Scripted("only").on(Kind.CHARGE, captured()).on(Kind.REFUND, ACCEPTED).on(Kind.QUERY_REFUND, ACCEPTED)
    payments = client({"a": only}, VirtualClock(), channel={"a": {"last": True}})
    payments.pay(order(), "a")
    payments.refund(ORDER, "r-1", pf.Money(minor, "CNY"), within=0.3)
    result = payments.status(ORDER, ask=False)
    assert isinstance(result, expected)
    if isinstance(result, pf.Pending):
        assert (result.cause, result.number) == (pf.Cause.SURPLUS_RETURNING, FIRST)


def test_an_answer_that_could_not_be_saved_is_pending() -> None:
    """The money moved, and the journal went away before it was written: nobody is told "paid" yet."""
    clock = VirtualClock()
    journal = JournalThatFails(MemoryJournal(clock))

    def goes_away() -> None:
        journal.away = True

    only = Scripted("only", **CLOSES).on(Kind.CHARGE, meanwhile(goes_away, captured()))
    payments = client({"a": only}, clock, journal)  # type: ignore[arg-type]  # a journal by shape
    start = clock.epoch()
    result = payments.pay(order(), "a", within=2.0)
    assert isinstance(result, pf.Pending)
    assert (result.cause, result.option, result.number) == (pf.Cause.JOURNAL_UNAVAILABLE, "a", FIRST)
    assert result.since == start


def test_not_paid_says_why_and_when_to_come_back() -> None:
    """The refusal's cause, the provider's own pause, what is left to offer, and what was tried."""
    second = Scripted("second", **CLOSES).on(Kind.CHARGE, declined(pf.Cause.DECLINED, retry_after=90.0))
    _, result = after_a_refusal(second, VirtualClock())
    assert isinstance(result, pf.NotPaid)
    assert (result.cause, result.retry_after) == (pf.Cause.DECLINED, 90.0)
    assert (result.alternatives, result.switched_from) == (("c",), ("a",))


def test_an_order_whose_time_is_over_is_expired() -> None:
    """Also before recovery has written that down."""
    clock = VirtualClock()
    payments, _ = after_a_refusal(Scripted("second", **CLOSES).on(Kind.CHARGE, declined()), clock, pay_by=60.0)
    clock.advance(61.0)
    result = payments.status(ORDER, ask=False)
    assert isinstance(result, pf.NotPaid)
    assert result.cause is pf.Cause.EXPIRED

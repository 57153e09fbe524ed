"""What a result says while others are at work, while money goes back, and of channels that are not there any more."""

from __future__ import annotations

from typing import Any

from attack_scene import door, paid_notice, refund_notice
from core_world import (
    FIRST,
    SILENCE,
    JournalThatFails,
    Scripted,
    captured,
    client,
    contradicted,
    declined,
    meanwhile,
    says,
    settle,
)
from credit_shop import CreditShop, refused, yuan
from money_shop import ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback.journal.memory import MemoryJournal
from payfallback.ports import Switch
from payfallback.testing import VirtualClock

SECOND = f"{ORDER}02"
ACCEPTED = says(pf.Verdict.ACCEPTED)
DAY = 86400.0
LAST: dict[str, Any] = {"channel": {"a": {"last": True}}}


def done(operation: Operation) -> pf.Answer:
    """The provider gave back what it was asked to."""
    return pf.Answer(verdict=pf.Verdict.REFUNDED, amount=operation.refund_amount)


def paid_twice() -> tuple[pf.Payments, VirtualClock, Scripted]:
    """`b` pays the order, and what `a` was paid too is on its way back, and stays there."""
    payments, clock, first, second = contradicted()
    first.on(Kind.REFUND, ACCEPTED).on(Kind.QUERY_REFUND, ACCEPTED)
    settle(payments, clock, 60.0)
    return payments, clock, second


# ---------------------------------------------------------------- while others are at work


def test_between_two_attempts_of_another_call_nothing_is_over() -> None:
    """A charge was refused for a glitch and the next one is about to start: who asks hears Pending, and of which."""
    shop = CreditShop(refused(pf.Cause.CREDIT_EXHAUSTED, limit=yuan("0.50")), captured(yuan("5999.00")))
    start, heard = shop.clock.epoch(), []
    shop.clock.call_at(0.5, lambda: heard.append(shop.payments.status("A1")))
    assert isinstance(shop.pay("A1"), pf.Paid)
    (result,) = heard
    assert isinstance(result, pf.Pending)
    assert (result.order_id, result.cause, result.since) == ("A1", pf.Cause.AWAITING_PROVIDER, start)
    assert (result.option, result.number) == ("baitiao/12", "00A101")


def test_a_capture_that_nobody_decided_yet_is_pending() -> None:
    """A notification said paid while the call that charges still waits: for who asks the time was too short."""
    clock, only, heard = VirtualClock(), Scripted("only"), []
    payments = client({"a": only}, clock, **LAST)

    def notified() -> None:
        door(only, clock, payments.journal).notify("a", {}, paid_notice(FIRST))
        heard.append(payments.status(ORDER))

    only.on(Kind.CHARGE, meanwhile(notified, captured()))
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    assert [(type(each), each.cause) for each in heard] == [(pf.Pending, pf.Cause.TIME_UP)]


def test_an_order_that_was_never_charged_waits_for_the_journal() -> None:
    """It runs out of time and that cannot be written: recovery takes it for no trouble of its own, and comes back."""
    clock, heard = VirtualClock(), []
    journal = JournalThatFails(MemoryJournal(clock))
    only = Scripted("only").on(Kind.CHARGE, captured())

    def observer(event: str, /, **fields: object) -> None:
        heard.append(event)

    payments = client({"a": only}, clock, journal, observer=observer, **LAST)
    journal.stop_channel(Switch(channel="a", reason="fees", actor="ops", at=0.0), lambda _: None)
    assert isinstance(payments.pay(order(), "a"), pf.NotPaid)
    clock.advance(3600.0)
    journal.away = True
    assert payments.recover().failed == 1
    assert "recovery.failed" not in heard
    journal.repair()
    clock.advance(60.0)
    assert payments.recover().settled == 1


# ---------------------------------------------------------------- while money goes back


def test_a_refunded_order_says_that_a_person_looks_after_its_surplus() -> None:
    """The merchant gave the payment back and the surplus is stuck at the other provider: first alone, then a person."""
    payments, clock, second = paid_twice()
    second.on(Kind.REFUND, done)
    assert payments.refund(ORDER, "r-1").state == "done"
    soon = payments.status(ORDER)
    settle(payments, clock, 3 * DAY)
    then = payments.status(ORDER)
    told = [(type(each), each.cause, getattr(each, "needs_person", None)) for each in (soon, then)]
    assert told == [(pf.Pending, pf.Cause.SURPLUS_RETURNING, person) for person in (False, True)]


def test_a_refund_that_is_only_notified_ends_nothing_while_a_surplus_is_out() -> None:
    """The payment went back, nobody wrote down that it is over, and a provider holds the surplus: not "not paid"."""
    payments, clock, second = paid_twice()
    notified, heard = door(second, clock, payments.journal), []

    def notify_first(operation: Operation) -> pf.Answer:
        notified.notify("a", {}, refund_notice(SECOND, operation.refund_number, 5900))
        heard.append(notified.status(ORDER))
        return SILENCE

    second.on(Kind.REFUND, notify_first)
    payments.refund(ORDER, "r-1")
    assert [(type(each), each.cause) for each in heard] == [(pf.Pending, pf.Cause.SURPLUS_RETURNING)]


def test_a_part_that_went_back_leaves_an_order_paid_whose_surplus_is_out() -> None:
    """What the shop sold is paid for, less the part."""
    payments, _, second = paid_twice()
    second.on(Kind.REFUND, done)
    assert payments.refund(ORDER, "r-1", pf.Money.of("20.00", "CNY")).state == "done"
    assert isinstance(payments.status(ORDER), pf.Paid)


def test_a_refund_that_failed_leaves_the_order_paid() -> None:
    """The provider will not give it back: all of it is still there."""
    only = Scripted("only").on(Kind.CHARGE, captured()).on(Kind.REFUND, declined(pf.Cause.MERCHANT_CONFIG))
    payments = client({"a": only}, VirtualClock(), **LAST)
    payments.pay(order(), "a")
    assert payments.refund(ORDER, "r-1").state == "failed"
    assert isinstance(payments.status(ORDER), pf.Paid)


def test_a_refund_in_doubt_is_called_stuck() -> None:
    """The provider said that it was done, and then that it failed."""
    clock, only = VirtualClock(), Scripted("only").on(Kind.CHARGE, captured()).on(Kind.REFUND, done)
    payments = client({"a": only}, clock, **LAST)
    payments.pay(order(), "a")
    payments.refund(ORDER, "r-1")
    door(only, clock, payments.journal).notify("a", {}, refund_notice(FIRST, f"{FIRST}M1", 5900, "refund_failed"))
    result = payments.status(ORDER)
    assert isinstance(result, pf.Pending)
    assert (result.cause, result.needs_person) == (pf.Cause.REFUND_STUCK, True)


def test_a_payment_taken_over_is_open_since_it_was_sent() -> None:
    """Other code charged two minutes before the library heard of it; its money is on its way back now."""
    clock, only = VirtualClock(), Scripted("only").on(Kind.QUERY, SILENCE)
    only.on(Kind.REFUND, ACCEPTED).on(Kind.QUERY_REFUND, ACCEPTED)
    payments = client({"a": only}, clock, **LAST)
    sent_at = clock.epoch() - 120.0
    payments.adopt(order(), "a", "OLD0000001", sent_at=sent_at)
    payments.cancel(ORDER, within=1.0)
    payments.report("a", "OLD0000001", captured())
    settle(payments, clock, 60.0)
    result = payments.status(ORDER)
    assert isinstance(result, pf.Pending)
    assert (result.cause, result.since) == (pf.Cause.SURPLUS_RETURNING, sent_at)

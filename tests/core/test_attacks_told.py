"""What is said while others are at work: nobody hears more than is durable, and no wish gets lost."""

from __future__ import annotations

from typing import Any

from attack_scene import Fakes, Refusing, attempts, door, paid_notice, refund_notice, told
from core_world import FIRST, SILENCE, Scripted, captured, client, meanwhile, pending, says, settle
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock

HOUR = 3600.0
LAST = {"channel": {"a": {"last": True}}}


def test_nobody_hears_not_paid_while_a_retry_is_to_come() -> None:
    """The first click waits before its retry: another click and `status` say Pending, and then the order is paid."""
    fakes = Fakes(a={})
    payments = fakes.process(backoff=lambda channel, resend: 1.5)
    fakes.faults.outage("a", "refused", operation="charge", times=1)
    heard: list[pf.Result] = []
    fakes.clock.call_at(1.0, lambda: heard.append(payments.status(ORDER)))
    fakes.clock.call_at(1.1, lambda: heard.append(payments.pay(order(), "a", within=0.05)))
    assert isinstance(payments.pay(order(), "a", within=5.0), pf.Paid)
    assert [type(each) for each in heard] == [pf.Pending, pf.Pending]
    assert len(fakes.ledger.captures(ORDER)) == 1


def test_an_order_whose_money_went_back_is_not_called_paid() -> None:
    """The refund in full was notified while its sender still waits for the answer: `status` says refunded."""
    clock, only = VirtualClock(), Scripted("only").on(Kind.CHARGE, captured())
    payments = client({"a": only}, clock, **LAST)
    heard: list[pf.Result] = []
    notified = door(only, clock, payments.journal)

    def gives_back(operation: Operation) -> pf.Answer:
        notified.notify("a", {}, refund_notice(FIRST, operation.refund_number, 5900))
        heard.append(notified.status(ORDER))
        return SILENCE

    payments.pay(order(), "a")
    only.on(Kind.REFUND, gives_back)
    payments.refund(ORDER, "r-1")
    assert isinstance(heard[0], pf.NotPaid)
    assert heard[0].cause is pf.Cause.REFUNDED


def test_a_refunded_order_with_surplus_is_pending() -> None:
    """The merchant's refund is done while the provider still holds a surplus: the order is not called done with."""
    clock = VirtualClock()
    first = Scripted("first", close=True, close_refunds=True).on(Kind.CHARGE, TimeoutError())
    first.on(Kind.QUERY, says(pf.Verdict.NOT_FOUND), captured()).on(Kind.CLOSE, says(pf.Verdict.ACCEPTED))
    second = Scripted("second").on(Kind.CHARGE, captured()).on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT))
    payments = client({"a": first, "b": second}, clock)
    assert isinstance(payments.pay(order(), "a", consent=["b"]), pf.Paid)
    assert payments.refund(ORDER, "r-1").state == "done"
    result = payments.status(ORDER)
    assert isinstance(result, pf.Pending)
    assert result.cause is pf.Cause.SURPLUS_RETURNING


def test_nothing_is_raised_after_a_charge_when_the_journal_cannot_be_read() -> None:
    """Its lease ran out, another process looks at the order, and reading fails: Pending, and the capture is written."""
    clock, only = VirtualClock(), Scripted("only").on(Kind.QUERY, pending())
    inner = MemoryJournal(clock)
    reads: list[object] = []
    journal = Refusing(inner)

    def overtaken() -> None:
        clock.jump_epoch(60.0)
        inner.claim("recoverer", 45.0, 10, lambda claimed: None)
        journal.readable = first_only

    def first_only() -> bool:
        reads.append(None)
        return len(reads) == 1

    only.on(Kind.CHARGE, meanwhile(overtaken, captured()))
    assert isinstance(client({"a": only}, clock, journal, **LAST).pay(order(), "a", within=30.0), pf.Pending)
    assert [each.status.value for each in attempts(inner)] == ["captured"]


def test_paid_is_said_only_of_what_the_journal_decided() -> None:
    """A notification was faster and the journal cannot be read: Pending; a cancel then gives the money back."""
    fakes = Fakes(a={})
    journal = Refusing(fakes.journal)
    notified, provider = door(fakes.providers["a"], fakes.clock, fakes.journal), fakes.providers["a"]

    def overtaken(arrival: Any) -> None:
        if arrival.kind is Kind.CHARGE:
            provider.on_arrival = None
            fakes.clock.call_later(0.05, lambda: notified.notify("a", {}, paid_notice(FIRST)))
            journal.readable = lambda: False

    provider.on_arrival = overtaken
    payments = fakes.process(journal)
    assert isinstance(payments.pay(order(), "a", within=3.0), pf.Pending)
    journal.repair()
    fakes.clock.advance(20.0)
    payments.cancel(ORDER)
    settle(payments, fakes.clock, 60.0)
    assert told(payments) == ["cancelled"]
    assert fakes.ledger.held(ORDER) == ()


def test_orders_whose_names_run_together_are_told_apart() -> None:
    """Order "A1001" of merchant "m" and order "m:A1001" of none: both are paid, and the shop hears of both."""
    fakes = Fakes(a={})
    payments = fakes.process()
    heard: list[tuple[str, str]] = []
    assert isinstance(payments.pay(pf.Order(ORDER, AMOUNT, merchant="m"), "a"), pf.Paid)
    assert isinstance(payments.pay(pf.Order(f"m:{ORDER}", AMOUNT), "a"), pf.Paid)
    payments.deliver(lambda outcome: heard.append((outcome.order_id, outcome.kind)))
    assert heard == [(ORDER, "paid"), (f"m:{ORDER}", "paid")]


def test_a_switch_in_mid_payment_is_not_forgotten() -> None:
    """The shopper switches while another click waits for a code: that code is closed, and cannot be paid any more."""
    fakes = Fakes(a={"starts": "shopper", "close": True, "close_names_trade": True}, b={})
    payments = fakes.process(autonomy="offer")
    fakes.faults.outage("a", "slow:2.5", operation="charge", times=1)
    fakes.clock.call_at(1.0, lambda: payments.switch(order(), "b", within=1.0))
    payments.pay(order(), "a", within=4.0)
    settle(payments, fakes.clock, 60.0)
    assert {each.number for each in fakes.ledger.closes(ORDER)} == {FIRST}
    assert fakes.providers["a"].waiting(ORDER) == ()


def test_a_refund_asked_for_during_another_is_sent_too() -> None:
    """A second refund comes while the first is under way: it is pending, and both parts go back."""
    clock, only = VirtualClock(), Scripted("only").on(Kind.CHARGE, captured())
    payments = client({"a": only}, clock, **LAST)
    others: list[pf.Refund] = []

    def refunded(operation: Operation) -> pf.Answer:
        if len(only.of(Kind.REFUND)) == 1:
            others.append(payments.refund(ORDER, "r-2", pf.Money.of("10.00", "CNY"), within=1.0))
        return pf.Answer(verdict=pf.Verdict.REFUNDED, amount=operation.refund_amount)

    payments.pay(order(), "a")
    only.on(Kind.REFUND, refunded)
    assert payments.refund(ORDER, "r-1", pf.Money.of("20.00", "CNY")).state == "done"
    assert [each.state for each in others] == ["pending"]
    settle(payments, clock, 60.0)
    assert [str(each.refund_amount) for each in only.of(Kind.REFUND)] == ["20.00 CNY", "10.00 CNY"]


def test_a_notification_is_acknowledged_only_when_it_is_durable() -> None:
    """The disk is full when a notification comes in mid-charge: the provider is asked to send it again."""
    clock = VirtualClock()
    only = Scripted("only", query=False)
    journal = Refusing(MemoryJournal(clock))
    acks: list[pf.Ack] = []

    def disk_full() -> None:
        journal.refuses = lambda commit: True
        acks.append(door(only, clock, journal).notify("a", {}, paid_notice(FIRST)))
        journal.repair()

    only.on(Kind.CHARGE, meanwhile(disk_full, SILENCE))
    client({"a": only}, clock, journal, **LAST).pay(order(), "a", within=1.0)
    assert [(each.handled, each.status) for each in acks] == [(False, 500)]


def test_a_notification_before_the_adoption_counts() -> None:
    """A payment was notified before it was taken over, and its channel cannot be asked: the order is paid."""
    clock, only = VirtualClock(), Scripted("only", query=False)
    payments = client({"a": only}, clock, **LAST)
    assert door(only, clock, payments.journal).notify("a", {}, paid_notice("OLD0000001")).handled
    payments.adopt(order(), "a", "OLD0000001", sent_at=clock.epoch() - 5.0)
    assert isinstance(payments.status(ORDER), pf.Paid)
    assert only.asked == []

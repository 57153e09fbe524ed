"""Money on its way back: parts of it, refunds by hand, processes that know less, and ids that look alike."""

from __future__ import annotations

import pytest
from attack_scene import door, refund_notice, told
from core_world import FIRST, NOT_FOUND, SILENCE, Scripted, captured, client, contradicted, says, settle
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback.policy import Account
from payfallback.providers._wechatpay_answers import trade
from payfallback.testing import VirtualClock

HOUR = 3600.0
DAY = 24 * HOUR
LAST = {"channel": {"a": {"last": True}}}


def back(operation: Operation) -> pf.Answer:
    """The provider did what it was asked."""
    return pf.Answer(verdict=pf.Verdict.REFUNDED, amount=operation.refund_amount)


def sold(**policy: object) -> tuple[pf.Payments, VirtualClock, Scripted]:
    """A paid order."""
    clock, only = VirtualClock(), Scripted("only").on(Kind.CHARGE, captured())
    payments = client({"a": only}, clock, **{**LAST, **policy})
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    return payments, clock, only


def test_a_part_refunded_by_hand_leaves_the_order_paid() -> None:
    """1.00 of 59.00 was given back in the provider's console, and notified: the order stays paid."""
    payments, clock, only = sold()
    door(only, clock, payments.journal).notify("a", {}, refund_notice(FIRST, "CONSOLE77", 100))
    assert isinstance(payments.status(ORDER), pf.Paid)
    assert told(payments) == ["paid"]


def test_a_refund_of_unknown_size_is_not_one_in_full() -> None:
    """WeChat Pay's trade state REFUND says nothing of how much: a person looks, and nobody hears `refunded`."""
    payments, _, only = sold()
    account = Account(name="only", provider="only", merchant="m1", app="wx1")
    body = {"out_trade_no": FIRST, "trade_state": "REFUND", "amount": {"total": 5900, "currency": "CNY"}}
    answer = trade(body, account)
    assert (answer.verdict, answer.amount) == (pf.Verdict.REFUNDED, None)
    result = payments.report("a", FIRST, answer)
    assert isinstance(result, pf.Pending)
    assert result.needs_person
    assert "refunded" not in told(payments)
    assert only.of(Kind.REFUND) == []


def test_a_part_of_a_surplus_refunded_by_hand_does_not_keep_the_rest() -> None:
    """1.00 of a surplus went back by hand before ours was sent: ours is sent all the same."""
    payments, clock, first, _ = contradicted()
    door(first, clock, payments.journal).notify("a", {}, refund_notice(FIRST, "CONSOLE1", 100))
    settle(payments, clock, 4 * HOUR)
    assert len(first.of(Kind.REFUND)) == 1


def late_payment() -> tuple[VirtualClock, Scripted, Scripted]:
    """A code that nobody paid, and a second channel that was."""
    clock = VirtualClock()
    first = Scripted("first", starts="shopper", expiry=True, not_found_after=5.0).on(Kind.CHARGE, TimeoutError())
    first.on(Kind.QUERY, lambda operation: says(pf.Verdict.NOT_FOUND, provider_time=clock.world()))
    return clock, first.on(Kind.REFUND, back), Scripted("second").on(Kind.CHARGE, captured())


@pytest.mark.parametrize("deployment", [False, True], ids=["all know it", "one does not"])
def test_a_process_that_lacks_a_channel_leaves_its_watch_to_others(*, deployment: bool) -> None:
    """One recovery by a process without the channel: a payment that comes late on it is found and given back."""
    clock, first, second = late_payment()
    payments = client({"a": first, "b": second}, clock)
    assert isinstance(payments.pay(order(), "a", consent=["b"]), pf.Paid)
    clock.advance(10.0)
    if deployment:
        client({"b": second}, clock, payments.journal, channel={"b": {"last": True}}).recover()
    first.on(Kind.QUERY, captured())
    settle(payments, clock, 3 * DAY)
    assert len(first.of(Kind.REFUND)) == 1


def test_a_process_that_lacks_a_channel_leaves_its_refunds_to_others() -> None:
    """One recovery by a process without the channel: the refund that is under way on it is followed to its end."""
    payments, clock, only = sold()
    only.on(Kind.QUERY_REFUND, SILENCE)
    assert payments.refund(ORDER, "r-1", within=1.0).state == "pending"
    clock.advance(10.0)
    other = Scripted("other")
    client({"b": other}, clock, payments.journal, channel={"b": {"last": True}}).recover()
    only.on(Kind.QUERY_REFUND, back)
    settle(payments, clock, DAY)
    result = payments.status(ORDER)
    assert isinstance(result, pf.NotPaid)
    assert result.cause is pf.Cause.REFUNDED


def test_a_refund_id_that_looks_like_a_number_is_another_refund() -> None:
    """The shop's refund id is the number of another of its refunds: an answer settles the one it is for."""
    payments, _, only = sold()
    only.on(Kind.REFUND, lambda operation: SILENCE if operation.refund_number == f"{FIRST}M1" else back(operation))
    only.on(Kind.QUERY_REFUND, SILENCE)
    payments.refund(ORDER, "r-1", pf.Money.of("20.00", "CNY"), within=0.3)
    assert payments.refund(ORDER, f"{FIRST}M1", pf.Money.of("39.00", "CNY")).state == "done"
    assert payments.refund(ORDER, "r-1", within=0.3).state == "pending"
    assert isinstance(payments.status(ORDER), pf.Pending)


def test_a_refund_of_another_amount_is_not_done() -> None:
    """59.00 was asked back and the provider says that 1.00 went: the refund is not done, the order not refunded."""
    payments, _, only = sold()
    only.on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=pf.Money.of("1.00", "CNY")))
    refund = payments.refund(ORDER, "r-1", AMOUNT)
    assert (refund.state, refund.cause) == ("pending", pf.Cause.AMOUNT_MISMATCH)
    assert isinstance(payments.status(ORDER), pf.Pending)


def test_a_refund_that_the_shop_asks_for_is_sent_in_observe() -> None:
    """Autonomy is about what is done unasked: in `observe` a refund of the merchant's is sent, once."""
    payments, clock, only = sold(autonomy="observe")
    only.on(Kind.REFUND, back).on(Kind.QUERY_REFUND, NOT_FOUND)
    payments.refund(ORDER, "r-1")
    settle(payments, clock, 4 * HOUR)
    assert isinstance(payments.status(ORDER), pf.NotPaid)
    assert len(only.of(Kind.REFUND)) == 1

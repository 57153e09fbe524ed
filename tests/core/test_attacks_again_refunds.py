"""Refunds of which one request fell silent and another was refused, whose channel is gone, or beside other money."""

from __future__ import annotations

import pytest
from attack_scene import attempts, told
from core_world import FIRST, NEVER_SENT, NOT_FOUND, SILENCE, Scripted, captured, client, declined, says, settle
from money_shop import AMOUNT, ORDER, order
from test_last_looks import DAY, HOUR, fell_back

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback._core.state import Status
from payfallback.testing import VirtualClock

TWENTY = pf.Money.of("20.00", "CNY")
REFUSED = declined(pf.Cause.DECLINED, final=True, code="REFUND_EXISTS")
BACK = says(pf.Verdict.REFUNDED, amount=AMOUNT, named=True)


def sold(*answers: pf.Answer, query_refund: bool = False) -> tuple[pf.Payments, VirtualClock, Scripted]:
    """A paid order, at a provider that says this to refunds, and knows of none when it is asked."""
    clock, only = VirtualClock(), Scripted("only", refund=True, query_refund=query_refund)
    only.on(Kind.CHARGE, captured()).on(Kind.REFUND, *answers).on(Kind.QUERY_REFUND, NOT_FOUND)
    payments = client({"a": only}, clock)
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    return payments, clock, only


@pytest.mark.parametrize("query_refund", [False, True])
def test_a_refused_resend_does_not_make_a_refund_failed(*, query_refund: bool) -> None:
    """A refund fell silent and is refused under the same number: it may have gone through, so no more than the rest can
    be refunded, and a day later a person hears of it."""
    payments, clock, only = sold(SILENCE, REFUSED, query_refund=query_refund)
    payments.refund(ORDER, "r1", TWENTY, within=0.1)
    settle(payments, clock, HOUR)
    assert len(only.of(Kind.REFUND)) > 1
    assert payments.refund(ORDER, "r1", within=0.1).state == "pending"
    with pytest.raises(pf.MoneyInvalid):
        payments.refund(ORDER, "r2", AMOUNT)
    settle(payments, clock, DAY + HOUR)
    assert told(payments) == ["paid", "needs_person"]


def test_a_refused_resend_is_followed_to_the_end() -> None:
    """A refund fell silent, was refused under the same number, and had gone through: a question settles it."""
    payments, clock, only = sold(SILENCE, REFUSED, query_refund=True)
    payments.refund(ORDER, "r1", TWENTY, within=0.1)
    settle(payments, clock, 120.0)
    only.on(Kind.QUERY_REFUND, says(pf.Verdict.REFUNDED, amount=TWENTY))
    settle(payments, clock, HOUR)
    assert payments.refund(ORDER, "r1").state == "done"


@pytest.mark.parametrize("never", [1, 2])
def test_the_refusal_of_the_only_request_that_left_is_final(never: int) -> None:
    """No connection was made, and then a refund was refused for good: it failed, and all can be refunded anew."""
    payments, clock, only = sold(*[NEVER_SENT] * never, REFUSED)
    payments.refund(ORDER, "r1", TWENTY, within=0.1)
    settle(payments, clock, 120.0)
    assert payments.refund(ORDER, "r1", within=0.1).state == "failed"
    only.on(Kind.REFUND, BACK)
    assert payments.refund(ORDER, "r2", AMOUNT).state == "done"


@pytest.mark.parametrize("answer", [REFUSED, SILENCE])
def test_a_refund_that_comes_to_nothing_is_sent_ever_more_seldom(answer: pf.Answer) -> None:
    """Recovery runs every five seconds: in ten minutes a provider hears of one open refund a handful of times."""
    payments, clock, only = sold(SILENCE, answer)
    payments.refund(ORDER, "r1", within=0.1)
    for _ in range(120):
        clock.advance(5.0)
        payments.recover()
    assert 4 <= len(only.of(Kind.REFUND)) <= 8


def surplus(*answers: pf.Answer, **policy: object) -> tuple[pf.Payments, VirtualClock, Scripted, Scripted]:
    """A code that was paid although the order had been paid elsewhere; the provider says this to its refund."""
    payments, clock, first, second = fell_back(**policy)
    first.on(Kind.QUERY, captured()).on(Kind.REFUND, *answers).on(Kind.QUERY_REFUND, NOT_FOUND)
    payments.report("a", FIRST, captured())
    return payments, clock, first, second


def test_a_surplus_is_not_returned_twice_because_a_resend_was_refused() -> None:
    """Its refund fell silent and is refused under the same number: no other number is begun, since it may be there."""
    payments, clock, first, _ = surplus(SILENCE, REFUSED, REFUSED, BACK)
    settle(payments, clock, 3 * HOUR)
    assert {each.refund_number for each in first.of(Kind.REFUND)} == {f"{FIRST}R1"}
    assert attempts(payments.journal)[0].status is Status.REFUNDED


def test_a_surplus_whose_only_request_was_refused_is_returned_under_another_number() -> None:
    """No connection was made, and then its refund was refused for good: the next one has a number of its own."""
    payments, clock, first, _ = surplus(NEVER_SENT, REFUSED, BACK)
    settle(payments, clock, 3 * HOUR)
    assert [each.refund_number[-2:] for each in first.of(Kind.REFUND)] == ["R1", "R1", "R2"]
    assert attempts(payments.journal)[0].status is Status.REFUNDED


def test_a_surplus_that_comes_to_nothing_is_sent_back_ever_more_seldom() -> None:
    """Recovery runs every five seconds: in ten minutes a provider hears of one open refund a handful of times."""
    payments, clock, first, _ = surplus(SILENCE)
    for _ in range(120):
        clock.advance(5.0)
        payments.recover()
    assert 4 <= len(first.of(Kind.REFUND)) <= 10


def test_a_surplus_under_way_on_a_channel_that_is_gone_stands_before_a_person() -> None:
    """Its refund was sent, and then the channel left the configuration: after a day somebody hears of it."""
    payments, clock, first, second = surplus(SILENCE)
    first.on(Kind.QUERY_REFUND, SILENCE)
    settle(payments, clock, 120.0)
    assert told(payments) == ["paid"]
    later = client({"b": second}, clock, payments.journal)
    settle(later, clock, DAY + HOUR)
    assert told(later) == ["needs_person"]


def test_a_refunded_order_that_holds_other_money_is_not_called_uncharged() -> None:
    """Another amount was paid on one channel, the order is refunded on the other: it is `Pending`, not `NotPaid`."""
    payments, clock, first, second = fell_back()
    second.on(Kind.REFUND, BACK)
    first.on(Kind.QUERY, captured(TWENTY))
    payments.report("a", FIRST, captured(TWENTY))
    settle(payments, clock, HOUR)
    assert payments.refund(ORDER, "r1").state == "done"
    result = payments.status(ORDER)
    assert isinstance(result, pf.Pending)
    assert (result.cause, result.number, result.needs_person) == (pf.Cause.AMOUNT_MISMATCH, FIRST, True)


def test_an_order_of_which_a_part_went_back_is_paid_beside_other_money() -> None:
    """What is left of it still pays the order, whatever else is held."""
    payments, clock, first, second = fell_back()
    second.on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=TWENTY, named=True))
    first.on(Kind.QUERY, captured(TWENTY))
    payments.report("a", FIRST, captured(TWENTY))
    settle(payments, clock, HOUR)
    assert payments.refund(ORDER, "r1", TWENTY).state == "done"
    assert isinstance(payments.status(ORDER), pf.Paid)


def test_a_refunded_order_is_uncharged_when_the_other_money_went_back_too() -> None:
    """What was paid beside the order was given back by hand, which the shop reports: `NotPaid`, refunded."""
    payments, clock, first, second = fell_back()
    second.on(Kind.REFUND, BACK)
    first.on(Kind.QUERY, captured(TWENTY))
    payments.report("a", FIRST, captured(TWENTY))
    settle(payments, clock, HOUR)
    payments.refund(ORDER, "r1")
    payments.report("a", FIRST, says(pf.Verdict.REFUNDED, amount=AMOUNT, named=True))
    result = payments.status(ORDER)
    assert isinstance(result, pf.NotPaid)
    assert result.cause is pf.Cause.REFUNDED

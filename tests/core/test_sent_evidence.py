"""What is kept of what is said about an attempt, what is written down of it, and what it does not wash away."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import (
    FIRST,
    NEVER_SENT,
    NOT_FOUND,
    ORDER,
    SILENCE,
    Scripted,
    captured,
    client,
    order,
    pending,
    says,
    settle,
)
from test_evidence_taken_in import events, open_order, seen

import payfallback as pf
from payfallback._core.events import Seen
from payfallback._core.operations import Kind
from payfallback.testing import VirtualClock

CLOSES = {"close": True, "close_names_trade": True}
DAY = 86400.0


def test_a_payment_that_is_still_open_is_written_down_once() -> None:
    """The charge was taken, and each question says again that the shopper has not paid."""
    payments, clock, only = open_order(query=pending(), charge=pending())
    settle(payments, clock, 1200.0)
    assert len(only.of(Kind.QUERY)) > 4
    assert [each.verdict for each in seen(payments, "query")] == ["pending"]


@pytest.mark.parametrize("before", ["nobody knows", "nothing was asked"])
def test_a_question_that_came_to_nothing_does_not_count_as_told(before: str) -> None:
    """The first answer that says how a payment stands is written down, whatever failed before it."""
    payments, clock, only = open_order(query=NEVER_SENT, charge=pending())
    if before == "nobody knows":
        payments.report("a", FIRST, says(pf.Verdict.UNKNOWN, cause=pf.Cause.TIMEOUT))
    else:
        settle(payments, clock, 30.0)
    only.on(Kind.QUERY, pending())
    settle(payments, clock, 120.0)
    assert [each.verdict for each in seen(payments, "query")].count("pending") == 1


def test_a_close_that_is_refused_for_a_day_is_not_written_down_for_a_day() -> None:
    """That the payment still waits is written down when it is first heard, and when the order's time is over."""
    clock = VirtualClock()
    only = Scripted("only", **CLOSES).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, pending()).on(Kind.CLOSE, SILENCE)
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    payments.pay(order(), "a", within=1.0)
    payments.cancel(ORDER, within=1.0)
    settle(payments, clock, DAY)
    assert len(only.of(Kind.QUERY)) > 10
    assert [each.verdict for each in seen(payments, "query")].count("pending") == 2


@pytest.mark.parametrize("horizon", [None, 3 * DAY], ids=["no proof by time", "a proof after three days"])
def test_a_trade_that_nobody_knows_is_written_down_a_few_times(horizon: float | None) -> None:
    """Asked about for two days: what cannot prove anything any more is not written down again."""
    clock = VirtualClock()
    only = Scripted("only", expiry=True, not_found_after=horizon).on(Kind.CHARGE, SILENCE)
    only.on(Kind.QUERY, lambda operation: says(pf.Verdict.NOT_FOUND, provider_time=clock.epoch()))
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    payments.pay(order(), "a", within=1.0)
    settle(payments, clock, 2 * DAY)
    assert len(only.of(Kind.QUERY)) > 20
    assert len(seen(payments, "query")) <= 8


def test_an_answer_without_a_cause_does_not_wash_the_last_one_away() -> None:
    """The charge fell silent; that nobody knows the trade yet gives no other cause for the wait."""
    payments, _, _ = open_order(query=NOT_FOUND)
    result = payments.status(ORDER)
    assert [each.verdict for each in seen(payments, "query")] == ["not_found"] * len(seen(payments, "query"))
    assert (type(result), result.cause) == (pf.Pending, pf.Cause.TIMEOUT)


def test_a_provider_is_asked_by_the_id_that_it_told_first() -> None:
    """Another id that comes with a later answer replaces nothing."""
    payments, clock, only = open_order(query=pending(provider_ref="T-2"), charge=pending(provider_ref="T-1"))
    settle(payments, clock, 60.0)
    assert {each.provider_ref for each in only.of(Kind.QUERY)} == {"T-1"}


def test_a_refusal_without_a_cause_is_a_plain_refusal() -> None:
    """Who asks hears that it was declined, and the next channel that was agreed to is charged."""
    clock = VirtualClock()
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, says(pf.Verdict.DECLINED, final=True))
    second = Scripted("second", **CLOSES).on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock)
    result = payments.pay(order(), "a")
    assert (type(result), result.cause) == (pf.NotPaid, pf.Cause.DECLINED)
    assert isinstance(payments.pay(pf.Order("A1002", order().amount), "a", consent=["b"]), pf.Paid)


def test_what_the_second_of_two_steps_waits_for_is_told() -> None:
    """Made, confirmed, and in the provider's hands: that, and not the shopper, is what is waited for."""
    made = Scripted("card", creates=True, **CLOSES).on(Kind.QUERY, SILENCE)
    made.on(Kind.CREATE, pending(provider_ref="pi_1"))
    made.on(Kind.CHARGE, says(pf.Verdict.PENDING, cause=pf.Cause.AWAITING_PROVIDER))
    result = client({"a": made}, VirtualClock()).pay(order(), "a", within=1.0)
    assert (type(result), result.cause) == (pf.Pending, pf.Cause.AWAITING_PROVIDER)


def test_evidence_that_is_of_no_refund_names_none() -> None:
    """Neither a charge nor a question about it says anything of a refund's number."""
    payments, _, _ = open_order(query=captured())
    told: list[Any] = [each for each in events(payments) if isinstance(each, Seen)]
    assert {(each.what, each.refund) for each in told} == {("charge", ""), ("query", "")}

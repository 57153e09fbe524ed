"""A refund that the provider called done comes back weeks later: the shopper's bank did not take it."""

from __future__ import annotations

import pytest
from attack_scene import door, refund_notice, told
from core_world import FIRST, SILENCE, Scripted, captured, client, contradicted, says, settle
from money_shop import ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback.testing import VirtualClock

DAY = 86400.0
WHOLE = 5900


def back(operation: Operation) -> pf.Answer:
    """The provider did what it was asked."""
    return pf.Answer(verdict=pf.Verdict.REFUNDED, amount=operation.refund_amount)


def test_a_surplus_whose_refund_bounces_stands_before_a_person() -> None:
    """Stripe's `refund.failed` after `succeeded`: the provider holds the money again, and somebody is told."""
    payments, clock, first, _ = contradicted()
    first.on(Kind.REFUND, back)
    settle(payments, clock, 3600.0)
    assert "needs_person" not in told(payments)
    clock.advance(20 * DAY)
    door(first, clock, payments.journal).notify("a", {}, refund_notice(FIRST, f"{FIRST}R1", WHOLE, "refund_failed"))
    settle(payments, clock, 3600.0)
    assert "needs_person" in told(payments)
    assert len(first.of(Kind.REFUND)) == 1


@pytest.mark.parametrize("verdicts", [("refunded", "refund_failed"), ("refund_failed", "refunded")], ids="-".join)
def test_a_refund_of_the_merchant_that_bounces_stands_before_a_person(verdicts: tuple[str, str]) -> None:
    """Whichever of the two is heard first; and the shopper is not told that the money went back."""
    clock = VirtualClock()
    only = Scripted("only").on(Kind.CHARGE, captured()).on(Kind.REFUND, SILENCE)
    only.on(Kind.QUERY_REFUND, says(pf.Verdict.ACCEPTED))
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    payments.pay(order(), "a")
    payments.refund(ORDER, "r-1", within=1.0)
    for verdict in verdicts:
        ack = door(only, clock, payments.journal).notify("a", {}, refund_notice(FIRST, f"{FIRST}M1", WHOLE, verdict))
        assert ack.handled
    settle(payments, clock, 3600.0)
    assert "needs_person" in told(payments)
    result = payments.status(ORDER)
    assert isinstance(result, pf.Pending)
    assert result.needs_person


def test_a_surplus_that_bounced_is_not_called_unpaid() -> None:
    """The order was cancelled and nothing else pays it: while its money is with the provider, it is `Pending`."""
    clock = VirtualClock()
    only = Scripted("only").on(Kind.CHARGE, SILENCE).on(Kind.QUERY, captured()).on(Kind.REFUND, back)
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    only.on(Kind.QUERY, SILENCE)
    payments.pay(order(), "a", within=1.0)
    payments.cancel(ORDER, within=1.0)
    only.on(Kind.QUERY, captured())
    settle(payments, clock, 3600.0)
    assert isinstance(payments.status(ORDER), pf.NotPaid)
    door(only, clock, payments.journal).notify("a", {}, refund_notice(FIRST, f"{FIRST}R1", WHOLE, "refund_failed"))
    result = payments.status(ORDER)
    assert isinstance(result, pf.Pending)
    assert result.needs_person

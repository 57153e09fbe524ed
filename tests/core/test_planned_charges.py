"""What a charge is planned with: what its adapter is asked to keep, and until when it can be paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from core_world import FIRST, ORDER, Scripted, captured, client, declined, order
from long_lives import KEY, ask

import payfallback as pf
from payfallback._core.events import Planned, Seen
from payfallback._core.operations import Kind, Operation
from payfallback.testing import VirtualClock

CLOSES = {"close": True, "close_names_trade": True}


class Keeping(Scripted):
    """A provider whose adapter keeps something of what it was asked to charge."""

    def __init__(self, name: str, **declared: Any) -> None:
        super().__init__(name, **declared)
        self.planned: list[Operation] = []

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """What is kept with the attempt."""
        self.planned.append(operation)
        return {"kept": operation.number}


def planned(payments: pf.Payments) -> list[Planned]:
    """The attempts, as they were planned."""
    return [each for each in ask(payments.journal.load, KEY).events if isinstance(each, Planned)]


def test_an_adapter_keeps_what_it_is_told_before_the_charge() -> None:
    """It hears the charge as it will be made; what it keeps comes back with every request of the attempt."""
    clock = VirtualClock()
    only = Keeping("only", expiry=True, inputs=("code",), **CLOSES).on(Kind.CHARGE, captured())
    payments = client({"a": only}, clock, channel={"a": {"product": "counter"}})
    payments.pay(order(), "a", shopper=pf.Shopper(inputs={"a": {"code": "c-1"}}))
    (told,), (asked,), (plan,) = only.planned, only.of(Kind.CHARGE), planned(payments)
    assert (told.kind, told.number, told.amount, told.order_id) == (Kind.CHARGE, FIRST, order().amount, ORDER)
    assert (told.option.id, told.product, dict(told.inputs)) == ("a", "counter", {"code": "c-1"})
    assert (told.now, told.expires_at) == (clock.epoch(), asked.expires_at)
    assert plan.memo["kept"] == asked.memo["kept"] == FIRST


@pytest.mark.parametrize(
    ("configured", "pay_by", "lasts"),
    [(None, 1800.0, 120.0), (90.0, 1800.0, 90.0), (None, 100.0, 100.0), (None, 30.0, 60.0)],
    ids=["the channel's own", "as configured", "no longer than the order", "no shorter than it can be"],
)
def test_a_charge_ends_with_the_order_or_before(configured: float | None, pay_by: float, lasts: float) -> None:
    """Its expiry is the channel's, the operator's, or the order's end, but never less than the provider takes."""
    clock = VirtualClock()
    only = Scripted("only", expiry=True, **CLOSES).on(Kind.CHARGE, captured())
    more = {} if configured is None else {"channel": {"a": {"expiry": configured}}}
    payments = client({"a": only}, clock, pay_by=pay_by, **more)
    payments.pay(order(), "a")
    (plan,), (asked,) = planned(payments), only.of(Kind.CHARGE)
    assert plan.expires_at == asked.expires_at
    assert asked.expires_at is not None
    assert round(asked.expires_at - clock.epoch(), 6) == lasts


def test_a_charge_without_an_expiry_has_none() -> None:
    """A provider that takes no expiry is sent none, and nothing is kept for an adapter that keeps nothing."""
    only = Scripted("only", **CLOSES).on(Kind.CHARGE, captured())
    payments = client({"a": only}, VirtualClock())
    payments.pay(order(), "a")
    (plan,) = planned(payments)
    assert (plan.expires_at, dict(plan.memo), plan.starts) == (None, {}, "server")


def test_a_wrapped_charge_keeps_nothing() -> None:
    """A channel of the shop's own functions is not asked what to keep, and its attempt has an empty memo."""
    card = pf.wrap(lambda attempt: captured(), reads=lambda attempt, given: given, account="card/m1", last=True)
    payments = client({"a": card}, VirtualClock())
    payments.pay(order(), "a")
    (plan,) = planned(payments)
    assert plan.memo == {}


def test_an_order_has_so_many_attempts_and_no_more() -> None:
    """Whatever the shopper clicks: after the last attempt that the policy allows nothing is charged."""
    only = Scripted("only", **CLOSES).on(Kind.CHARGE, declined(pf.Cause.DECLINED))
    payments = client({"a": only}, VirtualClock(), max_attempts=2)
    for _ in range(4):
        assert isinstance(payments.pay(order(), "a"), pf.NotPaid)
    assert [each.number for each in only.of(Kind.CHARGE)] == [FIRST, f"{ORDER}02"]


def test_the_next_channel_is_charged_at_the_latest_moment() -> None:
    """Half of the caller's time, or what the channel needs: with less left, no charge is started."""
    clock = VirtualClock()

    def slow(operation: Operation) -> pf.Answer:
        clock.sleep(0.7)
        return declined()

    first = Scripted("first", **CLOSES).on(Kind.CHARGE, slow)
    second = Scripted("second", min_time=0.5).on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock)
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=1.0), pf.NotPaid)
    assert not second.asked


def test_an_agreed_channel_that_is_passed_over_ends_nothing() -> None:
    """The second needs an input that nobody gave: the third is charged."""
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, declined())
    second = Scripted("second", inputs=("code",), **CLOSES)
    third = Scripted("third").on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second, "c": third}, VirtualClock())
    assert isinstance(payments.pay(order(), "a", consent=["b", "c"]), pf.Paid)
    assert not second.asked


def test_a_first_step_that_took_the_time_of_both_ends_there() -> None:
    """It was made, and too little time is left to confirm it: the story says that the first step was not followed."""
    clock = VirtualClock()

    def slow(operation: Operation) -> pf.Answer:
        clock.sleep(1.8)
        return pf.Answer(verdict=pf.Verdict.PENDING, cause=pf.Cause.AWAITING_PROVIDER, provider_ref="pi_1")

    only = Scripted("only", creates=True, **CLOSES).on(Kind.CREATE, slow)
    payments = client({"a": only}, clock)
    payments.pay(order(), "a", within=2.0)
    story = ask(payments.journal.load, KEY).events
    told = [(each.what, each.verdict, each.cause) for each in story if isinstance(each, Seen)]
    assert not only.of(Kind.CHARGE)
    assert told == [("create", "pending", "awaiting_provider"), ("create", "not_sent", "time_up")]

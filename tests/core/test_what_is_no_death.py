"""I3: what sounds like the end of an attempt and proves nothing. Nobody else is charged, and it stays looked after."""

from __future__ import annotations

import pytest
from attack_scene import attempts
from core_world import NEVER_SENT, NOT_FOUND, SILENCE, Scripted, captured, client, declined, says
from money_shop import ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock


def recovered(payments: pf.Payments, clock: VirtualClock, until: float) -> None:
    """Recovery every half minute until then."""
    while clock.monotonic() < until:
        clock.advance(30.0)
        payments.recover()


def test_not_found_before_the_horizon_is_no_death() -> None:
    """Past its expiry a charge is not found, again and again: within the provider's horizon it may still appear."""
    clock = VirtualClock()
    start = clock.monotonic()
    declared = {"expiry": True, "expiry_min": 5.0, "expiry_default": 20.0, "not_found_after": 600.0}

    def not_found(operation: Operation) -> pf.Answer:
        return says(pf.Verdict.NOT_FOUND, provider_time=clock.world())

    first = Scripted("first", **declared).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, not_found)
    second = Scripted("second").on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock, channel={"b": {"last": True}})
    payments.pay(order(), "a", consent=["b"], within=5.0)
    recovered(payments, clock, start + 500.0)
    assert len(first.of(Kind.QUERY)) > 3
    assert isinstance(payments.status(ORDER), pf.Pending)
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=5.0), pf.Pending)
    assert second.of(Kind.CHARGE) == []
    recovered(payments, clock, start + 3700.0)
    assert isinstance(payments.status(ORDER), pf.NotPaid)


@pytest.mark.parametrize("named", [True, False])
def test_closed_without_the_trades_name_is_no_death(named: bool) -> None:
    """A close that was answered `closed` lets the next channel be charged only when it says which trade it closed."""
    clock = VirtualClock()
    first = Scripted("first", close=True, close_names_trade=True).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    first.on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=named))
    second = Scripted("second").on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock, channel={"b": {"last": True}})
    result = payments.pay(order(), "a", consent=["b"], within=10.0)
    assert len(first.of(Kind.CLOSE)) >= 1
    assert type(result) is (pf.Paid if named else pf.Pending)
    assert len(second.of(Kind.CHARGE)) == int(named)


def test_a_resend_that_never_left_does_not_undo_a_refusal() -> None:
    """The first request was refused, not finally; the second never left the house: the next channel is not charged."""
    first = Scripted("first", resend=600.0, close=True, close_names_trade=True).on(Kind.QUERY, SILENCE)
    first.on(Kind.CHARGE, declined(final=False, resendable=True), NEVER_SENT).on(Kind.CLOSE, SILENCE)
    second = Scripted("second", close=True).on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, VirtualClock(), backoff=lambda channel, resend: 0.5)
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=10.0), pf.Pending)
    assert len(first.of(Kind.CHARGE)) >= 2
    assert second.asked == []


@pytest.mark.parametrize("answer", [NEVER_SENT, SILENCE], ids=["never left", "may have arrived"])
def test_a_final_refusal_of_a_resend_waits_for_the_first_request(answer: pf.Answer) -> None:
    """A paused process's request is still out when another one's resend is finally refused: only when it is clear that
    the first never left is the attempt over."""
    clock = VirtualClock()
    journal = MemoryJournal(clock)
    only = Scripted("only", resend=600.0, close=True).on(Kind.QUERY, NOT_FOUND).on(Kind.CLOSE, SILENCE)
    paused, other = (client({"a": only}, clock, journal, backoff=lambda channel, resend: 0.5) for _ in range(2))

    def long(operation: Operation) -> pf.Answer:
        only.on(Kind.CHARGE, declined())
        clock.advance(60.0)
        other.pay(order(), "a", within=5.0)
        return answer

    only.on(Kind.CHARGE, long)
    paused.pay(order(), "a", within=5.0)
    assert len(only.of(Kind.CHARGE)) == 2
    assert attempts(journal)[0].status.value == ("dead" if answer is NEVER_SENT else "closing")


@pytest.mark.parametrize(("apart", "end"), [(0.5, pf.Pending), (1.5, pf.NotPaid)])
def test_two_looks_in_one_breath_are_one_look(apart: float, end: type) -> None:
    """Long past its expiry and the horizon a charge is not found twice: that is proof only with a second between."""
    clock = VirtualClock()
    declared = {"expiry": True, "expiry_min": 5.0, "expiry_default": 20.0, "not_found_after": 30.0}
    only = Scripted("only", **declared).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments = client({"a": only}, clock, pay_by=60.0)
    payments.pay(order(), "a", within=1.0)
    clock.advance(3600.0)
    only.on(Kind.QUERY, lambda operation: says(pf.Verdict.NOT_FOUND, provider_time=clock.world()))
    assert isinstance(payments.status(ORDER, ask=True), pf.Pending)
    clock.advance(apart)
    assert isinstance(payments.status(ORDER, ask=True), end)
    assert len(only.of(Kind.QUERY)) >= 2


def test_what_is_never_found_does_not_fill_the_journal() -> None:
    """A provider that proves nothing by `not found` says it at every look: it is written down twice."""
    clock = VirtualClock()
    only = Scripted("only").on(Kind.CHARGE, SILENCE).on(Kind.QUERY, NOT_FOUND)
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    payments.pay(order(), "a", within=5.0)
    recovered(payments, clock, 7200.0)
    assert len(only.of(Kind.QUERY)) > 5
    assert ["not_found" in line.text for line in payments.trace(ORDER).lines].count(True) == 2

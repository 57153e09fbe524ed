"""Times that nobody means: for ever, milliseconds for seconds, a moment for a span, a pause that cannot be told."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from typing import Any

import pytest
from core_world import NEVER_SENT, NOT_FOUND, SILENCE, JournalThatFails, Scripted, captured, client, says, settle
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.policy import RetryPolicy
from payfallback.testing import VirtualClock

HUGE = pytest.param(10**5000, id="huge")  # an int that cannot be shown
Call = Callable[[pf.Payments, Any], object]
CALLS: dict[str, Call] = {
    "pay": lambda payments, within: payments.pay(order(), "a", within=within),
    "switch": lambda payments, within: payments.switch(order(), "a", within=within),
    "options": lambda payments, within: payments.options(order(), within=within),
    "cancel": lambda payments, within: payments.cancel(ORDER, within=within),
    "refund": lambda payments, within: payments.refund(ORDER, "r-1", within=within),
    "recover": lambda payments, within: payments.recover(within=within),
    "resolve": lambda payments, within: payments.resolve(ORDER, within=within),
}


def shop() -> tuple[pf.Payments, Scripted, JournalThatFails]:
    """An order is open at a provider that is silent, and due."""
    clock = VirtualClock()
    provider = Scripted("first", close=True, close_names_trade=True).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    journal = JournalThatFails(MemoryJournal(clock))
    payments = client({"a": provider}, clock, journal)
    payments.pay(order(), "a", within=1.0)
    clock.advance(60.0)
    return payments, provider, journal


@pytest.mark.parametrize("within", [math.inf, math.nan, 86400.5, HUGE, "5", True, datetime.timedelta(seconds=5)])
@pytest.mark.parametrize("name", CALLS)
def test_no_call_takes_a_time_that_nobody_means(name: str, within: Any) -> None:
    """A lease lasts as long as its call may, also when its worker died: for ever and more than a day are refused."""
    payments, provider, journal = shop()
    asked, commits = len(provider.asked), journal.commits
    with pytest.raises(pf.ProgrammingError, match="within"):
        CALLS[name](payments, within)
    assert (len(provider.asked), journal.commits) == (asked, commits)
    assert [due.order_id for due in payments.due()] == [ORDER]


@pytest.mark.parametrize("name", ["within", "pay_by", "lease"])
def test_no_policy_has_a_time_that_nobody_means(name: str) -> None:
    """A policy in code is held to the same limits before anything starts."""
    policy: dict[str, Any] = {name: math.inf}
    with pytest.raises(pf.ConfigError, match=f"{name} of the policy is inf"):
        client({"a": Scripted("first")}, VirtualClock(), **policy)


def test_an_adopted_charge_was_sent_in_the_past() -> None:
    """Milliseconds for seconds are refused and nothing is recorded: the same call in seconds is taken, and settles."""
    clock = VirtualClock()
    provider = Scripted("first").on(Kind.QUERY, captured())
    payments = client({"a": provider}, clock)
    for sent_at in (clock.epoch() * 1000.0, math.inf, math.nan, -1.0, 10**5000):
        with pytest.raises(pf.ProgrammingError, match="no moment of the past"):
            payments.adopt(order(), "a", "OLD001", sent_at=sent_at)
    with pytest.raises(pf.UnknownOrder):
        payments.status(ORDER)
    payments.adopt(order(), "a", "OLD001", sent_at=clock.epoch() + 8 * 3600.0)  # by a clock that is a time zone ahead
    settle(payments, clock, 86400.0)
    assert isinstance(payments.status(ORDER), pf.Paid)


@pytest.mark.parametrize(
    "pay_by", [1_767_225_600.0 + 1800.0, 366 * 86400.0 + 1.0, math.inf, math.nan, HUGE, "60", True]
)
def test_pay_by_is_a_span_and_no_moment(pay_by: Any) -> None:
    """An order that could be paid for longer than a year is refused: its link would stay open, and nobody be told."""
    with pytest.raises(pf.OrderInvalid, match=r"pay_by is .*seconds from the first call"):
        pf.Order(ORDER, AMOUNT, pay_by=pay_by)


def test_pay_by_may_be_a_year() -> None:
    """The longest span that is taken."""
    assert pf.Order(ORDER, AMOUNT, pay_by=366 * 86400.0).pay_by == 366 * 86400.0


STRATEGIES: dict[str, Any] = {
    "no function": 2.0,
    "reads an outcome that there is none of": lambda state: 1.0 if state.outcome.failed else 2.0,
    "no number": lambda state: datetime.timedelta(seconds=1),
    "a text": lambda state: "soon",
}


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_wait_strategy_that_raises_does_not_unwind_a_payment(name: str) -> None:
    """The charge was sent already: a usual pause is made, the observer hears of it, and the order is paid."""
    clock, told = VirtualClock(), []
    provider = Scripted("first", close=True, close_names_trade=True, resend=600.0)
    provider.on(Kind.CHARGE, SILENCE, captured()).on(Kind.QUERY, NOT_FOUND)
    payments = client(
        {"a": provider},
        clock,
        channel={"a": {"last": True, "retry": RetryPolicy(wait=STRATEGIES[name])}},
        observer=lambda event, **fields: told.append((event, fields)),
    )
    assert isinstance(payments.pay(order(), "a", within=8.0), pf.Paid)
    assert len({operation.number for operation in provider.of(Kind.CHARGE)}) == 1
    heard = [fields for event, fields in told if event == "retry.wait_failed"]
    assert heard
    assert {fields["channel"] for fields in heard} == {"a"}


@pytest.mark.parametrize("seconds", [math.inf, 1e18])
@pytest.mark.parametrize("first", [SILENCE, NEVER_SENT])
def test_a_wait_strategy_that_waits_for_ever_leaves_no_order_open(first: pf.Answer, seconds: float) -> None:
    """What is not sent again within the call's time is settled without it."""
    clock = VirtualClock()
    provider = Scripted("first", close=True, close_names_trade=True, resend=600.0)
    provider.on(Kind.CHARGE, first, captured()).on(Kind.QUERY, NOT_FOUND)
    provider.on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    retry = RetryPolicy(wait=lambda state: seconds)
    payments = client({"a": provider}, clock, channel={"a": {"last": True, "retry": retry}})
    assert not isinstance(payments.pay(order(), "a", within=8.0), pf.Paid)
    settle(payments, clock, 2 * 86400.0)
    told: list[str] = []
    payments.deliver(lambda outcome: told.append(outcome.kind))
    assert told == ["expired"]

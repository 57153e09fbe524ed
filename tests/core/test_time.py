"""Time: `pay` answers within `within`, every call fits what is left, waits and retries are bounded."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import tenacity
from core_world import NEVER_SENT, NOT_FOUND, SILENCE, Scripted, captured, client, declined, meanwhile, pending, says
from hypothesis import given, settings
from hypothesis import strategies as st
from money_shop import AMOUNT, KINDS, ORDER, order, shop

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback.policy import CircuitPolicy, RetryPolicy
from payfallback.testing import EXTRAS, FAULTS, VirtualClock

THROTTLED = declined(pf.Cause.RATE_LIMITED, final=False, resendable=True, retry_after=1.5)
CALM = CircuitPolicy(failures_in_a_row=1000, minimum=1000)  # a circuit that never opens
LEAST = 0.05  # seconds that a call gets at least


class Paced:
    """Scripted channels, and when each request went out, with how much time."""

    def __init__(self, *answers: Any, takes: float = 0.0, retry: RetryPolicy | None = None, **declared: Any) -> None:
        self.clock = VirtualClock()
        self.sent: list[tuple[float, Operation]] = []
        self.only = Scripted("only", **declared).on(Kind.QUERY, NOT_FOUND)
        self._takes, self._answers = takes, list(answers)
        self.only.on(Kind.CHARGE, self._charge)
        channel = {"a": {"last": True, "circuit": CALM, **({"retry": retry} if retry else {})}}
        self.payments = client({"a": self.only}, self.clock, channel=channel)

    def _charge(self, operation: Operation) -> Any:
        self.sent.append((self.clock.monotonic(), operation))
        self.clock.advance(self._takes)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def gaps(self) -> list[float]:
        """Seconds between one send and the next."""
        times = [at for at, _ in self.sent]
        return [round(later - at, 6) for at, later in pairwise(times)]


# ---------------------------------------------------------------- within


@settings(max_examples=150)
@given(
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(sorted({**FAULTS, **EXTRAS})),
    st.sampled_from([0.3, 1.0, 2.5, 5.0, 12.0]),
    st.sampled_from(["pay", "switch", "cancel", "status"]),
)
def test_it_answers_in_time(kind: str, fault: str, within: float, then: str) -> None:
    """Whatever fails, `pay` and what follows it answer within the time they were given."""
    with shop({"a": kind, "b": "named"}, within=within).lab() as lab:
        lab.outage("a", fault)
        calls: dict[str, Callable[[], object]] = {
            "pay": lambda: lab.client.pay(order(), "b"),
            "switch": lambda: lab.client.switch(order(), "b", consent=["a"]),
            "cancel": lambda: lab.client.cancel(ORDER),
            "status": lambda: lab.client.status(ORDER, ask=True),
        }
        for call in (lambda: lab.client.pay(order(), "a", consent=["b"]), calls[then]):
            began = lab.clock.monotonic()
            call()
            assert lab.clock.monotonic() - began <= within + LEAST + 1e-9


def test_a_call_gets_no_more_than_what_is_left() -> None:
    """The timeout that a provider is told is the channel's own, or what the caller has left."""
    clock, told = VirtualClock(), []

    def slow(operation: Operation) -> pf.Answer:
        told.append((operation.timeout, 2.2 - clock.monotonic()))
        clock.advance(min(operation.timeout, 0.7))
        return SILENCE

    only = Scripted("only", close=True).on(Kind.CHARGE, slow).on(Kind.QUERY, slow).on(Kind.CLOSE, slow)
    providers = {"a": only, "b": Scripted("other")}
    client(providers, clock, channel={"a": {"timeout": 1.0}}).pay(order(), "a", consent=["b"], within=2.2)
    assert len(told) == 4
    assert all(timeout <= max(min(1.0, left), LEAST) + 1e-9 for timeout, left in told)


def test_no_charge_is_started_without_its_time() -> None:
    """A channel that needs two seconds is not begun with one left: the order is offered it instead."""
    clock = VirtualClock()
    first = Scripted("first").on(Kind.CHARGE, meanwhile(lambda: clock.advance(3.5), declined()))
    second = Scripted("second", min_time=2.0).on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock, channel={"a": {"timeout": 4.0, "last": True}})
    result = payments.pay(order(), "a", consent=["b"], within=5.0)
    assert isinstance(result, pf.NotPaid)
    assert second.asked == []


def test_an_error_is_no_reason_to_wait() -> None:
    """A refusal with nowhere to go is told at once."""
    paced = Paced(declined())
    paced.payments.pay(order(), "a", within=30.0)
    assert paced.clock.monotonic() == 0.0


# ---------------------------------------------------------------- what is sent again


@pytest.mark.parametrize(
    ("answer", "declared", "sends"),
    [
        (NEVER_SENT, {}, 3),
        (SILENCE, {}, 1),
        (ConnectionResetError(), {}, 1),
        (THROTTLED, {}, 1),
        (THROTTLED, {"resend": 600.0}, 3),
        (SILENCE, {"resend": 600.0}, 3),
        (declined(), {"resend": 600.0}, 1),
        (declined(final=False), {"resend": 600.0}, 1),
        (pending(), {"resend": 600.0}, 1),
        (captured(pf.Money(1, "CNY")), {"resend": 600.0}, 1),
        (says(pf.Verdict.AUTHORISED), {"resend": 600.0}, 1),
    ],
    ids=str,
)
def test_only_what_is_safe_is_sent_again(answer: Any, declared: dict[str, Any], sends: int) -> None:
    """Again only what was certainly not sent, or, where the channel is idempotent, what its answers allow."""
    paced = Paced(answer, **declared)
    paced.payments.pay(order(), "a", within=30.0)
    assert len(paced.sent) == sends
    assert {operation.number for _, operation in paced.sent} == {f"{ORDER}01"}
    assert [operation.resend for _, operation in paced.sent[1:]].count(False) == (
        sends - 1 if answer is NEVER_SENT else 0
    )


def test_silence_is_asked_about_before_it_is_sent_again() -> None:
    """On an idempotent channel too: a resend is a charge, and follows only a question that found nothing."""
    paced = Paced(SILENCE, captured(), resend=600.0)
    assert isinstance(paced.payments.pay(order(), "a"), pf.Paid)
    kinds = [each.kind for each in paced.only.asked]
    assert kinds == [Kind.CHARGE, Kind.QUERY, Kind.CHARGE]


def test_a_found_charge_is_not_sent_again() -> None:
    """The question found the trade: nothing is resent, however idempotent the channel."""
    paced = Paced(SILENCE, resend=600.0)
    paced.only.on(Kind.QUERY, pending())
    paced.payments.pay(order(), "a", within=30.0)
    assert len(paced.sent) == 1


def test_a_key_is_not_used_past_its_life() -> None:
    """No resend later than the channel remembers the number."""
    paced = Paced(SILENCE, takes=2.5, resend=4.0)
    paced.payments.pay(order(), "a", within=60.0)
    assert all(at <= 4.0 for at, _ in paced.sent)


# ---------------------------------------------------------------- how long it waits


def test_retry_after_is_honoured() -> None:
    """The provider asks for a second and a half: the same request goes out no sooner."""
    paced = Paced(THROTTLED, captured(), resend=600.0)
    assert isinstance(paced.payments.pay(order(), "a"), pf.Paid)
    assert paced.gaps()[0] >= 1.5


def test_retry_after_is_honoured_for_what_was_never_sent() -> None:
    """The same for a request that our side could not send."""
    never = pf.Answer(verdict=pf.Verdict.NOT_SENT, cause=pf.Cause.NETWORK, retry_after=2.0)
    paced = Paced(never, captured())
    assert isinstance(paced.payments.pay(order(), "a"), pf.Paid)
    assert paced.gaps()[0] >= 2.0


def test_a_retry_after_that_is_too_long_is_told() -> None:
    """Longer than the shopper waits: not sent again, and the result says when it may work."""
    long = declined(pf.Cause.RATE_LIMITED, retry_after=60.0)
    paced = Paced(long, resend=600.0)
    result = paced.payments.pay(order(), "a", within=5.0)
    assert isinstance(result, pf.NotPaid)
    assert result.retry_after == 60.0
    assert paced.clock.monotonic() <= 5.0


def test_other_orders_keep_off_a_channel_that_asked_for_rest() -> None:
    """While its Retry-After runs, the channel is passed over; afterwards it is tried again."""
    paced = Paced(declined(pf.Cause.RATE_LIMITED, retry_after=30.0), captured())
    paced.payments.pay(order(), "a")
    assert isinstance(paced.payments.pay(pf.Order("B1002", AMOUNT), "a"), pf.NotPaid)
    paced.clock.advance(31.0)
    assert isinstance(paced.payments.pay(pf.Order("B1003", AMOUNT), "a"), pf.Paid)
    assert len(paced.sent) == 2


@pytest.mark.parametrize(
    ("wait", "gaps"),
    [
        (tenacity.wait_fixed(0.7), [0.7, 0.7]),
        (tenacity.wait_incrementing(start=0.25, increment=0.5), [0.25, 0.75]),
        (tenacity.wait_chain(tenacity.wait_fixed(0.1), tenacity.wait_fixed(1.0)), [0.1, 1.0]),
    ],
    ids=["fixed", "incrementing", "chain"],
)
def test_any_tenacity_strategy_waits(wait: Any, gaps: list[float]) -> None:
    """The channel's own tenacity strategy decides how long the pause before each retry is."""
    paced = Paced(NEVER_SENT, retry=RetryPolicy(wait=wait))
    paced.payments.pay(order(), "a", within=30.0)
    assert paced.gaps() == gaps


def test_without_one_the_waits_are_random_and_short() -> None:
    """Random exponential backoff: orders that failed together do not come back together, nor after long."""
    gaps = []
    for _ in range(20):
        paced = Paced(NEVER_SENT)
        paced.payments.pay(order(), "a", within=30.0)
        gaps += paced.gaps()
    assert max(gaps) <= 2.0
    assert len(set(gaps)) > len(gaps) / 2


# ---------------------------------------------------------------- budgets


def test_retries_have_a_budget() -> None:
    """A channel that refuses connections does not get three requests for every order, only for the first few."""
    paced = Paced(NEVER_SENT, retry=RetryPolicy(budget=4.0, wait=tenacity.wait_fixed(0.01)))
    for n in range(30):
        paced.payments.pay(pf.Order(f"B{n:04}", AMOUNT), "a")
    assert len(paced.sent) == 30 + 4


def test_success_earns_retries() -> None:
    """Each payment that goes through puts a part of a retry back."""
    retry = RetryPolicy(budget=1.0, budget_per_success=0.5, wait=tenacity.wait_fixed(0.01), attempts=2)
    paced = Paced(NEVER_SENT, NEVER_SENT, NEVER_SENT, captured(), captured(), NEVER_SENT, captured(), retry=retry)
    results = [type(paced.payments.pay(pf.Order(f"B{n:04}", AMOUNT), "a")) for n in range(5)]
    assert results == [pf.NotPaid, pf.NotPaid, pf.Paid, pf.Paid, pf.Paid]


def test_retries_end_with_the_policys_attempts() -> None:
    """`attempts` counts sends under one number."""
    paced = Paced(NEVER_SENT, retry=RetryPolicy(attempts=5, wait=tenacity.wait_fixed(0.01)))
    paced.payments.pay(order(), "a")
    assert len(paced.sent) == 5


def test_a_busy_channel_takes_no_more() -> None:
    """With `max_in_flight` calls out, the next order is not sent there; it takes another way, or is told."""
    clock, told = VirtualClock(), []
    first, second = Scripted("first"), Scripted("second").on(Kind.CHARGE, captured())
    channel = {"a": {"last": True, "max_in_flight": 1}}
    payments = client({"a": first, "b": second}, clock, channel=channel)

    def charge(operation: Operation) -> pf.Answer:
        told.append(payments.pay(pf.Order("B1002", AMOUNT), "a", consent=["b"]))
        told.append(payments.pay(pf.Order("B1003", AMOUNT), "a"))
        return captured()

    first.on(Kind.CHARGE, charge)
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    assert [type(each) for each in told] == [pf.Paid, pf.NotPaid]
    assert told[1].cause is pf.Cause.CHANNEL_BUSY
    assert len(first.asked) == 1

"""What happens to an order's second attempt is the second attempt's, and a question answers what it was asked about."""

from __future__ import annotations

import pytest
from attack_scene import attempts, told
from core_world import (
    FIRST,
    NEVER_SENT,
    NOT_FOUND,
    QR,
    SILENCE,
    Scripted,
    captured,
    client,
    declined,
    pending,
    says,
    settle,
)
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback.testing import VirtualClock

SECOND = f"{ORDER}02"
HOUR = 3600.0


def after_a_refusal(second: Scripted) -> tuple[pf.Payments, VirtualClock, pf.Result]:
    """Channel `a` refuses, so `b` is charged."""
    clock, first = VirtualClock(), Scripted("first", close=True).on(Kind.CHARGE, declined())
    payments = client({"a": first, "b": second}, clock, backoff=lambda channel, resend: 1.0)
    return payments, clock, payments.pay(order(), "a", consent=["b"], within=10.0)


def test_a_code_that_is_shown_second_stays_shown() -> None:
    """The shopper holds the second channel's code: a second click shows it again, recovery does not close it."""
    second = Scripted("second", starts="shopper", close=True, close_names_trade=True)
    second.on(Kind.CHARGE, pending(action=QR)).on(Kind.QUERY, pending())
    payments, clock, result = after_a_refusal(second)
    assert isinstance(result, pf.ActionRequired)
    settle(payments, clock, 120.0)
    again = payments.pay(order(), "a", consent=["b"])
    assert isinstance(again, pf.ActionRequired)
    assert (again.number, again.action, second.of(Kind.CLOSE)) == (SECOND, QR, [])


def test_a_second_attempt_that_never_left_is_dead_and_says_why() -> None:
    """Tried as often as the retries allow, with a pause before each; then nothing is open, and why is told."""
    second = Scripted("second", close=True).on(Kind.CHARGE, NEVER_SENT)
    payments, clock, result = after_a_refusal(second)
    assert isinstance(result, pf.NotPaid)
    assert [each.number for each in second.of(Kind.CHARGE)] == [SECOND] * 3
    assert round(clock.monotonic()) == 2
    last = attempts(payments.journal)[-1]
    assert (last.status.value, last.dead_because, last.cause) == ("dead", "never_sent", "network")
    assert last.changed_at == pytest.approx(clock.epoch())


def test_a_retry_that_would_come_too_late_is_not_waited_for() -> None:
    """A pause of a second and three for the charge do not fit into three and a half: the call ends at once."""
    clock = VirtualClock()
    only = Scripted("only", close=True, min_time=3.0).on(Kind.CHARGE, NEVER_SENT)
    payments = client({"a": only}, clock, backoff=lambda channel, resend: 1.0)
    assert isinstance(payments.pay(order(), "a", within=3.5), pf.NotPaid)
    assert (len(only.of(Kind.CHARGE)), clock.monotonic()) == (1, 0.0)


@pytest.mark.parametrize("took", [0.0, 1.0])
def test_a_contradiction_is_settled_by_a_question_asked_after_it(took: float) -> None:
    """While recovery asks about a closed payment its capture is notified: the answer to the old question, which says
    the same, gives no money back. The next one does."""
    clock = VirtualClock()
    first = Scripted("first", close=True, close_names_trade=True).on(Kind.CHARGE, pending())
    first.on(Kind.QUERY, pending()).on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    first.on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT))
    second = Scripted("second", close=True).on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock)
    payments.pay(order(), "a")
    assert isinstance(payments.switch(order(), "b"), pf.Paid)
    before = len(first.asked)

    def overtaken(operation: Operation) -> pf.Answer:
        clock.advance(took)
        payments.report("a", FIRST, captured())
        return captured()

    first.on(Kind.QUERY, overtaken, captured())
    settle(payments, clock, 6 * HOUR)
    assert [each.kind for each in first.asked[before:]] == [Kind.QUERY, Kind.QUERY, Kind.REFUND]
    assert told(payments) == ["paid"]


def test_a_payment_that_was_never_found_and_paid_elsewhere_is_found_by_its_own_number() -> None:
    """Two attempts, two channels: the late payment of the second goes back under the second's number."""
    second = Scripted("second", close=True, close_names_trade=True).on(Kind.CHARGE, pending()).on(Kind.QUERY, NOT_FOUND)
    second.on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True)).on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT))
    payments, clock, result = after_a_refusal(second)
    assert isinstance(result, pf.Pending)
    payments.cancel(ORDER)
    second.on(Kind.QUERY, captured())
    settle(payments, clock, 6 * HOUR)
    assert {each.number for each in second.asked} == {SECOND}
    assert [each.refund_number for each in second.of(Kind.REFUND)] == [f"{SECOND}R1"]
    assert told(payments) == ["cancelled"]


def test_a_contradiction_is_asked_about_once_a_look() -> None:
    """Paid, then called refused, and the provider does not answer: a look is one question."""
    clock = VirtualClock()
    only = Scripted("only", close=True).on(Kind.CHARGE, captured()).on(Kind.QUERY, pending())
    payments = client({"a": only}, clock)
    payments.pay(order(), "a")
    payments.report("a", FIRST, declined())
    for looks in range(1, 4):
        clock.advance(HOUR)
        payments.recover()
        assert len(only.of(Kind.QUERY)) == looks


def test_what_the_shopper_agreed_to_once_stays_agreed() -> None:
    """The first call agreed to `b`, the second to `c`: when `a` turns out refused, the route's next is taken, `b`."""
    first = Scripted("first", close=True, close_names_trade=True).on(Kind.CHARGE, SILENCE)
    first.on(Kind.QUERY, SILENCE).on(Kind.CLOSE, SILENCE)
    others = {name: Scripted(name, close=True).on(Kind.CHARGE, captured()) for name in "bc"}
    payments = client({"a": first, **others}, VirtualClock())
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=1.0), pf.Pending)
    first.on(Kind.QUERY, declined())
    result = payments.pay(order(), "a", consent=["c"], within=5.0)
    assert isinstance(result, pf.Paid)
    assert result.option == "b"
    story = [line.text for line in payments.trace(ORDER).lines if line.text.startswith("the shop asked")]
    assert story == [f"the shop asked to pay with a, agreed to {each} (route default)" for each in "bc"]

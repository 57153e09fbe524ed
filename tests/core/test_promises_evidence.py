"""I10: the evidence of one attempt ends in the same place in whatever order, and however often, it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from core_world import SILENCE, Scripted, captured, client, declined, pending, says, settle
from hypothesis import example, given, settings
from hypothesis import strategies as st
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.events import Asked, Event, HandedOver, Opened, Planned, Seen, Sending
from payfallback._core.fold import fold
from payfallback._core.operations import Kind
from payfallback._core.state import Status
from payfallback.testing import VirtualClock

NUMBER = f"{ORDER}01"
WHOLE = {"minor": AMOUNT.minor, "currency": "CNY"}
Fact = tuple[str, str, dict[str, Any]]

# What a provider can say of a trade that exists, as a question's answer or by itself.
ABOUT_THE_TRADE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("pending", {}),
    ("authorised", WHOLE),
    ("captured", WHOLE),
    ("captured", {"minor": 1, "currency": "CNY"}),
    ("captured", {"minor": AMOUNT.minor, "currency": "USD"}),
    ("closed", {}),
    ("declined", {}),
    ("declined", {"final": True}),
    ("refunded", WHOLE),
    ("unknown", {}),
)
CHARGE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("pending", {}),
    ("authorised", WHOLE),
    ("captured", WHOLE),
    ("declined", {}),
    ("declined", {"final": True}),
    ("unknown", {}),
)
CLOSE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("closed", {"named": True}),
    ("closed", {}),
    ("accepted", {}),
    ("declined", {"final": True}),
    ("refunded", {"named": True, **WHOLE}),
    ("unknown", {}),
)


def begun(sends: int, *, handed: bool, closes: bool) -> list[Event]:
    """An attempt whose charge was sent this often, and perhaps shown, and perhaps asked to close."""
    events: list[Event] = [
        Opened(0.0, ORDER, "", AMOUNT, 1e9, "switch"),
        Asked(0.0, "pay", "a"),
        Planned(1.0, 1, NUMBER, "a", "first/m1//production", "server"),
        *(Sending(1.0, 1, n, "charge", 4.0) for n in range(1, sends + 1)),
    ]
    if handed:
        events.append(HandedOver(2.0, 1))
    if closes:
        events.append(Sending(2.0, 1, sends + 1, "close", 5.0))
    return events


def end_of(before: list[Event], evidence: Sequence[Fact]) -> Status:
    """Where the attempt stands when the evidence has arrived in this order."""
    seen = [Seen(10.0 + n, 1, what, verdict, **more) for n, (what, verdict, more) in enumerate(evidence)]
    return fold([*before, *seen]).attempts[0].status


def _answers(what: str, request: int, choices: Sequence[tuple[str, dict[str, Any]]]) -> st.SearchStrategy[Fact]:
    return st.sampled_from([(what, verdict, {"request": request, **more}) for verdict, more in choices])


@st.composite
def schedules(draw: st.DrawFn) -> tuple[list[Event], list[Fact], list[Fact]]:
    """What was sent, the evidence in one order, and the same evidence in another, with repetitions in both."""
    sends, closes = draw(st.integers(1, 3)), draw(st.booleans())
    evidence = [draw(_answers("charge", n, CHARGE)) for n in range(1, sends + 1) if draw(st.booleans())]
    if closes and draw(st.booleans()):
        evidence.append(draw(_answers("close", sends + 1, CLOSE)))
    about = st.sampled_from(
        [(what, verdict, more) for what in ("query", "notice") for verdict, more in ABOUT_THE_TRADE]
    )
    evidence += draw(st.lists(about, max_size=3))
    again = st.lists(st.sampled_from(evidence), max_size=2) if evidence else st.just([])
    one, other = (draw(st.permutations([*evidence, *draw(again)])) for _ in range(2))
    return begun(sends, handed=draw(st.booleans()), closes=closes), one, other


@settings(max_examples=600)
@given(schedules())
@example(
    (
        begun(2, handed=False, closes=False),
        [("charge", "pending", {"request": 1}), ("charge", "declined", {"request": 2, "final": True})],
        [("charge", "declined", {"request": 2, "final": True}), ("charge", "pending", {"request": 1})],
    )
)
def test_the_order_of_the_evidence_does_not_matter(schedule: tuple[list[Event], list[Fact], list[Fact]]) -> None:
    """Folded in any order and repeated, the evidence ends in the same state; where it contradicts itself, in a dispute,
    which is asked about."""
    before, one, other = schedule
    ends = {end_of(before, one), end_of(before, other)} - {Status.DISPUTED}
    assert len(ends) <= 1


def _first(answer: pf.Answer) -> tuple[pf.Payments, VirtualClock, Scripted]:
    clock = VirtualClock()
    only = Scripted("first", close=True, close_names_trade=True).on(Kind.CHARGE, answer)
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    payments.pay(order(), "a", within=1.0)
    return payments, clock, only


_REPORTS = [pending(), captured(), SILENCE, declined(final=False)]


@settings(max_examples=60)
@given(st.permutations([*range(len(_REPORTS)), 1, 3]))
def test_reports_may_come_in_any_order(sequence: list[int]) -> None:
    """The shop reports a capture among what came before it, in any order and twice: paid, told once."""
    payments, _, _ = _first(SILENCE)
    for n in sequence:
        payments.report("a", NUMBER, _REPORTS[n])
    told: list[str] = []
    payments.deliver(lambda outcome: told.append(outcome.kind))
    assert told == ["paid"]
    assert isinstance(payments.status(ORDER), pf.Paid)


@pytest.mark.parametrize(
    ("said", "end"),
    [(captured(), pf.Paid), (declined(), pf.NotPaid), (says(pf.Verdict.CLOSED), pf.NotPaid)],
    ids=["paid", "refused", "closed"],
)
@pytest.mark.parametrize("capture_first", [True, False])
def test_a_contradiction_is_asked_again(said: pf.Answer, end: type, capture_first: bool) -> None:
    """Captured and refused: whoever spoke last does not decide, the next question does."""
    payments, clock, only = _first(SILENCE)
    only.on(Kind.QUERY, SILENCE)
    told = [captured(), declined()]
    for answer in told if capture_first else reversed(told):
        payments.report("a", NUMBER, answer)
    assert not isinstance(payments.status(ORDER), pf.NotPaid)
    only.on(Kind.QUERY, said).on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT))
    asked = len(only.of(Kind.QUERY))
    settle(payments, clock, 120.0)
    assert len(only.of(Kind.QUERY)) > asked
    if not capture_first:
        assert isinstance(payments.status(ORDER), end)


def test_a_paid_order_that_is_contradicted_is_not_called_paid() -> None:
    """Paid, and then the provider says that it was refused: Pending, before a person, until it is asked again."""
    payments, clock, only = _first(captured())
    payments.report("a", NUMBER, declined())
    result = payments.status(ORDER)
    assert isinstance(result, pf.Pending)
    assert result.cause is pf.Cause.CONTRADICTION
    only.on(Kind.QUERY, captured())
    settle(payments, clock, 60.0)
    assert isinstance(payments.status(ORDER), pf.Paid)


def test_a_payment_that_the_provider_takes_back_is_for_a_person() -> None:
    """The shop heard `paid`; asked again, the provider says refused: a person is told."""
    payments, clock, only = _first(captured())
    payments.report("a", NUMBER, declined())
    only.on(Kind.QUERY, declined())
    settle(payments, clock, 60.0)
    told: list[tuple[str, pf.Cause | None]] = []
    payments.deliver(lambda outcome: told.append((outcome.kind, outcome.cause)))
    assert told == [("paid", None), ("needs_person", pf.Cause.CONTRADICTION)]
    assert isinstance(payments.status(ORDER), pf.Pending)


def test_a_notification_before_the_answer() -> None:
    """The notification overtakes the charge's own answer: paid once, told once."""
    clock, only = VirtualClock(), Scripted("first")
    payments = client({"a": only}, clock)
    only.on(Kind.CHARGE, lambda operation: payments.report("a", NUMBER, captured()) and captured())
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    told: list[str] = []
    payments.deliver(lambda outcome: told.append(outcome.kind))
    assert told == ["paid"]


def test_a_notification_while_the_answer_is_lost() -> None:
    """The notification arrives in mid-charge and the answer never does: paid in the same call."""
    clock, only = VirtualClock(), Scripted("first").on(Kind.QUERY, SILENCE)
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    only.on(Kind.CHARGE, lambda operation: payments.report("a", NUMBER, captured()) and SILENCE)
    assert isinstance(payments.pay(order(), "a"), pf.Paid)


def test_replayed_notifications_change_nothing() -> None:
    """A hundred repetitions of one notification leave the order, its outcomes and its journal as they were."""
    payments, _, _ = _first(captured(provider_ref="T-9"))
    found: list[Any] = []
    payments.journal.load(f"|{ORDER}", found.append)
    for _ in range(100):
        payments.report("a", NUMBER, captured(provider_ref="T-9"))
    payments.journal.load(f"|{ORDER}", found.append)
    assert found[0].events == found[1].events

"""What is said about the refund of a surplus, and what follows: done, asked again, sent again, or told to a person."""

from __future__ import annotations

from itertools import pairwise

import pytest
from attack_scene import door, refund_notice, told
from core_world import FIRST, Scripted, captured, client, contradicted, declined, says
from money_shop import AMOUNT, ORDER

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.testing import VirtualClock

HOUR = 3600.0
WHOLE = AMOUNT.minor
UNDER_WAY = says(pf.Verdict.ACCEPTED)
BACK = says(pf.Verdict.REFUNDED, amount=AMOUNT)


def surplus(refund: pf.Answer, query: pf.Answer = UNDER_WAY) -> tuple[pf.Payments, VirtualClock, Scripted]:
    """A capture that is not the winner's, and what its provider says to the refund, and when asked about it."""
    payments, clock, first, _ = contradicted()
    first.on(Kind.REFUND, refund).on(Kind.QUERY_REFUND, query)
    return payments, clock, first


def look(payments: pf.Payments, clock: VirtualClock, times: int, every: float) -> pf.Recovered:
    """Recovery, so many times."""
    for _ in range(times):
        clock.advance(every)
        recovered = payments.recover()
    return recovered


def stuck(payments: pf.Payments) -> list[pf.Cause | None]:
    """Why a person is told, as often as it stands in the order's story; each is delivered."""
    causes: list[pf.Cause | None] = []
    payments.deliver(lambda outcome: causes.append(outcome.cause))
    written = [line for line in payments.trace(ORDER).lines if "needs_person" in line.text]
    return causes if len(written) == len(causes) else []


def over(payments: pf.Payments, clock: VirtualClock, first: Scripted) -> bool:
    """Whether nobody asks about the refund any more."""
    before = len(first.asked)
    look(payments, clock, 3, HOUR)
    return Kind.QUERY_REFUND not in [each.kind for each in first.asked[before:]]


def test_a_refund_by_hand_of_all_of_it_ends_ours() -> None:
    """While ours is under way somebody gives the whole surplus back in the provider's console: nothing is left."""
    payments, clock, first = surplus(UNDER_WAY)
    look(payments, clock, 2, 30.0)
    door(first, clock, payments.journal).notify("a", {}, refund_notice(FIRST, "CONSOLE1", WHOLE))
    assert over(payments, clock, first)
    assert len(first.of(Kind.REFUND)) == 1


def test_a_failed_refund_by_hand_says_nothing_of_ours() -> None:
    """Ours is under way when somebody else's fails: no second one is sent, and nobody doubts ours when it is done."""
    payments, clock, first = surplus(UNDER_WAY)
    look(payments, clock, 2, 30.0)
    door(first, clock, payments.journal).notify("a", {}, refund_notice(FIRST, "CONSOLE1", WHOLE, "refund_failed"))
    assert not over(payments, clock, first)
    assert len(first.of(Kind.REFUND)) == 1
    first.on(Kind.QUERY_REFUND, BACK)
    look(payments, clock, 4, HOUR)
    assert over(payments, clock, first)
    assert "needs_person" not in told(payments)


@pytest.mark.parametrize(
    ("said", "done"),
    [(BACK, True), (says(pf.Verdict.REFUNDED), True), (says(pf.Verdict.REFUNDED, amount=pf.Money(100, "CNY")), False)],
    ids=["all of it", "no word of how much", "a part"],
)
def test_a_refund_is_over_when_all_of_it_went_back(said: pf.Answer, *, done: bool) -> None:
    """The provider says `refunded` of our number. A part of what was asked for is no end: it is asked about again."""
    payments, clock, first = surplus(UNDER_WAY, said)
    look(payments, clock, 2, 30.0)
    assert over(payments, clock, first) is done
    assert len(first.of(Kind.REFUND)) == 1


@pytest.mark.parametrize("final", [True, False])
def test_a_refund_that_is_refused_for_good_gets_a_new_number(*, final: bool) -> None:
    """Only a refusal that is stated to be final ends a refund; after another one the same number is asked about."""
    payments, clock, first = surplus(declined(final=final))
    look(payments, clock, 6, 10.0)
    assert {each.refund_number for each in first.of(Kind.REFUND)} == (
        {f"{FIRST}R1", f"{FIRST}R2"} if final else {f"{FIRST}R1"}
    )


def test_a_refund_under_way_is_asked_about_once_a_look_and_then_told_to_a_person() -> None:
    """Each look is one question, which says when the refund was sent; after a day a person hears of it, once."""
    payments, clock, first = surplus(UNDER_WAY)
    look(payments, clock, 1, 5.0)
    sent_at, asked = clock.epoch(), len(first.asked)
    look(payments, clock, 23, HOUR)
    assert 20 <= len(first.of(Kind.QUERY_REFUND)) <= len(first.asked) - asked + 1 <= 24
    assert {each.refund_sent_at for each in first.of(Kind.QUERY_REFUND)} == {sent_at}
    assert [each.reason for each in first.of(Kind.REFUND)] == ["late"]
    assert told(payments) == ["paid"]
    look(payments, clock, 30, HOUR)
    assert stuck(payments) == [pf.Cause.REFUND_STUCK]
    first.on(Kind.QUERY_REFUND, BACK)
    look(payments, clock, 30, HOUR)
    assert told(payments) == []


def test_a_refund_that_bounced_is_told_to_a_person_once() -> None:
    """Done, and failed after all: whatever is looked at afterwards, one outcome says so."""
    payments, clock, first = surplus(BACK)
    look(payments, clock, 2, 30.0)
    told(payments)
    door(first, clock, payments.journal).notify("a", {}, refund_notice(FIRST, f"{FIRST}R1", WHOLE, "refund_failed"))
    look(payments, clock, 2, HOUR)
    assert stuck(payments) == [pf.Cause.REFUND_STUCK]


@pytest.mark.parametrize(("pause", "sent"), [(0.5, 1), (1.5, 2)])
def test_a_refund_that_is_not_found_is_sent_again_a_second_after_it_was_sent(pause: float, sent: int) -> None:
    """Not found right after it was sent: it is on its way, and is asked about once more before it is sent again."""
    payments, clock, first = surplus(UNDER_WAY)
    first.on(Kind.QUERY_REFUND, says(pf.Verdict.NOT_FOUND), BACK)
    look(payments, clock, 1, 30.0)
    clock.advance(pause)
    payments.resolve(ORDER)
    look(payments, clock, 4, 30.0)
    assert {each.refund_number for each in first.of(Kind.REFUND)} == {f"{FIRST}R1"}
    assert (len(first.of(Kind.REFUND)), len(first.of(Kind.QUERY_REFUND))) == (sent, 2)


def test_a_failing_refund_is_tried_at_growing_pauses() -> None:
    """Twenty seconds after the first, forty after the second."""
    payments, clock, first = surplus(UNDER_WAY)
    at: list[float] = []

    def failed(operation: object) -> pf.Answer:
        at.append(clock.epoch())
        return says(pf.Verdict.REFUND_FAILED)

    first.on(Kind.REFUND, failed)
    look(payments, clock, 100, 1.0)
    assert [round(later - earlier) for earlier, later in pairwise(at)] == [20, 40]


@pytest.mark.parametrize("sent", [False, True])
def test_a_process_without_the_channel_leaves_the_refund_to_others(*, sent: bool) -> None:
    """It can neither send nor ask; the order stays due, and a process with the channel finishes."""
    payments, clock, first = surplus(UNDER_WAY, BACK)
    if sent:
        first.on(Kind.QUERY_REFUND, UNDER_WAY)
        look(payments, clock, 2, 5.0)
        first.on(Kind.QUERY_REFUND, BACK)
    second = Scripted("second").on(Kind.CHARGE, captured())
    poorer = client({"b": second}, clock, payments.journal, channel={"b": {"last": True}})
    assert [look(poorer, clock, 1, 10.0).failed for _ in range(3)] == [0, 0, 0]
    look(payments, clock, 3, HOUR)
    assert len(first.of(Kind.REFUND)) == 1
    assert over(payments, clock, first)

"""The transition table: total for evidence, one typed error for the impossible, and no order of arrival counts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from money_shop import AMOUNT

from payfallback._core.events import Asked, Died, Excess, Opened, Planned, Seen, Sending
from payfallback._core.fold import fold
from payfallback._core.state import (
    EVIDENCE,
    LIVE,
    TRANSITIONS,
    UNCERTAIN,
    Fact,
    ImpossibleStep,
    Status,
    step,
)

ACTS = tuple(fact for fact in Fact if fact not in EVIDENCE)
CONTRADICTED = {Status.DISPUTED, Status.MANUAL}  # what only a question asked afterwards settles


@pytest.mark.parametrize("status", Status)
def test_evidence_is_never_impossible(status: Status) -> None:
    """Whatever is learnt, in whatever state, leads to a state."""
    assert all(isinstance(step(status, fact), Status) for fact in EVIDENCE)


@pytest.mark.parametrize("status", Status)
def test_an_act_that_the_table_does_not_have_is_refused(status: Status) -> None:
    """Each of our own acts is in the table, or raises ImpossibleStep that names both ends."""
    for act in ACTS:
        if act in TRANSITIONS[status]:
            assert isinstance(step(status, act), Status)
        else:
            with pytest.raises(ImpossibleStep, match=f"{status.value}.*{act.value}"):
                step(status, act)


def test_acts_and_evidence_are_all_there_is() -> None:
    """Every status has a row, and no row knows a fact that does not exist."""
    assert set(TRANSITIONS) == set(Status)
    assert {fact for row in TRANSITIONS.values() for fact in row} == set(Fact)


def test_every_status_can_be_reached() -> None:
    """From PLANNED, step by step, the table leads everywhere."""
    reached, fresh = {Status.PLANNED}, [Status.PLANNED]
    while fresh:
        found = set(TRANSITIONS[fresh.pop()].values()) - reached
        reached |= found
        fresh += found
    assert reached == set(Status)


def test_money_leaves_only_by_being_returned() -> None:
    """No answer turns captured money into nothing: it is held, disputed, on its way back, or returned."""
    held = (Status.CAPTURED, Status.SURPLUS, Status.REFUNDING)
    for status in held:
        assert set(TRANSITIONS[status].values()) <= {*held, Status.REFUNDED, Status.DISPUTED}


def test_dead_is_not_absorbing() -> None:
    """What is believed dead and turns out paid is looked into."""
    assert step(Status.DEAD, Fact.PAID) in LIVE


def test_nothing_is_charged_while_anything_is_uncertain() -> None:
    """Every uncertain state stands in the way of another charge; no state with money in it is called dead."""
    assert UNCERTAIN <= LIVE
    assert not LIVE & {Status.DEAD, Status.REFUNDED, Status.CAPTURED, Status.SURPLUS, Status.REFUNDING}


def test_no_evidence_ends_a_refund_but_its_own() -> None:
    """A surplus stays one, whatever is said about the charge, until the money is back."""
    for fact in set(EVIDENCE) - {Fact.RETURNED, Fact.RETURN_FAILED}:
        assert step(Status.SURPLUS, fact) is Status.SURPLUS
        assert step(Status.REFUNDING, fact) is Status.REFUNDING


@settings(max_examples=1500)
@given(st.sampled_from(Status), st.lists(st.sampled_from(EVIDENCE), max_size=5), st.randoms(use_true_random=False))
def test_facts_may_come_in_any_order(status: Status, facts: list[Fact], chance: object) -> None:
    """The same evidence in another order leads to the same state; contradictions meet where a question is asked."""
    other = list(facts)
    chance.shuffle(other)  # type: ignore[attr-defined]  # a random.Random
    ends = {_walk(status, facts), _walk(status, other)} - CONTRADICTED
    assert len(ends) <= 1


@settings(max_examples=500)
@given(st.sampled_from(Status), st.lists(st.sampled_from(EVIDENCE), max_size=5))
def test_facts_may_be_repeated(status: Status, facts: list[Fact]) -> None:
    """Hearing everything twice changes nothing."""
    ends = {_walk(status, facts), _walk(status, [each for fact in facts for each in (fact, fact)])} - CONTRADICTED
    assert len(ends) <= 1


def _walk(status: Status, facts: list[Fact]) -> Status:
    """Where the facts lead; a dispute stays one, since none of them answers a question asked after it."""
    for fact in facts:
        if status is not Status.DISPUTED:
            status = step(status, fact)
    return status


def _begun() -> list[Opened | Asked | Planned | Sending]:
    return [
        Opened(0.0, "A1001", "", AMOUNT, 1e9, "switch"),
        Asked(0.0, "pay", "a"),
        Planned(1.0, 1, "A100101", "a", "p/m1//production", "server"),
        Sending(1.0, 1, 1, "charge", 4.0),
    ]


def test_a_damaged_journal_is_one_typed_error() -> None:
    """Events that cannot have happened in this order raise ImpossibleStep when they are folded."""
    with pytest.raises(ImpossibleStep):
        fold([*_begun(), Excess(2.0, 1, "late")])
    with pytest.raises(ImpossibleStep):
        fold([*_begun(), Seen(2.0, 1, "charge", "captured", 1), Died(3.0, 1, "never_sent")])


def test_folding_leaves_the_past_alone() -> None:
    """A record is a value: what is folded onto it later does not change it."""
    from payfallback._core.fold import evolve

    before = fold(_begun())
    after = evolve(before, [Seen(2.0, 1, "charge", "captured", 1)])
    assert (before.attempts[0].status, after.attempts[0].status) == (Status.SENDING, Status.CAPTURED)

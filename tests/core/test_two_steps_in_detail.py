"""The first of two steps: which attempt it is for, what counts as made, and what follows when it fails."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import FIRST, SILENCE, JournalThatFails, Scripted, captured, client, declined, meanwhile, pending
from money_shop import ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock

MADE = pf.Answer(verdict=pf.Verdict.PENDING, cause=pf.Cause.AWAITING_PROVIDER, provider_ref="pi_1")
SECOND = f"{ORDER}02"


def card(**declared: Any) -> Scripted:
    """A card channel that makes payments as pi_1 and takes what is confirmed."""
    made = Scripted("card", creates=True, close=True, close_names_trade=True, **declared)
    return made.on(Kind.CREATE, MADE).on(Kind.CHARGE, captured())


def test_both_steps_are_of_the_attempt_that_is_made() -> None:
    """After a refusal elsewhere the second attempt is made and confirmed, each under its own number."""
    first, second = Scripted("first", close=True).on(Kind.CHARGE, declined()), card()
    clock = VirtualClock()
    payments = client({"a": first, "b": second}, clock)
    assert isinstance(payments.pay(order(), "a", consent=["b"]), pf.Paid)
    assert clock.monotonic() == 0.0  # the second step follows the first at once
    assert [(each.kind, each.number, each.provider_ref) for each in second.asked] == [
        (Kind.CREATE, SECOND, ""),
        (Kind.CHARGE, SECOND, "pi_1"),
    ]


def test_making_it_again_says_that_it_is_again() -> None:
    """Silent twice: the same payment is made a third time, while its retries last; only the first is no repetition."""
    made = card().on(Kind.CREATE, SILENCE, SILENCE, MADE)
    payments = client({"a": made}, VirtualClock())
    assert isinstance(payments.pay(order(), "a", within=20.0), pf.Paid)
    assert [(each.number, each.resend) for each in made.of(Kind.CREATE)] == [
        (FIRST, False),
        (FIRST, True),
        (FIRST, True),
    ]


def test_what_was_made_without_an_id_is_not_confirmed() -> None:
    """There is nothing to confirm: it is made again, and no charge is sent."""
    made = card().on(Kind.CREATE, pending())
    result = client({"a": made}, VirtualClock()).pay(order(), "a", within=5.0)
    assert not isinstance(result, pf.Paid)
    assert made.of(Kind.CHARGE) == []


def test_a_refused_first_step_is_told_as_what_it_is() -> None:
    """A refusal that the next channel follows, and in the story that nothing was ever sent."""
    made = card().on(Kind.CREATE, declined(pf.Cause.MERCHANT_CONFIG, final=False))
    second = Scripted("second", close=True).on(Kind.CHARGE, captured())
    payments = client({"a": made, "b": second}, VirtualClock())
    result = payments.pay(order(), "a", consent=["b"])
    assert isinstance(result, pf.Paid)
    assert result.switched_from == ("a",)
    story = [line.text for line in payments.trace(ORDER).lines]
    assert story[4:6] == [
        "attempt 1: the create answered: declined, because merchant_config",
        "attempt 1 is dead: it was never sent",
    ]


@pytest.mark.parametrize("step", ["in time", "too late", "journal away"])
def test_a_place_in_the_channel_is_given_back(step: str) -> None:
    """One payment at a time: whether it was confirmed, ran out of time or could not be written, the next finds room."""
    clock = VirtualClock()
    journal = JournalThatFails(MemoryJournal(clock))
    made = card(min_time=2.0)
    if step == "too late":
        made.on(Kind.CREATE, meanwhile(lambda: clock.advance(4.0), MADE), MADE)
    payments = client({"a": made}, clock, journal, channel={"a": {"max_in_flight": 1}})
    if step == "journal away":
        journal.failing_from = 1
        with pytest.raises(pf.JournalUnavailable):
            payments.pay(order(), "a", within=5.0)
        journal.repair()
    else:
        result = payments.pay(order(), "a", within=5.0)
        assert isinstance(result, pf.Paid) is (step == "in time")
    assert isinstance(payments.pay(pf.Order("A1002", order().amount), "a", within=5.0), pf.Paid)

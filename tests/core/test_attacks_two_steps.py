"""Two steps under attack: what is told of a payment that nobody confirmed yet, and a capture that comes too late."""

from __future__ import annotations

import pytest
from core_world import SILENCE, Scripted, captured, client, meanwhile, pending, says, settle
from money_shop import AMOUNT, ORDER, order, shop

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock

MADE = pf.Answer(verdict=pf.Verdict.PENDING, cause=pf.Cause.AWAITING_PROVIDER, provider_ref="pi_1")
FIRST = f"{ORDER}01"


def card() -> Scripted:
    """A card channel that makes payments as pi_1, and closes by name."""
    declared = Scripted("card", creates=True, close=True, close_names_trade=True)
    return declared.on(Kind.CREATE, MADE).on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))


@pytest.mark.parametrize("answer", [MADE, SILENCE], ids=["answered", "silent"])
def test_a_notification_of_the_creation_does_not_hold_up_the_payment(answer: pf.Answer) -> None:
    """Stripe tells of `payment_intent.created` while its answer is still on the way: nobody confirmed it, so it is
    confirmed, or the next channel is charged, as if nothing had been told."""
    clock = VirtualClock()
    journal = MemoryJournal(clock)
    first, other = card().on(Kind.CHARGE, captured()), Scripted("b").on(Kind.CHARGE, captured())
    webhooks = client({"a": first, "b": other}, clock, journal)
    told = meanwhile(lambda: webhooks.report("a", FIRST, pending(number=FIRST, provider_ref="pi_1")), answer)
    first.on(Kind.CREATE, told)
    result = client({"a": first, "b": other}, clock, journal).pay(order(), "a", consent=["b"], within=8.0)
    assert isinstance(result, pf.Paid)
    assert result.option == ("a" if answer is MADE else "b")
    assert [each.kind for each in (*first.of(Kind.QUERY), *first.of(Kind.CLOSE))] == []


def test_a_confirmation_that_never_arrived_is_left_though_the_provider_calls_it_pending() -> None:
    """Stripe says `requires_confirmation`: nobody was shown anything, so it is closed and the next channel charged."""
    first = card().on(Kind.CHARGE, SILENCE).on(Kind.QUERY, pending(provider_ref="pi_1"))
    other = Scripted("b").on(Kind.CHARGE, captured())
    result = client({"a": first, "b": other}, VirtualClock()).pay(order(), "a", consent=["b"], within=8.0)
    assert isinstance(result, pf.Paid)
    assert result.option == "b"
    assert [each.kind for each in first.asked] == [Kind.CREATE, Kind.CHARGE, Kind.QUERY, Kind.CLOSE]


def test_a_shopper_at_the_bank_is_not_left_for_another_channel() -> None:
    """What the charge itself answered is the shopper's to do: the consented channel stays where it is."""
    bank = pending(provider_ref="pi_1", action=pf.Redirect("https://bank.example/3ds"))
    first, other = card().on(Kind.CHARGE, bank).on(Kind.QUERY, pending()), Scripted("b")
    payments = client({"a": first, "b": other}, VirtualClock())
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=8.0), pf.ActionRequired)
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=8.0), pf.ActionRequired)
    assert first.of(Kind.CLOSE) == other.asked == []


@pytest.mark.parametrize("kind", ["authorising", "two_steps_held"])
def test_what_is_only_held_when_the_time_is_up_is_let_go(kind: str) -> None:
    """The capture failed until `pay_by` had passed: nothing is taken any more, and the order expires."""
    with shop({"a": kind}, pay_by=60.0).lab() as lab:
        lab.outage("a", "http_503", operation="capture")
        assert isinstance(lab.client.pay(order(), "a", within=3.0), pf.Pending)
        for seconds in (5.0, 15.0, 50.0):
            lab.advance(seconds)
            lab.recover()
        lab.lift()
        lab.settle()
        assert isinstance(lab.client.status(ORDER), pf.NotPaid)
        assert [each.kind for each in lab.deliveries] == ["expired"]
        assert lab.ledger.captures(ORDER) == ()
        lab.assert_promises_kept()


def test_a_capture_that_was_made_in_time_and_learned_of_late_pays_the_order() -> None:
    """Only the answer was lost: what the provider took before `pay_by` is kept."""
    with shop({"a": "authorising"}, pay_by=60.0).lab(notices="off") as lab:
        lab.outage("a", "reply_lost", operation="capture")
        lab.outage("a", "http_503", operation="query")
        assert isinstance(lab.client.pay(order(), "a", within=3.0), pf.Pending)
        lab.advance(70.0)
        lab.lift()
        lab.settle()
        assert isinstance(lab.client.status(ORDER), pf.Paid)
        assert [each.amount for each in lab.ledger.held(ORDER)] == [AMOUNT]
        lab.assert_promises_kept()


def test_a_payment_of_other_code_is_never_sent_again() -> None:
    """Adopted, and not found yet (Stripe's search lags): nothing is made under its number, which would be closed in its
    place, and nothing else is charged."""
    clock = VirtualClock()
    declared = Scripted("card", creates=True, close=True, close_names_trade=True, resend=86400.0)
    first = declared.on(Kind.CREATE, MADE).on(Kind.CHARGE, SILENCE).on(Kind.CLOSE, only_what_was_made)
    first.on(Kind.QUERY, says(pf.Verdict.NOT_FOUND))
    other = Scripted("b").on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": other}, clock)
    payments.adopt(order(), "a", FIRST, sent_at=clock.epoch() - 5.0)
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=20.0), pf.Pending)
    first.on(Kind.QUERY, captured())
    settle(payments, clock, 60.0)
    told = payments.status(ORDER)
    assert isinstance(told, pf.Paid)
    assert told.option == "a"
    assert first.of(Kind.CREATE) == first.of(Kind.CHARGE) == other.asked == []


def only_what_was_made(operation: Operation) -> pf.Answer:
    """It closes the payment that is named by its id, and finds nothing without one."""
    return says(pf.Verdict.CLOSED, named=True) if operation.provider_ref else says(pf.Verdict.UNKNOWN)


def test_a_first_step_that_takes_all_the_time_there_is_ends_as_time_up() -> None:
    """Nothing was confirmed: the answer says so, and why."""
    clock = VirtualClock()
    first = card().on(Kind.CREATE, meanwhile(lambda: clock.advance(1.9), MADE))
    told = client({"a": first}, clock).pay(order(), "a", within=2.0)
    assert isinstance(told, pf.NotPaid)
    assert told.cause is pf.Cause.TIME_UP
    assert first.of(Kind.CHARGE) == []

"""A charge in two steps: made at the provider, its id journalled, then confirmed; nothing moves before that."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from core_world import JournalThatFails, Scripted, captured, client, declined, pending, says, settle
from money_shop import AMOUNT, ORDER, order, shop

import payfallback as pf
from payfallback._core import events as e
from payfallback._core.operations import Kind, Operation
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock
from payfallback.testing.crash import Crashed
from payfallback.testing.lab import Lab

MADE = pf.Answer(verdict=pf.Verdict.PENDING, cause=pf.Cause.AWAITING_PROVIDER, provider_ref="pi_1")
BANK = pf.Redirect("https://bank.example/3ds")


def card(**declared: Any) -> Scripted:
    """A card channel that makes payments as pi_1."""
    return Scripted("card", creates=True, close=True, close_names_trade=True, **declared).on(Kind.CREATE, MADE)


def test_the_provider_s_id_is_durable_before_the_charge_is_sent() -> None:
    """When the confirmation goes out, the journal holds the id that it confirms."""
    journal, held = MemoryJournal(VirtualClock()), []

    def confirm(operation: Operation) -> pf.Answer:
        found: list[Any] = []
        journal.load(f"|{ORDER}", found.append)
        held.extend(each.provider_ref for each in found[0].events if type(each) is e.Seen)
        assert operation.provider_ref == "pi_1"
        return captured()

    first = card().on(Kind.CHARGE, confirm)
    assert isinstance(client({"a": first}, VirtualClock(), journal).pay(order(), "a"), pf.Paid)
    assert held == ["pi_1"]


def test_a_silent_first_step_costs_nothing() -> None:
    """Nothing can move before the confirmation, so the next channel is charged without asking or closing."""
    with shop({"a": "two_steps", "b": "named"}).lab() as lab:
        lab.outage("a", "hang", operation="create")
        told = lab.client.pay(order(), "a", consent=["b"], within=5.0)
        assert isinstance(told, pf.Paid)
        assert told.option == "b"
        assert [each.kind for each in lab.ledger.arrivals(ORDER) if "-a/" in each.account] == [Kind.CREATE]


def test_a_silent_first_step_is_made_again_where_there_is_nothing_else() -> None:
    """Without another channel the same payment is made again, under the same number."""
    with shop({"a": "two_steps"}).lab() as lab:
        lab.outage("a", "reply_lost", operation="create", times=1)
        assert isinstance(lab.client.pay(order(), "a", within=8.0), pf.Paid)
        made = lab.ledger.arrivals(ORDER, Kind.CREATE)
        assert len(made) == 2
        assert len({each.number for each in made}) == 1


def test_a_refused_first_step_is_followed_by_another_channel() -> None:
    """What the provider will not even make was never charged."""
    refused = card().on(Kind.CREATE, declined(pf.Cause.MERCHANT_CONFIG, final=False))
    told = client({"a": refused, "b": Scripted("b").on(Kind.CHARGE, captured())}, VirtualClock())
    result = told.pay(order(), "a", consent=["b"])
    assert isinstance(result, pf.Paid)
    assert result.option == "b"
    assert [each.kind for each in refused.asked] == [Kind.CREATE]


def test_a_journal_that_fails_between_the_steps_stops_the_charge() -> None:
    """`pay` raises, and nothing was charged: only an unconfirmed payment lies at the provider."""
    journal = JournalThatFails(MemoryJournal(VirtualClock()))

    def fails(operation: Operation) -> pf.Answer:
        journal.away = True
        return MADE

    first = card().on(Kind.CREATE, fails)
    with pytest.raises(pf.JournalUnavailable):
        client({"a": first}, VirtualClock(), journal).pay(order(), "a")
    assert first.of(Kind.CHARGE) == []


def test_observe_confirms_without_a_journal() -> None:
    """Observing lets the sale through, both steps of it."""
    journal = JournalThatFails(MemoryJournal(VirtualClock()))
    journal.away = True
    first = card().on(Kind.CHARGE, captured())
    told = client({"a": first}, VirtualClock(), journal, autonomy="observe").pay(order(), "a")
    assert isinstance(told, pf.Paid | pf.Pending)
    assert [each.kind for each in first.asked] == [Kind.CREATE, Kind.CHARGE]


@pytest.mark.parametrize("steps", ["two_steps", "two_steps_held"])
def test_a_crash_between_the_steps_leaves_nothing_to_pay(steps: str) -> None:
    """Recovery never confirms what a dead process made: the attempt was never sent, and the order expires unpaid."""
    with shop({"a": steps}).lab() as lab:
        with pytest.raises(Crashed):
            crash_before(lab, 4)
        lab.settle()
        assert [each.kind for each in lab.ledger.arrivals(ORDER)] == [Kind.CREATE]
        assert [outcome.kind for outcome in lab.deliveries] == ["expired"]
        lab.assert_promises_kept()


def crash_before(lab: Lab, effect: int) -> None:
    """Pay in a process that dies: its effects are append, call, admit, append, call."""
    lab.crash(effect)
    lab.client.pay(order(), "a")


def test_a_lost_confirmation_is_asked_about_closed_and_only_then_left() -> None:
    """The provider says that nobody confirmed it yet: that is no death, the close that names it is."""
    with shop({"a": "two_steps", "b": "named"}).lab() as lab:
        lab.outage("a", "hang", operation="charge")
        told = lab.client.pay(order(), "a", consent=["b"], within=8.0)
        assert isinstance(told, pf.Paid)
        assert told.option == "b"
        asked = [each.kind for each in lab.ledger.arrivals(ORDER) if "-a/" in each.account]
        assert asked == [Kind.CREATE, Kind.CHARGE, Kind.QUERY, Kind.CLOSE]


def test_what_a_started_charge_asks_of_the_shopper_is_shown() -> None:
    """A bank's page (3-D Secure) in the answer to a charge is handed over; the next look finds it paid."""
    first = Scripted("card", close=True, close_names_trade=True).on(Kind.CHARGE, pending(action=BANK))
    first.on(Kind.QUERY, captured())
    payments = client({"a": first}, VirtualClock())
    told = payments.pay(order(), "a")
    assert isinstance(told, pf.ActionRequired)
    assert told.action == BANK
    assert isinstance(payments.status(ORDER, ask=True), pf.Paid)


def test_recovery_leaves_a_shopper_at_the_bank_alone() -> None:
    """What was handed over is not closed by itself before the order's time is up."""
    clock = VirtualClock()
    first = Scripted("card", close=True, close_names_trade=True).on(Kind.CHARGE, pending(action=BANK))
    first.on(Kind.QUERY, pending()).on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    payments = client({"a": first}, clock, pay_by=1800.0)
    payments.pay(order(), "a")
    settle(payments, clock, 600.0)
    assert first.of(Kind.CLOSE) == []
    settle(payments, clock, 7200.0)
    assert len(first.of(Kind.CLOSE)) == 1


def test_wrapped_code_makes_and_confirms_in_two_steps() -> None:
    """`create` gets the attempt first; `charge` gets the id that its answer told."""
    heard: list[tuple[str, str]] = []

    def said(attempt: pf.Attempt, answer: pf.Answer) -> pf.Answer:
        heard.append((attempt.kind.value, attempt.provider_ref))
        return answer

    own = pf.wrap(
        partial(said, answer=captured()),
        create=partial(said, answer=MADE),
        query=partial(said, answer=captured()),
        reads=lambda attempt, result: None,
        account="own/m1",
    )
    payments = pf.Payments(**pf.channels({"card": own}), journal=MemoryJournal())
    assert isinstance(payments.pay(pf.Order(ORDER, AMOUNT), "card"), pf.Paid)
    assert heard == [("create", ""), ("charge", "pi_1")]


def test_a_page_whose_payment_was_refused_is_not_shown_again() -> None:
    """The bank said no to the shopper: the dead page is not handed out once more while the attempt is being closed."""
    first = Scripted("card", close=True, close_names_trade=True).on(Kind.CHARGE, pending(action=BANK))
    first.on(Kind.QUERY, declined(pf.Cause.DECLINED, final=False)).on(Kind.CLOSE, says(pf.Verdict.UNKNOWN))
    payments = client({"a": first}, VirtualClock())
    assert isinstance(payments.pay(order(), "a"), pf.ActionRequired)
    assert isinstance(payments.status(ORDER, ask=True), pf.Pending)
    assert isinstance(payments.status(ORDER), pf.Pending)

"""What the journal says of an outcome: which attempt, when, how often; and who is asked to look at it."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import (
    AMOUNT,
    ORDER,
    SILENCE,
    Scripted,
    captured,
    client,
    declined,
    order,
    pending,
    says,
    settle,
)
from long_lives import KEY, ask
from test_last_looks import fell_back, spend

import payfallback as pf
from payfallback._core.events import Asked, Died, Event, HandedOver, Settled, Won, Would
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock

DAY = 86400.0
CLOSES = {"close": True, "close_names_trade": True}
CLOSED = says(pf.Verdict.CLOSED, named=True)
ANOTHER = pf.Money.of("58.00", "CNY")


def events(payments: pf.Payments) -> tuple[Event, ...]:
    """The order's journal."""
    found: tuple[Event, ...] = ask(payments.journal.load, KEY).events
    return found


def outcomes(payments: pf.Payments) -> list[tuple[str, int, str]]:
    """(kind, attempt, cause) of every outcome, as the journal has them."""
    return [(each.kind, each.seq, each.cause) for each in events(payments) if isinstance(each, Settled)]


def second_shop(clock: VirtualClock, **declared: Any) -> tuple[pf.Payments, Scripted]:
    """Channel `a` refuses, and `b` takes what comes to it: the money is in the second attempt."""
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, declined())
    second = Scripted("second", **{**CLOSES, **declared}).on(Kind.CHARGE, captured()).on(Kind.QUERY, captured())
    return client({"a": first, "b": second}, clock), second


def test_an_outcome_names_its_attempt() -> None:
    """Paid in the second attempt, and wholly refunded there, at the time it happened."""
    clock = VirtualClock()
    payments, second = second_shop(clock)
    second.on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT))
    payments.pay(order(), "a", consent=["b"])
    paid_at = clock.epoch()
    clock.advance(60.0)
    payments.refund(ORDER, "r-1")
    settle(payments, clock, 60.0)
    assert outcomes(payments) == [("paid", 2, ""), ("refunded", 2, "")]
    assert [each.at for each in events(payments) if isinstance(each, Won)] == [paid_at]
    assert next(each.at for each in events(payments) if isinstance(each, Settled)) == paid_at


def test_another_amount_is_for_a_person_at_once_and_once() -> None:
    """The provider took another amount than was asked for: a person hears it the first time recovery is sure."""
    clock = VirtualClock()
    payments, second = second_shop(clock)
    second.on(Kind.CHARGE, captured(ANOTHER)).on(Kind.QUERY, captured(ANOTHER))
    payments.pay(order(), "a", consent=["b"], within=2.0)
    settle(payments, clock, 60.0)
    assert outcomes(payments) == [("needs_person", 2, "amount_mismatch")]
    settle(payments, clock, 10 * DAY)
    assert [kind for kind, _, _ in outcomes(payments)].count("needs_person") == 1


def test_a_payment_that_the_provider_takes_back_is_for_a_person() -> None:
    """The shop heard that it was paid; asked again the provider says that it is closed: told once, as a
    contradiction of the attempt that was paid."""
    clock = VirtualClock()
    payments, second = second_shop(clock)
    payments.pay(order(), "a", consent=["b"])
    second.on(Kind.QUERY, CLOSED)
    payments.report("b", f"{ORDER}02", CLOSED)
    settle(payments, clock, 3 * DAY)
    assert outcomes(payments) == [("paid", 2, ""), ("needs_person", 2, "contradiction")]


@pytest.mark.parametrize(("days", "told"), [(0.9, 0), (2.0, 1), (9.0, 1)])
def test_a_refund_under_way_for_a_day_is_for_a_person(days: float, told: int) -> None:
    """Not before, and once."""
    clock = VirtualClock()
    payments, second = second_shop(clock)
    second.on(Kind.REFUND, says(pf.Verdict.ACCEPTED)).on(Kind.QUERY_REFUND, says(pf.Verdict.ACCEPTED))
    payments.pay(order(), "a", consent=["b"])
    payments.refund(ORDER, "r-1", within=0.3)
    settle(payments, clock, days * DAY)
    assert [each[:2] for each in outcomes(payments)[1:]] == [("needs_person", 2)] * told


@pytest.mark.parametrize(("days", "told"), [(0.9, 0), (2.0, 1), (9.0, 1)])
def test_a_charge_in_doubt_for_a_day_is_for_a_person(days: float, told: int) -> None:
    """Nobody answers about it, and it can not be closed: not before a day is over, and once."""
    clock = VirtualClock()
    only = Scripted("only").on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    payments.pay(order(), "a", within=1.0)
    settle(payments, clock, days * DAY)
    assert [kind for kind, _, _ in outcomes(payments)].count("needs_person") == told


def test_a_death_names_its_attempt_and_its_reason() -> None:
    """A code that nobody was shown, in the second attempt, and when that was known."""
    clock = VirtualClock()
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, declined())
    second = Scripted("second", starts="shopper", **CLOSES).on(Kind.CHARGE, SILENCE).on(Kind.CLOSE, CLOSED)
    payments = client({"a": first, "b": second}, clock)
    payments.pay(order(), "a", consent=["b"], within=1.0)
    settle(payments, clock, 10.0)
    (died,) = (each for each in events(payments) if isinstance(each, Died))
    assert (died.seq, died.reason) == (2, "not_exposed")
    assert events(payments)[0].at <= died.at <= clock.epoch()


def test_what_was_shown_is_written_down_when_it_is() -> None:
    """The code is the shopper's from the moment the answer is given."""
    clock = VirtualClock()
    first = Scripted("first", starts="shopper", **CLOSES)
    first.on(Kind.CHARGE, pending(action=pf.Qr("https://pay.example/1")))
    payments = client({"a": first}, clock)
    payments.pay(order(), "a")
    shown = [(each.at, each.seq) for each in events(payments) if isinstance(each, HandedOver)]
    assert shown == [(clock.epoch(), 1)]


def test_an_observer_says_what_it_would_have_done() -> None:
    """One line of the story: which channel would have been charged, when, and after what."""
    clock = VirtualClock()
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, declined(pf.Cause.CREDIT_EXHAUSTED))
    others = {name: Scripted(name, **CLOSES) for name in ("second", "third")}
    payments = client({"a": first, "b": others["second"], "c": others["third"]}, clock, autonomy="observe")
    payments.pay(order(), "a", consent=["b", "c"])
    would = [each for each in events(payments) if isinstance(each, Would)]
    assert [(each.at, each.what, each.option, each.cause) for each in would] == [
        (clock.epoch(), "charge", "b", "credit_exhausted")
    ]


def test_a_new_wish_is_written_down_with_the_next_charge() -> None:
    """The shopper comes back with another choice: the journal has it, and what was agreed to before stays agreed."""
    clock = VirtualClock()
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, declined(pf.Cause.DECLINED))
    second = Scripted("second", **CLOSES).on(Kind.CHARGE, declined(pf.Cause.DECLINED))
    third = Scripted("third").on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second, "c": third}, clock)
    payments.pay(order(), "a")
    payments.pay(order(), "b", consent=["c"])
    wishes = [(each.what, each.choice, each.consent) for each in events(payments) if isinstance(each, Asked)]
    assert wishes == [("pay", "a", ()), ("pay", "b", ("c",))]


def test_an_order_whose_question_has_to_wait_is_looked_at_again_in_its_turn() -> None:
    """The budget is spent: in seconds, not at once and not in an hour; then the question is asked."""
    clock = VirtualClock()
    only = Scripted("only", **CLOSES).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE).on(Kind.CLOSE, SILENCE)
    payments = client({"a": only}, clock)
    payments.pay(order(), "a", within=1.0)
    clock.advance(3600.0)
    before = len(only.of(Kind.QUERY))
    spend(payments, "a")
    payments.recover()
    assert len(only.of(Kind.QUERY)) == before
    due = ask(payments.journal.load, KEY).due - clock.epoch()
    assert 1.0 <= due <= 10.0
    clock.advance(due + 1.0)
    payments.recover()
    assert len(only.of(Kind.QUERY)) > before


@pytest.mark.parametrize(("days", "told"), [(0.9, 0), (2.0, 1), (9.0, 1)])
def test_a_refund_whose_channel_is_gone_is_for_a_person_after_a_day(days: float, told: int) -> None:
    """Another process may still have the channel; after a day somebody hears it, once, with the paid attempt."""
    clock = VirtualClock()
    journal = MemoryJournal(clock)
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, declined())
    second = Scripted("second", **CLOSES).on(Kind.CHARGE, captured()).on(Kind.REFUND, SILENCE)
    second.on(Kind.QUERY_REFUND, SILENCE)
    both = client({"a": first, "b": second}, clock, journal)
    both.pay(order(), "a", consent=["b"])
    both.refund(ORDER, "r-1", within=0.3)
    payments = client({"a": first}, clock, journal)
    settle(payments, clock, days * DAY)
    assert [each[:2] for each in outcomes(payments)[1:]] == [("needs_person", 2)] * told


def test_a_dispute_has_a_day_of_its_own() -> None:
    """An old charge that is disputed today is asked about for a day, before a person is called."""
    payments, clock, first, _ = fell_back()
    settle(payments, clock, 1.5 * DAY)
    first.on(Kind.QUERY, SILENCE)
    payments.report("a", f"{ORDER}01", captured())
    settle(payments, clock, DAY / 2)
    assert [kind for kind, _, _ in outcomes(payments)] == ["paid"]
    settle(payments, clock, DAY)
    assert [kind for kind, _, _ in outcomes(payments)] == ["paid", "needs_person"]

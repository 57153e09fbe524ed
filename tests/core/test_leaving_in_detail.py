"""When a charge is left for another channel, or by recovery, and when it must not be."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import (
    NEVER_SENT,
    NOT_FOUND,
    ORDER,
    QR,
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
from credit_shop import CreditShop, refused, yuan
from long_lives import KEY, ask

import payfallback as pf
from payfallback._core.events import Asked, Event, Opened, Sending
from payfallback._core.fold import evolve, fold
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock

CLOSED = says(pf.Verdict.CLOSED, named=True)
MADE = pending(provider_ref="pi_1")
CLOSES = {"close": True, "close_names_trade": True}


def shop(first: Scripted, clock: VirtualClock | None = None, **policy: Any) -> tuple[pf.Payments, Scripted]:
    """Channel `a` is this one; `b` takes what comes to it."""
    first.on(Kind.CLOSE, CLOSED)
    second = Scripted("second").on(Kind.CHARGE, captured())
    return client({"a": first, "b": second}, clock or VirtualClock(), **policy), second


def events(payments: pf.Payments) -> tuple[Event, ...]:
    """The order's journal."""
    found: tuple[Event, ...] = ask(payments.journal.load, KEY).events
    return found


@pytest.mark.parametrize(
    ("charge", "query"), [(pending(), pending()), (SILENCE, pending())], ids=["it said so", "it said so when asked"]
)
def test_what_waits_for_the_shopper_is_not_left(charge: pf.Answer, query: pf.Answer) -> None:
    """The provider took the charge and the shopper is paying: no other channel is charged by itself."""
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, charge).on(Kind.QUERY, query)
    payments, second = shop(first)
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=20.0), pf.Pending)
    assert not second.asked
    assert not first.of(Kind.CLOSE)


def test_the_second_of_two_steps_that_waits_for_the_shopper_is_not_left() -> None:
    """The charge was taken, and the shopper has to confirm it: no other channel is charged by itself."""
    first = Scripted("first", creates=True, **CLOSES).on(Kind.CREATE, MADE)
    first.on(Kind.CHARGE, pending()).on(Kind.QUERY, pending())
    payments, second = shop(first)
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=20.0), pf.Pending)
    assert not second.asked


def test_what_must_not_be_left_is_not_left_when_it_is_silent() -> None:
    """A channel that only the shopper's wish leaves stays, whatever the consent."""
    first = Scripted("first", leaves=False, **CLOSES).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments, second = shop(first)
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=20.0), pf.Pending)
    assert not second.asked
    assert not first.of(Kind.CLOSE)


def test_what_cannot_be_asked_is_closed_at_once() -> None:
    """A provider without a query falls silent: the charge is closed, and the next channel is charged."""
    first = Scripted("first", query=False, **CLOSES).on(Kind.CHARGE, SILENCE)
    payments, _ = shop(first)
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=20.0), pf.Paid)
    assert not first.of(Kind.QUERY)


def closed_at(first: Scripted, payments: pf.Payments, clock: VirtualClock, start: float) -> float:
    """Seconds after `start` at which recovery, which looks each second, closes the charge."""
    for _ in range(400):
        clock.advance(1.0)
        payments.recover()
        if first.of(Kind.CLOSE):
            break
    return round(first.of(Kind.CLOSE)[0].now - start, 3)


def test_recovery_leaves_a_charge_its_own_time() -> None:
    """What ends by itself is not closed before it has ended, with a second for the clocks."""
    clock = VirtualClock()
    first = Scripted("first", expiry=True, expiry_default=120.0, lives=300.0, **CLOSES)
    first.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments, _ = shop(first, clock)
    start = clock.epoch()
    payments.pay(order(), "a", within=1.0)
    assert 121.0 <= closed_at(first, payments, clock, start) <= 125.0


def test_recoverys_patience_counts_from_the_first_send() -> None:
    """A charge that was certainly not sent for a while is young when it is sent at last."""
    clock = VirtualClock()
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, NEVER_SENT, SILENCE).on(Kind.QUERY, SILENCE)
    payments, _ = shop(first, clock, backoff=lambda *_: 20.0)
    payments.pay(order(), "a", within=22.0)
    sent = [each for each in events(payments) if isinstance(each, Sending) and each.what == "charge"]
    assert len(sent) == 2
    assert closed_at(first, payments, clock, sent[1].at) >= 30.0


@pytest.mark.parametrize(("starts", "closes"), [("server", 1), ("shopper", 0)])
def test_what_other_code_started_is_left_by_how_it_starts(starts: str, closes: int) -> None:
    """An adopted charge that nobody shows ends by recovery; a code that other code has shown is the shopper's."""
    clock = VirtualClock()
    first = Scripted("first", starts=starts, **CLOSES).on(Kind.QUERY, pending())
    payments, _ = shop(first, clock)
    payments.adopt(order(), "a", "OLD0000001", sent_at=clock.epoch())
    for _ in range(60):
        clock.advance(10.0)
        payments.recover()
    assert len(first.of(Kind.CLOSE)) == closes


def test_what_was_shown_is_not_closed_by_patience() -> None:
    """The shopper has the code: recovery leaves it alone until the order's time ends."""
    clock = VirtualClock()
    first = Scripted("first", starts="shopper", **CLOSES).on(Kind.CHARGE, pending(action=QR)).on(Kind.QUERY, pending())
    payments, _ = shop(first, clock)
    assert isinstance(payments.pay(order(), "a"), pf.ActionRequired)
    for _ in range(60):
        clock.advance(10.0)
        payments.recover()
    assert not first.of(Kind.CLOSE)


def test_a_code_that_nobody_was_shown_is_dead_at_once() -> None:
    """Its charge fell silent, so the shopper has no code to pay with: the next channel needs no question."""
    first = Scripted("first", starts="shopper", **CLOSES).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments, _ = shop(first)
    assert isinstance(payments.pay(order(), "a", consent=["b"], within=20.0), pf.Paid)
    assert not first.of(Kind.QUERY)


def test_not_found_is_no_death_where_the_provider_sets_no_time_for_it() -> None:
    """A provider that never says for how long it may not know a charge is asked on, and may be paid."""
    clock = VirtualClock()
    first = Scripted("first", expiry=True).on(Kind.CHARGE, SILENCE)
    first.on(Kind.QUERY, lambda _: says(pf.Verdict.NOT_FOUND, provider_time=clock.epoch()))
    payments = client({"a": first}, clock, channel={"a": {"last": True}})
    payments.pay(order(), "a", within=1.0)
    settle(payments, clock, 6 * 3600.0)
    assert fold(events(payments)).attempts[0].not_found_past >= 2
    first.on(Kind.QUERY, captured())
    settle(payments, clock, 2 * 3600.0)
    assert isinstance(payments.status(ORDER), pf.Paid)


def test_what_the_shopper_leaves_is_not_sent_again() -> None:
    """The provider does not know the charge: the shopper who stays would have it sent again, who switches does not."""
    first = Scripted("first", resend=600.0, **CLOSES).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, NOT_FOUND)
    payments, _ = shop(first)
    payments.pay(order(), "a", within=0.4)
    before = len(first.of(Kind.CHARGE))
    assert isinstance(payments.switch(order(), "b", within=20.0), pf.Paid)
    assert len(first.of(Kind.CHARGE)) == before


def test_an_observer_sends_nothing_again() -> None:
    """In `observe` a charge that the provider does not know stays as it is: sending it again is an act."""
    first = Scripted("first", resend=600.0, **CLOSES).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, NOT_FOUND)
    payments, _ = shop(first, autonomy="observe")
    payments.pay(order(), "a", within=20.0)
    assert len(first.of(Kind.CHARGE)) == 1


def test_what_other_code_sent_is_not_sent_again() -> None:
    """Its request is not known well enough to be the same one."""
    clock = VirtualClock()
    first = Scripted("first", resend=600.0, **CLOSES).on(Kind.CHARGE, captured()).on(Kind.QUERY, NOT_FOUND)
    payments, _ = shop(first, clock)
    payments.adopt(order(), "a", "OLD0000001", sent_at=clock.epoch())
    payments.pay(order(), "a", within=20.0)
    assert "OLD0000001" not in [each.number for each in first.of(Kind.CHARGE)]


def test_a_first_step_that_is_refused_forgets_nothing() -> None:
    """Refused elsewhere before, refused here as well: the third channel is charged, and none is tried twice."""
    first, third = (
        Scripted("first", **CLOSES).on(Kind.CHARGE, declined()),
        Scripted("third").on(Kind.CHARGE, captured()),
    )
    second = Scripted("second", creates=True, **CLOSES).on(Kind.CREATE, declined())
    payments = client({"a": first, "b": second, "c": third}, VirtualClock())
    assert isinstance(payments.pay(order(), "a", consent=["b", "c"], within=20.0), pf.Paid)
    assert (len(first.asked), len(second.asked), len(third.asked)) == (1, 1, 1)
    times = [each.at for each in events(payments)]
    assert times == sorted(times)


def test_a_first_step_waits_as_long_as_it_was_told() -> None:
    """The provider was not reached and says when to come back: it is made again then, not sooner."""
    later = pf.Answer(verdict=pf.Verdict.NOT_SENT, cause=pf.Cause.NETWORK, retry_after=3.0)
    first = Scripted("first", creates=True, **CLOSES).on(Kind.CREATE, later, MADE).on(Kind.CHARGE, captured())
    payments = client({"a": first}, VirtualClock(), backoff=lambda *_: 0.1)
    assert isinstance(payments.pay(order(), "a", within=20.0), pf.Paid)
    made = first.of(Kind.CREATE)
    assert round(made[1].now - made[0].now, 3) == 3.0


def test_a_limit_of_the_smallest_coin_is_a_glitch() -> None:
    """One fen is a limit that nobody has; no limit at all is a refusal."""
    for limit, causes in (("0.01", ["baitiao/12", "baitiao/12", "wechat"]), ("0.00", ["baitiao/12", "wechat"])):
        made = CreditShop(refused(pf.Cause.CREDIT_EXHAUSTED, limit=yuan(limit)))
        made.pay("A1")
        assert made.charged() == causes


def test_a_record_is_never_changed_by_what_follows_it() -> None:
    """What is known before a further event stays as it was, for whoever holds it: a commit that fails is forgotten."""
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, declined())
    payments, _ = shop(first)
    payments.pay(order(), "a", consent=["b"])
    story = events(payments)
    before = fold(story)
    requests = [each.requests for each in before.attempts]
    after = evolve(before, [Sending(story[-1].at, 1, 7, "close", story[-1].at + 1.0)])
    assert [each.requests for each in before.attempts] == requests
    assert after.attempts[0].requests == 7


def test_what_was_asked_for_is_asked_for_once() -> None:
    """The same choice again is no news: the journal has one wish of the shopper's, with the choice and the time."""
    clock = VirtualClock()
    first = Scripted("first").on(Kind.CHARGE, declined(pf.Cause.DECLINED), captured())
    payments = client({"a": first}, clock, MemoryJournal(clock))
    payments.pay(order(), "a")
    payments.pay(order(), "a")
    story = events(payments)
    wishes = [each for each in story if isinstance(each, Asked)]
    assert [each.choice for each in wishes] == ["a"]
    opened = story[0]
    assert isinstance(opened, Opened)
    assert fold(story).opened_at == opened.at
    assert opened.order_id == ORDER

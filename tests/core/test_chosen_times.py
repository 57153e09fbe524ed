"""When a provider is asked, told and left: never before it can know, at its own pace, not twice where once is meant."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from core_world import (
    NEVER_SENT,
    QR,
    SILENCE,
    Scripted,
    captured,
    client,
    pending,
    says,
    settle,
)
from long_lives import KEY, ask
from money_shop import ORDER, order

import payfallback as pf
from payfallback._core.events import Died, Event
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock

NAMED: dict[str, Any] = {"close": True, "close_names_trade": True}


def since(provider: Scripted, kind: Kind) -> list[float]:
    """Seconds after the first charge at which it was asked something of this kind."""
    sent = provider.of(Kind.CHARGE)[0].now
    return [round(each.now - sent, 3) for each in provider.of(kind)]


def events(payments: pf.Payments) -> tuple[Event, ...]:
    """The order's journal."""
    return tuple(ask(payments.journal.load, KEY).events)


@pytest.mark.parametrize("every", [0.5, 2.0, 5.0])
def test_a_waiting_shopper_s_questions_come_at_the_channel_s_pace(every: float) -> None:
    """The second question waits for `query_every`; the later ones wait longer, up to five times as long."""
    clock, only = VirtualClock(), Scripted("only", query_every=every, **NAMED)
    only.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    client({"a": only}, clock).pay(order(), "a", within=100.0)
    pauses = [round(later - sooner, 3) for sooner, later in pairwise(since(only, Kind.QUERY))]
    assert pauses[0] == every
    assert pauses == sorted(pauses)
    assert pauses[-1] <= 5 * every


def test_a_provider_that_cannot_know_yet_is_not_asked() -> None:
    """A question before `query_after` would find nothing, which proves nothing."""
    clock, only = VirtualClock(), Scripted("only", query_after=3.0, **NAMED)
    only.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, captured())
    assert isinstance(client({"a": only}, clock).pay(order(), "a", within=10.0), pf.Paid)
    assert since(only, Kind.QUERY) == [3.0]


def test_what_the_shopper_holds_is_known_to_the_provider() -> None:
    """A code that was shown is asked about at recovery's first look, whatever `query_after` says of silent charges."""
    clock, only = VirtualClock(), Scripted("only", starts="shopper", query_after=60.0, **NAMED)
    only.on(Kind.CHARGE, pending(action=QR)).on(Kind.QUERY, captured())
    payments = client({"a": only}, clock)
    payments.pay(order(), "a")
    clock.advance(5.0)
    payments.recover()
    assert since(only, Kind.QUERY) == [5.0]


def test_a_charge_is_as_old_as_its_sending() -> None:
    """Planned, not sent, and sent two seconds later: what the provider needs first counts from then."""
    clock, only = VirtualClock(), Scripted("only", query_after=3.0, close_after=6.0, **NAMED)
    only.on(Kind.CHARGE, NEVER_SENT, SILENCE).on(Kind.QUERY, SILENCE)
    only.on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    payments = client({"a": only, "b": Scripted("b", **NAMED)}, clock, backoff=lambda *_: 2.0)
    payments.pay(order(), "a", consent=["b"], within=5.5)
    assert since(only, Kind.CHARGE) == [0.0, 2.0]
    assert since(only, Kind.QUERY) == [5.0]
    payments.cancel(ORDER, within=60.0)
    assert since(only, Kind.CLOSE) == [8.0]


@pytest.mark.parametrize(("shown", "asked"), [(True, 1.0), (False, 10.0)])
def test_who_leaves_asks_first_when_the_provider_can_know(shown: bool, asked: float) -> None:
    """Cancelled a second later: what the shopper holds is asked about at once, a silent charge at `query_after`."""
    clock, only = VirtualClock(), Scripted("only", query_after=10.0, close_after=20.0, **NAMED)
    only.on(Kind.CHARGE, pending(action=QR) if shown else SILENCE).on(Kind.QUERY, SILENCE)
    only.on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    payments = client({"a": only}, clock)
    payments.pay(order(), "a", within=0.5)
    clock.advance(1.0 - (clock.epoch() - only.of(Kind.CHARGE)[0].now))
    payments.cancel(ORDER, within=60.0)
    assert since(only, Kind.QUERY)[0] == asked
    assert since(only, Kind.CLOSE) == [20.0]


def test_nothing_is_sent_again_after_the_order_s_end() -> None:
    """A request that may be repeated is repeated until `pay_by`, not as long as somebody waits."""
    clock, only = VirtualClock(), Scripted("only", resend=600.0, query=False, **NAMED)
    only.on(Kind.CHARGE, says(pf.Verdict.UNKNOWN, resendable=True))
    payments = client({"a": only}, clock, pay_by=5.0, backoff=lambda *_: 3.0)
    payments.pay(order(), "a", within=20.0)
    assert since(only, Kind.CHARGE) == [0.0, 3.0]


def test_recovery_closes_once_a_look() -> None:
    """A close that nobody answers is repeated at the next look, not over and over in one."""
    clock, only = VirtualClock(), Scripted("only", **NAMED)
    only.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE).on(Kind.CLOSE, SILENCE)
    payments = client({"a": only}, clock)
    payments.pay(order(), "a", within=0.5)
    for looks in range(1, 4):
        clock.advance(3600.0)
        payments.recover()
        assert len(only.of(Kind.CLOSE)) == looks


@pytest.mark.parametrize("closes", [True, False])
def test_a_charge_that_is_being_closed_can_run_out(closes: bool) -> None:
    """Whether its close is never answered or there is none: the provider does not find the charge after its expiry,
    twice, so it is dead."""
    clock = VirtualClock()
    only = Scripted("only", expiry=True, expiry_default=60.0, not_found_after=10.0, close=closes)
    only.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE).on(Kind.CLOSE, SILENCE)
    payments = client({"a": only}, clock)
    payments.pay(order(), "a", within=0.5)
    settle(payments, clock, 60.0)
    assert bool(only.of(Kind.CLOSE)) is closes
    only.on(Kind.QUERY, lambda _: says(pf.Verdict.NOT_FOUND, provider_time=clock.epoch()))
    settle(payments, clock, 6 * 3600.0)
    assert [(each.seq, each.reason) for each in events(payments) if isinstance(each, Died)] == [(1, "not_found")]


def test_who_has_not_the_channel_does_not_make_others_forget() -> None:
    """One worker is configured without the first channel: a dead charge there stays due, for those who can ask, and
    for no longer than any channel's dead are watched."""
    clock = VirtualClock()
    journal = MemoryJournal(clock)
    first = Scripted("first", watch=86400.0, **NAMED).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    first.on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    second = Scripted("second", **NAMED).on(Kind.CHARGE, captured())
    both = client({"a": first, "b": second}, clock, journal)
    assert isinstance(both.pay(order(), "a", consent=["b"], within=30.0), pf.Paid)
    other = client({"b": second}, clock, journal)
    looked = []
    for _ in range(12 * 24):
        clock.advance(3600.0)
        looked.append(other.recover().looked)
    assert looked[:24] == [1] * 24
    assert sum(looked) == 24 + 9
    assert looked[-24:] == [0] * 24

"""What is dead is watched: when it is asked about again, when it is closed again, and when that ends."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import SILENCE, Scripted, client, says
from money_shop import ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.testing import VirtualClock

NAMED: dict[str, Any] = {"close": True, "close_names_trade": True}
STEPS = (*[5.0] * 80, *[100.0] * 80, *[1800.0] * 48)  # a bit more than a day


def times(provider: Scripted, kind: Kind) -> list[float]:
    """Seconds after the charge at which it was asked something of this kind, to the second."""
    sent = provider.of(Kind.CHARGE)[0].now
    return [round(each.now - sent) for each in provider.of(kind)]


def a_day(payments: pf.Payments, clock: VirtualClock) -> tuple[int, int]:
    """Recovery, often at first: the orders that it looked at, and those that failed."""
    done = []
    for step in STEPS:
        clock.advance(step)
        done.append(payments.recover())
    return sum(each.looked for each in done), sum(each.failed for each in done)


def closed(**declared: Any) -> tuple[pf.Payments, VirtualClock, Scripted]:
    """A silent charge that was cancelled, closed by name at once, and is not found any more."""
    clock = VirtualClock()
    only = Scripted("only", **{"watch": 7200.0, **NAMED, **declared}).on(Kind.CHARGE, SILENCE)
    only.on(Kind.QUERY, SILENCE).on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    payments = client({"a": only}, clock)
    payments.pay(order(), "a", within=0.5)
    assert isinstance(payments.cancel(ORDER, within=3.0), pf.NotPaid)
    only.asked[:] = only.of(Kind.CHARGE)
    only.on(Kind.QUERY, says(pf.Verdict.NOT_FOUND))
    return payments, clock, only


def test_what_was_closed_is_asked_about_three_times_more() -> None:
    """After five minutes, after an hour, and when the watch ends."""
    payments, clock, only = closed()
    a_day(payments, clock)
    assert times(only, Kind.QUERY) == [300, 3600, 7200]
    assert only.of(Kind.CLOSE) == []


def test_a_watch_that_is_over_soon_has_one_last_look() -> None:
    """Shorter than the first look: that one is made, and none after it."""
    payments, clock, only = closed(watch=60.0)
    looked, _ = a_day(payments, clock)
    assert (times(only, Kind.QUERY), looked) == ([300], 1)


def never_shown(answer: pf.Answer, autonomy: str = "switch", **declared: Any) -> tuple[Scripted, tuple[int, int]]:
    """A day after a charge whose code never came, so that nothing could be shown and nothing can be paid."""
    clock = VirtualClock()
    only = Scripted("only", starts="shopper", **{"watch": 7200.0, **NAMED, **declared}).on(Kind.CHARGE, SILENCE)
    only.on(Kind.QUERY, says(pf.Verdict.NOT_FOUND)).on(Kind.CLOSE, answer)
    payments = client({"a": only}, clock, autonomy=autonomy, pay_by=7200.0)
    assert isinstance(payments.pay(order(), "a", within=0.5), pf.NotPaid)
    return only, a_day(payments, clock)


@pytest.mark.parametrize(
    ("declared", "closes"),
    [({}, [5, 3600]), ({"close_after": 30.0}, [3600]), ({"close_until": 600.0}, [5])],
    ids=["at each look", "not too early", "not too late"],
)
def test_what_was_never_shown_is_closed_at_each_look(declared: dict[str, Any], closes: list[int]) -> None:
    """Nobody can pay it, and the provider may hold it open all the same: closed once a look while the watch lasts."""
    only, (looked, failed) = never_shown(SILENCE, **declared)
    assert times(only, Kind.CLOSE) == closes
    assert (looked, failed) == (3, 0)


def test_what_was_closed_once_is_not_closed_again() -> None:
    """The provider's word for it is enough."""
    only, _ = never_shown(says(pf.Verdict.CLOSED, named=True))
    assert times(only, Kind.CLOSE) == [5]


def test_who_only_observes_asks_and_does_not_close() -> None:
    """Closing is the shop's own to do there; the watch goes on."""
    only, (_, failed) = never_shown(SILENCE, "observe")
    assert (only.of(Kind.CLOSE), failed) == ([], 0)
    assert times(only, Kind.QUERY)[-1] == 7200

"""I8 and I14: whatever is unfinished has a time at which somebody looks again, and looking is bounded."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import NOT_FOUND, SILENCE, Scripted, captured, client, declined, meanwhile, settle
from money_shop import KINDS, ORDER, order, shop

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock

HOUR, DAY = 3600.0, 86400.0


def due(payments: pf.Payments) -> float | None:
    """When the journal says that the order must be looked at again."""
    found: list[Any] = []
    payments.journal.load(f"|{ORDER}", found.append)
    at: float | None = found[0].due
    return at


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["hang", "http_503", "reply_lost", "delivered_late", "appears_late:60"])
def test_what_is_open_has_a_time(kind: str, fault: str) -> None:
    """After any silence the order is due, soon and in the future."""
    with shop({"a": kind, "b": "named"}).lab() as lab:
        lab.outage("a", fault)
        result = lab.client.pay(order(), "a")
        at, now = due(lab.client), lab.clock.epoch()
        assert isinstance(result, pf.Paid) or (at is not None and now <= at <= now + HOUR)


def test_a_charge_under_way_has_a_time() -> None:
    """While the request is out, the journal already holds the moment at which its silence is a crash."""
    clock, seen = VirtualClock(), []
    only = Scripted("only")
    payments = client({"a": only}, clock, channel={"a": {"timeout": 3.0}})
    only.on(Kind.CHARGE, meanwhile(lambda: seen.append(due(payments)), captured()))
    payments.pay(order(), "a")
    assert seen[0] is not None
    assert clock.epoch() + 3.0 <= seen[0] <= clock.epoch() + 4.0


def test_a_shown_code_has_a_time() -> None:
    """A QR code in the shopper's hand is looked at again, and after its expiry too."""
    with shop({"a": "qr"}).lab() as lab:
        assert isinstance(lab.client.pay(order(), "a"), pf.ActionRequired)
        assert due(lab.client) is not None
        lab.advance(10 * 60.0)
        lab.recover()
        assert isinstance(lab.client.status(ORDER), pf.NotPaid)
        assert due(lab.client) is not None


def test_a_dead_attempt_is_watched_until_its_horizon() -> None:
    """An attempt that was closed stays due until the next day's bill is past, and not for ever."""
    with shop({"a": "named", "b": "named"}).lab() as lab:
        sent, looks = lab.clock.epoch(), 0
        lab.outage("a", "user_paying")
        assert isinstance(lab.client.pay(order(), "a"), pf.Pending)
        assert isinstance(lab.client.switch(order(), "b"), pf.Paid)
        while (at := due(lab.client)) is not None:
            lab.advance(max(0.001, at - lab.clock.epoch()))
            lab.recover()
            looks += 1
        assert 2 * DAY <= lab.clock.epoch() - sent <= 2 * DAY + HOUR
        assert lab.ledger.arrivals(ORDER, Kind.QUERY)[-1].at - sent >= 2 * DAY  # the last look is made, too
        assert looks <= 10


def test_an_attempt_that_was_never_sent_is_not_watched() -> None:
    """Nothing left the house, so nothing can come back."""
    with shop({"a": "named"}).lab() as lab:
        lab.outage("a", "refused")
        assert isinstance(lab.client.pay(order(), "a"), pf.NotPaid)
        lab.advance(HOUR)
        lab.recover()
        assert due(lab.client) is None


def test_a_paid_order_is_left_alone() -> None:
    """Nothing is open once the first attempt was captured."""
    with shop({"a": "named"}).lab() as lab:
        lab.client.pay(order(), "a")
        assert due(lab.client) is None


def _mute(**declared: Any) -> tuple[pf.Payments, VirtualClock, Scripted]:
    """A channel that took a charge and never says another word, last in its route."""
    clock = VirtualClock()
    mute = Scripted("mute", **declared).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE).on(Kind.CLOSE, SILENCE)
    payments = client({"a": mute}, clock, MemoryJournal(clock), channel={"a": {"last": True}})
    payments.pay(order(), "a")
    return payments, clock, mute


@pytest.mark.parametrize("declared", [{}, {"close": True}, {"query": False}], ids=str)
def test_what_nobody_can_prove_stands_before_a_person(declared: dict[str, Any]) -> None:
    """After a day of silence a person is told, once, and the order is still watched."""
    payments, clock, _ = _mute(**declared)
    settle(payments, clock, 3 * DAY)
    told: list[pf.Outcome] = []
    payments.deliver(told.append)
    assert [each.kind for each in told] == ["needs_person"]
    assert due(payments) is not None
    assert isinstance(payments.status(ORDER), pf.Pending)


@pytest.mark.parametrize("answer", [SILENCE, NOT_FOUND], ids=["silence", "not found"])
def test_questions_are_bounded(answer: pf.Answer) -> None:
    """Three days of recovery ask a silent provider a few times at first, then hourly, then daily."""
    payments, clock, mute = _mute(close=True)
    mute.on(Kind.QUERY, answer)
    asked = len(mute.asked)
    settle(payments, clock, 3 * DAY)
    assert 24 <= len(mute.asked) - asked <= 80


def test_recovery_looks_at_the_ages_that_are_written_down() -> None:
    """5, 15, 30, 60 and 300 seconds old, then every hour, and after a day every day."""
    clock, asked = VirtualClock(), []
    only = Scripted("only").on(Kind.CHARGE, SILENCE)
    payments = client({"a": only}, clock, pay_by=30.0, channel={"a": {"last": True}})
    sent = clock.epoch()
    payments.pay(order(), "a", within=1.0)
    only.on(Kind.QUERY, meanwhile(lambda: asked.append(clock.epoch() - sent), SILENCE))
    while (at := due(payments) or 0.0) <= sent + 3 * DAY:
        clock.advance(at - clock.epoch())
        payments.recover()
    hours = [hour * HOUR for hour in range(1, 24)]
    assert asked == [5.0, 15.0, 30.0, 60.0, 300.0, *hours, DAY, 2 * DAY, 3 * DAY]


def test_one_pay_asks_a_bounded_number_of_times() -> None:
    """However long the shopper waits, one call sends a handful of requests."""
    clock = VirtualClock()
    mute = Scripted("mute", close=True, query_every=0.1).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, NOT_FOUND)
    client({"a": mute}, clock, channel={"a": {"last": True}}).pay(order(), "a", within=300.0)
    assert len(mute.of(Kind.CHARGE)) == 1
    assert len(mute.asked) <= 200


def test_attempts_are_bounded() -> None:
    """No order gets more than `max_attempts` attempts, however often the shopper clicks."""
    clock, only = VirtualClock(), Scripted("only").on(Kind.CHARGE, declined(pf.Cause.DECLINED))
    payments = client({"a": only}, clock, max_attempts=4)
    for _ in range(12):
        payments.pay(order(), "a")
    assert len(only.of(Kind.CHARGE)) == 4

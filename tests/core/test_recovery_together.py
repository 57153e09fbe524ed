"""Payments that old code has open, and recoveries that run side by side."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from core_world import FIRST, SILENCE, Scripted, Town, captured, client, on_file, pending, says, settle
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback._tally import BATCH
from payfallback.journal.sqlite import SqliteJournal
from payfallback.policy import CircuitPolicy
from payfallback.testing import VirtualClock

OLD = "OLD0000001"
HOUR = 3600.0
CALM = CircuitPolicy(failures_in_a_row=1000, minimum=1000)  # a circuit that never opens


def adopted(**declared: Any) -> tuple[pf.Payments, VirtualClock, Scripted]:
    """A shop that goes live today, with one payment that its old code sent a minute ago."""
    clock = VirtualClock()
    first = Scripted("first", **{"close": True, "close_names_trade": True, **declared}).on(Kind.QUERY, pending())
    second = Scripted("second").on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second}, clock)
    payments.adopt(order(), "a", OLD, sent_at=clock.epoch() - 60.0)
    return payments, clock, first


# ---------------------------------------------------------------- adopted


def test_an_adopted_payment_is_found_and_told() -> None:
    """It is asked about under its own number, pays the order, and the shop hears of it; nothing was charged."""
    payments, clock, first = adopted()
    first.on(Kind.QUERY, captured())
    settle(payments, clock, 60.0)
    result, told = payments.status(ORDER), []
    payments.deliver(lambda outcome: told.append(outcome.kind))
    assert isinstance(result, pf.Paid)
    assert (result.number, told) == (OLD, ["paid"])
    assert first.of(Kind.CHARGE) == []


def test_an_adopted_payment_stands_in_the_way() -> None:
    """While it is open, `pay` charges nothing: neither its channel nor another."""
    payments, _, first = adopted()
    assert isinstance(payments.pay(order(), "b"), pf.Pending)
    assert first.of(Kind.CHARGE) == []


def test_an_adopted_payment_can_be_left() -> None:
    """At the shopper's wish it is closed, and then the other way is charged."""
    payments, _, first = adopted()
    first.on(Kind.CLOSE, says(pf.Verdict.CLOSED, named=True))
    result = payments.switch(order(), "b")
    assert isinstance(result, pf.Paid)
    assert result.option == "b"
    assert [each.number for each in first.of(Kind.CLOSE)] == [OLD]


def test_an_adopted_code_may_be_in_the_shoppers_hand() -> None:
    """Nobody knows whether old code showed its QR code: it is not called dead for never having been handed over."""
    payments, clock, _ = adopted(
        starts="shopper", close=False, close_names_trade=False, expiry=True, not_found_after=9.0
    )
    settle(payments, clock, 60.0)
    assert isinstance(payments.pay(order(), "b"), pf.Pending)


@pytest.mark.parametrize("then", ["open", "paid"])
def test_a_payment_is_adopted_once(then: str) -> None:
    """An order that has an attempt, or is paid, takes no other over."""
    payments, clock, first = adopted()
    if then == "paid":
        first.on(Kind.QUERY, captured())
        settle(payments, clock, 60.0)
    with pytest.raises(pf.OrderConflict):
        payments.adopt(order(), "a", "OLD0000002", sent_at=clock.epoch())


# ---------------------------------------------------------------- side by side


def test_recoveries_side_by_side_settle_every_order_once(tmp_path: Path) -> None:
    """Four processes recover the same thirty orders at once: each is paid, told once, and asked about a few times."""
    names = [f"R{n:05}" for n in range(30)]
    with Town({"a": "named", "b": "named"}, on_file(tmp_path), channel={"a": {"circuit": CALM}}) as town:
        town.faults.outage("a", "reply_lost", operation="charge")
        town.faults.outage("a", "hang", operation="query")
        payer = town.process()
        for name in names:
            assert isinstance(payer.pay(pf.Order(name, AMOUNT), "a", within=0.4), pf.Pending)
        town.faults.lift()
        town.clock.advance(20.0)
        crew = [town.process() for _ in range(4)]
        begin = threading.Barrier(len(crew))
        threads = [threading.Thread(target=lambda p=each: (begin.wait(), p.recover())) for each in crew]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert [type(payer.status(name)) for name in names] == [pf.Paid] * 30
        told: list[str] = []
        while payer.deliver(lambda outcome: told.append(outcome.id)):
            pass
        assert sorted(told) == [f"{name}:paid" for name in names]
        assert len(town.ledger.arrivals(kind=Kind.QUERY)) <= 3 * len(names)
        assert len(town.ledger.captures()) == len(names)


def test_a_recovery_with_a_limit_says_what_is_left() -> None:
    """`limit` bounds one call; `left` counts what is due and was not looked at."""
    clock = VirtualClock()
    only = Scripted("only", close=True).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments = client({"a": only}, clock, channel={"a": {"last": True, "circuit": CALM}})
    for n in range(12):
        payments.pay(pf.Order(f"R{n:05}", AMOUNT), "a", within=0.1)
    clock.advance(30.0)
    only.on(Kind.QUERY, captured())
    first = payments.recover(limit=5)
    assert (first.looked, first.settled, first.left) == (5, 5, 7)
    assert payments.recover().settled == 7


def test_one_damaged_order_does_not_stop_recovery() -> None:
    """A provider whose answer breaks its reader is unknown, and the orders after it are recovered."""
    clock = VirtualClock()
    only = Scripted("only", close=True).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments = client({"a": only}, clock, channel={"a": {"last": True}})
    for n in range(3):
        payments.pay(pf.Order(f"R{n:05}", AMOUNT), "a", within=0.1)
    clock.advance(30.0)
    only.on(Kind.QUERY, ValueError("not what it seems"), captured())
    assert payments.recover().looked == 3
    paid = [isinstance(payments.status(f"R{n:05}"), pf.Paid) for n in range(3)]
    assert paid.count(True) == 2


def test_an_observed_order_stays_observed_in_recovery() -> None:
    """What was begun with no autonomy is not closed by a recovery that has all of it."""
    clock = VirtualClock()
    first = Scripted("first", close=True, close_names_trade=True).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, pending())
    watched = client({"a": first}, clock, autonomy="observe")
    watched.pay(order(), "a")
    settle(client({"a": first}, clock, watched.journal), clock, 4 * HOUR)
    assert first.of(Kind.CLOSE) == []
    assert first.asked[0].number == FIRST


def test_orders_of_a_newer_version_hold_up_nobody(tmp_path: Path) -> None:
    """More of them than a batch holds are due before ours: one `recover` reaches it all the same, and `due` names it to
    an engine."""
    clock = VirtualClock()
    journal = SqliteJournal(tmp_path / "journal.db", clock=clock, allow_volatile=True)
    only = Scripted("only", close=True).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments = client({"a": only}, clock, journal, channel={"a": {"last": True, "circuit": CALM}})
    for name in (*(f"N{n:04}" for n in range(BATCH + 5)), "OURS"):
        payments.pay(pf.Order(name, AMOUNT), "a", within=0.1)
    with closing(sqlite3.connect(journal.path)) as other, other:
        other.execute("""UPDATE orders SET log = replace(log, '"opened"', '"opened_anew"') WHERE order_id LIKE 'N%'""")
    clock.advance(30.0)
    assert [each.order_id for each in payments.due(limit=5)] == ["OURS"]
    only.on(Kind.QUERY, captured())
    done = payments.recover()
    assert (done.looked, done.settled, done.left) == (1, 1, BATCH + 5)
    assert isinstance(payments.status("OURS"), pf.Paid)

"""What a journal remembers of the orders that it could not read."""

from __future__ import annotations

from collections.abc import Callable

from journal_cases import HandClock

from payfallback.journal._unreadable import MOST, REMEMBERED, Unreadable, damaged


def unreadable() -> str:
    """What reading such an order does."""
    raise damaged("A1")


def refused() -> str:
    """What must not be called."""
    raise AssertionError


def test_it_is_tried_again_after_a_while() -> None:
    """Not for a minute; then a backup may have come back, and the order is an order like any other."""
    clock = HandClock()
    orders = Unreadable(clock.epoch)
    assert orders.tried("A1", unreadable) is None
    clock.turn(REMEMBERED - 1)
    assert (orders.tried("A1", refused), orders.keys()) == (None, ["A1"])
    clock.turn(1)
    assert (orders.keys(), orders.tried("A1", lambda: "events")) == ([], "events")
    assert (len(orders), orders.tried("A1", lambda: "events")) == (0, "events")


def test_it_remembers_a_bounded_number() -> None:
    """The rest is read again each time; those whose time is over make room."""
    clock = HandClock()
    orders = Unreadable(clock.epoch)
    read: Callable[[], str] = unreadable
    for n in range(MOST + 3):
        orders.tried(f"A{n}", read)
    assert (len(orders), orders.tried(f"A{MOST + 1}", lambda: "events")) == (MOST, "events")
    clock.turn(REMEMBERED)
    orders.tried("B", unreadable)
    assert orders.keys() == ["B"]

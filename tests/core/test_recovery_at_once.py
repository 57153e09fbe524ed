"""One `recover` that looks at several orders side by side: what is silent holds up one worker, not the others."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import pytest
from core_world import SILENCE, JournalThatFails, Scripted, captured, client
from money_shop import AMOUNT

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback._tally import MOST_AT_ONCE
from payfallback.journal.memory import MemoryJournal
from payfallback.policy import CircuitPolicy
from payfallback.testing import VirtualClock

CALM = {"last": True, "circuit": CircuitPolicy(failures_in_a_row=1000, minimum=1000)}
PATIENCE = 60.0  # real seconds for what happens within milliseconds


def left_open(*channels: Scripted, orders: int = 1) -> tuple[dict[str, Any], MemoryJournal, VirtualClock]:
    """Orders whose charges nobody answered, so many of each channel in turn, and due; their providers by channel."""
    clock = VirtualClock()
    journal, providers = MemoryJournal(clock), {each.account.name: each for each in channels}
    payments = client(providers, clock, journal, channel=dict.fromkeys(providers, CALM))
    for name in providers:
        for n in range(orders):
            payments.pay(pf.Order(f"{name.upper()}{n:05}", AMOUNT), name, within=0.1)
    clock.advance(30.0)
    return providers, journal, clock


def silent(name: str) -> Scripted:
    """A provider that has not answered yet."""
    return Scripted(name, close=True).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)


def again(providers: dict[str, Any], clock: VirtualClock, journal: Any) -> pf.Payments:
    """Another process of the shop."""
    return client(providers, clock, journal, channel=dict.fromkeys(providers, CALM))


def test_a_silent_provider_holds_up_one_worker() -> None:
    """While the question about one order hangs, another thread of the call settles the orders of other channels."""
    stuck, swift = silent("stuck"), silent("swift")
    providers, journal, clock = left_open(stuck, swift, orders=3)
    hangs, asked = threading.Event(), threading.Semaphore(0)

    def quick(operation: Operation) -> pf.Answer:
        asked.release()
        return captured()

    def slow(operation: Operation) -> pf.Answer:
        stuck.on(Kind.QUERY, captured())
        for _ in range(3):  # until all of the other channel were asked about
            if not asked.acquire(timeout=PATIENCE):
                return captured()
        hangs.set()
        return captured()

    stuck.on(Kind.QUERY, slow)
    swift.on(Kind.QUERY, quick)
    done = again(providers, clock, journal).recover(at_once=2)
    assert hangs.is_set()
    assert (done.looked, done.settled, done.left) == (6, 6, 0)


def test_one_at_a_time_is_the_default_of_threads() -> None:
    """Without `at_once` a sync client starts no thread: every question is asked from the caller's."""
    only = silent("only")
    providers, journal, clock = left_open(only, orders=5)
    threads: set[int] = set()

    def answer(operation: Operation) -> pf.Answer:
        threads.add(threading.get_ident())
        return captured()

    only.on(Kind.QUERY, answer)
    assert again(providers, clock, journal).recover().settled == 5
    assert threads == {threading.get_ident()}


@pytest.mark.anyio
async def test_tasks_look_side_by_side() -> None:
    """An async client looks at eight orders at a time unless told otherwise: eight questions are under way together."""
    only = silent("only")
    providers, journal, clock = left_open(only, orders=20)
    together, all_here = 0, anyio.Event()

    async def slow(operation: Operation) -> pf.Answer:
        nonlocal together
        together += 1
        if together == 8:
            all_here.set()
        with anyio.fail_after(PATIENCE):
            await all_here.wait()
        return captured()

    only.is_async = True
    only.on(Kind.QUERY, slow)
    arguments = pf.channels(providers, channel={"only": {**CALM, "timeout": PATIENCE}})
    async with pf.AsyncPayments(**arguments, journal=journal, clock=clock) as payments:
        done = await payments.recover()
    assert (done.looked, done.settled, done.left) == (20, 20, 0)


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_limit_holds_for_all_workers_together(at_once: int) -> None:
    """`limit` bounds one call, however many workers share it."""
    only = silent("only")
    providers, journal, clock = left_open(only, orders=12)
    only.on(Kind.QUERY, captured()).asked.clear()
    payments = again(providers, clock, journal)
    first = payments.recover(limit=7, at_once=at_once)
    assert (first.looked, first.settled) == (7, 7)
    assert len(only.of(Kind.QUERY)) == 7
    clock.advance(60.0)  # what a worker had claimed in vain is free again
    assert payments.recover(at_once=at_once).settled == 5


@pytest.mark.anyio
@pytest.mark.parametrize("at_once", [1, 4])
async def test_a_journal_that_is_away_is_one_error(at_once: int) -> None:
    """`JournalUnavailable` is raised by itself, not in a group of errors, whoever of the workers met it."""
    only = silent("only")
    providers, journal, clock = left_open(only)
    away = Unclaimable(journal)
    async with pf.AsyncPayments(**pf.channels(providers), journal=away, clock=clock) as payments:  # type: ignore[arg-type]  # a journal, but for `claim`
        with pytest.raises(pf.JournalUnavailable):
            await payments.recover(at_once=at_once)
    with pytest.raises(pf.JournalUnavailable):
        again(providers, clock, away).recover(at_once=at_once)


class Unclaimable(JournalThatFails):
    """A journal that hands out no orders."""

    def claim(self, owner: str, lease: float, limit: int, done: Any, **_: Any) -> None:
        """`JournalUnavailable`."""
        done(pf.JournalUnavailable("the disk is full"))


@pytest.mark.parametrize("at_once", [0, -1, MOST_AT_ONCE + 1, 1.5, "4", True])
def test_a_number_of_workers_that_is_none(at_once: Any) -> None:
    """Refused before anything is claimed, with what would be right."""
    providers, journal, clock = left_open(silent("only"))
    with pytest.raises(pf.ProgrammingError, match="at_once"):
        again(providers, clock, journal).recover(at_once=at_once)

"""Tasks that are cancelled, callers that are interrupted, threads that answer late: what is known is never guessed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from core_world import Scripted, captured
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.events import Seen
from payfallback._core.operations import Kind, Operation
from payfallback._core.state import Status
from payfallback.journal.memory import MemoryJournal
from payfallback.journal.sqlite import SqliteJournal
from payfallback.ports import Commit, Done, Journal
from payfallback.testing import VirtualClock

SOON = 20.0  # seconds at most for what happens within milliseconds


class Held:
    """A journal that says nothing of its first commit, although it is durable, until it is let go."""

    def __init__(self, inner: Journal, meanwhile: Callable[[], object] = lambda: None) -> None:
        self._inner, self._meanwhile, self._first = inner, meanwhile, True
        self.durable, self.release = threading.Event(), threading.Event()

    def submit(self, commit: Commit, done: Done) -> None:
        """`done(Receipt)`, in its time."""
        if not self._first:
            self._inner.submit(commit, done)
            return
        self._first = False

        def hold(receipt: Any) -> None:
            self.durable.set()
            self._meanwhile()
            self.release.wait(SOON)
            done(receipt)

        self._inner.submit(commit, hold)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    """A real file."""
    opened = SqliteJournal(tmp_path / "journal.db", allow_volatile=True)
    yield opened
    opened.close()


def evidence(journal: Journal) -> list[tuple[str, str, str]]:
    """What the journal has seen of the order."""
    found: list[Any] = []
    journal.load(f"|{ORDER}", found.append)
    events = found[0].events if found[0] is not None else ()
    return [(each.what, each.verdict, each.source) for each in events if isinstance(each, Seen)]


def until(holds: Callable[[], bool]) -> None:
    """Wait for another thread, for some milliseconds."""
    end = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


def shortly(act: Callable[[], object]) -> None:
    """Do it in some milliseconds, in a thread of its own."""
    threading.Timer(0.02, act).start()


def wake(clock: VirtualClock) -> Any:
    """A sleep for async clients that lets virtual time pass."""

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)
        await anyio.lowlevel.checkpoint()

    return sleep


def last(provider: Scripted, **more: Any) -> dict[str, Any]:
    """Arguments of a client with one channel, last in its route."""
    return pf.channels({"a": provider}, channel={"a": {"last": True, **more}})


# ---------------------------------------------------------------- cancelled while it becomes durable


@pytest.mark.anyio
async def test_cancelled_in_a_commit_it_is_written_down_as_never_sent(journal: SqliteJournal) -> None:
    """The task is cancelled while its intent becomes durable: nothing is sent, and the journal says so."""
    only, held = Scripted("only", is_async=True).on(Kind.CHARGE, captured()), Held(journal)
    payments = pf.AsyncPayments(**last(only), journal=held)
    cancelled = []
    async with anyio.create_task_group() as group:

        async def pay() -> None:
            try:
                await payments.pay(order(), "a")
            except anyio.get_cancelled_exc_class():
                cancelled.append(held.release.is_set())
                raise

        group.start_soon(pay)
        await anyio.to_thread.run_sync(held.durable.wait)
        group.cancel_scope.cancel()
        shortly(held.release.set)
    assert cancelled == [True], "it did not wait to learn what became durable"
    until(lambda: ("charge", "not_sent", "local") in evidence(journal))
    assert only.asked == []


@pytest.mark.anyio
async def test_what_was_never_sent_can_be_paid_again(tmp_path: Path) -> None:
    """After such a cancellation the next process finds an order that is certainly not charged, and charges it once."""
    clock = VirtualClock()
    journal = SqliteJournal(tmp_path / "journal.db", clock=clock, allow_volatile=True)
    only, held = Scripted("only", is_async=True).on(Kind.CHARGE, captured()), Held(journal)
    async with pf.AsyncPayments(**last(only), journal=held, clock=clock, sleep=wake(clock)) as payments:
        async with anyio.create_task_group() as group:
            group.start_soon(payments.pay, order(), "a")
            await anyio.to_thread.run_sync(held.durable.wait)
            group.cancel_scope.cancel()
            shortly(held.release.set)
        until(lambda: bool(evidence(journal)))
        clock.advance(60.0)
        await payments.recover()
        assert isinstance(await payments.status(ORDER), pf.NotPaid)
        assert only.asked == []
        assert isinstance(await payments.pay(order(), "a"), pf.Paid)


def test_interrupted_in_a_commit_it_is_written_down_as_never_sent(journal: SqliteJournal) -> None:
    """Ctrl-C while the intent becomes durable: nothing is sent, and the journal says so."""
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        signal.pthread_kill(main, signal.SIGINT)
        shortly(held.release.set)

    held = Held(journal, interrupt)
    only = Scripted("only").on(Kind.CHARGE, captured())
    with pytest.raises(KeyboardInterrupt):
        pf.Payments(**last(only), journal=held).pay(order(), "a")
    until(lambda: ("charge", "not_sent", "local") in evidence(journal))
    assert only.asked == []


# ---------------------------------------------------------------- cancelled while the request is out


def _stored_status(journal: Journal) -> Status:
    from payfallback._core.fold import fold

    found: list[Any] = []
    journal.load(f"|{ORDER}", found.append)
    return fold(found[0].events).attempts[0].status


@pytest.mark.anyio
@pytest.mark.parametrize(("truth", "end"), [(pf.Verdict.CAPTURED, pf.Paid), (pf.Verdict.CLOSED, pf.NotPaid)])
async def test_cancelled_in_a_call_it_is_found_out(truth: pf.Verdict, end: type) -> None:
    """The task is cancelled while the charge is out: it stays SENDING, and recovery asks what became of it."""
    clock, out = VirtualClock(), anyio.Event()
    journal = MemoryJournal(clock)

    async def hang() -> None:
        out.set()
        await anyio.sleep_forever()

    only = Scripted("only", is_async=True).on(Kind.CHARGE, lambda operation: hang())
    only.on(Kind.QUERY, pf.Answer(verdict=truth, amount=AMOUNT))
    payments = pf.AsyncPayments(**last(only), journal=journal, clock=clock, sleep=wake(clock))
    async with anyio.create_task_group() as group:
        group.start_soon(payments.pay, order(), "a")
        await out.wait()
        group.cancel_scope.cancel()
    assert _stored_status(journal) is Status.SENDING
    clock.advance(60.0)
    await payments.recover()
    assert isinstance(await payments.status(ORDER), end)
    assert len(only.of(Kind.CHARGE)) == 1


def test_interrupted_in_a_call_it_is_found_out() -> None:
    """Ctrl-C in the middle of the merchant's callable passes through, and recovery finds out."""
    clock = VirtualClock()
    journal = MemoryJournal(clock)

    def interrupt(operation: Operation) -> pf.Answer:
        raise KeyboardInterrupt

    only = Scripted("only").on(Kind.CHARGE, interrupt).on(Kind.QUERY, captured())
    payments = pf.Payments(**last(only), journal=journal, clock=clock, sleep=clock.sleep)
    with pytest.raises(KeyboardInterrupt):
        payments.pay(order(), "a")
    assert _stored_status(journal) is Status.SENDING
    clock.advance(60.0)
    payments.recover()
    assert isinstance(payments.status(ORDER), pf.Paid)


# ---------------------------------------------------------------- a sync callable in a worker thread


@pytest.mark.anyio
async def test_a_callable_whose_time_is_up_is_unknown_and_still_heard() -> None:
    """It cannot be interrupted: Pending as soon as its time is up, and what it returns later is written down."""
    finish = threading.Event()

    def slow(operation: Operation) -> pf.Answer:
        finish.wait(SOON)
        return captured(provider_ref="T-1")

    journal, only = MemoryJournal(), Scripted("only", query=False).on(Kind.CHARGE, slow)
    payments = pf.AsyncPayments(**last(only, timeout=0.05), journal=journal)
    began = time.monotonic()
    assert isinstance(await payments.pay(order(), "a", within=0.2), pf.Pending)
    assert time.monotonic() - began < SOON / 2
    finish.set()
    until(lambda: ("charge", "captured", "answer") in evidence(journal))
    await payments.recover()
    assert isinstance(await payments.status(ORDER), pf.Paid)


@pytest.mark.anyio
async def test_a_callable_that_hangs_leaves_the_loop_and_the_others_alone() -> None:
    """While one channel's thread hangs, other orders are paid on another channel in the same loop."""
    finish = threading.Event()
    stuck = Scripted("stuck", query=False).on(Kind.CHARGE, lambda operation: finish.wait(SOON) or captured())
    swift = Scripted("swift").on(Kind.CHARGE, captured())
    last_two: dict[str, Any] = {"last": True, "timeout": 0.1, "max_in_flight": 2}
    channel = {"a": last_two, "b": {"last": True, "timeout": SOON}}
    payments = pf.AsyncPayments(**pf.channels({"a": stuck, "b": swift}, channel=channel))
    told: list[pf.Result] = []

    async def pay(name: str, choice: str) -> None:
        told.append(await payments.pay(pf.Order(name, AMOUNT), choice, within=0.2 if choice == "a" else SOON))

    async with anyio.create_task_group() as group:
        for n in range(2):
            group.start_soon(pay, f"S{n:05}", "a")
        for n in range(10):
            group.start_soon(pay, f"Q{n:05}", "b")
    finish.set()
    assert [isinstance(each, pf.Paid) for each in told].count(True) == 10


# ---------------------------------------------------------------- many at once


@pytest.mark.anyio
async def test_many_tasks_click_twice(journal: SqliteJournal) -> None:
    """Forty tasks, two for each order, over one file: every order is paid, and charged once."""
    only = Scripted("only", is_async=True).on(Kind.CHARGE, captured())
    payments = pf.AsyncPayments(**last(only, max_in_flight=64, timeout=SOON), journal=journal)
    told: list[pf.Result] = []

    async def pay(n: int) -> None:
        told.append(await payments.pay(pf.Order(f"M{n % 20:05}", AMOUNT), "a", within=2 * SOON))

    async with anyio.create_task_group() as group:
        for n in range(40):
            group.start_soon(pay, n)
    assert {type(each) for each in told} == {pf.Paid}
    assert len(only.asked) == 20


def test_one_client_serves_several_loops(journal: SqliteJournal) -> None:
    """Loops of asyncio and trio in threads of one process share a client, and one order is charged once."""
    only = Scripted("only", is_async=True).on(Kind.CHARGE, captured())
    payments = pf.AsyncPayments(**last(only, timeout=SOON), journal=journal)
    told: list[pf.Result] = []

    async def pay() -> None:
        told.append(await payments.pay(order(), "a", within=2 * SOON))

    threads = [threading.Thread(target=anyio.run, args=(pay,), kwargs={"backend": b}) for b in ("asyncio", "trio") * 3]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert {type(each) for each in told} == {pf.Paid}
    assert len(only.asked) == 1

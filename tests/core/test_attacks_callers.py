"""Callers that go away while their commit is under way, and orders that are refused: others are not harmed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from attack_scene import Holding
from core_world import SILENCE, Scripted, captured, client, declined
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.journal.sqlite import SqliteJournal
from payfallback.ports import Journal, Switch
from payfallback.providers.wrap import wrap
from payfallback.testing import VirtualClock


@pytest.fixture(params=["memory", "sqlite"])
def holding(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[VirtualClock, Holding]]:
    """A journal of either kind in virtual time."""
    clock = VirtualClock()
    inner: Journal = MemoryJournal(clock)
    if request.param == "sqlite":
        inner = SqliteJournal(tmp_path / "journal.db", clock=clock, allow_volatile=True)
    yield clock, Holding(inner)
    inner.close()


def awaited(providers: dict[str, Any], clock: VirtualClock, journal: Journal, **policy: Any) -> pf.AsyncPayments:
    """An async client in virtual time."""

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)
        await anyio.lowlevel.checkpoint()

    return pf.AsyncPayments(**pf.channels(providers, **policy), journal=journal, clock=clock, sleep=sleep)


def ask(method: Callable[..., None], *given: object) -> None:
    """Call a journal's method, and wait for it."""
    done = threading.Event()
    method(*given, lambda reply: done.set())
    assert done.wait(5.0)


async def click_and_leave(payments: pf.AsyncPayments, journal: Holding, wanted: pf.Order, **more: Any) -> None:
    """Click, and close the page while the click's first commit is on its way."""
    scope = anyio.CancelScope()

    async def click() -> None:
        with scope:
            await payments.pay(wanted, "a", **more)

    journal.hold = True
    async with anyio.create_task_group() as group:
        group.start_soon(click)
        await journal.caught()
        scope.cancel()
        for _ in range(5):  # let it learn of that
            await anyio.lowlevel.checkpoint()
        journal.let_go()
    assert scope.cancelled_caught


@pytest.mark.anyio
async def test_a_double_click_that_leaves_says_nothing_of_the_first_ones_charge(
    holding: tuple[VirtualClock, Holding],
) -> None:
    """A second click is cancelled in its commit while the first charge is out: the next channel is not charged."""
    clock, journal = holding
    arrived, answered = anyio.Event(), anyio.Event()

    async def slow() -> pf.Answer:
        arrived.set()
        await answered.wait()
        return SILENCE

    first = Scripted("first", is_async=True, close=True).on(Kind.CHARGE, lambda operation: slow())
    second = Scripted("second", is_async=True).on(Kind.CHARGE, captured())
    payments = awaited({"a": first, "b": second}, clock, journal)
    results: list[pf.Result] = []

    async def pay() -> None:
        results.append(await payments.pay(order(), "a", consent=["b"], within=4.0))

    async with anyio.create_task_group() as group:
        group.start_soon(pay)
        await arrived.wait()
        await click_and_leave(payments, journal, order(), consent=["b"])
        answered.set()
    assert isinstance(results[0], pf.Pending)
    assert (len(first.of(Kind.CHARGE)), second.of(Kind.CHARGE)) == (1, [])


@pytest.mark.anyio
async def test_a_click_that_leaves_a_known_order_keeps_it_readable(holding: tuple[VirtualClock, Holding]) -> None:
    """An order without an attempt is clicked and left in the commit: it can be read, and paid once."""
    clock, journal = holding
    only = Scripted("only", is_async=True).on(Kind.CHARGE, captured())
    payments = awaited({"a": only}, clock, journal, channel={"a": {"last": True}})
    ask(journal.stop_channel, Switch(channel="a", reason="drill", actor="ops", at=clock.epoch()))
    assert isinstance(await payments.pay(order(), "a"), pf.NotPaid)
    ask(journal.resume_channel, "a", "ops", "")
    clock.advance(5.0)
    await click_and_leave(payments, journal, order())
    assert isinstance(await payments.pay(order(), "a"), pf.Paid)
    assert isinstance(await payments.status(ORDER), pf.Paid)
    assert len(only.of(Kind.CHARGE)) == 1


@pytest.mark.anyio
async def test_who_leaves_in_a_commit_gives_the_permit_back(holding: tuple[VirtualClock, Holding]) -> None:
    """As many clicks as the channel takes at once are cancelled in their commits: the next order is charged."""
    clock, journal = holding
    only = Scripted("only", is_async=True).on(Kind.CHARGE, captured())
    payments = awaited({"a": only}, clock, journal, channel={"a": {"last": True, "max_in_flight": 3}})
    for n in range(3):
        await click_and_leave(payments, journal, pf.Order(f"R{n:05}", AMOUNT))
    assert isinstance(await payments.pay(order(), "a"), pf.Paid)


def test_an_order_that_is_refused_gives_the_permit_back() -> None:
    """Orders whose number is another's are refused as often as the channel has places: the next order is charged."""
    only = Scripted("only").on(Kind.CHARGE, captured())
    payments = client({"a": only}, VirtualClock(), channel={"a": {"last": True, "max_in_flight": 3}})
    payments.pay(order(), "a")
    for _ in range(3):
        with pytest.raises(pf.NumberInvalid):
            payments.pay(pf.Order("A-1001", AMOUNT), "a")
    assert isinstance(payments.pay(pf.Order("B1001", AMOUNT), "a"), pf.Paid)


def test_a_fallback_whose_input_cannot_be_kept_is_passed_over() -> None:
    """What the fallback would keep is too long for the journal: the first channel's refusal is told and written."""
    first = Scripted("first", query=True).on(Kind.CHARGE, declined())
    own = wrap(
        lambda attempt: pf.Verdict.CAPTURED,
        query=lambda attempt: None,
        reads=lambda attempt, result: result,
        account="own/m1",
        keeps=("token",),
        last=True,
    )
    payments = client({"a": first, "b": own}, VirtualClock(), channel={"a": {"last": True}})
    shopper = pf.Shopper(inputs={"b": {"token": "x" * 300}})
    result = payments.pay(order(), "a", consent=["b"], shopper=shopper)
    assert isinstance(result, pf.NotPaid)
    assert result.cause is pf.Cause.CREDIT_EXHAUSTED
    assert isinstance(payments.status(ORDER), pf.NotPaid)

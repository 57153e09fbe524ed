"""Handlers of the wrong colour: an async one that nobody awaits, a plain one where one is awaited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from core_world import Scripted, captured, client
from money_shop import AMOUNT, order

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock


def shop() -> pf.Payments:
    """Two orders are paid, and nobody was told yet."""
    payments: pf.Payments = client({"a": Scripted("first").on(Kind.CHARGE, captured())}, VirtualClock())
    payments.pay(order(), "a")
    payments.pay(pf.Order("A1002", AMOUNT), "a")
    return payments


async def awaited_shop() -> pf.AsyncPayments:
    """The same, awaited."""
    clock = VirtualClock()

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)
        await anyio.lowlevel.checkpoint()

    provider = Scripted("first", is_async=True).on(Kind.CHARGE, captured())
    payments = pf.AsyncPayments(**pf.channels({"a": provider}), journal=MemoryJournal(clock), clock=clock, sleep=sleep)
    await payments.pay(order(), "a")
    await payments.pay(pf.Order("A1002", AMOUNT), "a")
    return payments


def test_an_async_handler_that_nobody_awaits_tells_nobody() -> None:
    """`Payments.deliver` refuses an async handler, and the outcomes wait for a plain one."""
    payments, shipped = shop(), []

    async def ship(outcome: pf.Outcome) -> None:
        shipped.append(outcome.order_id)

    with pytest.raises(pf.ProgrammingError, match="the handler is async"):
        payments.deliver(ship)
    assert shipped == []
    assert payments.deliver(lambda outcome: shipped.append(outcome.order_id)) == 2
    assert shipped == ["A1001", "A1002"]


class Sending:
    """What a handler returns that has begun to work, and is to be awaited."""

    def __await__(self) -> Iterator[None]:
        """Never."""
        raise AssertionError("nobody awaits it")


def test_work_that_is_to_be_awaited_is_begun_once() -> None:
    """A handler that returns anything to await is called for one outcome, and that one counts as not told."""
    payments, begun = shop(), []

    def send(outcome: pf.Outcome) -> Sending:
        begun.append(outcome.order_id)
        return Sending()

    with pytest.raises(pf.ProgrammingError, match="the handler is async"):
        payments.deliver(send)
    assert begun == ["A1001"]
    assert payments.deliver(lambda outcome: None) == 2


@pytest.mark.anyio
async def test_a_plain_handler_where_one_is_awaited_is_called_once() -> None:
    """`AsyncPayments.deliver` stops at the first outcome that a plain function was told; it counts as not told."""
    payments = await awaited_shop()
    shipped: list[str] = []
    plain: Any = lambda outcome: shipped.append(outcome.order_id)  # noqa: E731  # what a type checker would refuse

    with pytest.raises(pf.ProgrammingError, match="plain function"):
        await payments.deliver(plain)
    assert shipped == ["A1001"]

    async def ship(outcome: pf.Outcome) -> None:
        shipped.append(outcome.order_id)

    assert await payments.deliver(ship) == 2
    await payments.aclose()


@pytest.mark.anyio
async def test_a_loop_with_a_plain_handler_ends_at_the_first_outcome() -> None:
    """`AsyncPayments.run` raises for a plain function, and does not call it round after round."""
    payments = await awaited_shop()
    calls: list[str] = []
    with anyio.CancelScope() as scope:

        def ship(outcome: pf.Outcome) -> None:
            calls.append(outcome.order_id)
            if len(calls) > 5:
                scope.cancel()

        plain: Any = ship  # what a type checker would refuse
        with pytest.raises(pf.ProgrammingError, match="plain function"):
            await payments.run(plain)
    assert calls == ["A1001"]
    await payments.aclose()


@pytest.mark.anyio
async def test_a_loop_outlives_what_the_shops_own_handler_raises() -> None:
    """A handler whose own call is wrong is called again in the next round: only its colour ends the loop."""
    payments = await awaited_shop()
    shipped: list[str] = []
    wrong = [pf.ProgrammingError("a call in the handler is wrong")]
    with anyio.CancelScope() as scope:

        async def ship(outcome: pf.Outcome) -> None:
            if wrong:
                raise wrong.pop()
            shipped.append(outcome.order_id)
            if len(shipped) == 2:
                scope.cancel()

        await payments.run(ship)
    assert sorted(shipped) == ["A1001", "A1002"]
    await payments.aclose()


@pytest.mark.anyio
async def test_a_handler_may_be_a_plain_function_that_returns_a_coroutine() -> None:
    """What is returned decides, not how the handler is written: a lambda around an async function is awaited."""
    payments = await awaited_shop()
    shipped: list[str] = []

    async def ship(order_id: str) -> None:
        shipped.append(order_id)

    assert await payments.deliver(lambda outcome: ship(outcome.order_id)) == 2
    assert shipped == ["A1001", "A1002"]
    await payments.aclose()


@pytest.mark.anyio
async def test_what_cannot_be_called_is_no_handler() -> None:
    """`deliver(None)` is refused at once by both clients, and so is `run(None)`, whether or not there are outcomes."""
    nothing: Any = None
    with pytest.raises(pf.ProgrammingError, match="a function of one outcome, not a NoneType"):
        shop().deliver(nothing)
    payments = await awaited_shop()
    for call in (payments.deliver, payments.run):
        with pytest.raises(pf.ProgrammingError, match="a function of one outcome, not a NoneType"):
            await call(nothing)
    await payments.aclose()

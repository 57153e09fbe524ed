"""Tasks of asyncio that wait for the journal's thread: woken in groups, and never torn out of a commit."""

from __future__ import annotations

import asyncio
import selectors
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import anyio
import pytest

from payfallback._runtime.aio import AsyncSlot
from payfallback._runtime.waking import Held, Post, post_of


def test_a_cancelled_task_waits_for_what_it_wrote() -> None:
    """`task.cancel()` during a commit takes effect once the commit's answer is there, and not before."""

    async def commit(future: Held) -> None:
        await future

    async def run() -> tuple[bool, bool]:
        loop = asyncio.get_running_loop()
        future = Held(loop=loop)
        task = asyncio.ensure_future(commit(future))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0.01)
        early = task.done()
        post_of(loop).done(future)
        await asyncio.wait([task])
        return early, task.cancelled()

    assert asyncio.run(run()) == (False, True)


class Counting(selectors.SelectSelector):
    """Knows how often its loop went round."""

    rounds = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Count."""
        self.rounds += 1
        return super().select(timeout)


async def _by_task(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0.01)
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0.01)
    with suppress(asyncio.CancelledError):
        await task


async def _by_scope(work: Coroutine[Any, Any, None]) -> None:
    with anyio.move_on_after(0.01):
        await work


async def _by_timeout(work: Coroutine[Any, Any, None]) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(work, 0.01)


@pytest.mark.parametrize("cancelled", [_by_task, _by_scope, _by_timeout])
def test_a_cancelled_caller_knows_what_became_durable(
    cancelled: Callable[[Coroutine[Any, Any, None]], Awaitable[None]],
) -> None:
    """However it is cancelled, it waits for the answer, then ends as cancelled; the loop sleeps meanwhile."""
    known, went_on, selector = [], [], Counting()

    async def commit(slot: AsyncSlot) -> None:
        try:
            await slot.wait()
            await asyncio.sleep(0)
            went_on.append(True)
        finally:
            known.append(slot.value)

    async def run() -> None:
        slot = AsyncSlot()
        journal = threading.Timer(0.1, slot, ["durable"])
        journal.start()
        await cancelled(commit(slot))
        journal.join()

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(run())
    assert (known, went_on) == (["durable"], [])
    assert selector.rounds < 100


def test_a_group_is_woken_with_one_call() -> None:
    """What a thread finishes while the loop is busy costs one call into the loop, and wakes every task."""

    async def run() -> tuple[int, int]:
        loop, post, calls = asyncio.get_running_loop(), Post(), 0
        inner = loop.call_soon_threadsafe

        def counted(callback: object, *args: object) -> object:
            nonlocal calls
            calls += 1
            return inner(callback, *args)  # type: ignore[arg-type]  # handed on as it came

        futures = [Held(loop=loop) for _ in range(64)]
        loop.call_soon_threadsafe = counted  # type: ignore[method-assign,assignment]  # counted for this test only
        thread = threading.Thread(target=lambda: [post.done(future) for future in futures])
        thread.start()
        thread.join()  # the loop stands still meanwhile
        await asyncio.gather(*futures)
        return sum(future.done() for future in futures), calls

    assert asyncio.run(run()) == (64, 1)


def test_no_wake_up_is_lost() -> None:
    """However two threads and the loop interleave, every task is woken."""

    async def run() -> int:
        loop = asyncio.get_running_loop()
        post = post_of(loop)
        futures = [Held(loop=loop) for _ in range(4000)]
        halves = futures[::2], futures[1::2]
        threads = [threading.Thread(target=lambda half=half: [post.done(each) for each in half]) for half in halves]
        for thread in threads:
            thread.start()
        await asyncio.wait_for(asyncio.gather(*futures), 5.0)
        for thread in threads:
            thread.join()
        return sum(each.done() for each in futures)

    assert asyncio.run(run()) == 4000


def test_a_loop_that_is_closed_says_so() -> None:
    """The journal's thread learns that nobody waits any more, each time."""
    loop = asyncio.new_event_loop()
    post, futures = post_of(loop), [Held(loop=loop), Held(loop=loop)]
    loop.close()
    for future in futures:
        with pytest.raises(RuntimeError):
            post.done(future)

"""Tasks of asyncio that wait for the journal's thread: woken in groups, and never torn out of a commit."""

from __future__ import annotations

import asyncio
import threading

import pytest

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

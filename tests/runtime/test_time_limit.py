"""The limit of an awaited call: it ends what takes too long and nothing else, on asyncio and on trio."""

from __future__ import annotations

import asyncio
import time

import anyio
import anyio.lowlevel
import pytest

from payfallback._runtime.limit import time_limit

SOON, NEVER = 0.01, 60.0  # seconds


@pytest.mark.anyio
async def test_what_takes_too_long_is_left() -> None:
    """The call is cancelled, and the task goes on after the block as if nothing had been cancelled."""
    reached = False
    with time_limit(SOON):
        await anyio.sleep(NEVER)
        reached = True
    assert not reached
    await anyio.lowlevel.checkpoint()


@pytest.mark.anyio
async def test_what_is_in_time_is_left_alone() -> None:
    """What ends in time ends as it would without a limit, also long afterwards."""
    with time_limit(SOON):
        await anyio.lowlevel.checkpoint()
    await anyio.sleep(2 * SOON)


@pytest.mark.anyio
async def test_a_cancellation_from_outside_goes_on() -> None:
    """The caller's own time limit is not ours to end."""
    reached = False
    with anyio.move_on_after(SOON) as outer:
        with time_limit(NEVER):
            await anyio.sleep(NEVER)
        reached = True
    assert outer.cancelled_caught
    assert not reached


@pytest.mark.anyio
async def test_limits_of_the_callable_itself_hold() -> None:
    """A callable may have cancel scopes of its own, shorter or longer than ours."""
    with time_limit(NEVER), anyio.move_on_after(SOON) as own:
        await anyio.sleep(NEVER)
    assert own.cancelled_caught
    with time_limit(SOON), anyio.move_on_after(NEVER) as own:
        await anyio.sleep(NEVER)
    assert not own.cancelled_caught


async def _fails_when_cancelled() -> None:
    try:
        await anyio.sleep(NEVER)
    finally:
        raise LookupError


@pytest.mark.anyio
async def test_an_error_stays_an_error() -> None:
    """What is raised inside comes out, whether the time was up or not."""
    with pytest.raises(LookupError), time_limit(NEVER):
        raise LookupError
    with pytest.raises(LookupError), time_limit(SOON):
        await _fails_when_cancelled()


def test_cancelled_and_out_of_time_at_once_it_is_cancelled() -> None:
    """When a task is cancelled in the moment in which its time is up, it ends as cancelled."""

    async def call() -> str:
        with time_limit(SOON):
            await asyncio.sleep(NEVER)
        return "went on"

    async def both() -> bool:
        task = asyncio.ensure_future(call())
        await asyncio.sleep(0)
        time.sleep(2 * SOON)  # noqa: ASYNC251  # the loop is held up until the time is over
        asyncio.get_running_loop().call_soon(task.cancel)
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(both())

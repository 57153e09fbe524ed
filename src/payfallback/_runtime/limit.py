"""A limit for an awaited call, on every event loop; on asyncio at a third of the price of a cancel scope."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from typing import Any

import anyio


def time_limit(seconds: float) -> AbstractContextManager[object, bool]:
    """Cancel what is awaited inside once `seconds` are over, and go on after the block. Enter it at once."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no loop of asyncio: trio
        task = None
    return anyio.move_on_after(seconds) if task is None else _Limit(task, seconds)


class _Limit:
    """What `asyncio.timeout` does, without its two coroutines: a cancellation of our own is taken back and ends here;
    anybody else's, also one that came at the same time, goes on."""

    __slots__ = ("_before", "_expired", "_handle", "_task")

    def __init__(self, task: asyncio.Task[Any], seconds: float) -> None:
        self._task, self._expired = task, False
        self._before = task.cancelling()
        self._handle = task.get_loop().call_later(seconds, self._expire)

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()

    def __enter__(self) -> object:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self._handle.cancel()
        if not self._expired:
            return False
        return self._task.uncancel() <= self._before and kind is asyncio.CancelledError

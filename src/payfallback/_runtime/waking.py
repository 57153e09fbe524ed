"""Waking tasks of asyncio from the journal's thread: one call into the loop for a whole group of commits.

Each `call_soon_threadsafe` writes to the loop's pipe and lets go of the interpreter, which the loop's own thread then
keeps for up to five milliseconds. A writer that did so for each of 64 commits would wait 64 times.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any
from weakref import WeakKeyDictionary


class Held(asyncio.Future[None]):
    """A future that a cancellation of its task cannot end: the task is cancelled once it is done."""

    def cancel(self, msg: Any = None) -> bool:
        """Not yet."""
        return False


class Post:
    """The futures of one loop that are done but not told yet. `done` comes from any thread."""

    __slots__ = ("_called", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._called = False

    def done(self, future: asyncio.Future[None]) -> None:
        """Let the loop finish a future of its own, together with what else is done by then."""
        self._waiting.append(future)
        if not self._called:
            self._called = True
            try:
                future.get_loop().call_soon_threadsafe(self._deliver)
            except BaseException:  # the loop is closed: whoever waited there is gone
                self._called = False
                raise

    def _deliver(self) -> None:
        self._called = False  # first: what comes from now on calls again
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)


_POSTS: WeakKeyDictionary[asyncio.AbstractEventLoop, Post] = WeakKeyDictionary()


def post_of(loop: asyncio.AbstractEventLoop) -> Post:
    """The loop's own."""
    post = _POSTS.get(loop)
    return post if post is not None else _POSTS.setdefault(loop, Post())

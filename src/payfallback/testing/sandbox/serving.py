"""The thread in which the sandbox lives: one event loop for all its ports, its timers and its notifications."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.errors import SandboxError
from payfallback.testing.sandbox.listening import Listener

T = TypeVar("T")


class Serving:
    """Runs listeners in a background thread."""

    def __init__(self, listeners: list[Listener], clock: Clock) -> None:
        self._listeners, self._clock = listeners, clock
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="payfallback-sandbox", daemon=True)
        self._stopping: asyncio.Event | None = None
        self._ready = threading.Event()
        self._accepting = False
        self._failure: Exception | None = None
        self._timer_set: asyncio.Event | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        """Return when every port accepts connections."""
        self._thread.start()
        self._ready.wait()
        if not self._accepting:
            self._thread.join()
            raise self._failure or SandboxError("the sandbox's thread ended before its ports were open")

    def stop(self) -> None:
        """Return when every port is closed and the thread has ended."""
        stopping = self._stopping
        if stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(stopping.set)
            self._thread.join()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and wait for it. Not from the loop's own thread."""
        if threading.current_thread() is self._thread:
            work.close()
            raise SandboxError("this call would wait for itself: await it instead")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine on the loop without waiting. From any thread."""
        if self._loop.is_closed():
            work.close()  # the sandbox has stopped: nobody is left to do it
        else:
            self._loop.call_soon_threadsafe(self._begin, work)

    def _begin(self, work: Coroutine[Any, Any, Any]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            context = {"message": "a task of the sandbox failed", "exception": task.exception(), "task": task}
            self._loop.call_exception_handler(context)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._live())
        except (OSError, SandboxError) as error:
            self._failure = error
        finally:
            self._ready.set()
            self._loop.close()

    async def _live(self) -> None:
        self._stopping, self._timer_set = asyncio.Event(), asyncio.Event()
        self._clock.on_new_timer(self._wake)
        self._begin(self._keep_time(self._timer_set))
        try:
            for listener in self._listeners:
                await listener.accept()
            self._accepting = True
            self._ready.set()
            await self._stopping.wait()
        finally:
            self._clock.on_new_timer(None)
            for listener in self._listeners:
                listener.close()
            await _end(set(self._tasks))
            await _settle()

    def _wake(self) -> None:
        timer_set = self._timer_set
        if timer_set is not None:
            self._loop.call_soon_threadsafe(timer_set.set)

    async def _keep_time(self, timer_set: asyncio.Event) -> None:
        while True:
            wait = self._clock.run_due()
            try:
                async with asyncio.timeout(wait):
                    await timer_set.wait()
            except TimeoutError:
                continue
            timer_set.clear()


async def _end(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _settle() -> None:
    """Let the requests that were under way notice that their connections are gone."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        _, late = await asyncio.wait(others, timeout=1.0)
        await _end(late)

"""The async driver: performs the effects of a flow on asyncio or trio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread

from payfallback._core.effects import Admit, Append, Call, GiveBack, Keep, Load, MayAsk, Recall, Sleep
from payfallback._core.operations import Answer, Kind
from payfallback._runtime.calls import read_safely, read_safely_async
from payfallback._runtime.commits import commit_of
from payfallback._runtime.limit import time_limit
from payfallback._runtime.plans import AT_ONCE
from payfallback._runtime.shared import Shared, no_such_operation, timed_out
from payfallback._runtime.waking import Held, post_of
from payfallback.ports import AsyncExchanging, Callables

_WAITING: Any = object()


class AsyncSlot:
    """Where a journal's answer arrives, from whatever thread; wakes the task's own loop."""

    __slots__ = ("_wake", "value")

    def __init__(self) -> None:
        self.value: Any = _WAITING
        self._wake: Callable[[], object] | None = None

    def __call__(self, value: Any) -> None:
        self.value = value
        wake = self._wake
        if wake is not None:
            wake()

    async def wait(self) -> Any:
        """The answer. A cancellation waits until the answer is there: then it is known what became durable."""
        if self.value is not _WAITING:
            return self.value
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # not asyncio: trio
            await self._wait_trio()
        else:
            await self._wait_asyncio(loop)
        return self.value

    async def _wait_trio(self) -> None:
        import trio  # it runs us, so it is there

        token, event = trio.lowlevel.current_trio_token(), trio.Event()
        self._wake = partial(token.run_sync_soon, event.set)
        with anyio.CancelScope(shield=True):
            if self.value is _WAITING:
                await event.wait()
        await anyio.lowlevel.checkpoint_if_cancelled()

    async def _wait_asyncio(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            await self._answered(loop.create_future())
        except asyncio.CancelledError:
            # Only now, as it is rare and costs more than the wait. `task.cancel()` knows no shield, hence a future that
            # holds; and a cancelled scope of anyio would wake the loop over and over, hence the shield.
            with anyio.CancelScope(shield=True):
                await self._answered(Held(loop=loop))
            raise

    async def _answered(self, future: asyncio.Future[None]) -> None:
        """Wait for the answer. The way to wake this task is in place before the look whether it is there already."""
        self._wake = partial(post_of(future.get_loop()).done, future)
        if self.value is _WAITING:
            await future


class AsyncDriver:
    """Runs flows. Safe for tasks of one or several loops: it keeps nothing between effects."""

    def __init__(
        self,
        shared: Shared,
        exchange: Callable[[], AsyncExchanging],
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._shared = shared
        self._exchange = exchange
        self.sleep = sleep
        self._now: dict[type, Callable[[Any], Any]] = {
            Admit: shared.admit,
            GiveBack: shared.give_back,
            MayAsk: shared.may_ask,
            Keep: shared.keep_now,
        }
        self._limits: dict[tuple[object, str], anyio.CapacityLimiter] = {}

    async def run(self, flow: Generator[Any, Any, Any]) -> Any:
        """Perform the flow's effects to its end, and return what it returns."""
        now, send = self._now, flow.send
        try:
            effect = send(None)
            while True:
                kind = type(effect)
                if kind is Append:
                    effect = send(await self._append(effect))
                elif kind is Call:
                    effect = send(await self.call(effect))
                elif kind is Load:
                    effect = send(await self._load(effect))
                elif kind is Recall:
                    effect = send(await self._recall(effect))
                elif kind is Sleep:
                    await self.sleep(effect.seconds)
                    effect = send(None)
                else:
                    effect = send(now[kind](effect))
        except StopIteration as end:
            return end.value
        finally:
            flow.close()

    async def ask(self, submit: Callable[..., None], *given: Any, **named: Any) -> Any:
        """Call a journal method and wait. Raises `JournalUnavailable`."""
        slot = AsyncSlot()
        submit(*given, slot, **named)
        reply = await slot.wait()
        if isinstance(reply, BaseException):
            raise reply
        return reply

    async def _append(self, effect: Append) -> Any:
        slot = AsyncSlot()
        self._shared.journal.submit(commit_of(effect), slot)
        if slot.value is not _WAITING:
            return slot.value
        try:
            return await slot.wait()
        except BaseException:  # cancelled while it became durable: what it meant to send was never sent
            self._shared.never_sent(effect, slot.value)
            self._shared.give_back(GiveBack(effect.permit))
            raise

    async def _load(self, effect: Load) -> Any:
        slot = AsyncSlot()
        self._shared.journal.load(effect.key, slot)
        return await slot.wait()

    async def _recall(self, effect: Recall) -> Any:
        slot = AsyncSlot()
        self._shared.journal.recall(effect.subjects, slot)
        return await slot.wait()

    async def call(self, effect: Call) -> Answer:
        answer: Answer | None = None
        started = self._shared.clock.monotonic()
        operation, provider = effect.operation, self._shared.callables.get(effect.channel)
        try:
            call = provider.call(operation) if provider is not None and provider.is_async else None
            if provider is None or call is None:
                answer = await self._answer(effect, provider)
                return answer
            with time_limit(operation.timeout):
                answer = await read_safely_async(provider, operation, call)
            if answer is None:
                answer = timed_out(operation.timeout)
        finally:
            self._shared.answered(effect, answer, started)
        return answer

    async def _answer(self, effect: Call, provider: Callables | None) -> Answer:
        operation = effect.operation
        if provider is None:
            return await self._exchange().perform(self._shared.wires[effect.channel], operation)
        call = None if provider.is_async else provider.call(operation)
        if call is None:
            return no_such_operation(operation.kind)
        return await self._in_thread(effect, provider, call)

    async def _in_thread(self, effect: Call, provider: Callables, call: Callable[[], Any]) -> Answer:
        """A sync callable cannot be interrupted: when its time is up the attempt is unknown, and what it returns
        later is still recorded."""
        operation, left = effect.operation, [False]

        def work() -> Answer:
            answer = read_safely(provider, operation, call)
            if left[0]:
                self._shared.late(effect, answer)
            return answer

        try:
            with anyio.move_on_after(operation.timeout):
                return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._limiter(effect))
        finally:
            left[0] = True
        return timed_out(operation.timeout)

    def _limiter(self, effect: Call) -> anyio.CapacityLimiter:
        """Threads of one channel on one loop, so that one that hangs does not take the others'. Questions about plans
        have a few of their own: no payment waits for them."""
        channel, plans = effect.channel, effect.operation.kind is Kind.PLANS
        key = (anyio.lowlevel.current_token(), f"{channel}?" if plans else channel)
        limiter = self._limits.get(key)
        if limiter is None:
            if len(self._limits) > 1000:  # loops come and go (tests, asyncio.run in a loop)
                self._limits.clear()
            configured = self._shared.policy.channels.get(channel)
            most = configured.max_in_flight if configured is not None else 40
            limiter = anyio.CapacityLimiter(AT_ONCE if plans else most)
            self._limits[key] = limiter
        return limiter

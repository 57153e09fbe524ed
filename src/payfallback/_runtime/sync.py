"""The sync driver: performs the effects of a flow in the caller's thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from functools import partial
from inspect import signature
from queue import Empty, SimpleQueue
from typing import Any

from payfallback._core.effects import Admit, Append, Call, GiveBack, Keep, Load, MayAsk, Recall, Sleep
from payfallback._core.operations import Answer, Kind, Operation
from payfallback._runtime.calls import read_safely
from payfallback._runtime.commits import commit_of
from payfallback._runtime.plans import AT_ONCE
from payfallback._runtime.shared import Shared, no_such_operation, timed_out
from payfallback.errors import JournalUnavailable
from payfallback.ports import Exchanging

_WAITING: Any = object()
_new_lock = threading.Lock

COMMIT_WITHIN = 30.0  # seconds; a journal that is silent for longer is taken as away


class Slot:
    """Where a journal's answer arrives, from whatever thread. The lock is made only when somebody has to wait."""

    __slots__ = ("_lock", "value")

    def __init__(self) -> None:
        self.value: Any = _WAITING
        self._lock: threading.Lock | None = None

    def __call__(self, value: Any) -> None:
        self.value = value  # before the look at the lock, as `wait` makes the lock before it looks at the value again
        if self._lock is not None:
            self._lock.release()

    def wait(self) -> Any:
        """The answer, or `JournalUnavailable` when none came."""
        if self.value is not _WAITING:
            return self.value
        lock = _new_lock()
        lock.acquire()
        self._lock = lock
        if self.value is not _WAITING or lock.acquire(timeout=COMMIT_WITHIN):
            return self.value
        return JournalUnavailable("the journal did not answer", hint=f"waited {COMMIT_WITHIN:.0f} s")


class SyncDriver:
    """Runs flows. Safe for threads: it keeps nothing between effects."""

    def __init__(self, shared: Shared, exchange: Callable[[], Exchanging], sleep: Callable[[float], None]) -> None:
        self._shared = shared
        self._exchange = exchange
        self.sleep = sleep
        self._places: dict[tuple[int, str], threading.BoundedSemaphore] = {}
        submit: Any = shared.journal.submit
        # This thread waits anyway: a journal that can write on it spares the hand-over to its writer.
        here = "may_block" in signature(submit).parameters
        self._submit: Callable[..., None] = partial(submit, may_block=True) if here else submit
        self._perform: dict[type, Callable[[Any], Any]] = {
            Append: self._append,
            Load: self._load,
            Recall: self._recall,
            Admit: shared.admit,
            GiveBack: shared.give_back,
            MayAsk: shared.may_ask,
            Call: self.call,
            Sleep: lambda effect: sleep(effect.seconds),
            Keep: shared.keep_now,
        }

    def run(self, flow: Generator[Any, Any, Any]) -> Any:
        """Perform the flow's effects to its end, and return what it returns."""
        perform, send = self._perform, flow.send
        try:
            effect = send(None)
            while True:
                effect = send(perform[type(effect)](effect))
        except StopIteration as end:
            return end.value
        finally:
            flow.close()

    def ask(self, submit: Callable[..., None], *given: Any, **named: Any) -> Any:
        """Call a journal method and wait. Raises `JournalUnavailable`."""
        slot = Slot()
        submit(*given, slot, **named)
        reply = slot.wait()
        if isinstance(reply, BaseException):
            raise reply
        return reply

    def _append(self, effect: Append) -> Any:
        slot, submitted = Slot(), False
        try:
            self._submit(commit_of(effect), slot)
            submitted = True
            return slot.wait()
        except BaseException:  # the caller is interrupted (Ctrl-C): the commit may be on its way all the same
            self._shared.give_back(GiveBack(effect.permit))
            if submitted:
                self._shared.never_sent(effect, slot.wait())
            raise

    def _load(self, effect: Load) -> Any:
        slot = Slot()
        self._shared.journal.load(effect.key, slot)
        return slot.wait()

    def _recall(self, effect: Recall) -> Any:
        slot = Slot()
        self._shared.journal.recall(effect.subjects, slot)
        return slot.wait()

    def call(self, effect: Call) -> Answer:
        """Make one call to a provider and let health know."""
        answer: Answer | None = None
        started = self._shared.clock.monotonic()
        try:
            answer = self._answer(effect)
        finally:
            self._shared.answered(effect, answer, started)
        return answer

    def _aside(self, channel: str, operation: Operation, work: Callable[[], Answer]) -> Answer:
        """A question that no payment hangs on is not waited for longer than its time, whatever its callable does."""
        places = self._places.setdefault((os.getpid(), channel), threading.BoundedSemaphore(AT_ONCE))
        if not places.acquire(blocking=False):
            return timed_out(0.0)
        slot: SimpleQueue[Answer] = SimpleQueue()

        def run() -> None:
            try:
                slot.put(work())
            finally:
                places.release()

        threading.Thread(target=run, name="payfallback-plans", daemon=True).start()
        try:
            return slot.get(timeout=operation.timeout)
        except Empty:
            return timed_out(operation.timeout)

    def _answer(self, effect: Call) -> Answer:
        operation, provider = effect.operation, self._shared.callables.get(effect.channel)
        if provider is None:
            return self._exchange().perform(self._shared.wires[effect.channel], operation)
        call = provider.call(operation)
        if call is None:
            return no_such_operation(operation.kind)
        if operation.kind is Kind.PLANS:
            return self._aside(effect.channel, operation, partial(read_safely, provider, operation, call))
        return read_safely(provider, operation, call)

"""The one thread that writes: it takes what waits, commits it as one group, and tells each caller.

    put -> queue -> [ group: one transaction, one sync ] -> done, done, done ...

How a group is written is each database's own. If the thread ends, every waiter and every later caller is told at once.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

from payfallback.errors import JournalUnavailable, PayfallbackError
from payfallback.journal._rules import closed


class Waiting(Protocol):
    """What waits to be written."""

    def done(self, result: Any, /) -> None:
        """Called exactly once, from any thread."""


T = TypeVar("T", bound=Waiting)


class Grouping(ABC, Generic[T]):
    """Groups the writes of all threads and tasks of one process. Starts with the first one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._queue: SimpleQueue[T | None] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._writing = False
        self._ended = threading.Event()
        self._untold: deque[T] = deque()
        self._largest = 1
        self._company = 0, 0.0  # a group of fewer than so many waits so long for more: see `_wait_for_company`
        self._last: tuple[Sequence[T], Sequence[Any]] = (), ()
        self.gate = threading.RLock()  # held while a group is written; whoever holds it may close the connection

    @abstractmethod
    def release(self) -> None:
        """Let go of the connection; the next group opens it again."""

    @abstractmethod
    def _write(self, group: Sequence[T]) -> Sequence[Any]:
        """Write a group durably and return what each is told. Keeps the group as `_last` when it was written."""

    # ------------------------------------------------------------ callers

    def put(self, item: T) -> None:
        """Hand in an item. Its `done` is called exactly once: by the writer, or here when that cannot be."""
        if self._closing or self._ended.is_set():
            item.done(self._refusal())
        elif self._queue.qsize() >= self._limit:
            item.done(JournalUnavailable(f"{self._limit} writes are waiting for the journal already"))
        else:
            self._queue.put(item)
            if self._thread is None:
                self._start()
            if self._ended.is_set():  # since the first look
                self._refuse_waiting()

    def put_and_wait(self, item: T) -> None:
        """The same, for a caller that waits anyway: while it is the only one, it is written on this very thread."""
        if self._closing or self._untold or self._writing or len(self._last[0]) > 1 or not self._queue.empty():
            self.put(item)
            return
        with self.gate:
            result = self._refusal() if self._ended.is_set() else self._write((item,))[0]
        item.done(result)

    def _start(self) -> None:
        with self._starting:
            if self._thread is not None or self._closing:
                return
            thread = threading.Thread(target=self._run, name="payfallback-journal", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter is ending, or the system has no thread left
                self._refuse_waiting()
            else:
                self._thread = thread

    def stop(self) -> None:
        """Finish what waits, end the thread and let go of the file."""
        with self._starting:
            self._closing = True
        if self._thread is None:
            self._end()
            return
        self._queue.put(None)
        if self._thread is not threading.current_thread():
            self._thread.join()

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        try:
            while self._take():
                with self.gate:
                    results = self._write(tuple(self._untold))
                for result in results:
                    try:
                        self._untold.popleft().done(result)
                    except RuntimeError:  # the caller's event loop is closed: nobody waits there any more
                        continue
        finally:
            self._end()

    def _take(self) -> bool:
        """Wait for the next item and take what came with it. False: stop."""
        queue, group = self._queue, self._untold
        item = queue.get()
        while item is not None:
            group.append(item)
            if len(group) == 1:
                self._wait_for_company()
            if len(group) >= self._largest or queue.empty():
                return True
            item = queue.get()
        if group:
            queue.put(None)
        return bool(group)

    def _wait_for_company(self) -> None:
        """Callers who were told together come back together, the first of them a moment before the others. Going off
        with the first alone would let all others wait for one more group."""
        few, moment = self._company
        if len(self._last[0]) > 1 and self._queue.qsize() < few - 1:
            time.sleep(moment)

    # ------------------------------------------------------------ the end

    def _end(self) -> None:
        self._ended.set()
        self.release()
        while self._untold:
            self._untold.popleft().done(self._refusal())
        self._refuse_waiting()

    def _refuse_waiting(self) -> None:
        with suppress(Empty):
            while True:
                item = self._queue.get_nowait()
                if item is not None:
                    item.done(self._refusal())

    def _refusal(self) -> PayfallbackError:
        if self._closing:
            return closed()
        return JournalUnavailable("the journal's writer has ended", hint="restart this process")


def again(problem: JournalUnavailable) -> JournalUnavailable:
    """A fresh exception for each waiter: a raised one collects the traceback of whoever raises it."""
    return JournalUnavailable(problem.message, hint=problem.hint)

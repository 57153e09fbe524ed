"""The one thread that writes: it takes what waits, commits it as one group, and tells each caller.

    put -> queue -> [ group: one transaction, one sync ] -> done, done, done ...

A group that fails tells all its waiters, lets go of the connection, and before the next group opens it anew and checks
that everything it acknowledged last is there. If the thread ends, every waiter and every later caller is told at once.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from payfallback.errors import JournalUnavailable, PayfallbackError
from payfallback.journal._busy import is_busy, patiently
from payfallback.journal._database import Database
from payfallback.journal._groups import Append, Item, largest_group, write_group
from payfallback.journal._rules import closed
from payfallback.ports import Receipt


class Writer:
    """Groups the writes of all threads and tasks of one process. Starts with the first one."""

    def __init__(self, database: Database, now: Callable[[], float], *, limit: int, patience: float) -> None:
        self._database, self._now = database, now
        self._limit, self._patience = limit, patience
        self._queue: SimpleQueue[Item | None] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._writing = False
        self._ended = threading.Event()
        self._untold: deque[Item] = deque()
        self._largest = 1
        self._last: tuple[Sequence[Item], Sequence[Any]] = (), ()
        self.gate = threading.RLock()  # held while a group is written; whoever holds it may close the connection
        self.connection: sqlite3.Connection | None = None

    # ------------------------------------------------------------ callers

    def put(self, item: Item) -> None:
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

    def put_and_wait(self, item: Item) -> None:
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

    def release(self) -> None:
        """Let go of the file; the next group opens it again."""
        with self.gate:
            connection, self.connection = self.connection, None
            if connection is not None:
                with suppress(sqlite3.Error):
                    connection.close()

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
            if len(group) >= self._largest or queue.empty():
                return True
            item = queue.get()
        if group:
            queue.put(None)
        return bool(group)

    def _write(self, group: Sequence[Item]) -> Sequence[Any]:
        self._writing = True
        try:
            results = patiently(lambda: self._attempt(group), self._patience)
        except JournalUnavailable as problem:
            return [_again(problem) for _ in group]
        except sqlite3.Error as problem:
            if not is_busy(problem):
                self.release()
            return [_unavailable(problem) for _ in group]
        finally:
            self._writing = False
        self._last = group, results
        return results

    def _attempt(self, group: Sequence[Item]) -> Sequence[Any]:
        connection = self.connection or self._open()
        self._database.check_present()
        return write_group(connection, group, self._now())

    def _open(self) -> sqlite3.Connection:
        """Open the file and verify that it holds what was acknowledged last."""
        connection = self._database.connect()
        try:
            connection.execute("PRAGMA busy_timeout = 0")  # `patiently` waits, with jitter, so that no process starves
            _verify(connection, *self._last)
            self._largest = largest_group(connection)
        except BaseException:
            connection.close()
            raise
        self.connection = connection
        return connection

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


def _verify(connection: sqlite3.Connection, group: Sequence[Item], results: Sequence[Any]) -> None:
    """Raises `JournalUnavailable` unless what was acknowledged last is there."""
    for item, result in zip(group, results, strict=True):
        if type(item) is Append and type(result) is Receipt and result.ok:
            found = connection.execute("SELECT version FROM orders WHERE key = ?", (item.key,)).fetchone()
            if found is None or found[0] < result.version:
                raise JournalUnavailable("the journal lost what it had acknowledged", hint="stop, and restore it")


def _again(problem: JournalUnavailable) -> JournalUnavailable:
    """A fresh exception for each waiter: a raised one collects the traceback of whoever raises it."""
    return JournalUnavailable(problem.message, hint=problem.hint)


def _unavailable(problem: sqlite3.Error) -> JournalUnavailable:
    if is_busy(problem):
        return JournalUnavailable("another process has been writing to the journal for too long", hint="try again")
    return JournalUnavailable(f"the journal cannot be written: {problem}", hint="load the order before trying again")

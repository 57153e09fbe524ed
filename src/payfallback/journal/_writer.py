"""The writer of a SQLite journal: see `_grouping`.

A group that fails tells all its waiters, lets go of the connection, and before the next group opens it anew and checks
that everything it acknowledged last is there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from payfallback.errors import JournalUnavailable
from payfallback.journal._busy import is_busy, patiently
from payfallback.journal._database import Database
from payfallback.journal._grouping import Grouping, again
from payfallback.journal._groups import Append, Item, largest_group, write_group
from payfallback.ports import Receipt


class Writer(Grouping[Item]):
    """Groups the writes of all threads and tasks of one process. Starts with the first one."""

    def __init__(self, database: Database, now: Callable[[], float], *, limit: int, patience: float) -> None:
        super().__init__(limit)
        self._database, self._now, self._patience = database, now, patience
        self.connection: sqlite3.Connection | None = None

    def release(self) -> None:
        """Let go of the file; the next group opens it again."""
        with self.gate:
            connection, self.connection = self.connection, None
            if connection is not None:
                with suppress(sqlite3.Error):
                    connection.close()

    def _write(self, group: Sequence[Item]) -> Sequence[Any]:
        self._writing = True
        try:
            results = patiently(lambda: self._attempt(group), self._patience)
        except JournalUnavailable as problem:
            return [again(problem) for _ in group]
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


def _verify(connection: sqlite3.Connection, group: Sequence[Item], results: Sequence[Any]) -> None:
    """Raises `JournalUnavailable` unless what was acknowledged last is there."""
    for item, result in zip(group, results, strict=True):
        if type(item) is Append and type(result) is Receipt and result.ok:
            found = connection.execute("SELECT version FROM orders WHERE key = ?", (item.key,)).fetchone()
            if found is None or found[0] < result.version:
                raise JournalUnavailable("the journal lost what it had acknowledged", hint="stop, and restore it")


def _unavailable(problem: sqlite3.Error) -> JournalUnavailable:
    if is_busy(problem):
        return JournalUnavailable("another process has been writing to the journal for too long", hint="try again")
    return JournalUnavailable(f"the journal cannot be written: {problem}", hint="load the order before trying again")

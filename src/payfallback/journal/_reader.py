"""Reads, on a connection of their own that sees every acknowledged commit and never waits for the writer."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from payfallback.errors import JournalUnavailable
from payfallback.journal._database import Database
from payfallback.journal._rules import closed

T = TypeVar("T")


class Reader:
    """One read connection of one process, for one thread at a time; opened by the first read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._closed = False
        self.gate = threading.RLock()
        self.connection: sqlite3.Connection | None = None

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` reads. Raises `JournalUnavailable`."""
        with self.gate:
            if self._closed:
                raise closed()
            try:
                connection = self.connection or self._open()
                self._database.check_present()
                return work(connection)
            except sqlite3.Error as problem:
                self.release()
                raise JournalUnavailable(f"the journal cannot be read: {problem}") from None

    def _open(self) -> sqlite3.Connection:
        connection = self._database.connect()
        connection.execute("PRAGMA query_only = ON")
        self.connection = connection
        return connection

    def release(self) -> None:
        """Let go of the file; the next read opens it again."""
        with self.gate:
            connection, self.connection = self.connection, None
            if connection is not None:
                with suppress(sqlite3.Error):
                    connection.close()

    def stop(self) -> None:
        """Let go of the file for good."""
        with self.gate:
            self._closed = True
            self.release()

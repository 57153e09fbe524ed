"""The durable medium as a real SQLite file: each process of the shop has it open for itself, and dies without closing.

Nothing of the journal's own machinery is replaced; only the waiting is: an answer is there before a call returns, since
virtual time never passes while a commit is outstanding. Processes die here and the power never fails, so the file lies
on a RAM disk where there is one.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any

from payfallback.journal.sqlite import SqliteJournal
from payfallback.ports import Commit, Done
from payfallback.testing.simulator.clocks import WorldClock
from payfallback.testing.simulator.medium import audit
from payfallback.testing.simulator.mirror import Mirror

_RAM = "/dev/shm"  # noqa: S108  # TemporaryDirectory makes a folder of our own in it
_PATIENCE = 60.0  # real seconds for an answer of the disk; a journal that never answers ends the simulation


class WatchedFile:
    """One world's journal in a folder of its own, which goes with it."""

    def __init__(self, clock: WorldClock) -> None:
        self.mirror = Mirror(clock)
        self._clock = clock
        self._folder = TemporaryDirectory(prefix="payfallback-simulate-", dir=_fast())
        self._path = Path(self._folder.name, "journal.db")
        self._open: list[Connection] = []
        self._own = self.connect()

    def connect(self) -> Connection:
        """The file as one process has it open."""
        made = Connection(SqliteJournal(self._path, clock=self._clock, allow_volatile=True), self.mirror)
        self._open.append(made)
        return made

    def __getattr__(self, name: str) -> Any:
        """Every method of a journal, for who looks from outside."""
        return getattr(self._own, name)

    def audit(self) -> None:
        """Everybody lets go of the file; read anew it holds what was acknowledged."""
        self._let_go()
        self._own = self.connect()
        audit(self)

    def close(self) -> None:
        """The file goes."""
        self._let_go()
        self._folder.cleanup()

    def _let_go(self) -> None:
        for each in self._open:
            each.drop()
        self._open.clear()


class Connection:
    """A process's journal. Only the process that has it ever ends it: by dying."""

    def __init__(self, journal: SqliteJournal, mirror: Mirror) -> None:
        self._journal, self._mirror = journal, mirror

    def submit(self, commit: Commit, done: Done, *, may_block: bool = False) -> None:
        """As the journal's."""
        receipt = _answer(partial(self._journal.submit, commit, may_block=True))
        self._mirror.committed(commit, receipt)
        done(receipt)

    def claim(self, owner: str, lease: float, limit: int, done: Done, *, key: str | None = None) -> None:
        """As the journal's."""
        claimed = _answer(partial(self._journal.claim, owner, lease, limit, key=key))
        self._mirror.claimed(lease, claimed)
        done(claimed)

    def __getattr__(self, name: str) -> Any:
        """Every other method of the journal; its last argument by place is `done`."""
        return partial(_ask, getattr(self._journal, name))

    def drop(self) -> None:
        """The process dies in the middle of a transaction that would have taken everything away: it never happened."""
        connection = self._journal._engine.writer.connection
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("DELETE FROM orders")
        self._journal.close()


def _fast() -> str | None:
    return _RAM if os.access(_RAM, os.W_OK) else None


def _ask(method: Callable[..., None], *given: Any, **named: Any) -> None:
    given[-1](_answer(partial(method, *given[:-1], **named)))


def _answer(ask: Callable[[Done], None]) -> Any:
    """What the journal reports, whichever of its threads does."""
    answers: SimpleQueue[Any] = SimpleQueue()
    ask(answers.put)
    return answers.get(timeout=_PATIENCE)

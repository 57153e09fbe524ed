"""The default journal: one SQLite file on the disk of one machine, for all of its processes.

Every commit is synced before it is acknowledged, and one writer thread a process groups the commits of all its callers.
How a fork is survived stands in `_fork`, what is in the file in `_schema`, and what is promised in `docs/journal.md`.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from payfallback._core.memory import Refusal
from payfallback.errors import PayfallbackError
from payfallback.journal import _database, _queries, _refusals
from payfallback.journal._database import Database
from payfallback.journal._engine import Engine
from payfallback.journal._fork import OneEngineAProcess
from payfallback.journal._groups import Append, Task
from payfallback.journal._host import this_host
from payfallback.journal._rows import Row, receipt_of, row_of, stored_of
from payfallback.journal._rules import check_lease, flaw, inbox_text, unstorable
from payfallback.journal._sealing import Key, seal_of
from payfallback.journal._sqlite_archive import SqliteArchive
from payfallback.journal._unreadable import TRIED, Unreadable
from payfallback.journal.codec import Codec
from payfallback.ports import Clock, Commit, Done, Stored, Switch


class SqliteJournal(OneEngineAProcess[Engine]):
    """A journal in one file. Safe for threads, tasks, forks and several processes of one machine.

    Raises `ConfigError` when no journal can be at `path`, or another file is; nothing is opened, started or created
    before the first use. Leases and due times go by the machine's clock, or by `clock`, which must then be one for all
    processes. `seal`: see `payfallback.journal`. `host` names the machine where it has no lasting identity (containers
    on a shared volume of one machine). `limit`: writes that may wait; above it they are refused. `patience`: seconds
    to wait for other processes' writes. `allow_volatile`: for tests only, a file that a restart loses.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        clock: Clock | None = None,
        seal: Key | Sequence[Key] | None = None,
        host: str | None = None,
        limit: int = 4096,
        patience: float = 5.0,
        allow_volatile: bool = False,
    ) -> None:
        database = Database(Path(path), this_host(host), allow_volatile=allow_volatile)
        self.path = database.path
        self._now = time.time if clock is None else clock.epoch
        self._codec = Codec(seal_of(seal))
        self._unreadable = Unreadable()
        self._begin(Engine(database, self._now, limit=limit, patience=patience))

    def __repr__(self) -> str:
        return f"SqliteJournal({str(self.path)!r})"

    # ------------------------------------------------------------ orders

    def submit(self, commit: Commit, done: Done, *, may_block: bool = False) -> None:
        """`done(Receipt)`. `may_block`: this thread waits for it anyway and runs no event loop; it may write itself."""
        problem = flaw(commit)
        if problem is None:
            try:
                row = row_of(commit, self._codec)
            except (TypeError, ValueError, KeyError) as wrong:
                problem = unstorable(wrong)
        if problem is not None:
            done(problem)
            return
        writer, item = self._live().writer, Append(row, receipt_of(commit), done)
        if may_block:
            writer.put_and_wait(item)
        else:
            writer.put(item)

    def load(self, key: str, done: Done) -> None:
        """`done(Stored | None)`."""
        self._read(done, lambda connection: self._stored(_queries.order(connection, key)))

    def _stored(self, row: Row | None) -> Stored | None:
        return None if row is None else stored_of(row, self._codec, self._now())

    def find(self, text: str, done: Done) -> None:
        """`done(tuple[str, ...])`: keys of the orders with this order id, attempt number or provider reference."""
        self._read(done, lambda connection: _queries.keys(connection, text))

    # ------------------------------------------------------------ recovery and listing

    def claim(self, owner: str, lease: float, limit: int, done: Done, *, key: str | None = None) -> None:
        """Take the lease of due orders whose lease is free, most overdue first: `done(tuple[Stored, ...])`.

        Due orders that this version cannot read are passed over and stay free, for a version that can.
        """

        def work(connection: sqlite3.Connection, now: float) -> tuple[Stored, ...]:
            check_lease(owner, lease)
            if key is not None:
                return _queries.claim_one(connection, now, owner, lease, key, self._stored) if limit > 0 else ()
            return _queries.claim(connection, now, owner, lease, limit, self._passes, self._readable)

        self._write(done, work)

    @property
    def _passes(self) -> int:
        return len(self._unreadable) + TRIED

    def _readable(self, row: Row) -> Stored | None:
        return self._unreadable.tried(row[0], lambda: self._stored(row))

    def count_due(self, done: Done) -> None:
        """`done(int)`: orders due now, leased or not."""
        self._read(done, lambda connection: _queries.count_due(connection, self._now()))

    def due(self, limit: int, done: Done) -> None:
        """`done(tuple[DueOrder, ...])`: what `claim` would take now, most overdue first. Takes nothing."""
        self._read(done, lambda connection: _queries.due(connection, self._now(), limit, self._passes, self._readable))

    def list(self, states: Sequence[str], limit: int, done: Done, *, sort: str = "since") -> None:
        """`done(tuple[Summary, ...])`; no states: all. Oldest first, largest first, or soonest due first."""
        self._read(done, lambda connection: _queries.summaries(connection, states, limit, sort))

    def captured(self, account: str, start: float, end: float, after: str, limit: int, done: Done) -> None:
        """`done(tuple[Summary, ...])`: what this account captured in [start, end), by attempt number."""
        self._read(done, lambda connection: _queries.captured(connection, account, start, end, after, limit))

    # ------------------------------------------------------------ outcomes

    def undelivered(self, limit: int, done: Done, *, order_id: str | None = None) -> None:
        """`done(tuple[Outcome, ...])`, oldest first."""
        self._read(done, lambda connection: _queries.undelivered(connection, limit, order_id))

    def delivered(self, outcome_id: str, done: Done) -> None:
        """`done(None)`; an outcome that is unknown or was delivered already stays as it is."""
        self._write(done, lambda connection, now: _queries.deliver(connection, now, outcome_id))

    # ------------------------------------------------------------ inbox

    def keep(self, account: str, number: str, kind: str, body: Mapping[str, Any], done: Done) -> None:
        """`done(None)`: an authentic notification for a number nobody knows yet; the same one twice is kept once."""
        self._write(
            done, lambda connection, now: _queries.keep(connection, now, account, number, kind, inbox_text(body))
        )

    def kept(self, account: str, number: str, done: Done) -> None:
        """`done(tuple[Mapping[str, Any], ...])`: the bodies that the inbox holds for a number, oldest first."""
        self._read(done, lambda connection: _queries.kept(connection, account, number))

    # ------------------------------------------------------------ manual switches

    def stop_channel(self, switch: Switch, done: Done) -> None:
        """`done(None)`: record a manual stop; it replaces an earlier one of that channel."""
        self._write(done, lambda connection, _: _queries.stop(connection, switch))

    def resume_channel(self, channel: str, actor: str, reason: str, done: Done) -> None:
        """`done(bool)`: whether it was stopped."""
        self._write(done, lambda connection, now: _queries.resume(connection, now, channel, actor, reason))

    def switches(self, done: Done) -> None:
        """`done(tuple[Switch, ...])`: the stops that hold now, by channel."""
        self._read(done, lambda connection: _queries.switches(connection, self._now()))

    # ------------------------------------------------------------ memory of refusals

    def remember(self, refusals: Sequence[Refusal], done: Done) -> None:
        """`done(None)`: keep refusals until they are to be forgotten; bounded, the oldest go first."""
        self._write(done, lambda connection, now: _refusals.remember(connection, refusals, now))

    def recall(self, subjects: Sequence[str], done: Done) -> None:
        """`done(tuple[Refusal, ...])`: what is kept of these subjects, by subject and as kept."""
        self._read(done, lambda connection: _refusals.recall(connection, subjects, self._now()))

    def forget(self, subject: str, scope: str, done: Done) -> None:
        """`done(None)`: drop what is kept of a subject in one scope."""
        self._write(done, lambda connection, _: _refusals.forget(connection, subject, scope))

    # ------------------------------------------------------------ all of them

    @property
    def archive(self) -> SqliteArchive:
        """The door for whoever looks after the journal as a whole."""
        return SqliteArchive(self._read, self._write, self._codec, self._now)

    def _read(self, done: Done, work: Callable[[sqlite3.Connection], Any]) -> None:
        result: Any
        try:
            result = self._live().reader.read(work)
        except PayfallbackError as problem:
            result = problem
        except UnicodeEncodeError as problem:
            result = unstorable(problem)
        done(result)

    def _write(
        self,
        done: Done,
        work: Callable[[sqlite3.Connection, float], Any],
        finish: Callable[[Any], Any] | None = None,
    ) -> None:
        self._live().writer.put(Task(work, done, finish))

    def close(self) -> None:
        """Finish what is under way and let go of the file. Later calls report `JournalUnavailable`."""
        self._live().stop()


def move(path: str | os.PathLike[str], *, host: str | None = None) -> None:
    """See `payfallback.journal.move_journal`."""
    _database.move(Path(path).resolve(), this_host(host))

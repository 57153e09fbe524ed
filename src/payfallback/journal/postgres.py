"""The journal for several machines: a PostgreSQL database, by psycopg 3 (`pip install 'payfallback[postgres]'`).

Every commit is in the server's log, synced, before it is acknowledged; one writer a process groups the commits of all
its callers into one statement. Leases and due times go by the database's clock. What is promised stands in
`docs/journal.md`, how a lost acknowledgement is survived in `_postgres_writer`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from payfallback._core.memory import Refusal
from payfallback.journal import _postgres_queries as _queries
from payfallback.journal import _postgres_refusals as _refusals
from payfallback.journal._fork import OneEngineAProcess
from payfallback.journal._postgres_archive import PostgresArchive
from payfallback.journal._postgres_engine import Engine
from payfallback.journal._postgres_groups import Append, Task
from payfallback.journal._postgres_rows import Row, checked_text, row_of, stored_of
from payfallback.journal._postgres_server import Server
from payfallback.journal._postgres_session import Session
from payfallback.journal._rules import check_lease, flaw, inbox_text, unstorable
from payfallback.journal._sealing import Key, seal_of
from payfallback.journal._unreadable import Unreadable
from payfallback.journal.codec import Codec
from payfallback.ports import Clock, Commit, Done, Stored, Switch


class PostgresJournal(OneEngineAProcess[Engine]):
    """A journal in one schema of a PostgreSQL database. Safe for threads, tasks, forks, processes and machines.

    Raises `ConfigError` for an address that cannot be read; nothing is connected or started before the first use, and
    the schema must have been made by `migrate`. `clock` takes the place of the database's, for tests: one for all
    processes. `seal`: see `payfallback.journal`. `limit`: writes, and reads, that may wait; above it they are refused.
    `patience`: seconds for one answer of the server, and for trying again what is safe to. `allow_volatile`: for tests
    only, a server that does not sync its disk.
    """

    def __init__(
        self,
        url: str,
        *,
        schema: str = "payfallback",
        clock: Clock | None = None,
        seal: Key | Sequence[Key] | None = None,
        limit: int = 4096,
        patience: float = 5.0,
        allow_volatile: bool = False,
    ) -> None:
        self.schema = schema
        now = None if clock is None else clock.epoch
        self._server = Server(url, schema, now, patience=patience, allow_volatile=allow_volatile)
        self._codec = Codec(seal_of(seal))
        self._unreadable = Unreadable()
        self._begin(Engine(self._server, limit=limit, patience=patience))

    def __repr__(self) -> str:
        return f"PostgresJournal(schema={self.schema!r})"  # the address may hold a password

    def migrate(self) -> None:
        """Make the schema, or bring it forward, as a role that may. Raises `JournalUnavailable`."""
        self._server.migrate()

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
        writer, item = self._live().writer, Append(commit.key, row, done)
        if may_block:
            writer.put_and_wait(item)
        else:
            writer.put(item)

    def load(self, key: str, done: Done) -> None:
        """`done(Stored | None)`."""
        self._read(done, lambda session: self._stored(_queries.order(session, checked_text(key))))

    def _stored(self, row: Row | None) -> Stored | None:
        return None if row is None else stored_of(row, self._codec)

    def find(self, text: str, done: Done) -> None:
        """`done(tuple[str, ...])`: keys of the orders with this order id, attempt number or provider reference."""
        self._read(done, lambda session: _queries.keys(session, checked_text(text)))

    # ------------------------------------------------------------ recovery and listing

    def claim(self, owner: str, lease: float, limit: int, done: Done, *, key: str | None = None) -> None:
        """Take the lease of due orders whose lease is free, most overdue first: `done(tuple[Stored, ...])`.

        Due orders that this version cannot read are passed over and stay free, for a version that can; so are those
        that another process is writing at this moment.
        """

        def work(session: Session) -> tuple[Stored, ...]:
            check_lease(owner, lease)
            if key is not None:
                return _queries.claim_one(session, owner, lease, key, self._stored) if limit > 0 else ()
            return _queries.claim(session, owner, lease, limit, self._unreadable.keys, self._readable)

        self._write(done, work)

    def _readable(self, row: Row) -> Stored | None:
        return self._unreadable.tried(row[0], lambda: self._stored(row))

    def count_due(self, done: Done) -> None:
        """`done(int)`: orders due now, leased or not."""
        self._read(done, _queries.count_due)

    def due(self, limit: int, done: Done) -> None:
        """`done(tuple[DueOrder, ...])`: what `claim` would take now, most overdue first. Takes nothing."""
        self._read(done, lambda session: _queries.due(session, limit, self._unreadable.keys, self._readable))

    def list(self, states: Sequence[str], limit: int, done: Done, *, sort: str = "since") -> None:
        """`done(tuple[Summary, ...])`; no states: all. Oldest first, largest first, or soonest due first."""
        self._read(done, lambda session: _queries.summaries(session, states, limit, sort))

    def captured(self, account: str, start: float, end: float, after: str, limit: int, done: Done) -> None:
        """`done(tuple[Summary, ...])`: what this account captured in [start, end), by attempt number."""
        self._read(done, lambda session: _queries.captured(session, account, start, end, after, limit))

    # ------------------------------------------------------------ outcomes

    def undelivered(self, limit: int, done: Done, *, order_id: str | None = None) -> None:
        """`done(tuple[Outcome, ...])`, oldest first."""
        self._read(done, lambda session: _queries.undelivered(session, limit, order_id))

    def delivered(self, outcome_id: str, done: Done) -> None:
        """`done(None)`; an outcome that is unknown or was delivered already stays as it is."""
        self._write(done, lambda session: _queries.deliver(session, outcome_id))

    # ------------------------------------------------------------ inbox

    def keep(self, account: str, number: str, kind: str, body: Mapping[str, Any], done: Done) -> None:
        """`done(None)`: an authentic notification for a number nobody knows yet; the same one twice is kept once."""
        self._write(done, lambda session: _queries.keep(session, account, number, kind, inbox_text(body)))

    def kept(self, account: str, number: str, done: Done) -> None:
        """`done(tuple[Mapping[str, Any], ...])`: the bodies that the inbox holds for a number, oldest first."""
        self._read(done, lambda session: _queries.kept(session, account, number))

    # ------------------------------------------------------------ manual switches

    def stop_channel(self, switch: Switch, done: Done) -> None:
        """`done(None)`: record a manual stop; it replaces an earlier one of that channel."""
        self._write(done, lambda session: _queries.stop(session, switch))

    def resume_channel(self, channel: str, actor: str, reason: str, done: Done) -> None:
        """`done(bool)`: whether it was stopped."""
        self._write(done, lambda session: _queries.resume(session, channel, actor, reason))

    def switches(self, done: Done) -> None:
        """`done(tuple[Switch, ...])`: the stops that hold now, by channel."""
        self._read(done, _queries.switches)

    # ------------------------------------------------------------ memory of refusals

    def remember(self, refusals: Sequence[Refusal], done: Done) -> None:
        """`done(None)`: keep refusals until they are to be forgotten; bounded, the oldest go first."""
        self._write(done, lambda session: _refusals.remember(session, refusals))

    def recall(self, subjects: Sequence[str], done: Done) -> None:
        """`done(tuple[Refusal, ...])`: what is kept of these subjects, by subject and as kept."""
        self._read(done, lambda session: _refusals.recall(session, subjects))

    def forget(self, subject: str, scope: str, done: Done) -> None:
        """`done(None)`: drop what is kept of a subject in one scope."""
        self._write(done, lambda session: _refusals.forget(session, subject, scope))

    # ------------------------------------------------------------ all of them

    @property
    def archive(self) -> PostgresArchive:
        """The door for whoever looks after the journal as a whole."""
        return PostgresArchive(self._read, self._write, self._codec)

    def _read(self, done: Done, work: Callable[[Session], Any]) -> None:
        self._live().reader.read(work, done)

    def _write(self, done: Done, work: Callable[[Session], Any], finish: Callable[[Any], Any] | None = None) -> None:
        self._live().writer.put(Task(work, done, finish))

    def close(self) -> None:
        """Finish what is under way and let go of the connections. Later calls report `JournalUnavailable`."""
        self._live().stop()

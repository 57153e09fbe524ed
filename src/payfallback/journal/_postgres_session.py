"""One connection to PostgreSQL that never waits without an end, and that keeps nothing in the session."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import pq
from psycopg.abc import PQGen

from payfallback.journal._postgres_rows import clean

Row = tuple[Any, ...]

NOW = "coalesce(%(now)s::float8, extract(epoch FROM statement_timestamp())::float8)"  # stable, so that indexes serve

_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)  # select alone cannot wait for descriptor 1024


class BoundedConnection(psycopg.Connection[Row]):
    """A connection whose every statement is answered in time or given up, with the connection: psycopg 3 waits for ever
    for a server that is stopped, or behind a network that drops packets."""

    patience = 5.0  # seconds for one statement

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        """Drive one exchange. Raises `psycopg.OperationalError`, and closes the connection, when it takes too long."""
        end = time.monotonic() + self.patience
        try:
            return _driven(gen, self.pgconn.socket, end)
        except _TooLate:
            gen.close()
            self.pgconn.finish()
            raise psycopg.OperationalError(f"the server did not answer for {self.patience:g} s") from None


class _TooLate(Exception):
    pass


def _driven(gen: PQGen[Any], descriptor: int, end: float) -> Any:
    """Psycopg's generators say what they wait for, and are told what is ready."""
    try:
        wanted = next(gen)
        while True:
            with _Selector() as selector:
                selector.register(descriptor, wanted)
                found = selector.select(max(0.0, end - time.monotonic()))
            if not found:
                raise _TooLate
            wanted = gen.send(found[0][1])
    except StopIteration as finished:
        return finished.value


class Session:
    """Statements on one connection, of one schema and by one clock; `now` None: the database's own."""

    def __init__(self, connection: BoundedConnection, schema: str, now: Callable[[], float] | None) -> None:
        self._connection, self._schema, self._now = connection, schema, now

    def rows(self, sql: str, **given: Any) -> list[Row]:
        """What a statement returns. `$S` in it stands for the schema, `%(now)s` for the clock that tests turn."""
        given = {name: clean(each) if type(each) is str else each for name, each in given.items()}
        given["now"] = None if self._now is None else self._now()
        found = self._connection.execute(sql.replace("$S", self._schema), given)
        return [] if found.description is None else found.fetchall()

    def script(self, sql: str) -> None:
        """Statements without parameters, in one round trip."""
        self._connection.execute(sql.replace("$S", self._schema))

    @property
    def is_alive(self) -> bool:
        """Whether the connection can be used on, as far as this side knows."""
        return self._connection.pgconn.status == pq.ConnStatus.OK and not self._connection.closed

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, whole or failed."""
        return self._connection.pgconn.transaction_status != pq.TransactionStatus.IDLE

    def close(self) -> None:
        """Let go of it."""
        with suppress(psycopg.Error):
            self._connection.close()

    def inherited(self) -> object:
        """What a forked child must never close: psycopg's connection."""
        return self._connection

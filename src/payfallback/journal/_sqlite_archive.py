"""What looks after a SQLite journal as a whole: see `payfallback.storage.Archive`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from payfallback.journal._rows import RETIRED, Row, held_of, stored_of
from payfallback.journal._rules import check_age, unheard
from payfallback.journal._schema import SUMMARY
from payfallback.journal._strays import Rows, strays
from payfallback.journal.codec import Codec
from payfallback.ports import Done
from payfallback.storage import Held, Page, Retired

_FLAWS = 20  # that the database names at most

_STORED = ("key", "version", "fence", "owner", "lease_until", "due")
_MAY_GO = f"""
    settled_at < :before AND due IS NULL AND needs_person = 0 AND uncertain = 0
    AND substr(log, 1, {len(RETIRED)}) <> '{RETIRED}'
"""
_PAGE = f"""
    SELECT {", ".join(_STORED)}, CASE WHEN {{which}} THEN log END, {", ".join(SUMMARY)}
    FROM orders WHERE key > :after ORDER BY key LIMIT :limit
"""  # noqa: S608  # column names of ours
_WIDTH = len(_STORED) + 1
_ALL, _OLD = _PAGE.format(which="1"), _PAGE.format(which=_MAY_GO)


class SqliteArchive:
    """Its questions and its one change go the journal's own ways, `read` and `write`."""

    def __init__(
        self, read: Callable[..., None], write: Callable[..., None], codec: Codec, now: Callable[[], float]
    ) -> None:
        self._read, self._write, self._codec, self._now = read, write, codec, now

    def page(self, after: str, limit: int, done: Done, *, settled_before: float | None = None) -> None:
        """`done(Page)`."""
        given = {"after": after, "limit": max(1, limit), "before": settled_before}
        self._read(done, lambda connection: self._page(connection, given))

    def _page(self, connection: sqlite3.Connection, given: dict[str, Any]) -> Page:
        rows = connection.execute(_ALL if given["before"] is None else _OLD, given).fetchall()
        orders = tuple(self._held(row) for row in rows if row[_WIDTH - 1] is not None)
        return Page(orders=orders, after=rows[-1][0] if len(rows) == given["limit"] else None)

    def _held(self, row: Row) -> Held:
        return held_of(row[:_WIDTH], row[_WIDTH:], lambda found: stored_of(found, self._codec, self._now()))

    def leads(self, pairs: Sequence[tuple[str, str]], done: Done) -> None:
        """`done(tuple[str, ...])`."""
        self._read(done, lambda connection: tuple(_lead(connection, account, number) for account, number in pairs))

    def told(self, ids: Sequence[str], done: Done) -> None:
        """`done(Mapping[str, float | None])`."""
        self._read(done, lambda connection: _told(connection, ids))

    def strays(self, after: str, limit: int, done: Done) -> None:
        """`done(Strays)`."""
        self._read(done, lambda connection: strays(_rows_of(connection), after, max(1, limit)))

    def flaws(self, done: Done) -> None:
        """`done(tuple[str, ...])`: `PRAGMA integrity_check` and `PRAGMA foreign_key_check`."""
        self._read(done, _flaws)

    def retire(self, retired: Sequence[Retired], before: float, done: Done) -> None:
        """`done(tuple[str, ...])`."""

        def work(connection: sqlite3.Connection, now: float) -> tuple[str, ...]:
            check_age(before, now)
            return tuple(each.key for each in retired if self._retire(connection, each, before, now))

        self._write(done, work)

    def _retire(self, connection: sqlite3.Connection, retired: Retired, before: float, now: float) -> bool:
        if any(unheard(at, before) for at in _told(connection, retired.outcomes).values()):
            return False
        given = {"before": before, "now": now, "key": retired.key, "version": retired.version}
        given |= {"added": len(retired.events), "log": self._codec.encode(retired.events, retired.key)}
        if not connection.execute(_REPLACE, given).rowcount:
            return False
        connection.executemany("DELETE FROM outcomes WHERE id = ?", [(each,) for each in retired.outcomes])
        return True


_REPLACE = f"""
    UPDATE orders SET log = :log, version = version + :added, owner = '', lease_until = 0
    WHERE key = :key AND version = :version AND (owner = '' OR lease_until <= :now) AND {_MAY_GO}
"""  # noqa: S608  # names of ours


def _rows_of(connection: sqlite3.Connection) -> Rows:
    return lambda sql, given: connection.execute(sql.replace("$S.", ""), given).fetchall()


def _lead(connection: sqlite3.Connection, account: str, number: str) -> str:
    found = connection.execute("SELECT order_key FROM numbers WHERE number = ? AND account = ?", (number, account))
    return next((key for (key,) in found), "")


def _told(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, float | None]:
    told: dict[str, float | None] = {}
    for each in ids:
        for (at,) in connection.execute("SELECT delivered_at FROM outcomes WHERE id = ?", (each,)):
            told[each] = at
    return told


def _flaws(connection: sqlite3.Connection) -> tuple[str, ...]:
    found = [text for (text,) in connection.execute(f"PRAGMA integrity_check({_FLAWS})") if text != "ok"]
    dangling = connection.execute("PRAGMA foreign_key_check").fetchmany(_FLAWS)
    return (*found, *(f"a row of {table} names a row of {other} that is not there" for table, _, other, _ in dangling))

"""A journal with a past: as many settled orders as are asked for, some of them due, put into its tables in bulk.

The rows are those that the journal itself writes for a payment, with names scattered like random order ids, so that a
new order falls anywhere into the indexes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from _journal_floor import NOW, payment, raw

from payfallback.journal import open_journal
from payfallback.journal._schema import SUMMARY

CHUNK = 50_000
_NAME = "NAMEOFTHEORDER"  # stands for what differs between orders
_BOOLEAN = ("needs_person", "uncertain")
_ORDERS = ("key", "version", "fence", "owner", "lease_until", "due", *SUMMARY, "log")
_OUTCOMES = ("id", "order_key", "order_id", "at", "body", "delivered_at")

_SQLITE_NAMES = """
    CREATE TEMP TABLE names AS WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted LIMIT {count})
    SELECT lower(hex(randomblob(12))) AS name FROM counted ORDER BY name
"""
_POSTGRES_NAMES = """
    CREATE TEMP TABLE names AS SELECT left(md5(n::text || random()), 24) AS name FROM generate_series(1, {count}) AS n
    ORDER BY name
"""


def fill(address: str, orders: int, due: int) -> None:
    """Put `orders` into a new journal; `due` of them were sent and never answered, the others are paid and told."""
    with _connection(address) as (execute, schema, names):
        for count, settled in ((orders - due, True), (due, False)):
            for start in range(0, count, CHUNK):
                execute("DROP TABLE IF EXISTS names")
                execute(names.format(count=min(CHUNK, count - start)))
                for table, columns, row in _rows(settled):
                    listed = ", ".join(map(_literal, _typed(columns, row)))
                    execute(f"INSERT INTO {schema}{table}({', '.join(columns)}) SELECT {listed} FROM names")
        execute("ANALYZE")


def _rows(settled: bool) -> Iterator[tuple[str, Sequence[str], Sequence[Any]]]:
    """What the journal's tables hold for one order."""
    sent, paid = (raw(commit) for commit in payment(_NAME))
    columns = ("number", "account", "order_key")
    assert sent.order is not None and paid.move is not None  # noqa: PT018  # for the type checker
    if not settled:
        key, version, fence, _, _, _, *rest = sent.order
        yield "orders", _ORDERS, (key, version, fence, "", 0.0, NOW, *rest)
        yield from (("numbers", columns, row) for row in sent.numbers)
        return
    *moved, log, key = paid.move
    yield "orders", _ORDERS, (key, *moved, f"{sent.order[-1]}{log}")
    yield from (("numbers", columns, row) for row in (*sent.numbers, *paid.numbers))
    yield from (("outcomes", _OUTCOMES, (*row, NOW)) for row in paid.outcomes)


def _typed(columns: Sequence[str], row: Sequence[Any]) -> Sequence[Any]:
    return [bool(given) if name in _BOOLEAN else given for name, given in zip(columns, row, strict=True)]


def _literal(given: Any) -> str:
    """A literal of SQL, of both databases. The order's name is a column in it."""
    if given is None:
        return "NULL"
    if not isinstance(given, str):
        return str(given).upper()
    return "'" + given.replace("'", "''").replace(_NAME, "' || name || '") + "'"


@contextmanager
def _connection(address: str) -> Iterator[tuple[Callable[[str], Any], str, str]]:
    """What executes a statement, the schema's name with its dot, and how names are made."""
    if address.startswith("sqlite"):
        path = address.removeprefix("sqlite:///")
        with closing(open_journal(address)) as journal:
            journal.load("none", lambda _: None)  # makes the file
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            file.execute("PRAGMA synchronous = OFF")
            file.execute("PRAGMA cache_size = -400000")
            yield file.execute, "", _SQLITE_NAMES
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    import psycopg

    url, _, schema = address.rpartition("schema=")
    with closing(psycopg.connect(url.rstrip("?&"), autocommit=True)) as server:
        server.execute("SET synchronous_commit = off")
        yield lambda statement: server.execute(statement.encode()), f"{schema}.", _POSTGRES_NAMES
        server.execute("CHECKPOINT")

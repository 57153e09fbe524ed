"""Orders a second and how long a caller waits, for the SQLite and the PostgreSQL journal, beside the floor of each.

A floor writes the same rows into the same tables, for the same callers, in groups, and nothing else: nothing is
compared, encoded or answered. The PostgreSQL floor is raw psycopg: `executemany`, which is one round trip a statement,
in one transaction a group. An order is two commits. The contenders take turns; the best round of each counts.

    python benchmarks/journal.py [--postgres URL] [--payments 2000] [--callers 1 16 64] [--rounds 3]

The database behind the URL gets a schema `benchmark` for the time of the run. Its journal is one with `fsync` on.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import _journal_floor as files
from _journal_floor import HAPPY_PATH, Commits, Measured, Rows, measure, raw, shares_of
from _table import table

from payfallback.journal import migrate_journal, open_journal
from payfallback.journal._schema import SUMMARY

SCHEMA = "benchmark"
_VALUES = ["%s::int::boolean" if name in ("needs_person", "uncertain") else "%s" for name in SUMMARY]
_STATEMENTS = (
    f"INSERT INTO {SCHEMA}.orders(key, version, fence, owner, lease_until, due, {', '.join(SUMMARY)}, log) "
    f"VALUES(%s, %s, %s, %s, %s, %s, {', '.join(_VALUES)}, %s)",
    f"UPDATE {SCHEMA}.orders SET version = %s, fence = %s, owner = %s, lease_until = %s, due = %s, "
    f"{', '.join(f'{name} = {mark}' for name, mark in zip(SUMMARY, _VALUES, strict=True))}, log = log || %s "
    "WHERE key = %s",
    f"INSERT INTO {SCHEMA}.numbers VALUES(%s, %s, %s)",
    f"INSERT INTO {SCHEMA}.outcomes(id, order_key, order_id, at, body) VALUES(%s, %s, %s, %s, %s)",
)


class PostgresFloor:
    """Raw psycopg on the tables of a new journal: one thread, one connection, one transaction a group."""

    def __init__(self, url: str) -> None:
        import psycopg

        self._connection = psycopg.connect(url)
        self._queue: SimpleQueue[tuple[Rows, threading.Lock] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            group = [item]
            while not self._queue.empty() and (item := self._queue.get()) is not None:
                group.append(item)
            self._write([rows for rows, _ in group])
            for _, waiting in group:
                waiting.release()

    def _write(self, group: Sequence[Rows]) -> None:
        given: tuple[list[Any], ...] = (
            [each.order for each in group if each.order],
            [each.move for each in group if each.move],
            [row for each in group for row in each.numbers],
            [row for each in group for row in each.outcomes],
        )
        with self._connection.cursor() as cursor:
            for statement, rows in zip(_STATEMENTS, given, strict=True):
                if rows:
                    cursor.executemany(statement, rows)
        self._connection.commit()

    def caller(self) -> Commits:
        """What one caller makes its rows durable with."""
        lock = threading.Lock()
        lock.acquire()

        def commit(rows: Rows) -> None:
            self._queue.put((rows, lock))
            lock.acquire()

        return commit

    def close(self) -> None:
        """End the thread and the connection."""
        self._queue.put(None)
        self._thread.join()
        self._connection.close()


@contextmanager
def schema(url: str) -> Iterator[str]:
    """A new journal; its address."""
    import psycopg

    with closing(psycopg.connect(url, autocommit=True)) as owner:
        drop = f"SET client_min_messages = warning; DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"
        owner.execute(drop)
        address = f"{url}{'&' if '?' in url else '?'}schema={SCHEMA}"
        migrate_journal(address)
        try:
            yield address
        finally:
            owner.execute(drop)


def postgres_floor(url: str, callers: int, payments: int) -> Measured:
    """The floor for so many callers."""
    shares = [[raw(commit) for each in share for commit in each] for share in shares_of(callers, payments)]
    with schema(url), closing(PostgresFloor(url)) as store:
        return measure(store.caller, shares)


def postgres_journal(url: str, callers: int, payments: int) -> Measured:
    """The journal for so many callers, threads that wait, as `Payments` has them."""
    with schema(url) as address, closing(open_journal(address)) as store:
        return files.measured(store, callers, payments, may_block=True)


def sqlite(work: Callable[[Path, int, int], Measured]) -> Callable[[int, int], Measured]:
    """A contender on a file of its own."""

    def run(callers: int, payments: int) -> Measured:
        with tempfile.TemporaryDirectory() as folder:
            return work(Path(folder) / "journal.db", callers, payments)

    return run


def contenders(url: str) -> dict[str, dict[str, Callable[[int, int], Measured]]]:
    """The floor and the journal of each database."""
    journal = sqlite(lambda path, callers, payments: files.journal(path, callers, payments, may_block=True))
    found = {"SQLite": {"floor": sqlite(files.floor), "journal": journal}}
    if url:
        found["PostgreSQL"] = {
            "floor": lambda callers, payments: postgres_floor(url, callers, payments),
            "journal": lambda callers, payments: postgres_journal(url, callers, payments),
        }
    return found


def main() -> None:
    """Print a row for each database and number of callers."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--postgres", default="", metavar="URL", help="a database of its own; without it, SQLite only")
    options.add_argument("--payments", type=int, default=2000)
    options.add_argument("--callers", type=int, nargs="+", default=[1, 16, 64])
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    rows = []
    for database, pair in contenders(given.postgres).items():
        for callers in given.callers:
            taken = [{name: run(callers, given.payments) for name, run in pair.items()} for _ in range(given.rounds)]
            best = {name: min(each[name] for each in taken) for name in pair}
            floor, journal = best["floor"].per_commit * HAPPY_PATH, best["journal"].per_commit * HAPPY_PATH
            rows.append(
                {
                    "database": database, "callers": callers, "floor orders/s": round(1e6 / floor),
                    "journal orders/s": round(1e6 / journal), "of the floor": floor / journal,
                    "us above": round(journal - floor), "p50 us": round(best["journal"].p50),
                    "p99 us": round(best["journal"].p99),
                }
            )  # fmt: skip  # a list of columns
    print(table("The journal, two commits an order", rows))


if __name__ == "__main__":
    main()

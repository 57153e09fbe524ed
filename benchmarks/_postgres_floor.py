"""What PostgreSQL itself takes for the rows of a payment: by pgbench, and by psycopg in groups.

pgbench is the server's own: C, a connection a caller, a transaction a commit, each sent as one pipeline of prepared
statements. The other floor is one connection of psycopg that all callers share, in groups, with `executemany`: a round
trip a table and a transaction a group. Neither compares, encodes, signs or answers anything.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from math import nan
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import psycopg
from _journal_floor import HAPPY_PATH, Rows, payment, raw, shares_of
from _measuring import Commits, Measured, measure
from psycopg import sql

from payfallback.journal import migrate_journal
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


@contextmanager
def schema(url: str, name: str = SCHEMA) -> Iterator[str]:
    """A new journal; its address."""
    with closing(psycopg.connect(url, autocommit=True)) as owner:
        drop = f"SET client_min_messages = warning; DROP SCHEMA IF EXISTS {name} CASCADE"
        owner.execute(drop)
        address = f"{url}{'&' if '?' in url else '?'}schema={name}"
        migrate_journal(address)
        try:
            yield address
        finally:
            owner.execute(drop)


def tables_of(group: Sequence[Rows]) -> tuple[list[Any], ...]:
    """The rows for each of the statements."""
    return (
        [each.order for each in group if each.order],
        [each.move for each in group if each.move],
        [row for each in group for row in each.numbers],
        [row for each in group for row in each.outcomes],
    )


# ---------------------------------------------------------------- psycopg


class PostgresFloor:
    """Raw psycopg on the tables of a new journal: one thread, one connection, one transaction a group."""

    def __init__(self, url: str) -> None:
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
        with self._connection.cursor() as cursor:
            for statement, rows in zip(_STATEMENTS, tables_of(group), strict=True):
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


def by_psycopg(url: str, callers: int, payments: int) -> Measured:
    """The floor of one process for so many callers."""
    shares = [[raw(commit) for each in share for commit in each] for share in shares_of(callers, payments)]
    with schema(url), closing(PostgresFloor(url)) as store:
        return measure(store.caller, shares)


# ---------------------------------------------------------------- pgbench

_NAME = "NAMEOFTHEORDER"  # stands for what differs between orders


def pgbench(folder: str = "") -> str | None:
    """The program, in this folder or else on the path; None when this machine has none."""
    return shutil.which("pgbench", path=folder or None) or shutil.which("pgbench")


def by_pgbench(program: str, url: str, callers: int, payments: int) -> Measured:
    """The same for pgbench. It tells no percentiles: nan stands in their place."""
    with schema(url), tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "order.sql"
        script.write_text(_script(), encoding="utf-8")
        each = max(1, payments // callers)
        command = [program, "-n", "-M", "prepared", "-c", str(callers), "-j", str(min(2, callers)), "-t", str(each)]
        done = subprocess.run([*command, "-f", script, url], capture_output=True, text=True, timeout=170, check=False)
    rate = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode != 0 or rate is None:
        raise RuntimeError(f"pgbench failed: {done.stderr}")
    return Measured(1e6 / float(rate[1]) / HAPPY_PATH, nan, nan)


def _script() -> str:
    """One order: two transactions, each one pipeline, of the rows that the journal writes."""
    lines = ["\\set n random(1, 9000000000000000000)"]
    for commit in payment(_NAME):
        lines += ["\\startpipeline", "BEGIN;"]
        for statement, rows in zip(_STATEMENTS, tables_of([raw(commit)]), strict=True):
            lines += [f"{_filled(statement, row)};" for row in rows]
        lines += ["COMMIT;", "\\endpipeline"]
    return "\n".join(lines) + "\n"


def _filled(statement: str, row: Sequence[Any]) -> str:
    parts = statement.split("%s")
    given = [_literal(each) for each in row]
    return "".join(part + text for part, text in zip(parts, [*given, ""], strict=True))


def _literal(given: Any) -> str:
    """A literal of SQL. The order's name is a parameter in it."""
    text = sql.Literal(given).as_string(None).replace("\n", "' || chr(10) || '")
    return text.replace(_NAME, "' || :n::text || '") if _NAME in text else text

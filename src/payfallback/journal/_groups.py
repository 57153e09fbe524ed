"""Writes a group of items in one transaction, so that one sync of the disk serves all of them.

A group of plain commits is one statement. When one of them is refused, or when there is other work in the group, it is
done again item by item inside BEGIN and COMMIT, where a refusal undoes that item only.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

from payfallback.errors import PayfallbackError
from payfallback.journal._rows import Row
from payfallback.journal._rules import unstorable, written
from payfallback.journal._schema import COLUMNS, submission
from payfallback.ports import Done, Receipt

CONFLICTS = ("version", "lease", "number", "missing")

# What sqlite3 raises for a parameter that it cannot bind; nothing was written then.
_UNBINDABLE = (sqlite3.ProgrammingError, sqlite3.InterfaceError, OverflowError, UnicodeEncodeError)
_ONE = submission(1)
# Preparing a statement takes longer than running it, so groups are filled up to one of these sizes with rows that no
# trigger knows.
_SIZES: tuple[int, ...] = (*range(1, 9), 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64)
_WIDTH = 1 + len(COLUMNS)
_NOTHING = (0,) * _WIDTH


class Append:
    """A commit on its way. `receipt` is what it will have become, None when only the database can tell."""

    __slots__ = ("done", "receipt", "row")

    def __init__(self, row: Row, receipt: Receipt | None, done: Done) -> None:
        self.row, self.receipt, self.done = row, receipt, done

    @property
    def key(self) -> str:
        key: str = self.row[1]
        return key

    def write(self, connection: sqlite3.Connection, now: float) -> Receipt:
        """Write it inside a transaction. A refused one leaves the transaction as it was."""
        try:
            connection.execute(_ONE, (now, *self.row))
        except sqlite3.IntegrityError as refused:
            return Receipt(ok=False, conflict=_conflict(refused))
        return self.receipt or self._receipt(connection)

    def _receipt(self, connection: sqlite3.Connection) -> Receipt:
        version, fence = connection.execute("SELECT version, fence FROM orders WHERE key = ?", (self.key,)).fetchone()
        takes_lease = self.row[6] > 0
        return written(version, fence if takes_lease else 0)


class Task:
    """Other work in the same transaction. `finish` turns its rows into the result, after the commit."""

    __slots__ = ("done", "finish", "work")

    def __init__(
        self,
        work: Callable[[sqlite3.Connection, float], Any],
        done: Done,
        finish: Callable[[Any], Any] | None = None,
    ) -> None:
        self.work, self.done, self.finish = work, done, finish

    def write(self, connection: sqlite3.Connection, now: float) -> Any:
        """Do it inside a transaction."""
        return self.work(connection, now)


Item = Append | Task


def largest_group(connection: sqlite3.Connection) -> int:
    """How many commits one statement of this SQLite can hold."""
    parameters: int = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    return max(size for size in _SIZES if size == 1 or size * _WIDTH <= parameters)


def write_group(connection: sqlite3.Connection, items: Sequence[Item], now: float) -> Sequence[Any]:
    """Write all of them durably, and return what became of each. Raises `sqlite3.Error` when nothing was written."""
    parameters = _parameters(items, now)
    if parameters is not None:
        try:
            connection.execute(submission(len(parameters) // _WIDTH), parameters)
            return [item.receipt for item in items]  # type: ignore[union-attr]  # all are `Append`s
        except (sqlite3.IntegrityError, *_UNBINDABLE):
            pass  # nothing was written; the next line finds out which of them it was
    return _one_by_one(connection, items, now)


def _parameters(items: Sequence[Item], now: float) -> list[Any] | None:
    """The parameters of one statement for all; None when one of them has to be read back or is other work."""
    parameters: list[Any] = []
    for item in items:
        if type(item) is not Append or item.receipt is None:
            return None
        parameters.append(now)
        parameters += item.row
    parameters += _NOTHING * (_SIZES[bisect_left(_SIZES, len(items))] - len(items))
    return parameters


def _one_by_one(connection: sqlite3.Connection, items: Sequence[Item], now: float) -> Sequence[Any]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        results = [_attempt(item, connection, now) for item in items]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return [_finished(item, result) for item, result in zip(items, results, strict=True)]


def _attempt(item: Item, connection: sqlite3.Connection, now: float) -> Any:
    try:
        return item.write(connection, now)
    except _UNBINDABLE as problem:
        return unstorable(problem)
    except PayfallbackError as problem:
        return problem


def _finished(item: Item, result: Any) -> Any:
    if type(item) is not Task or item.finish is None or isinstance(result, PayfallbackError):
        return result
    try:
        return item.finish(result)
    except PayfallbackError as problem:
        return problem


def _conflict(refused: sqlite3.IntegrityError) -> str:
    """RAISE gives its word as the whole message; what else is refused is an outcome that is there already."""
    text = str(refused)
    return text if text in CONFLICTS else "outcome"

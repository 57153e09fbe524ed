"""The memory of refusals of a SQLite journal: one table, bounded by its writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from payfallback._core.memory import Refusal
from payfallback.journal._rules import IN_ALL, OF_ONE

SWEPT = 100  # expired ones that go with each write; never so many that a payment waits for them

_COLUMNS = ("subject", "scope", "cause", "at", "until", "option", "minor", "currency")
_NAMES = ", ".join(_COLUMNS)


def remember(connection: sqlite3.Connection, refusals: Sequence[Refusal], now: float) -> None:
    """Keep them, inside a transaction, and let go of what is too much or too old."""
    connection.executemany(
        f"INSERT INTO refusals({_NAMES}) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
        [tuple(getattr(each, name) for name in _COLUMNS) for each in refusals],
    )
    connection.executemany(
        "DELETE FROM refusals WHERE subject = ? AND id <= "
        "(SELECT id FROM refusals WHERE subject = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
        [(subject, subject, OF_ONE) for subject in {each.subject for each in refusals}],
    )
    connection.execute(
        "DELETE FROM refusals WHERE id IN (SELECT id FROM refusals WHERE until <= ? ORDER BY until LIMIT ?)",
        (now, SWEPT),
    )
    connection.execute("DELETE FROM refusals WHERE id <= (SELECT max(id) FROM refusals) - ?", (IN_ALL,))


def recall(connection: sqlite3.Connection, subjects: Sequence[str], now: float) -> tuple[Refusal, ...]:
    """What is kept of them, by subject, in the order in which it was kept."""
    marks = ",".join("?" * len(subjects))
    rows = connection.execute(
        f"SELECT {_NAMES} FROM refusals WHERE subject IN ({marks}) AND until > ? ORDER BY subject, id",  # noqa: S608  # names of ours
        (*subjects, now),
    )
    return tuple(Refusal(**dict(zip(_COLUMNS, row, strict=True))) for row in rows)


def forget(connection: sqlite3.Connection, subject: str, scope: str) -> None:
    """Drop one scope of a subject."""
    connection.execute("DELETE FROM refusals WHERE subject = ? AND scope = ?", (subject, scope))

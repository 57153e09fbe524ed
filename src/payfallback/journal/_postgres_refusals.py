"""The memory of refusals of a PostgreSQL journal: one table, bounded by its writes."""

from __future__ import annotations

from collections.abc import Sequence

from payfallback._core.memory import Refusal
from payfallback.journal._postgres_session import NOW, Session
from payfallback.journal._rules import IN_ALL, OF_ONE

SWEPT = 100  # expired ones that go with each write; never so many that a payment waits for them

_COLUMNS = ("subject", "scope", "cause", "at", "until", "option", "minor", "currency")
_NAMES = ", ".join(_COLUMNS)
_REMEMBER = f"""
    INSERT INTO $S.refusals({_NAMES}) VALUES({", ".join(f"%({name})s" for name in _COLUMNS)})
"""
_TOO_MANY_OF_ONE = """
    DELETE FROM $S.refusals WHERE subject = %(subject)s AND id <=
      (SELECT id FROM $S.refusals WHERE subject = %(subject)s ORDER BY id DESC LIMIT 1 OFFSET %(most)s)
"""
_OVER = f"""
    DELETE FROM $S.refusals WHERE id IN (
      SELECT id FROM $S.refusals WHERE until <= {NOW} ORDER BY until LIMIT %(most)s FOR UPDATE SKIP LOCKED)
"""  # noqa: S608  # column names of ours
_TOO_MANY = "DELETE FROM $S.refusals WHERE id <= (SELECT max(id) FROM $S.refusals) - %(most)s"


def remember(session: Session, refusals: Sequence[Refusal]) -> None:
    """Keep them, inside a transaction, and let go of what is too much or too old."""
    for each in refusals:
        session.rows(_REMEMBER, **{name: getattr(each, name) for name in _COLUMNS})
    for subject in sorted({each.subject for each in refusals}):
        session.rows(_TOO_MANY_OF_ONE, subject=subject, most=OF_ONE)
    session.rows(_OVER, most=SWEPT)
    session.rows(_TOO_MANY, most=IN_ALL)


def recall(session: Session, subjects: Sequence[str]) -> tuple[Refusal, ...]:
    """What is kept of them, by subject, in the order in which it was kept."""
    rows = session.rows(
        f"SELECT {_NAMES} FROM $S.refusals WHERE subject = ANY(%(subjects)s) AND until > {NOW} "  # noqa: S608  # column names of ours
        "ORDER BY subject, id",
        subjects=list(subjects),
    )
    return tuple(Refusal(**dict(zip(_COLUMNS, row, strict=True))) for row in rows)


def forget(session: Session, subject: str, scope: str) -> None:
    """Drop one scope of a subject."""
    session.rows(
        "DELETE FROM $S.refusals WHERE subject = %(subject)s AND scope = %(scope)s", subject=subject, scope=scope
    )

"""Writes a group of items in one transaction of PostgreSQL.

A group of plain commits is one statement: one round trip, and one sync of the server's log. With other work in the
group it is a transaction. When a unique constraint or a value that PostgreSQL cannot hold stops it, nothing was
written, and it is done again item by item, each in a savepoint, so that only what is wrong is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from payfallback._values import value
from payfallback.errors import JournalUnavailable, PayfallbackError
from payfallback.journal._postgres_rows import receipt_of
from payfallback.journal._postgres_session import Session
from payfallback.journal._rules import unstorable
from payfallback.ports import Done, Receipt

_WRITE = "$S.journal_write(%(now)s, %(rows)s::json)"
_SIGN = "$S.journal_sign(%(writer)s::uuid, %(epoch)s, %(seq)s, {answer})"
_WRITE_AND_SIGN = f"SELECT {_SIGN.format(answer=_WRITE)}"
# Longer waits of a transaction are somebody's fault: then its locks go, and it is tried again.
_BEGIN = "BEGIN; SET LOCAL lock_timeout = '3s'; SET LOCAL idle_in_transaction_session_timeout = '5s'"
_CONFLICTS = {"orders_pkey": "version", "one_order_a_number": "number", "one_outcome_an_id": "outcome"}


@value
class Mark:
    """What a group is signed with: who writes, since which connection, and which of its groups this is."""

    writer: str
    epoch: int
    seq: int


class Append:
    """A commit on its way, as `journal_write` takes it."""

    __slots__ = ("done", "key", "row")

    def __init__(self, key: str, row: str, done: Done) -> None:
        self.key, self.row, self.done = key, row, done


class Task:
    """Other work in the same transaction. `finish` turns its rows into the result, after the commit."""

    __slots__ = ("done", "finish", "work")

    def __init__(self, work: Callable[[Session], Any], done: Done, finish: Callable[[Any], Any] | None = None) -> None:
        self.work, self.done, self.finish = work, done, finish


Item = Append | Task


def write_group(session: Session, items: Sequence[Item], mark: Mark) -> Sequence[Any]:
    """Write all of them durably, and return what became of each. Raises `psycopg.Error` when this is not known to have
    been done."""
    appends, tasks = _sorted(items)
    try:
        if not tasks:
            return told(items, _one_statement(session, appends, mark))
        return _one_transaction(session, items, appends, mark)
    except (psycopg.IntegrityError, psycopg.DataError):
        _roll_back(session)
    return _one_by_one(session, items, mark)


def told(items: Sequence[Item], answers: Sequence[str]) -> Sequence[Any]:
    """What each item of a written group is told, by the answers that its signature holds."""
    appends, _ = _sorted(items)
    receipts = {id(item): receipt_of(answer) for item, answer in zip(appends, answers, strict=True) if answer}
    return [receipts.get(id(item)) or _answer_lost() for item in items]


def _sorted(items: Sequence[Item]) -> tuple[list[Append], list[Task]]:
    """The commits in the order of their keys, in which every process locks them, and the rest."""
    appends = sorted((item for item in items if type(item) is Append), key=lambda item: item.key)
    return appends, [item for item in items if type(item) is Task]


def _one_statement(session: Session, appends: Sequence[Append], mark: Mark) -> Sequence[str]:
    answers: Sequence[str] = session.rows(_WRITE_AND_SIGN, rows=_json(appends), **_fields(mark))[0][0]
    return answers


def _json(appends: Sequence[Append]) -> str:
    return f"[{','.join([item.row for item in appends])}]"


def _fields(mark: Mark) -> dict[str, Any]:
    return {"writer": mark.writer, "epoch": mark.epoch, "seq": mark.seq}


def _one_transaction(session: Session, items: Sequence[Item], appends: Sequence[Append], mark: Mark) -> Sequence[Any]:
    session.script(_BEGIN)
    answers = session.rows(f"SELECT {_WRITE}", rows=_json(appends))[0][0] if appends else []
    done = {id(item): _worked(session, item) for item in items if type(item) is Task}
    _commit(session, answers, mark)
    receipts = {id(item): receipt_of(answer) for item, answer in zip(appends, answers, strict=True)}
    return [receipts[id(item)] if type(item) is Append else _finished(item, done[id(item)]) for item in items]


def _worked(session: Session, task: Task) -> Any:
    try:
        return task.work(session)
    except PayfallbackError as problem:  # told before anything was sent
        return problem
    except UnicodeEncodeError as problem:  # as was this
        return unstorable(problem)


def _one_by_one(session: Session, items: Sequence[Item], mark: Mark) -> Sequence[Any]:
    appends, tasks = _sorted(items)
    ordered: list[Item] = [*appends, *tasks]
    session.script(_BEGIN)
    results = {id(item): _saved(session, item) for item in ordered}
    answers = [_answer_of(results[id(item)]) for item in appends]
    _commit(session, answers, mark)
    return [_finished(item, results[id(item)]) for item in items]


def _saved(session: Session, item: Item) -> Any:
    """One item in a savepoint: its result, or what is wrong with it."""
    session.script("SAVEPOINT item")
    try:
        if isinstance(item, Task):
            return _worked(session, item)
        return receipt_of(session.rows(f"SELECT {_WRITE}", rows=_json([item]))[0][0][0])
    except psycopg.IntegrityError as refused:
        session.script("ROLLBACK TO SAVEPOINT item")
        conflict = _CONFLICTS.get(refused.diag.constraint_name or "")
        return Receipt(ok=False, conflict=conflict) if conflict else unstorable(refused)
    except psycopg.DataError as problem:
        session.script("ROLLBACK TO SAVEPOINT item")
        return unstorable(problem)


def _answer_of(result: Any) -> str:
    if not isinstance(result, Receipt):
        return ""
    return f"{result.version} {result.fence}" if result.ok else result.conflict


def _commit(session: Session, answers: Sequence[str], mark: Mark) -> None:
    session.rows(f"SELECT {_SIGN.format(answer='%(answers)s::text[]')}", answers=list(answers), **_fields(mark))
    session.script("COMMIT")


def _roll_back(session: Session) -> None:
    if session.in_transaction:
        session.script("ROLLBACK")


def _finished(item: Item, result: Any) -> Any:
    if type(item) is not Task or item.finish is None or isinstance(result, PayfallbackError):
        return result
    try:
        return item.finish(result)
    except PayfallbackError as problem:
        return problem


def _answer_lost() -> JournalUnavailable:
    return JournalUnavailable("this was done, but the answer was lost with the connection", hint="look again")

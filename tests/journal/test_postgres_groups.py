"""How many groups the writer of a PostgreSQL journal makes of what its callers hand in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from queue import SimpleQueue
from typing import Any

import psycopg
import pytest
from journal_cases import add, ask, new, seen, submit

from payfallback.journal import _postgres_writer
from payfallback.journal.postgres import PostgresJournal
from payfallback.ports import Commit

Opens = Callable[..., PostgresJournal]

LOCKED = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"


@pytest.fixture
def journal(open_postgres: Opens, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresJournal]:
    """A journal whose writer waits for company long enough for a test on a busy machine."""
    monkeypatch.setattr(_postgres_writer, "COMPANY", (16, 1.0))
    with closing(open_postgres()) as made:
        yield made


def groups(url: str, schema: str) -> int:
    """How many groups were written so far."""
    with closing(psycopg.connect(url)) as other:
        row = other.execute(f"SELECT sum(seq) FROM {schema}.writers").fetchone()
    assert row is not None
    return int(row[0])


def together(journal: PostgresJournal, url: str, schema: str, commits: Sequence[Commit]) -> None:
    """Have them written in one group: they come while the one before them is held up by a lock on its order, |A1."""
    answers: SimpleQueue[Any] = SimpleQueue()
    with closing(psycopg.connect(url)) as holder, closing(psycopg.connect(url, autocommit=True)) as watch:
        holder.execute(f"SELECT FROM {schema}.orders WHERE key = '|A1' FOR UPDATE")
        journal.submit(add(None, seen()), answers.put)
        while watch.execute(LOCKED, [f"%{schema}.journal_write%"]).fetchone() == (0,):
            continue
        for commit in commits:
            journal.submit(commit, answers.put)
        holder.rollback()
        assert all(answers.get(timeout=30).ok for _ in (0, *commits))


def test_after_a_group_of_several_the_first_waits_for_the_others(
    journal: PostgresJournal, postgres_url: str, schema: str
) -> None:
    """Callers who were told together come back together: they are one group again, not one and the rest."""
    submit(journal, new("A1"))
    ask(journal.load, "|A1")  # the reader is connected from now on
    together(journal, postgres_url, schema, [new(f"B{n}") for n in range(3)])
    before = groups(postgres_url, schema)
    answers: SimpleQueue[Any] = SimpleQueue()
    journal.submit(new("C1"), answers.put)
    ask(journal.load, "|A1")  # so that the writer has taken the first of them
    journal.submit(new("C2"), answers.put)
    assert all(answers.get(timeout=30).ok for _ in range(2))
    assert groups(postgres_url, schema) == before + 1


def test_closing_finishes_what_waits_for_company(journal: PostgresJournal, postgres_url: str, schema: str) -> None:
    """A commit that waits for others when the journal is closed is written."""
    submit(journal, new("A1"))
    together(journal, postgres_url, schema, [new(f"B{n}") for n in range(3)])
    answers: SimpleQueue[Any] = SimpleQueue()
    journal.submit(new("C1"), answers.put)
    journal.close()
    assert answers.get(timeout=30).ok


def test_a_caller_alone_waits_for_nobody(open_postgres: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other is written at once, however long company would be waited for."""
    monkeypatch.setattr(_postgres_writer, "COMPANY", (16, 15.0))
    with closing(open_postgres()) as journal:
        assert all(submit(journal, new(f"A{n}")).ok for n in range(5))

"""The journals that must keep the same promises, and a clock that the tests turn."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import psycopg
import pytest
from journal_cases import HandClock

from payfallback.journal.memory import MemoryJournal
from payfallback.journal.postgres import PostgresJournal
from payfallback.journal.sqlite import SqliteJournal
from payfallback.ports import Clock, Journal

Opens = Callable[..., PostgresJournal]

# Every journal stands here once; the contract tests run against each.
JOURNALS: dict[str, Callable[[pytest.FixtureRequest, Path, Clock], Journal]] = {
    "memory": lambda request, folder, clock: MemoryJournal(clock),
    "sqlite": lambda request, folder, clock: SqliteJournal(folder / "journal.db", clock=clock, allow_volatile=True),
    "postgres": lambda request, folder, clock: request.getfixturevalue("open_postgres")(clock=clock),
}
SCHEMAS = count(1)


@pytest.fixture
def clock() -> HandClock:
    """A clock that stands still."""
    return HandClock()


@pytest.fixture(params=JOURNALS)
def journal(request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock) -> Iterator[Journal]:
    """An empty journal of each kind."""
    opened = JOURNALS[request.param](request, tmp_path, clock)
    yield opened
    opened.close()


@pytest.fixture
def open_sqlite(tmp_path: Path) -> Iterator[Callable[..., SqliteJournal]]:
    """Open `journal.db` of the test's folder, as often as wanted."""
    opened: list[SqliteJournal] = []

    def make(name: str = "journal.db", **options: object) -> SqliteJournal:
        opened.append(SqliteJournal(tmp_path / name, **{"allow_volatile": True, **options}))  # type: ignore[arg-type]  # passed through
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def schema(postgres_url: str) -> Iterator[str]:
    """A name for a journal's schema that nobody uses; what is made under it goes after the test."""
    name = f"test_{os.getpid()}_{next(SCHEMAS)}"
    yield name
    with closing(psycopg.connect(postgres_url, autocommit=True)) as connection:
        connection.execute(f"SET client_min_messages = warning; DROP SCHEMA IF EXISTS {name} CASCADE")


@pytest.fixture
def open_postgres(postgres_url: str, schema: str) -> Iterator[Opens]:
    """Open the journal of the test's schema, as often as wanted; the first time it is made."""
    opened: list[PostgresJournal] = []

    def make(**options: object) -> PostgresJournal:
        given = {"schema": schema, "allow_volatile": True, **options}
        journal = PostgresJournal(postgres_url, **given)  # type: ignore[arg-type]  # passed through
        if not opened:
            journal.migrate()
        opened.append(journal)
        return journal

    yield make
    for each in opened:
        each.close()

"""The journals that must keep the same promises, and a clock that the tests turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from journal_cases import HandClock

from payfallback.journal.memory import MemoryJournal
from payfallback.journal.sqlite import SqliteJournal
from payfallback.ports import Clock, Journal

# Every journal stands here once; the contract tests run against each.
JOURNALS: dict[str, Callable[[Path, Clock], Journal]] = {
    "memory": lambda folder, clock: MemoryJournal(clock),
    "sqlite": lambda folder, clock: SqliteJournal(folder / "journal.db", clock=clock, allow_volatile=True),
}


@pytest.fixture
def clock() -> HandClock:
    """A clock that stands still."""
    return HandClock()


@pytest.fixture(params=JOURNALS)
def journal(request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock) -> Iterator[Journal]:
    """An empty journal of each kind."""
    opened = JOURNALS[request.param](tmp_path, clock)
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

"""Several processes on one PostgreSQL journal: forked, racing, each with connections of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from journal_cases import ask, load, run_program

from payfallback.journal.postgres import PostgresJournal


@pytest.fixture
def url(postgres_url: str, schema: str, open_postgres: Callable[..., PostgresJournal]) -> str:
    """The address of a journal that is made."""
    open_postgres().close()
    return f"{postgres_url}?schema={schema}&allow_volatile=yes"


def after(case: str, url: str) -> Any:
    """What one case of the program found."""
    return run_program("program_postgres.py", url, case)


def test_two_processes_never_hold_one_lease(url: str) -> None:
    """Each order is taken, and decided, by one of two that compete for all of them."""
    assert after("race", url) == {"taken": 40, "both": 0, "won": [1, 1]}


def test_a_journal_used_before_a_fork(url: str) -> None:
    """Parent and children go on with it, and no end of one closes the connection of another."""
    assert after("forked", url) == [True, True, True, ["c1", "c2", "p1", "p2", "p3"]]


def test_forking_while_threads_commit_and_read(url: str) -> None:
    """A fork in the middle of the parent's work loses nothing, and every child can write."""
    assert after("busy", url) == [[True] * 4, True]


def test_a_fork_behind_pythons_back(url: str) -> None:
    """The child leaves the inherited connections alone, and opens its own."""
    assert after("behind", url) == [True, True, ["c1", "p1", "p2"]]


def test_several_processes_share_one_database(url: str, open_postgres: Callable[..., PostgresJournal]) -> None:
    """Three processes create, append and compete on one journal; nothing is lost and nothing is taken twice."""
    program = Path(__file__).with_name("program_writer.py")
    writers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", program, url, f"P{number}", "25"], stdout=subprocess.PIPE, text=True
        )
        for number in range(3)
    ]
    for writer in writers:
        printed, _ = writer.communicate(timeout=120)
        assert writer.returncode == 0
        assert json.loads(printed)["lost"] >= 0
    journal = open_postgres()
    assert len(ask(journal.list, (), 1000)) == 3 * 25 + 1
    texts = [event.text for event in load(journal, "shared").events[1:]]  # type: ignore[union-attr]  # all are `Seen`
    assert sorted(texts) == sorted(f"P{number}-{n}" for number in range(3) for n in range(25))

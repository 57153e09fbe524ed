"""A journal that was made before a fork works after it, on both sides, and neither side harms the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from journal_cases import run_program


def after(case: str, folder: Path) -> Any:
    """What one case of the program found."""
    return run_program("program_forks.py", folder / "journal.db", case)


def test_a_journal_made_before_the_fork(tmp_path: Path) -> None:
    """Built in the parent and first used in its children and in itself: all of them write."""
    assert after("unused", tmp_path) == [[True, True], True, ["c1", "c2", "p1"]]


def test_a_journal_used_before_the_fork(tmp_path: Path) -> None:
    """What the child was told is durable stays, even when the parent and a visitor close the file under it.

    SQLite alone loses it: the child believes in locks that only its parent holds, so the parent's closing deletes the
    log under the child.
    """
    assert after("used", tmp_path) == [True, ["c1", "c2", "p1", "p2"]]


def test_forking_while_threads_commit(tmp_path: Path) -> None:
    """A fork in the middle of the parent's commits loses none of them, and every child can write."""
    assert after("busy", tmp_path) == [[True] * 8, True]


def test_a_closed_journal_stays_closed(tmp_path: Path) -> None:
    """A fork does not open it again."""
    assert after("closed", tmp_path) == "the journal is closed"


def test_a_fork_behind_pythons_back_is_refused(tmp_path: Path) -> None:
    """A child that inherited an open file can write nothing safely: it says so, and its end harms nobody."""
    told, parent_writes, orders = after("behind", tmp_path)
    assert "forked while its parent had the journal open" in told
    assert parent_writes
    assert orders == ["p1", "p2"]


def test_the_end_of_an_inherited_journal_harms_nobody(tmp_path: Path) -> None:
    """A child forked behind Python's back that ends last deletes no log, and its end does not hang."""
    assert after("left_open", tmp_path) == ["p1", "p2"]


def test_a_fork_behind_pythons_back_before_use(tmp_path: Path) -> None:
    """With nothing inherited the child simply begins."""
    assert after("behind_unused", tmp_path) == [True, ["c1"]]

"""When the disk, another process or a caller fails: typed errors at once, and nothing acknowledged is lost."""

from __future__ import annotations

import platform
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from journal_cases import START, HandClock, add, ask, load, new, run_program, submit, won

from payfallback.errors import JournalUnavailable, ProgrammingError
from payfallback.journal.sqlite import SqliteJournal
from payfallback.ports import Receipt

Opens = Callable[..., SqliteJournal]


@contextmanager
def write_lock(path: Path) -> Iterator[None]:
    """Another process is in the middle of a write."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def hand_in(journal: SqliteJournal, answers: SimpleQueue[Any], names: list[str]) -> None:
    """Hand in these orders without waiting."""
    for name in names:
        journal.submit(new(name), answers.put)


# ---------------------------------------------------------------- other processes


def test_a_busy_file_is_waited_for(open_sqlite: Opens) -> None:
    """While another process writes, commits wait; then they are written."""
    journal = open_sqlite()
    submit(journal, new())
    answers: SimpleQueue[Any] = SimpleQueue()
    with write_lock(journal.path):
        hand_in(journal, answers, ["A2", "A3"])
        time.sleep(0.03)
        assert answers.empty()
    assert [answers.get(timeout=30).ok for _ in range(2)] == [True, True]


def test_patience_ends(open_sqlite: Opens) -> None:
    """A lock that is held for too long is reported, and is no reason to give up the file."""
    journal = open_sqlite(patience=0.03)
    submit(journal, new())
    with write_lock(journal.path), pytest.raises(JournalUnavailable, match="another process"):
        submit(journal, new("A2"))
    assert submit(journal, new("A2")).ok


def test_reading_never_waits_for_a_writer(open_sqlite: Opens) -> None:
    """Status pages and recovery look while another process writes."""
    journal = open_sqlite()
    submit(journal, new())
    with write_lock(journal.path):
        assert load(journal).version == 1


def test_the_queue_is_bounded(open_sqlite: Opens) -> None:
    """More than the limit does not wait: it is refused at once, and what waits is written later."""
    journal = open_sqlite(limit=5)
    submit(journal, new())
    answers: SimpleQueue[Any] = SimpleQueue()
    with write_lock(journal.path):
        hand_in(journal, answers, ["in hand"])
        time.sleep(0.02)
        hand_in(journal, answers, [f"B{n}" for n in range(9)])
        refused = [answers.get(timeout=30) for _ in range(4)]
        assert all(isinstance(each, JournalUnavailable) for each in refused)
        assert answers.empty()
    assert all(answers.get(timeout=30).ok for _ in range(6))


# ---------------------------------------------------------------- the writer


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_writer_is_reported_at_once(open_sqlite: Opens) -> None:
    """If the writer's thread ends, the rest of its group, whoever waits and whoever comes later are told."""
    journal = open_sqlite()
    submit(journal, new())
    waiting: SimpleQueue[Any] = SimpleQueue()

    def kills(_: object) -> None:
        journal.submit(new("A3"), waiting.put)
        raise ZeroDivisionError

    first: SimpleQueue[Any] = SimpleQueue()
    with write_lock(journal.path):
        journal.submit(new("in hand"), first.put)
        time.sleep(0.02)
        journal.submit(new("A0"), kills)
        journal.submit(new("A2"), waiting.put)
    assert first.get(timeout=30).ok
    for _ in range(2):
        assert isinstance(waiting.get(timeout=30), JournalUnavailable)
    with pytest.raises(JournalUnavailable, match="writer has ended"):
        submit(journal, new("A4"))
    assert load(journal, "A0").version == 1


def test_a_caller_that_is_gone_harms_nobody(open_sqlite: Opens) -> None:
    """A closed event loop refuses to be woken; the others of the group are told all the same."""
    journal = open_sqlite()
    submit(journal, new())
    answers: SimpleQueue[Any] = SimpleQueue()

    def gone(_: object) -> None:
        raise RuntimeError("Event loop is closed")

    with write_lock(journal.path):
        for name, done in (("A2", gone), ("A3", answers.put), ("A4", gone), ("A5", answers.put)):
            journal.submit(new(name), done)
    assert [answers.get(timeout=30).ok for _ in range(2)] == [True, True]
    assert load(journal, "A4").version == 1


def test_closing_finishes_what_waits(open_sqlite: Opens) -> None:
    """What was handed in before `close` is written and answered."""
    before = set(threading.enumerate())
    journal = open_sqlite()
    answers: SimpleQueue[Any] = SimpleQueue()
    hand_in(journal, answers, [f"A{n}" for n in range(200)])
    journal.close()
    assert all(answers.get_nowait().ok for _ in range(200))
    assert set(threading.enumerate()) <= before


# ---------------------------------------------------------------- callers


def test_one_bad_commit_spoils_only_itself(open_sqlite: Opens) -> None:
    """Commits that conflict, or cannot be stored at all, are refused alone; the rest of their group is written."""
    journal = open_sqlite()
    submit(journal, new("taken", numbers=(("a", "N1"),)))
    answers: list[tuple[str, Any]] = []
    told = threading.Semaphore(0)
    commits = {
        "good": new("good"), "taken": new("taken"), "number": new("number", numbers=(("a", "N1"),)),
        "stale": add(9, won(), order_id="taken"), "surrogate": new("x", owner="\ud800", take_lease=1.0),
        "huge": new("huge", fence=2**70), "evidence": add(None, won(), order_id="taken"), "also good": new("also"),
    }  # fmt: skip  # a list of cases
    with write_lock(journal.path):
        for name, commit in commits.items():
            journal.submit(commit, lambda answer, name=name: (answers.append((name, answer)), told.release()))
    for _ in commits:
        assert told.acquire(timeout=10)
    kinds = {
        name: (given.conflict or given.version) if isinstance(given, Receipt) else type(given)
        for name, given in answers
    }
    assert kinds == {
        "good": 1, "taken": "version", "number": "number", "stale": "version", "surrogate": ProgrammingError,
        "huge": ProgrammingError, "evidence": 2, "also good": 1,
    }  # fmt: skip  # a list of cases


def test_an_event_that_is_no_event_is_refused(open_sqlite: Opens) -> None:
    """What cannot be written down is a programmer's error, told to who made it."""
    with pytest.raises(ProgrammingError):
        submit(open_sqlite(), new("A1", won(), object()))  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ProgrammingError):
        ask(open_sqlite().load, "\ud800")


# ---------------------------------------------------------------- the disk


def test_a_full_disk_is_reported_and_survived(tmp_path: Path) -> None:
    """While nothing can be written every commit is refused; with room again it goes on, and nothing is lost."""
    found = run_program("program_disk.py", tmp_path / "journal.db", "full")
    assert all(message.startswith("the journal cannot be written") for message in found.pop("refused"))
    assert found == {"before": 20, "after": 20, "found": True, "large": True}


@pytest.mark.skipif(platform.system() != "Linux", reason="a sync is made to fail with seccomp, which is Linux's")
def test_a_failed_sync_is_reported_and_survived(tmp_path: Path) -> None:
    """A commit whose sync failed is not acknowledged; the file is opened anew, verified, and written on."""
    found = run_program("program_disk.py", tmp_path / "journal.db", "unsynced")
    if "skipped" in found:
        pytest.skip(found["skipped"])
    assert found == {"before": 2, "refused": "the journal cannot be written: disk I/O error", "after": 2, "found": True}


def test_a_file_that_lost_something_acknowledged_is_not_written_on(tmp_path: Path) -> None:
    """Opening the file anew after a failure verifies the last acknowledged group, and stops when it is not there."""
    lost = "the journal lost what it had acknowledged"
    assert run_program("program_disk.py", tmp_path / "journal.db", "robbed") == [lost, lost]


@pytest.mark.parametrize("come_back", [False, True], ids=["deleted", "replaced"])
def test_a_file_that_goes_away_is_noticed(open_sqlite: Opens, tmp_path: Path, come_back: bool) -> None:
    """Commits into a deleted or replaced file would be gone: they are refused, and no new journal is begun."""
    journal = open_sqlite()
    submit(journal, new())
    moved = tmp_path / "moved.db"
    journal.path.rename(moved)
    if come_back:
        journal.path.write_bytes(moved.read_bytes())
    for call in (lambda: submit(journal, new("A2")), lambda: load(journal)):
        with pytest.raises(JournalUnavailable, match="moved, deleted or replaced"):
            call()
    assert journal.path.exists() == come_back


def test_one_unreadable_order_does_not_block_recovery(open_sqlite: Opens, clock: HandClock) -> None:
    """An order that cannot be read is reported when asked for, and passed over by claims; the others are recovered."""
    journal = open_sqlite(clock=clock)
    for name, due in (("bad", 0), ("good", 1)):
        submit(journal, new(name, due=START + due))
    with closing(sqlite3.connect(journal.path, isolation_level=None)) as other:
        other.execute("""UPDATE orders SET log = '{"e":"quantum","at":1}' WHERE order_id = 'bad'""")
    clock.turn(5)
    with pytest.raises(JournalUnavailable, match="newer version"):
        load(journal, "bad")
    assert [each.key for each in ask(journal.claim, "recoverer", 30, 1)] == ["|good"]
    with pytest.raises(JournalUnavailable, match="newer version"):
        ask(journal.claim, "recoverer", 30, 1, key="|bad")


def test_what_cannot_be_read_stands_in_nobodys_way(open_sqlite: Opens, clock: HandClock) -> None:
    """However many are in front, a listing and a claim reach those behind them; they are not leased, so that a newer
    process finds them free."""
    journal = open_sqlite(clock=clock)
    for n in range(30):
        submit(journal, new(f"bad{n:02}", due=START + n))
    submit(journal, new("good", due=START + 50))
    with closing(sqlite3.connect(journal.path, isolation_level=None)) as other:
        other.execute("""UPDATE orders SET log = '{"e":"quantum","at":1}' WHERE order_id LIKE 'bad%'""")
        clock.turn(60)
        assert [each.order_id for each in ask(journal.due, 5)] == ["good"]
        assert [each.key for each in ask(journal.claim, "recoverer", 30, 5)] == ["|good"]
        assert other.execute("SELECT count(*), max(fence) FROM orders WHERE owner = ''").fetchone() == (30, 0)
        assert ask(journal.count_due) == 31

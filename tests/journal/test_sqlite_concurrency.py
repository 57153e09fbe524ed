"""Many threads, tasks and processes on one file: everything acknowledged is there, whatever is killed."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import pytest
from journal_cases import add, ask, load, new, run_program, seen, submit, won

from payfallback.errors import JournalUnavailable
from payfallback.journal.sqlite import SqliteJournal

Opens = Callable[..., SqliteJournal]


def test_eight_threads_write_at_once(open_sqlite: Opens) -> None:
    """Each thread's commits are all there, and each order is whole."""
    journal = open_sqlite()

    def caller(number: int) -> None:
        for n in range(50):
            name = f"{number}-{n}"
            assert submit(journal, new(name)).ok
            assert submit(journal, add(1, won(), order_id=name)).version == 2

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(caller, range(8)))
    assert all(load(journal, f"{number}-{n}").version == 2 for number in range(8) for n in range(50))


def test_a_caller_that_waits_anyway_writes_itself(open_sqlite: Opens) -> None:
    """Alone, such a caller's commit is written on its own thread; the answers are the same."""
    journal = open_sqlite()
    answered_by: list[threading.Thread] = []
    journal.submit(new(), lambda _: answered_by.append(threading.current_thread()), may_block=True)
    assert answered_by == [threading.current_thread()]
    assert ask(journal.submit, new(), may_block=True).conflict == "version"
    assert ask(journal.submit, add(None, seen()), may_block=True).version == 2
    journal.close()
    with pytest.raises(JournalUnavailable, match="closed"):
        ask(journal.submit, add(2, won()), may_block=True)


def test_waiting_callers_and_others_write_at_once(open_sqlite: Opens) -> None:
    """Threads that write themselves, threads that do not, and claims go through one file one after the other."""
    journal = open_sqlite()

    def caller(number: int) -> None:
        for n in range(40):
            name = f"{number}-{n}"
            assert ask(journal.submit, new(name, due=0.0), may_block=bool(number % 2)).ok
            assert ask(journal.submit, add(1, won(), order_id=name), may_block=bool(number % 2)).ok
            assert ask(journal.claim, "nobody", 1.0, 1, key="|none") == ()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(caller, range(6)))
    assert [load(journal, f"{number}-{n}").version for number in range(6) for n in range(40)] == [2] * 240


def test_a_forgotten_journal_ends_by_itself(tmp_path: Path) -> None:
    """A journal that nobody holds any more ends its thread and lets go of its file."""
    before = set(threading.enumerate())
    journal = SqliteJournal(tmp_path / "journal.db", allow_volatile=True)
    submit(journal, new())
    assert set(threading.enumerate()) > before
    del journal
    gc.collect()
    assert set(threading.enumerate()) <= before
    assert [path.name for path in tmp_path.iterdir()] == ["journal.db"]


def test_a_version_is_won_once(open_sqlite: Opens) -> None:
    """Of all that commit the same version in one moment exactly one is taken, and no other order suffers from it."""
    journal = open_sqlite()
    submit(journal, new())
    for version in range(1, 21):
        answers: list[Any] = []
        told = threading.Semaphore(0)

        def done(answer: Any, answers: list[Any] = answers, told: threading.Semaphore = told) -> None:
            answers.append(answer)
            told.release()

        for racer in range(6):
            journal.submit(add(version, seen(f"{version}-{racer}")), done)
            journal.submit(new(f"B{version}-{racer}"), done)
        for _ in range(12):
            assert told.acquire(timeout=30)
        assert sum(answer.ok for answer in answers) == 7
        assert [answer.conflict for answer in answers].count("version") == 5
    assert load(journal).version == 21


@pytest.mark.anyio
async def test_tasks_write_at_once(open_sqlite: Opens) -> None:
    """A hundred tasks of one event loop are served by the same writer, which wakes each in its own loop."""
    journal = open_sqlite()
    receipts = []

    async def task(number: int) -> None:
        token, event = anyio.lowlevel.current_token(), anyio.Event()

        def done(receipt: Any) -> None:
            receipts.append(receipt)
            anyio.from_thread.run_sync(event.set, token=token)

        journal.submit(new(f"T{number}"), done)
        await event.wait()

    async with anyio.create_task_group() as tasks:
        for number in range(100):
            tasks.start_soon(task, number)
    assert [receipt.ok for receipt in receipts] == [True] * 100
    assert len(ask(journal.list, (), 1000)) == 100


def test_several_processes_share_one_file(open_sqlite: Opens, tmp_path: Path) -> None:
    """Four processes create, append and compete on one journal; nothing is lost and nothing is taken twice."""
    program = Path(__file__).with_name("program_writer.py")
    writers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", program, tmp_path / "journal.db", f"P{number}", "40"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for writer in writers:
        printed, _ = writer.communicate(timeout=120)
        assert writer.returncode == 0
        assert json.loads(printed)["lost"] >= 0
    journal = open_sqlite()
    assert len(ask(journal.list, (), 1000)) == 4 * 40 + 1
    texts = [event.text for event in load(journal, "shared").events[1:]]  # type: ignore[union-attr]  # all are `Seen`
    assert sorted(texts) == sorted(f"P{number}-{n}" for number in range(4) for n in range(40))


VISITOR = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(*c.execute('SELECT count(*) FROM orders')); c.close()"
)


def test_building_another_client_takes_no_locks_away(open_sqlite: Opens) -> None:
    """Looking at the file, as every new client does, must not give up the locks of a client that uses it.

    A process that closes any descriptor of a file loses all its locks on it; a visitor would then be the last to close
    the file, and delete the log under the client.
    """
    journal = open_sqlite()
    submit(journal, new("A1"))
    open_sqlite()
    for orders in (1, 2, 3):
        visit = subprocess.run(
            [sys.executable, "-c", VISITOR, journal.path], capture_output=True, text=True, check=True, timeout=30
        )
        assert visit.stdout.strip() == f"({orders},)"
        submit(journal, new(f"B{orders}"))


@pytest.mark.slow
def test_a_killed_writer_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """In twenty rounds of kill -9 at random moments every acknowledged order is there, with number and outcome."""
    counted = run_program("program_killed.py", tmp_path / "journal.db", 20)
    assert counted["acknowledged"] > 20
    assert counted["missing"] == 0

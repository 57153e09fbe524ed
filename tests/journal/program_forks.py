"""Forks around one module-level journal: argv is the path and the name of a case. Prints what was found, as JSON."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sqlite3
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import closing
from typing import Any

from journal_cases import add, ask, load, new, submit, won

from payfallback.errors import JournalUnavailable
from payfallback.journal.sqlite import SqliteJournal

warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)  # that is what is tried here

PATH = sys.argv[1]
JOURNAL = SqliteJournal(PATH, allow_volatile=True)


def in_child(work: Callable[[], Any], fork: Callable[[], int] = os.fork) -> Callable[[], Any]:
    """Start `work` in a forked process that ends as processes do; the returned function waits for what it found."""
    reading, writing = os.pipe()
    child = fork()
    if child == 0:
        os.close(reading)
        os.write(writing, json.dumps(work()).encode())
        os.close(writing)
        sys.exit(0)  # the whole end of an interpreter: finalizers, atexit, and every connection that is left
    os.close(writing)

    def found() -> Any:
        with os.fdopen(reading) as pipe:
            answer = json.loads(pipe.read() or "null")
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        return answer

    return found


def commit(name: str) -> bool:
    """One order through the module's journal."""
    return submit(JOURNAL, new(name)).ok


def on_disk() -> list[str]:
    """The orders that a fresh connection, which shares nothing with anybody, finds."""
    with closing(sqlite3.connect(PATH)) as connection:
        return [name for (name,) in connection.execute("SELECT order_id FROM orders ORDER BY order_id")]


def unused() -> Any:
    """The parent never used the journal before it forked: `gunicorn --preload`."""
    children = [in_child(lambda name=name: commit(name)) for name in ("c1", "c2")]
    return [child() for child in children], commit("p1"), on_disk()


def used() -> Any:
    """The parent used it; both go on, and the parent closes while the child is still writing."""
    assert commit("p1")
    assert load(JOURNAL, "p1")
    closed_reading, closed_writing = os.pipe()

    def child() -> bool:
        assert commit("c1")
        os.read(closed_reading, 1)
        return commit("c2") and submit(JOURNAL, add(1, won(), order_id="p1")).ok

    found = in_child(child)
    assert commit("p2")
    while ask(JOURNAL.load, "|c1") is None:
        pass
    JOURNAL.close()
    with closing(sqlite3.connect(PATH)) as other:  # a visitor, who would be the last to close the file
        other.execute("SELECT count(*) FROM orders").fetchone()
    os.write(closed_writing, b"x")
    return found(), on_disk()


def busy() -> Any:
    """Threads of the parent commit all the time while it forks, eight times."""
    stop = threading.Event()
    written: list[str] = []

    def caller(number: int) -> None:
        for n in range(10_000):
            if stop.is_set():
                return
            assert commit(f"p{number}-{n}")
            written.append(f"p{number}-{n}")

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    children = [in_child(lambda name=name: commit(name)) for name in (f"c{n}" for n in range(8))]
    found = [child() for child in children]
    stop.set()
    for thread in threads:
        thread.join()
    return found, set(on_disk()) == {*written, *(f"c{n}" for n in range(8))}


def closed() -> Any:
    """A journal that was closed before the fork is closed after it."""
    commit("p1")
    JOURNAL.close()
    return in_child(refused)()


def refused() -> str:
    """What the journal says."""
    try:
        commit("c1")
    except JournalUnavailable as problem:
        return problem.message
    return ""


def behind() -> Any:
    """The C function forks, behind Python's back, while the journal is open: the child refuses, the parent goes on."""
    assert commit("p1")
    assert load(JOURNAL, "p1")
    fork = ctypes.PyDLL(None).fork
    told = in_child(refused, fork)()
    return told, commit("p2"), on_disk()


def left_open() -> Any:
    """A child that inherited the open file, never touched it, and ends long after everybody else.

    Its parent had read only. It closed the file, opened it anew, committed and was killed: the new log holds the only
    copy of that commit. Closing what the child inherited would delete this log.
    """
    end_reading, end_writing = os.pipe()
    gone_reading, gone_writing = os.pipe()
    parent = os.fork()
    if parent == 0:
        other = SqliteJournal(PATH, allow_volatile=True)
        assert submit(other, new("p1")).ok
        other.close()
        assert load(JOURNAL, "p1")
        if ctypes.PyDLL(None).fork() == 0:
            os.close(end_writing)
            os.read(end_reading, 1)
            sys.exit(0)
        JOURNAL.close()
        again = SqliteJournal(PATH, allow_volatile=True)
        assert submit(again, new("p2")).ok
        os.kill(os.getpid(), signal.SIGKILL)
    os.close(gone_writing)
    os.waitpid(parent, 0)
    os.write(end_writing, b"x")
    os.read(gone_reading, 1)  # the end of the pipe: nobody holds it any more
    return on_disk()


def behind_unused() -> Any:
    """The C function forks before the journal was used: nothing was inherited, and the child can work."""
    fork = ctypes.PyDLL(None).fork
    return in_child(lambda: commit("c1"), fork)(), on_disk()


print(json.dumps(globals()[sys.argv[2]]()))

"""Processes around one PostgreSQL journal: argv is its address and a case. Prints what it found, as JSON."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

from journal_cases import START, add, ask, load, new, submit, won

from payfallback.journal import open_journal

warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)  # that is what is tried here

URL = sys.argv[1]
JOURNAL = open_journal(URL)


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


def orders() -> list[str]:
    """The orders that are there."""
    return sorted(each.order_id for each in ask(JOURNAL.list, (), 1_000_000))


def forked() -> Any:
    """The parent used the journal; both go on with it, before and after each other's end."""
    assert commit("p1")
    assert load(JOURNAL, "p1")
    first, second = in_child(lambda: commit("c1")), in_child(lambda: commit("c2") and "p1" in orders())
    assert commit("p2")
    return first(), second(), commit("p3"), orders()


def busy() -> Any:
    """Threads of the parent commit and read all the time while it forks, four times."""
    stop, written = threading.Event(), []

    def caller(number: int) -> None:
        for n in range(10_000):
            if stop.is_set():
                return
            assert commit(f"p{number}-{n}")
            assert load(JOURNAL, f"p{number}-{n}")
            written.append(f"p{number}-{n}")

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    found = [in_child(lambda name=f"c{n}": commit(name))() for n in range(4)]
    stop.set()
    for thread in threads:
        thread.join()
    return found, set(orders()) == {*written, *(f"c{n}" for n in range(4))}


def behind() -> Any:
    """The C function forks, behind Python's back, while the journal is connected: both go on, each on its own."""
    assert commit("p1")
    assert load(JOURNAL, "p1")
    told = in_child(lambda: commit("c1"), ctypes.PyDLL(None).fork)()
    return told, commit("p2"), orders()


def race() -> Any:
    """Two processes on 40 orders: each tries to take the lease of every order, and decides with what it holds."""
    for n in range(40):
        assert submit(JOURNAL, new(f"A{n}", due=START)).ok
    found = [in_child(lambda name=name: takes(name)) for name in ("one", "two")]
    taken = [each() for each in found]
    ended = [load(JOURNAL, f"A{n}").events.count(won()) for n in range(40)]
    return {"taken": sum(map(len, taken)), "both": len({*taken[0]} & {*taken[1]}), "won": [min(ended), max(ended)]}


def takes(name: str) -> list[str]:
    """The orders that this process got, by commits and by claims in turn, and decided."""
    got = []
    for n in range(40):
        receipt = submit(JOURNAL, add(1, owner=name, take_lease=60.0, order_id=f"A{n}", due=START))
        claimed = ask(JOURNAL.claim, name, 60.0, 1) if n % 3 == 0 else ()
        held = [(f"A{n}", receipt.fence)] * receipt.ok + [(each.key[1:], each.fence) for each in claimed]
        for order_id, fence in held:
            decided = submit(JOURNAL, add(1, won(), order_id=order_id, fence=fence, owner=name, take_lease=60.0))
            assert decided.ok, decided
            got.append(order_id)
    return got


print(json.dumps(globals()[sys.argv[2]]()))
JOURNAL.close()

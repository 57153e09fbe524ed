"""Writers that are killed: argv is the journal's path and the number of rounds.

Each round forks a process that commits from several threads and names each acknowledged order on a pipe; it is killed
with SIGKILL at a random moment. Afterwards every order that was named must be there, whole. Prints what was counted.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
import warnings

from journal_cases import add, ask, load, new, opened, outcome, planned, submit, won

from payfallback.journal.sqlite import SqliteJournal

warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)  # as of Python 3.12

THREADS = 6


def write(path: str, label: str, pipe: int) -> None:
    """Commit orders for ever, two commits each; name each once both are acknowledged."""
    journal = SqliteJournal(path, allow_volatile=True)

    def caller(number: int) -> None:
        for n in range(10_000):
            name = f"{label}-{number}-{n}"
            assert submit(journal, new(name, opened(name), planned(f"{name}-1"), numbers=(("a", name),))).ok
            assert submit(journal, add(2, won(), order_id=name, outcomes=(outcome(f"{name}-paid", name),))).ok
            os.write(pipe, f"{name}\n".encode())

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def one_round(path: str, label: str, chance: random.Random) -> list[str]:
    """Start a writer, kill it, and return what it was told is durable."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            write(path, label, writing)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        acknowledged = [pipe.readline().strip()]  # it has begun
        time.sleep(chance.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        acknowledged += [line.strip() for line in pipe if line.endswith("\n")]
    os.waitpid(child, 0)
    return acknowledged


def main(path: str, rounds: int) -> None:
    """Kill writers, and look for what they were told after each."""
    chance = random.Random(20261111)
    total = missing = 0
    for number in range(rounds):
        acknowledged = one_round(path, f"r{number}", chance)
        journal = SqliteJournal(path, allow_volatile=True)
        total += len(acknowledged)
        missing += sum(load(journal, name).events[-1] != won() for name in acknowledged)
        told = {each.order_id for each in ask(journal.undelivered, 1_000_000)}
        missing += sum(name not in told or ask(journal.find, name) != (f"|{name}",) for name in acknowledged)
        journal.close()
    print(json.dumps({"rounds": rounds, "acknowledged": total, "missing": missing}))


main(sys.argv[1], int(sys.argv[2]))

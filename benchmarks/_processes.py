"""Several processes on one SQLite file: what one commit waits for, at the slow end too.

SQLite lets one process write at a time. A group commit holds the lock for a moment; who finds it taken looks again
after a millisecond or two, with jitter.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from itertools import chain
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from time import perf_counter

from _databases import Database
from _journal_floor import HAPPY_PATH, payment, submitter
from _measuring import percentiles, waited
from _table import Row

from payfallback.journal import open_journal

PROCESSES = 4
_TOGETHER = 60.0  # seconds to wait for the others to start


def _one(number: int, address: str, callers: int, payments: int, gate: Barrier, told: Queue[list[float]]) -> None:
    each = max(1, payments // callers)
    shares = [
        list(chain.from_iterable(payment(f"P{number}C{caller}N{n}") for n in range(each))) for caller in range(callers)
    ]
    with closing(open_journal(address)) as store:
        gate.wait(_TOGETHER)
        _, waits = waited(partial(submitter, store), shares)
    told.put(waits)


def compare(base: Database, callers: Sequence[int], payments: int) -> Sequence[Row]:
    """A row for each number of callers that every process has."""
    return [_row(base, each, payments) for each in callers]


def _row(base: Database, callers: int, payments: int) -> Row:
    spawning = multiprocessing.get_context("spawn")
    gate, told = spawning.Barrier(PROCESSES + 1), spawning.Queue()
    with base.fresh() as address:
        with closing(open_journal(address)) as store:
            submitter(store)(payment("First")[0])  # the file is there
        given = (address, callers, payments // PROCESSES, gate, told)
        workers = [spawning.Process(target=_one, args=(number, *given)) for number in range(PROCESSES)]
        for worker in workers:
            worker.start()
        gate.wait(_TOGETHER)
        begun = perf_counter()
        waits = list(chain.from_iterable(told.get(timeout=170) for _ in workers))
        spent = perf_counter() - begun
        for worker in workers:
            worker.join()
    p50, p99 = percentiles(waits)
    return {
        "processes": PROCESSES,
        "callers in each": callers,
        "orders/s": round(len(waits) / HAPPY_PATH / spent),
        "p50 us": round(p50),
        "p99 us": round(p99),
        "worst us": round(max(waits) * 1e6),
    }

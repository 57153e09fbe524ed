"""Many callers of something that makes commits durable: how fast they are together, and how long each of them waits."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Commits = Callable[[Any], None]  # makes one commit durable, and returns


class Measured(NamedTuple):
    """Microseconds: of the clock per commit, over all callers; and how long a caller waited for one."""

    per_commit: float
    p50: float
    p99: float


def measure(caller: Callable[[], Commits], shares: Sequence[Sequence[Any]]) -> Measured:
    """Let each caller do its share on a thread of its own, all starting together."""
    spent, waits = waited(caller, shares)
    return Measured(spent / len(waits) * 1e6, *percentiles(waits))


def waited(caller: Callable[[], Commits], shares: Sequence[Sequence[Any]]) -> tuple[float, list[float]]:
    """The same: the seconds that all took together, and each wait, in seconds."""
    waits: list[float] = []
    ready = threading.Barrier(len(shares) + 1)

    def work(share: Sequence[Any]) -> None:
        commit, own = caller(), []
        ready.wait()
        for each in share:
            begun = time.perf_counter()
            commit(each)
            own.append(time.perf_counter() - begun)
        waits.extend(own)

    threads = [threading.Thread(target=work, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    ready.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begun, waits


def percentiles(waits: Sequence[float]) -> tuple[float, float]:
    """Microseconds: the middle, and what one in a hundred waits longer than."""
    ranked = statistics.quantiles(waits, n=100)
    return ranked[49] * 1e6, ranked[98] * 1e6

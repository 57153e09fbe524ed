"""Many callers of one client on a durable journal: threads that share a `Payments`, tasks that share `AsyncPayments`.

The providers answer at once, so that a caller waits for this library, its journal and the disk alone.
"""

from __future__ import annotations

import asyncio
import statistics
import threading
from collections.abc import Sequence
from time import perf_counter
from typing import NamedTuple

from _ours import Ours
from _shop import CASES, APay, Pay, orders

from payfallback.model import Order


class Paid(NamedTuple):
    """Microseconds: of the clock per order, over all callers; and how long a caller waited for one."""

    per_order: float
    p50: float
    p99: float


def threads(url: str, callers: int, payments: int) -> Paid:
    """`callers` threads that share one `Payments`."""
    with Ours(url, in_flight=2 * callers).opened(CASES["success"]) as pay:
        pay(orders("warming", 1)[0])
        shares = _shares(orders("threads", payments), callers)
        waits: list[float] = []
        gate = threading.Barrier(callers + 1)
        workers = [threading.Thread(target=_caller, args=(gate, pay, share, waits)) for share in shares]
        for worker in workers:
            worker.start()
        gate.wait()
        start = perf_counter()
        for worker in workers:
            worker.join()
        return _paid(perf_counter() - start, waits)


def _caller(gate: threading.Barrier, pay: Pay, share: Sequence[Order], waits: list[float]) -> None:
    own = []
    gate.wait()
    for order in share:
        begun = perf_counter()
        pay(order)
        own.append(perf_counter() - begun)
    waits += own


def tasks(url: str, callers: int, payments: int) -> Paid:
    """`callers` tasks that share one `AsyncPayments`."""

    async def run() -> Paid:
        async with Ours(url, in_flight=2 * callers).aopened(CASES["success"]) as pay:
            await pay(orders("warming", 1)[0])
            waits: list[float] = []
            shares = _shares(orders("awaited", payments), callers)
            start = perf_counter()
            await asyncio.gather(*(_task(pay, share, waits) for share in shares))
            return _paid(perf_counter() - start, waits)

    return asyncio.run(run())


async def _task(pay: APay, share: Sequence[Order], waits: list[float]) -> None:
    for order in share:
        begun = perf_counter()
        await pay(order)
        waits.append(perf_counter() - begun)


def _shares(ready: Sequence[Order], callers: int) -> list[Sequence[Order]]:
    return [ready[start::callers] for start in range(callers)]


def _paid(seconds: float, waits: Sequence[float]) -> Paid:
    ranked = statistics.quantiles(waits, n=100)
    return Paid(seconds / len(waits) * 1e6, ranked[49] * 1e6, ranked[98] * 1e6)

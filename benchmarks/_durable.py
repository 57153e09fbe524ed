"""Payments on SQLite with synchronous=FULL, beside the raw group commit of the same rows on the same disk."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from _journal_floor import measure_floor
from _ours import Ours
from _shop import CASES, Pay, orders
from _table import Row
from _timing import cpu_bound_thread, latencies, percentiles

from payfallback.model import Order

CALLERS = (1, 16, 64)
PAYMENTS = {1: 300, 16: 1600, 64: 3200}


@contextmanager
def _journal(folder: str) -> Iterator[str]:
    """A fresh journal on a real disk."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as place:
        yield f"sqlite:///{Path(place).resolve() / 'journal.db'}"


def threads(folder: str, callers: int, payments: int) -> float:
    """Orders a second of `callers` threads that share one `Payments`."""
    with _journal(folder) as url, Ours(url, in_flight=2 * callers).opened(CASES["success"]) as pay:
        pay(orders("warming", 1)[0])
        shares = _shares(orders("threads", payments), callers)
        return payments / _run_threads(pay, shares)


def _shares(ready: Sequence[Order], callers: int) -> list[Sequence[Order]]:
    return [ready[start::callers] for start in range(callers)]


def _run_threads(pay: Pay, shares: Sequence[Sequence[Order]]) -> float:
    gate = threading.Barrier(len(shares) + 1)

    def caller(share: Sequence[Order]) -> None:
        gate.wait()
        for order in share:
            pay(order)

    workers = [threading.Thread(target=caller, args=(share,)) for share in shares]
    for worker in workers:
        worker.start()
    gate.wait()
    start = perf_counter()
    for worker in workers:
        worker.join()
    return perf_counter() - start


def tasks(folder: str, callers: int, payments: int) -> float:
    """Orders a second of `callers` tasks that share one `AsyncPayments`."""

    async def run(url: str) -> float:
        async with Ours(url, in_flight=2 * callers).aopened(CASES["success"]) as pay:
            await pay(orders("warming", 1)[0])

            async def caller(share: Sequence[Order]) -> None:
                for order in share:
                    await pay(order)

            shares = _shares(orders("awaited", payments), callers)
            start = perf_counter()
            await asyncio.gather(*map(caller, shares))
            return payments / (perf_counter() - start)

    with _journal(folder) as url:
        return asyncio.run(run(url))


def floor(folder: str, callers: int, payments: int) -> float:
    """Orders a second of the raw group commit: two commits an order, the rows that the journal writes."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as place:
        return measure_floor(Path(place), callers=callers, orders=payments)


def compare(folder: str, *, rounds: int, quick: bool) -> dict[str, Sequence[Row]]:
    """Throughput by callers, in turns with the floor, and one caller's latency beside a thread that computes."""
    rows: list[Row] = []
    for callers in CALLERS:
        payments = PAYMENTS[callers] // (4 if quick else 1)
        found: dict[str, list[float]] = {"raw group commit": [], "payfallback, threads": [], "payfallback, tasks": []}
        for _ in range(rounds):
            for name, measure in zip(found, (floor, threads, tasks), strict=True):
                found[name].append(measure(folder, callers, payments))
        rows += _rows(callers, found)
    with _journal(folder) as url, cpu_bound_thread():
        ours = Ours(url, name="payfallback, SQLite FULL")
        beside = {"contender": ours.name, **percentiles(latencies(ours, 100 if quick else 500))}
    return {"durable": rows, "durable_beside": [beside]}


def _rows(callers: int, found: dict[str, list[float]]) -> Iterator[Row]:
    raw = found["raw group commit"]
    for name, rates in found.items():
        yield {
            "callers": callers,
            "what": name,
            "orders_per_s": median(rates),
            "of_floor": median(own / each for own, each in zip(rates, raw, strict=True)),
            "us_above_floor": median((1 / own - 1 / each) * 1e6 for own, each in zip(rates, raw, strict=True)),
        }

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

from _journal_floor import HAPPY_PATH
from _journal_floor import floor as raw_commits
from _ours import Ours
from _shop import CASES, Pay, orders
from _table import Row
from _timing import cpu_bound_thread, latencies, percentiles

from payfallback.model import Order

CALLERS = (1, 16, 64)
PAYMENTS = {1: 300, 16: 1600, 64: 3200}


@contextmanager
def _place(folder: str) -> Iterator[Path]:
    """A path for a fresh file on a real disk."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as place:
        yield Path(place).resolve() / "journal.db"


@contextmanager
def _journal(folder: str) -> Iterator[str]:
    """A fresh journal on a real disk, as a URL."""
    with _place(folder) as path:
        yield f"sqlite:///{path}"


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
    with _place(folder) as path:
        return 1e6 / (HAPPY_PATH * raw_commits(path, callers, payments).per_commit)


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
    return {"durable": rows, "durable_beside": list(_beside(folder, 100 if quick else 500))}


def _beside(folder: str, payments: int) -> Iterator[Row]:
    """One caller beside a thread that computes. Handing a commit to a writer thread and back costs turns of the
    interpreter, which the second floor pays as the journal does; the figures of a commit are doubled to an order's."""
    with cpu_bound_thread():
        for name, grouped in (("raw commits on one thread", False), ("raw commits by a writer thread", True)):
            with _place(folder) as path:
                found = raw_commits(path, 1, payments, grouped=grouped)
            yield {"what": name, "p50_us": HAPPY_PATH * found.p50, "p99_us": HAPPY_PATH * found.p99}
        with _journal(folder) as url:
            cut = percentiles(latencies(Ours(url), payments))
            yield {"what": "payfallback", "p50_us": cut["p50_us"], "p99_us": cut["p99_us"]}


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

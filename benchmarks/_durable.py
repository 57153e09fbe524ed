"""Payments on SQLite with synchronous=FULL, beside the raw group commit of the same rows on the same disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from _journal_floor import HAPPY_PATH
from _journal_floor import floor as raw_commits
from _ours import Ours
from _payers import Paid, tasks, threads
from _table import Row
from _timing import cpu_bound_thread, latencies, percentiles

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


def floor(folder: str, callers: int, payments: int) -> float:
    """Orders a second of the raw group commit: two commits an order, the rows that the journal writes."""
    with _place(folder) as path:
        return 1e6 / (HAPPY_PATH * raw_commits(path, callers, payments).per_commit)


def _rate_of(paying: Callable[[str, int, int], Paid]) -> Callable[[str, int, int], float]:
    """Orders a second of payments on a fresh file."""

    def measure(folder: str, callers: int, payments: int) -> float:
        with _journal(folder) as url:
            return 1e6 / paying(url, callers, payments).per_order

    return measure


def compare(folder: str, *, rounds: int, quick: bool) -> dict[str, Sequence[Row]]:
    """Throughput by callers, in turns with the floor, and one caller's latency beside a thread that computes."""
    rows: list[Row] = []
    for callers in CALLERS:
        payments = PAYMENTS[callers] // (4 if quick else 1)
        found: dict[str, list[float]] = {"raw group commit": [], "payfallback, threads": [], "payfallback, tasks": []}
        for _ in range(rounds):
            for name, measure in zip(found, (floor, _rate_of(threads), _rate_of(tasks)), strict=True):
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

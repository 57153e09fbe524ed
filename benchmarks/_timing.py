"""Time per payment, side by side: every contender in every round, in turns, so that a busy machine hits all alike."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from statistics import median, quantiles
from threading import Event, Thread
from time import perf_counter, perf_counter_ns, sleep

from _hand import Hand
from _shop import CASES, Contender, Providers, orders

WARM_UP = 100
_serial = count()


def _prefix() -> str:
    return f"bench{next(_serial):05}x"


def _check(contender: Contender, result: object) -> None:
    if not isinstance(result, contender.paid):
        raise RuntimeError(f"{contender.name} did not get an order paid: {result!r}")  # noqa: TRY004  # not a wrong type


def block(contender: Contender, providers: Providers, payments: int) -> float:
    """Microseconds per payment of one block, blocking. Opening and warming up are not counted."""
    with contender.opened(providers) as pay:
        for order in orders(_prefix(), WARM_UP):
            _check(contender, pay(order))
        ready = orders(_prefix(), payments)
        gc.collect()
        start = perf_counter()
        for order in ready:
            pay(order)
        return (perf_counter() - start) / payments * 1e6


def ablock(contender: Contender, providers: Providers, payments: int) -> float:
    """The same, awaited, one payment after the other on one event loop."""

    async def run() -> float:
        async with contender.aopened(providers) as pay:
            for order in orders(_prefix(), WARM_UP):
                _check(contender, await pay(order))
            ready = orders(_prefix(), payments)
            gc.collect()
            start = perf_counter()
            for order in ready:
                await pay(order)
            return (perf_counter() - start) / payments * 1e6

    return asyncio.run(run())


def compare(contenders: Sequence[Contender], *, rounds: int, payments: int) -> list[dict[str, object]]:
    """One row a case and contender. The first contender is the bare call; the measure of the ratios is the hand
    composition that logs when the contender does."""
    rows: list[dict[str, object]] = []
    for style, measure in (("sync", block), ("async", ablock)):
        for case, providers in CASES.items():
            times: dict[Contender, list[float]] = {each: [] for each in contenders}
            for turn in range(rounds):
                shift = turn % len(contenders)
                for each in (*contenders[shift:], *contenders[:shift]):
                    times[each].append(measure(each, providers, payments))
            rows += _rows(style, case, times)
    return rows


def _rows(style: str, case: str, times: dict[Contender, list[float]]) -> Iterator[dict[str, object]]:
    bare = next(iter(times.values()))
    hands = {each.logs: own for each, own in times.items() if isinstance(each, Hand)}
    for contender, own in times.items():
        hand = hands[contender.logs]
        ratios = [(each - floor) / (other - floor) for each, floor, other in zip(own, bare, hand, strict=True)]
        yield {
            "style": style,
            "case": case,
            "contender": contender.name,
            "logs": _logs(contender),
            "us": median(own),
            "overhead_us": median(each - floor for each, floor in zip(own, bare, strict=True)),
            "of_hand": median(ratios),
        }


@contextmanager
def cpu_bound_thread() -> Iterator[None]:
    """A neighbour that never lets go of the interpreter by itself."""
    done = Event()

    def spin() -> None:
        number = 0
        while not done.is_set():
            number = (number * 31 + 7) % 1000003

    thread = Thread(target=spin, name="cpu-bound")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def latencies(contender: Contender, payments: int) -> list[float]:
    """Microseconds of each payment, blocking, with a pause between them in which the neighbour runs."""
    taken = []
    with contender.opened(CASES["success"]) as pay:
        for order in orders(_prefix(), payments):
            sleep(0.0002)
            start = perf_counter_ns()
            pay(order)
            taken.append((perf_counter_ns() - start) / 1000)
    return taken


def beside_cpu_bound(contenders: Sequence[Contender], *, rounds: int, payments: int) -> list[dict[str, object]]:
    """p50 and p99 of a payment while another thread computes."""
    taken: dict[Contender, list[float]] = {each: [] for each in contenders}
    with cpu_bound_thread():
        for _ in range(rounds):
            for each in contenders:
                taken[each] += latencies(each, payments)
    return [{"contender": each.name, "logs": _logs(each), **percentiles(own)} for each, own in taken.items()]


def _logs(contender: Contender) -> str:
    return "yes" if contender.logs else "no"


def percentiles(taken: Sequence[float]) -> dict[str, float]:
    """The middle, the slow end, and how many were measured."""
    cut = quantiles(taken, n=100)
    return {"p50_us": cut[49], "p99_us": cut[98], "payments": len(taken)}

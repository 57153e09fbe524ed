"""Memory of an order in flight: thousands of payments wait in their provider call, and tracemalloc counts."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Sequence

from _shop import Contender, Payable, Providers, Receipt, declines, orders


def in_flight(contender: Contender, payments: int) -> float:
    """Bytes per waiting payment: its task, its frames and whatever the contender keeps for it."""

    async def run() -> float:
        release = asyncio.Event()
        waiting = 0

        async def hangs(order: Payable) -> Receipt:
            nonlocal waiting
            waiting += 1
            await release.wait()
            return Receipt(order.amount.minor)

        async with contender.aopened(Providers(declines, declines, hangs, hangs)) as pay:
            release.set()
            await pay(orders("warm", 1)[0])
            release.clear()
            waiting = 0
            ready = orders("waiting", payments)
            gc.collect()
            tracemalloc.start()
            before, _ = tracemalloc.get_traced_memory()
            tasks = [asyncio.ensure_future(pay(order)) for order in ready]
            while waiting < payments:
                if any(task.done() for task in tasks):
                    raise RuntimeError(f"{contender.name}: a payment ended before all were in flight")
                await asyncio.sleep(0.001)
            gc.collect()
            after, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            release.set()
            await asyncio.gather(*tasks)
            return (after - before) / payments

    return asyncio.run(run())


def compare(contenders: Sequence[Contender], payments: int) -> list[dict[str, object]]:
    """One row a contender; the first is the bare call, whose task everyone pays for."""
    found = {each.name: in_flight(each, payments) for each in contenders if not each.logs}
    bare = next(iter(found.values()))
    return [{"contender": name, "bytes": own, "above_bare": own - bare} for name, own in found.items()]

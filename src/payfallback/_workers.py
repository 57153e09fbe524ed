"""Several workers of one `recover`: an order at a provider that is silent holds up one of them, and not the rest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from payfallback._tally import Tally

if TYPE_CHECKING:
    from anyio import Lock


def on_threads(work: Callable[[Tally], None], tally: Tally, at_once: int) -> None:
    """Let `at_once` threads work, this one among them, until each is through. Raises what the first of them raised."""
    if at_once == 1:
        work(tally)
        return
    from concurrent.futures import ThreadPoolExecutor  # loads queues and logging

    with ThreadPoolExecutor(at_once - 1, thread_name_prefix="payfallback-recover") as pool:
        others = [pool.submit(work, tally) for _ in range(at_once - 1)]
        try:
            work(tally)
            for each in others:
                each.result()
        except BaseException:  # Ctrl-C as well: the others finish the order that they have in hand, and no more
            tally.stop()
            raise


async def in_tasks(work: Callable[[Tally, Lock], Awaitable[None]], tally: Tally, at_once: int) -> None:
    """The same in tasks, of which one at a time may claim. Raises one error, not a group of them."""
    import anyio  # loaded for async clients alone

    failed: list[Exception] = []
    claiming = anyio.Lock()

    async def one() -> None:
        try:
            await work(tally, claiming)
        except Exception as error:  # noqa: BLE001  # raised below: a task group would wrap it
            tally.stop()
            failed.append(error)

    async with anyio.create_task_group() as group:
        for _ in range(at_once):
            group.start_soon(one)
    if failed:
        raise failed[0]

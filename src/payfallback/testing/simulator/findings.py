"""What a broken promise is shown with: the seed, the shortest schedule, and the order's story."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from payfallback._core.events import Opened
from payfallback._core.trace import trace_of
from payfallback._values import value
from payfallback.ports import Stored
from payfallback.testing.clock import START
from payfallback.testing.simulator.life import play
from payfallback.testing.simulator.moves import Move
from payfallback.testing.simulator.shops import Shop
from payfallback.testing.simulator.shrink import shortest
from payfallback.testing.simulator.watch import Broken
from payfallback.testing.simulator.world import World

_NO_STORY = ("the journal never heard of it",)


@value
class Finding:
    """A broken promise. `play`: what to type to see it again. `schedule`: what is left of it after shrinking, of
    `length` moves. `story`: the order's events in words. `ledger`: what the providers wrote. `steps`: every effect."""

    play: str
    wrong: tuple[Broken, ...]
    shop: Shop
    length: int
    schedule: tuple[Move, ...]
    story: tuple[str, ...]
    ledger: tuple[str, ...]
    steps: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, without the steps."""
        return {
            "play": self.play,
            "wrong": [str(each) for each in self.wrong],
            "shop": str(self.shop),
            "schedule": [str(each) for each in self.schedule],
            "story": list(self.story),
            "ledger": list(self.ledger),
        }


def examine(again: str, shop: Shop, seed: str, moves: Sequence[Move], wrong: Sequence[Broken]) -> Finding:
    """Shrink a schedule that fails, and tell its story. `again`: how to play the whole one."""
    small, kept = shortest(shop, seed, moves, wrong[0].promise)
    world = World(small, seed, kept, trail=True)
    try:
        shown = play(world).wrong or tuple(wrong)
        return _told(world, again, len(moves), shown)
    finally:
        world.close()


def _told(world: World, again: str, length: int, shown: tuple[Broken, ...]) -> Finding:
    key = next((each for each in world.keys if shown[0].order_id in each), next(iter(world.keys), ""))
    return Finding(
        again,
        shown,
        world.shop,
        length,
        world.moves,
        _story(world, key),
        tuple(_entry(each) for each in world.ledger.entries()),
        tuple(world.scheduler.trail or ()),
    )


def _story(world: World, key: str) -> tuple[str, ...]:
    stored: Stored | None = world.stored(key) if key else None
    if stored is None or not any(type(each) is Opened for each in stored.events):
        return _NO_STORY
    trace = trace_of(stored.events, world.processes[0].built.result_of(stored))
    return tuple(f"{line.at - START:9.3f}  {line.text}" for line in trace.lines)


def _entry(entry: Any) -> str:
    return f"{entry.at - START:9.3f}  {entry.what} {entry.number} {entry.amount} {entry.refund}".rstrip()

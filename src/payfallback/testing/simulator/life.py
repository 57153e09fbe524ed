"""A world's life: its schedule, then peace until nothing is open, then the reckoning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from payfallback._core.events import Settled
from payfallback._values import value
from payfallback.testing.clock import START
from payfallback.testing.simulator.acting import act
from payfallback.testing.simulator.bills import reconciliation
from payfallback.testing.simulator.moves import Move
from payfallback.testing.simulator.post import door_of
from payfallback.testing.simulator.shop_calls import delivery, recovery
from payfallback.testing.simulator.shops import Shop
from payfallback.testing.simulator.watch import Broken
from payfallback.testing.simulator.world import World

ROUNDS = 300  # of recovery in peace; what is still open then is a violation
TAIL = 40.0  # virtual seconds after the last move, with all its faults, before peace
_TURNS = 20_000  # moments of one round; a bug that spins ends here
_LEAST = 0.001


@value
class Life:
    """What became of a world: `wrong` is empty when every promise was kept. `unresolved`: orders still open at the end
    that stand before nobody. `seconds`: virtual ones."""

    wrong: tuple[Broken, ...]
    orders: int
    unresolved: int
    before_a_person: int
    seconds: float
    effects: int
    struck: dict[str, int]
    captures: int
    refunds: int


def live(shop: Shop, seed: str, moves: Sequence[Move]) -> Life:
    """Play a schedule to its end. Raises `ProgrammingError` for a shop whose journal cannot be simulated."""
    world = World(shop, seed, moves)
    try:
        return play(world)
    finally:
        world.close()


def play(world: World) -> Life:
    """The same, for who wants to look at the world afterwards."""
    for move in sorted(world.moves, key=lambda each: each.at):
        _until(world, move.at)
        act(world, move)
    _until(world, world.clock.monotonic() + TAIL)
    world.scheduler.say("", "-- the faults end")
    _calm(world)
    open_ = _reckon(world)
    if _bills(world) or world.watch.lied or world.watch.lenient:
        open_ = _reckon(world)
    world.watch.done_twice()
    world.medium.audit()
    return Life(
        tuple(dict.fromkeys(world.watch.wrong)),
        len(world.keys),
        len(open_),
        sum(_before_a_person(world, key) for key in world.keys),
        world.clock.world() - START,
        world.scheduler.effects,
        dict(world.struck),
        len(world.ledger.captures()),
        len(world.ledger.refunds()),
    )


def _reckon(world: World) -> tuple[str, ...]:
    """Settle what can be settled and check everything; the orders that stay open all the same."""
    open_ = _settle(world)
    for key in open_:
        world.watch.find("I14", key, f"still open after {ROUNDS} rounds of recovery without any fault")
    waiting: list[Any] = []
    world.medium.undelivered(1_000_000, waiting.append)
    world.watch.whole(world.keys, waiting[0], settled=not open_)
    return open_


def _bills(world: World) -> bool:
    """The bill of every day is read; whether that told the journal anything."""
    before = world.medium.mirror.commits
    process = world.processes[0]
    for account, door in world.doors.items():
        for day in door.days():
            world.start("bill", process, reconciliation(process, door_of(account), day), world.watch.reconciled)
            _quiet(world)
    world.watch.read = True
    return bool(world.medium.mirror.commits > before)


def _before_a_person(world: World, key: str) -> bool:
    return any(type(each) is Settled and each.kind == "needs_person" for each in world.watch.events(key))


def _until(world: World, when: float) -> None:
    """Let everything happen that happens before this moment."""
    clock = world.clock
    if when > clock.monotonic():
        clock.advance(when - clock.monotonic())


def _calm(world: World) -> None:
    """The faults end: what is broken is replaced, clocks are set right, whoever stands still wakes up by himself."""
    world.scheduler.calm = True
    world.faults.lift()
    world.answer_truly()
    world.post.mode = "on" if world.post.mode != "off" else "off"
    for process in world.processes:
        process.traps.clear()
        process.neighbour(0.0, 0.0)
        process.clock.jump(-process.clock.wrong)
        if process.link.mode == "dead":
            world.scheduler.crash(process)
        process.link.become("fine", 0.0)


def _settle(world: World) -> tuple[str, ...]:
    """Recovery and delivery in turns until nothing is due; the orders that are open all the same."""
    for turn in range(ROUNDS):
        process = world.processes[turn % len(world.processes)]
        process.built.shared.before()
        world.start("recover", process, recovery(process))
        _quiet(world)
        world.start("deliver", process, delivery(process, world.watch.deliveries))
        _quiet(world)
        nearest = _next(world)
        if nearest is None:
            return ()
        world.clock.advance(max(nearest, _LEAST))
    return tuple(key for key in world.keys if _due(world, key) is not None)


def _quiet(world: World) -> None:
    """Until no task runs."""
    for _ in range(_TURNS):
        if not world.scheduler.running or not world.clock.step():
            return


def _next(world: World) -> float | None:
    """Seconds until something happens or is due; None when nothing will but what only a person is waited for."""
    moments = [due for key in world.keys if (due := _due(world, key)) is not None]
    scheduled = world.clock.next_at()
    if scheduled is not None:
        moments.append(scheduled - world.clock.monotonic())
    return min(moments) if moments else None


def _due(world: World, key: str) -> float | None:
    stored = world.stored(key)
    if stored.due is None or _before_a_person(world, key):
        return None
    return float(max(stored.due - world.clock.epoch(), stored.lease_left, 0.0))

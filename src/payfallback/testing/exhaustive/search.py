"""The search: every state of a small world up to a depth, nearest first; and from each of them, peace and recovery."""

from __future__ import annotations

import time
from typing import Any

from payfallback._core.state import TRANSITIONS, Fact, Status
from payfallback._values import value
from payfallback.errors import ProgrammingError
from payfallback.testing.exhaustive.choices import Choice, calm, choices
from payfallback.testing.exhaustive.machine import KEY, Machine
from payfallback.testing.exhaustive.moving import make
from payfallback.testing.exhaustive.state import State
from payfallback.testing.exhaustive.taken import Taken
from payfallback.testing.exhaustive.telling import Counterexample, tell
from payfallback.testing.exhaustive.worlds import WORLDS, SmallWorld
from payfallback.testing.simulator.watch import Broken

PATIENCE = 3000  # moves of one recovery in peace; what is still open then is a violation
KNOWN = tuple((status, fact) for status, row in TRANSITIONS.items() for fact in row)


@value
class Searched:
    """What a search came to.

    `states`: different ones, within `depth` moves and with at most `troubles` of them troubles; `edges`: moves between
    them that were made; `ends`: states in which nothing more can happen; `cut`: states at the last depth from which
    more could. `beyond`: states that only a recovery in peace went through. `flows`: different local states of the
    core's flows. `taken`: transitions of the attempts' table that were taken. `broken`: the first broken promise.
    `cpu_seconds`: of one core.
    """

    world: str
    depth: int
    troubles: int
    states: int
    edges: int
    ends: int
    cut: int
    beyond: int
    flows: int
    taken: frozenset[tuple[Status, Fact]]
    broken: Counterexample | None
    seconds: float
    cpu_seconds: float

    @property
    def coverage(self) -> str:
        """How much of the table."""
        return f"{len(self.taken)} of {len(KNOWN)}"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "world": self.world,
            "depth": self.depth,
            "troubles": self.troubles,
            "states": self.states,
            "edges": self.edges,
            "ends": self.ends,
            "cut": self.cut,
            "beyond": self.beyond,
            "flows": self.flows,
            "transitions": len(KNOWN),
            "taken": len(self.taken),
            "violations": int(self.broken is not None),
            "broken": self.broken.to_json() if self.broken else None,
            "seconds": round(self.seconds, 3),
            "cpu_seconds": round(self.cpu_seconds, 3),
        }


def explore(name: str, depth: int | None = None, troubles: int | None = None) -> Searched:
    """Search a small world of `WORLDS`. Ends with the first broken promise, which is one of the nearest.

    `depth`: moves; `troubles`: how many of them at most; without them the world's own. Raises `ProgrammingError` for a
    world that does not exist.
    """
    if name not in WORLDS:
        raise ProgrammingError(f"no small world {name!r}", hint=f"known: {', '.join(WORLDS)}")
    world = WORLDS[name]
    began, spent = time.perf_counter(), time.process_time()
    deep, most = world.depth if depth is None else depth, world.most if troubles is None else troubles
    search = _Search(world, deep, most)
    with Taken() as taken:
        search.run()
    broken = None
    if search.wrong:
        broken = tell(name, world, most, search.way, search.in_peace, search.wrong)
    return Searched(
        name,
        deep,
        most,
        len(search.seen),
        search.edges,
        search.ends,
        search.cut,
        len(search.calmed - search.seen),
        search.machine.flows.played,
        frozenset(taken.pairs),
        broken,
        time.perf_counter() - began,
        time.process_time() - spent,
    )


class _Search:
    """`wrong`: the first broken promises; `way`: the moves to them, of which the last `in_peace` are recovery's."""

    def __init__(self, world: SmallWorld, depth: int, most: int) -> None:
        self.world, self.depth, self.most = world, depth, most
        self.machine = Machine(world)
        self.seen: set[bytes] = set()
        self.calmed: set[bytes] = set()
        self.edges = self.ends = self.cut = self.in_peace = 0
        self.wrong: tuple[Broken, ...] = ()
        self.way: list[Choice] = []

    def run(self) -> None:
        """Level by level."""
        first = self.machine.first(self.most)
        self.seen.add(first.mark())
        level: list[tuple[State, Any]] = [(first, None)]
        for depth in range(self.depth + 1):
            level = self._next(level, last=depth == self.depth)
            if self.wrong or not level:
                return

    def _next(self, level: list[tuple[State, Any]], *, last: bool) -> list[tuple[State, Any]]:
        """The states that one move more leads to."""
        further: list[tuple[State, Any]] = []
        for state, way in level:
            offered = tuple(choices(self.world, state))
            self.ends += not offered
            if last:
                self.cut += bool(offered)
            else:
                self._expand(state, way, offered, further)
            if not self.wrong:
                self._peace(state, way, offered)
            if self.wrong:
                return []
        return further

    def _expand(self, state: State, way: Any, offered: tuple[Choice, ...], further: list[tuple[State, Any]]) -> None:
        for choice in offered:
            after, wrong = make(self.machine, state, choice)
            self.edges += 1
            if wrong:
                self._found(wrong, (way, choice), 0)
                return
            mark = after.mark()
            if mark not in self.seen:
                self.seen.add(mark)
                further.append((after, (way, choice)))

    def _peace(self, state: State, way: Any, offered: tuple[Choice, ...]) -> None:
        """From here on nothing goes wrong: recovery must settle everything. Ends where an earlier one went through."""
        passed: list[bytes] = []
        for moves in range(PATIENCE):
            mark = state.mark()
            if mark in self.calmed:
                break
            passed.append(mark)
            choice = calm(offered)
            if choice is None:
                wrong = self.machine.reckoning(state)
            else:
                state, wrong = make(self.machine, state, choice)
                way, offered = (way, choice), tuple(choices(self.world, state))
            if wrong:
                self._found(wrong, way, moves + (choice is not None))
                return
            if choice is None:
                break
        else:
            self._found((Broken("I14", KEY, f"still open after {PATIENCE} moves of recovery in peace"),), way, PATIENCE)
        self.calmed.update(passed)

    def _found(self, wrong: tuple[Broken, ...], way: Any, in_peace: int) -> None:
        self.wrong, self.in_peace = wrong, in_peace
        while way is not None:
            way, choice = way
            self.way.insert(0, choice)

"""A process of the shop: its own client parts (health, leases, evidence kept in memory), clock and connection."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from random import Random
from typing import Any

from payfallback._build import Built
from payfallback._runtime.health import Gate
from payfallback._runtime.shared import Shared, hashing
from payfallback._values import value
from payfallback.policy import Channel, Policy
from payfallback.ports import Provider
from payfallback.testing.simulator.clocks import ProcessClock, WorldClock
from payfallback.testing.simulator.link import Link
from payfallback.testing.simulator.medium import Medium

Flow = Generator[Any, Any, Any]
_PUNCTUAL = 0.25  # of all tasks: their timers go off when they should


@value
class Ask:
    """A call of the journal that no flow of the core makes: claiming, finding, delivering. Answer: what it reports."""

    method: str
    given: tuple[Any, ...] = ()


class Task:
    """One call of the shop, on its way through its effects. `run` is the core's, where there is one."""

    __slots__ = ("chance", "done", "ended", "flow", "name", "process", "punctual", "run", "word")

    def __init__(
        self,
        name: str,
        word: str,
        process: Process,
        flow: Flow,
        run: Any,
        done: Callable[[Any], None] | None,
        chance: Random,
    ) -> None:
        self.name, self.word, self.process, self.flow, self.run, self.done = name, word, process, flow, run, done
        self.chance = chance  # of its own: taking another kind of task away changes nothing here
        self.punctual = chance.random() < _PUNCTUAL
        self.ended = False


class Trap:
    """Something that happens to a process at the n-th effect whose label contains these letters."""

    __slots__ = ("how", "left", "letters")

    def __init__(self, letters: str, nth: int, how: str) -> None:
        self.letters, self.left, self.how = letters, nth, how


class Process:
    """Lives until it crashes; then another one with the same number takes its place, and knows nothing."""

    def __init__(
        self, number: int, policy: Policy, providers: Mapping[str, Provider], medium: Medium, clock: WorldClock
    ) -> None:
        self.number = number
        self.clock = ProcessClock(clock)
        self._policy, self._providers, self._medium, self._world = policy, providers, medium, clock
        self.traps: list[Trap] = []
        self.tasks: list[Task] = []
        self.paused_until = self.busy_until = self.drag = 0.0
        self.begin()

    def begin(self) -> None:
        """Start afresh, with a connection of its own."""
        self.link = Link(self._medium, self._world.monotonic)
        gate = Gate(self._policy, self.clock)
        shared = Shared(
            self._policy, self._providers, self.link, gate, self.clock, None, _backoff, hashing(b""), lambda: False
        )
        self.built = Built(shared, _never, None)

    def crash(self) -> None:
        """Everything that it was doing is gone; nothing of it runs on, not even clean-up."""
        for task in self.tasks:
            task.ended = True
        self.tasks.clear()
        self.paused_until = self.busy_until = 0.0
        self.link.drop()
        self.begin()

    def fork(self, number: int) -> Process:
        """The child: a copy of what this one keeps in memory, renewed as the library renews itself after a fork. What
        is in flight is the parent's."""
        child = Process(number, self._policy, self._providers, self._medium, self._world)
        child.clock.wrong = self.clock.wrong
        mine, its = self.built.shared, child.built.shared
        its.backlog.waiting.extend(mine.backlog.waiting)
        its._switches_at = mine._switches_at
        its.gate._lanes = dict(mine.gate._lanes)
        its.gate.after_fork()
        its.after_fork()
        return child

    def lose_health(self) -> None:
        """What it knew of the channels is gone; what is in flight comes back to a gate that never saw it."""
        self.built.shared.gate = Gate(self._policy, self.clock)

    def trapped(self, label: str) -> str:
        """What happens at this effect; nothing mostly."""
        for trap in self.traps:
            if trap.letters in label:
                trap.left -= 1
                if trap.left <= 0:
                    self.traps.remove(trap)
                    return trap.how
        return ""

    def pause(self, seconds: float) -> None:
        """Stand still."""
        self.paused_until = max(self.paused_until, self._world.monotonic() + seconds)

    def neighbour(self, seconds: float, drag: float) -> None:
        """Something else needs the processor for so long: whatever comes next comes up to `drag` seconds late."""
        self.busy_until, self.drag = (self._world.monotonic() + seconds if seconds else 0.0), drag

    def late(self, chance: Random) -> float:
        """Seconds by which the next thing comes late."""
        return self.drag * chance.random() if self._world.monotonic() < self.busy_until else 0.0

    def lasts(self) -> float:
        """Seconds for which it still stands still."""
        return self.paused_until - self._world.monotonic()


def _backoff(channel: Channel, resend: int) -> float:
    return 0.1 * resend


def _never(seconds: float) -> None:
    """Sleeping is the scheduler's."""

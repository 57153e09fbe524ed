"""Whose time it is: the world's, which never jumps, and each process's own, which may."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

from payfallback.testing.clock import Scheduled, VirtualClock


class WorldClock(VirtualClock):
    """The one heap, in one thread. `ahead`: how far any process's clock was ever ahead of it; `errs`: how far two
    looks at one of them were ever apart besides."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = self.errs = 0.0
        self._numbers = count()

    def latest(self) -> float:
        """No process ever showed a later time than this."""
        return super().latest() + self.ahead

    def call_at(self, when: float, run: Callable[[], None]) -> Scheduled:
        """As its parent, without a lock."""
        planned = Scheduled(when, run)
        heappush(self._heap, (when, next(self._numbers), planned))
        return planned

    def next_at(self) -> float | None:
        """As its parent, without a lock."""
        return self._heap[0][0] if self._heap else None

    def _next_until(self, end: float) -> Scheduled | None:
        heap = self._heap
        if not heap or heap[0][0] > end:
            return None
        when, _, due = heappop(heap)
        if when > self._now:
            self._now = when
        return due


class ProcessClock:
    """A process's clock: `wrong` seconds ahead of the world's. Monotonic time is everybody's."""

    def __init__(self, world: WorldClock) -> None:
        self._world = world
        self.monotonic = world.monotonic
        self.wrong = 0.0

    def epoch(self) -> float:
        """Seconds since 1970, as this process sees it."""
        return self._world.epoch() + self.wrong

    def jump(self, seconds: float) -> None:
        """Set it wrong by so many seconds more."""
        self.wrong += seconds
        self._world.ahead = max(self._world.ahead, self.wrong)
        self._world.errs = max(self._world.errs, 2.0 * abs(self.wrong))

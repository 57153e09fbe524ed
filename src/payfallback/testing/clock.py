"""Time that passes only when it is told to, with a heap of what happens at which moment."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import inf
from threading import Lock

from payfallback.errors import ProgrammingError

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z: any fixed moment would do


class Scheduled:
    """Something that happens at a moment of virtual time, unless cancelled before."""

    __slots__ = ("_run", "at")

    def __init__(self, at: float, run: Callable[[], None]) -> None:
        self.at = at
        self._run: Callable[[], None] | None = run

    def cancel(self) -> None:
        """It will not happen; nothing when it has already happened."""
        self._run = None

    @property
    def cancelled(self) -> bool:
        """Whether it will not happen any more: cancelled, or done."""
        return self._run is None

    def fire(self) -> None:
        """Run it, once. Called by the clock."""
        run, self._run = self._run, None
        if run is not None:
            run()


class VirtualClock:
    """A `Clock` that stands still until `advance` or `sleep`. Safe for threads.

    `epoch` is the shop's clock, which `jump_epoch` can set wrong. `world` is the time of everybody else (providers,
    networks): it never jumps. Callbacks run in the thread that advances, outside any lock, started in the order of
    their moments (equal moments: in the order in which they were scheduled); they may schedule and advance
    themselves. What a callback raises leaves `advance`, with the time at the callback's moment.
    """

    def __init__(self, epoch: float = START) -> None:
        self._start = epoch
        self._now = 0.0
        self._offset = epoch
        self._latest = epoch
        self._heap: list[tuple[float, int, Scheduled]] = []
        self._order = count()
        self._lock = Lock()

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._now

    def epoch(self) -> float:
        """The shop's clock: seconds since 1970, wrong by what it was made to jump."""
        return self._now + self._offset

    def world(self) -> float:
        """Everybody else's clock: seconds since 1970, without the shop's jumps."""
        return self._now + self._start

    def latest(self) -> float:
        """The latest time that `epoch` has ever shown. What was written before now carries no later time."""
        return max(self._latest, self._now + self._offset)

    def jump_epoch(self, delta: float) -> None:
        """Set the shop's clock wrong by `delta` more seconds. Monotonic time and the world do not notice."""
        with self._lock:
            self._latest = self.latest()
            self._offset += delta

    def advance(self, seconds: float) -> None:
        """Let time pass; whatever is scheduled in it happens at its moment. Raises `ProgrammingError` below zero."""
        if not 0 <= seconds < inf:
            raise ProgrammingError(f"time cannot advance by {seconds}", hint="to set the clock wrong, use jump_epoch")
        end = self._now + seconds
        while (due := self._next_until(end)) is not None:
            due.fire()
        with self._lock:
            self._now = max(self._now, end)

    sleep = advance

    def call_at(self, when: float, run: Callable[[], None]) -> Scheduled:
        """Run it at this monotonic moment; a moment that has passed means at the next `advance`."""
        planned = Scheduled(when, run)
        with self._lock:
            heappush(self._heap, (when, next(self._order), planned))
        return planned

    def call_later(self, delay: float, run: Callable[[], None]) -> Scheduled:
        """Run it in `delay` seconds."""
        return self.call_at(self._now + delay, run)

    def next_at(self) -> float | None:
        """The monotonic moment of what happens next; None when nothing is scheduled."""
        with self._lock:
            while self._heap and self._heap[0][2].cancelled:
                heappop(self._heap)
            return self._heap[0][0] if self._heap else None

    def step(self) -> bool:
        """Advance to the next moment at which something happens. False, and no time passes, when nothing will."""
        when = self.next_at()
        if when is None:
            return False
        self.advance(max(0.0, when - self._now))
        return True

    def _next_until(self, end: float) -> Scheduled | None:
        with self._lock:
            if not self._heap or self._heap[0][0] > end:
                return None
            when, _, due = heappop(self._heap)
            self._now = max(self._now, when)
            return due

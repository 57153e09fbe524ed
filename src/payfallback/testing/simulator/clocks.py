"""Whose time it is: the world's, which never jumps, and each process's own, which may."""

from __future__ import annotations

from payfallback.testing.clock import VirtualClock


class WorldClock(VirtualClock):
    """The one heap. `ahead`: how far any process's clock was ever ahead of it."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = 0.0

    def latest(self) -> float:
        """No process ever showed a later time than this."""
        return super().latest() + self.ahead


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

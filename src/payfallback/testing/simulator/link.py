"""A process's connection to the durable medium. The medium keeps what it took; the connection fails."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from payfallback.errors import JournalUnavailable
from payfallback.ports import Commit, Done
from payfallback.testing.simulator.medium import Medium

_SLOW = 1.5  # seconds that a slow journal takes more


class Link:
    """The journal as one process reaches it. Everything but the failures is the medium's own.

    Modes: `fine`; `away` (full, or not reachable: nothing is taken, nothing read); `unacknowledged` (commits are taken,
    and the process is told that they were not); `slow`; `dead` (the writer died: away until the process is replaced).
    """

    def __init__(self, medium: Medium, monotonic: Callable[[], float]) -> None:
        self._medium, self._monotonic = medium.connect(), monotonic
        self._mode, self._until = "fine", 0.0

    def become(self, mode: str, seconds: float) -> None:
        """Fail in this way for so long; a dead one for good."""
        self._mode, self._until = mode, self._monotonic() + seconds

    def drop(self) -> None:
        """The process dies, and what it had open goes with it."""
        self._medium.drop()

    @property
    def mode(self) -> str:
        """How it fails now."""
        if self._mode == "dead" or self._monotonic() < self._until:
            return self._mode
        return "fine"

    @property
    def delay(self) -> float:
        """Seconds that it takes longer."""
        return _SLOW if self.mode == "slow" else 0.0

    def submit(self, commit: Commit, done: Done, *, may_block: bool = False) -> None:
        """As the medium's."""
        mode = self.mode
        if mode in ("away", "dead"):
            done(gone())
            return
        self._medium.submit(commit, (lambda receipt: done(gone())) if mode == "unacknowledged" else done)

    def __getattr__(self, name: str) -> Any:
        """Every other method of the medium; its last argument by place is `done`."""
        return partial(self._ask, getattr(self._medium, name))

    def _ask(self, method: Callable[..., None], *given: Any, **named: Any) -> None:
        if self.mode in ("away", "dead"):
            given[-1](gone())
            return
        method(*given, **named)


def gone() -> JournalUnavailable:
    """What a process is told."""
    return JournalUnavailable("the simulated journal cannot be reached")

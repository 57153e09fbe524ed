"""The durable medium, looked at from outside: what it acknowledged, who may decide, and who may take a lease."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from payfallback.journal.memory import MemoryJournal
from payfallback.ports import Commit, Done
from payfallback.testing.simulator.clocks import WorldClock
from payfallback.testing.simulator.mirror import Blame, Mirror


class Medium(Protocol):
    """What outlives every process of the shop. Every other method is a journal's, and answers before it returns."""

    mirror: Mirror

    def connect(self) -> Any:
        """The journal as one process has it open; `drop()` is how it ends when that process dies."""

    def audit(self) -> None:
        """Hold what the medium says now against everything that it acknowledged."""

    def close(self) -> None:
        """The world has ended."""


class WatchedJournal(MemoryJournal):
    """The real journal in memory; `blame` hears of each commit and claim that should have been refused."""

    def __init__(self, clock: WorldClock) -> None:
        super().__init__(clock)
        self.mirror = Mirror(clock)

    @property
    def blame(self) -> Blame | None:
        """Who hears of it."""
        return self.mirror.blame

    @blame.setter
    def blame(self, blame: Callable[[str, str, str], None] | None) -> None:
        self.mirror.blame = blame

    def connect(self) -> Any:
        """Memory has no connections."""
        return self

    def drop(self) -> None:
        """A process died: nothing of the medium is lost."""

    def submit(self, commit: Commit, done: Done, *, may_block: bool = False) -> None:
        """As the journal's."""

        def look(receipt: Any) -> None:
            self.mirror.committed(commit, receipt)
            done(receipt)

        super().submit(commit, look)

    def claim(self, owner: str, lease: float, limit: int, done: Done, *, key: str | None = None) -> None:
        """As the journal's."""

        def look(claimed: Any) -> None:
            self.mirror.claimed(lease, claimed)
            done(claimed)

        super().claim(owner, lease, limit, look, key=key)

    def audit(self) -> None:
        """Every order as it was acknowledged, no more and no less."""
        audit(self)


def audit(medium: Any) -> None:
    """Hold the orders as a medium reads them now against its mirror (I2)."""
    for key in medium.mirror.orders():
        got: list[Any] = []
        medium.load(key, got.append)
        found = getattr(got[0], "events", ())
        meant = tuple(medium.mirror.events(key))
        if tuple(found) != meant and medium.mirror.blame is not None:
            medium.mirror.blame("I2", key, f"{len(meant)} events were acknowledged; {len(found)} are there")

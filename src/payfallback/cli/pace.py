"""How far recovery is, and when it will be through, as its latest rounds tell."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from payfallback.results import Recovered

ROUNDS = 5  # the latest ones tell the pace: a query budget that was saved up makes the first one too fast


class Pace:
    """What was looked at, what waits, and how long that takes at the pace of the latest rounds."""

    def __init__(self, due: int = 0) -> None:
        self.looked = 0
        self.waiting = due  # due, or standing in line because the query budget was spent
        self.held = False
        self._rounds: deque[tuple[float, int]] = deque(maxlen=ROUNDS)

    def add(self, done: Recovered, seconds: float) -> None:
        """A round, and how long it took."""
        in_line = max(0, self.waiting - done.looked - done.left)
        self.looked += done.looked
        self.held = done.held > 0 or (self.held and in_line > 0)
        self.waiting = done.left + (max(done.held, in_line) if self.held else 0)
        self._rounds.append((seconds, done.looked))

    @property
    def remaining(self) -> float | None:
        """Seconds until nothing waits; None where the latest rounds came no further."""
        looked = sum(count for _, count in self._rounds)
        if not self.waiting:
            return 0.0
        return self.waiting * sum(seconds for seconds, _ in self._rounds) / looked if looked else None

    @property
    def stalled(self) -> bool:
        """Whether none of the latest rounds had anything to look at: others do it, or it is over."""
        return len(self._rounds) == ROUNDS and not any(count for _, count in self._rounds)

"""The machine's clocks, put forward by a test and by every wait: limits can be long, and cost no waiting."""

from __future__ import annotations

import time


class Shifted:
    """Give its `sleep` to the client too."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        """Seconds."""
        return time.monotonic() + self.ahead

    def epoch(self) -> float:
        """Epoch seconds."""
        return time.time() + self.ahead

    def sleep(self, seconds: float) -> None:
        """The wait is over at once."""
        self.ahead += seconds

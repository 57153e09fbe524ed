"""A clock that stands still, at the time that the counterparts' messages carry."""

from __future__ import annotations

NOW = 1_762_876_800.0  # 2025-11-12 00:00:00 in Beijing


class StoppedClock:
    """Seconds and epoch seconds, always the same."""

    def __init__(self, at: float = NOW) -> None:
        self.at = at

    def monotonic(self) -> float:
        """Seconds."""
        return self.at

    def epoch(self) -> float:
        """Epoch seconds."""
        return self.at

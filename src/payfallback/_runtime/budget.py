"""Token buckets: what bounds retries and queries. Not safe for threads: the gate's lock is held around every call."""

from __future__ import annotations

LONGEST_TURN = 600.0  # seconds


class Line:
    """Those whom a spent budget put off, one behind the other: each has a turn of its own, `per_second` of them."""

    __slots__ = ("_each", "_end")

    def __init__(self, per_second: float) -> None:
        self._each, self._end = 1.0 / per_second, 0.0

    def join(self, now: float) -> float:
        """Stand at its end; seconds until one's turn, `LONGEST_TURN` at most."""
        self._end = min(max(self._end, now) + self._each, now + LONGEST_TURN)
        return self._end - now


class Bucket:
    """At most `most` tokens, full at first, refilled by `per_second` as time passes and by `add`.

    `spent` counts what was taken, less what `add` put back, for whoever shares the budget; they reset it.
    """

    __slots__ = ("_at", "_most", "_per_second", "_tokens", "spent")

    def __init__(self, most: float, per_second: float, now: float) -> None:
        self._most = most
        self._per_second = per_second
        self._tokens = most
        self._at = now
        self.spent = 0.0

    def take(self, now: float) -> bool:
        """Spend one token. False, and nothing is spent, when there is no whole one."""
        if self._per_second:
            self._refill(now)
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        self.spent += 1.0
        return True

    def add(self, tokens: float) -> None:
        """Put tokens back, up to the most it holds."""
        room = self._most - self._tokens
        if room > 0.0:
            tokens = min(tokens, room)
            self._tokens += tokens
            self.spent -= tokens

    def charge(self, tokens: float, now: float) -> None:
        """Others spent so many of the same budget, or earned them when it is below zero. Nobody goes into debt by more
        than the bucket holds: others' spending stops this one for a while, never for good."""
        self._refill(now)
        self._tokens = max(-self._most, min(self._most, self._tokens - tokens))

    def _refill(self, now: float) -> None:
        self._tokens = min(self._most, self._tokens + max(0.0, now - self._at) * self._per_second)
        self._at = now

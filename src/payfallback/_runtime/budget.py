"""Token buckets: what bounds retries and queries. Not safe for threads: the gate's lock is held around every call."""

from __future__ import annotations


class Bucket:
    """At most `most` tokens, full at first, refilled by `per_second` as time passes and by `add`."""

    __slots__ = ("_at", "_most", "_per_second", "_tokens")

    def __init__(self, most: float, per_second: float, now: float) -> None:
        self._most = most
        self._per_second = per_second
        self._tokens = most
        self._at = now

    def take(self, now: float) -> bool:
        """Spend one token. False, and nothing is spent, when there is no whole one."""
        if self._per_second:
            self.add(max(0.0, now - self._at) * self._per_second)
            self._at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def add(self, tokens: float) -> None:
        """Put tokens back, up to the most it holds."""
        self._tokens = min(self._most, self._tokens + tokens)

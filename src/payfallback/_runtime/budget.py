"""Token buckets: what bounds retries and queries. Not safe for threads: the gate's lock is held around every call."""

from __future__ import annotations

LONGEST_TURN = 600.0  # seconds
LONGEST_DEBT = 60.0  # seconds of refilling that others' spending may cost
SHARERS = 200  # workers that together keep to the rate of one: each keeps such a part of the refill, whatever it owes
GIFTS_PER_SECOND = 1.0  # tokens that others are believed to have earned, beyond what they took


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

    __slots__ = ("_at", "_gifts", "_most", "_owed", "_per_second", "_tokens", "spent")

    def __init__(self, most: float, per_second: float, now: float) -> None:
        self._most = most
        self._per_second = per_second
        self._tokens = most
        self._owed = 0.0  # what others spent beyond what was here: paid from what comes in
        self._gifts = most  # how much others may still earn us
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
        room = self._most - self._tokens + self._owed
        if room > 0.0:
            tokens = min(tokens, room)
            self._put(tokens, tokens)
            self.spent -= tokens

    def charge(self, tokens: float, now: float) -> None:
        """Others spent so many of the same budget, or earned them when it is below zero. They may be lying.

        What time refills loses no more than `LONGEST_DEBT` seconds of it to others, keeps one token and a part of what
        comes in (`SHARERS`) even then, and is earned by nobody. Any other bucket owes no more than it holds; beyond
        what others took before, it is given no more than it holds at once, and `GIFTS_PER_SECOND` after that.
        """
        self._refill(now)
        if tokens > 0.0:
            self._owe(tokens)
        elif not self._per_second:
            gift = min(-tokens, self._gifts)
            self._gifts -= gift
            self._put(gift, gift)

    def _owe(self, tokens: float) -> None:
        stays, most = (1.0, self._per_second * LONGEST_DEBT) if self._per_second else (0.0, self._most)
        here = min(tokens, max(0.0, self._tokens - stays))
        owed = min(most, self._owed + tokens - here)
        self._gifts += here + owed - self._owed
        self._tokens -= here
        self._owed = owed

    def _refill(self, now: float) -> None:
        seconds = max(0.0, now - self._at)
        self._at = now
        came = seconds * self._per_second
        self._put(came, came * (1.0 - 1.0 / SHARERS))
        self._gifts = max(self._gifts, min(self._most, self._gifts + seconds * GIFTS_PER_SECOND))

    def _put(self, tokens: float, pays: float) -> None:
        """Tokens come in; at most `pays` of them are for what is owed."""
        paid = min(self._owed, pays)
        self._owed -= paid
        self._tokens = min(self._most, self._tokens + tokens - paid)

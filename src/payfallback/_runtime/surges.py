"""Many shoppers with one trouble at once: then it is not theirs. Counted by channel and cause, in bounded space."""

from __future__ import annotations

from hashlib import sha256
from threading import Lock

from payfallback._runtime.forks import renew_after_fork
from payfallback.policy import CreditPolicy
from payfallback.ports import Clock
from payfallback.taxonomy import Cause

MOST = 1000  # shoppers that are told apart; beyond it a surge is a surge


class Surges:
    """Who showed what lately. Safe for threads; the process's own, and lost with it."""

    def __init__(self, credit: CreditPolicy, clock: Clock) -> None:
        self._enough, self._window, self._monotonic = credit.surge_shoppers, credit.surge_window, clock.monotonic
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Begin anew: the lock may have been held by the parent's thread."""
        self._lock = Lock()
        self._seen: dict[tuple[str, Cause], dict[bytes, float]] = {}
        self._told: dict[tuple[str, Cause], float] = {}

    def shown(self, channel: str, cause: Cause, who: str) -> tuple[int, bool]:
        """Count a shopper. How many different ones showed it within the window if that is a surge, else 0; and whether
        this surge is news: it is told once, and again when it lasts longer than the window."""
        now, key = self._monotonic(), (channel, cause)
        with self._lock:
            lately = {each: at for each, at in self._seen.get(key, {}).items() if at > now - self._window}
            lately.pop(name := sha256(who.encode()).digest(), None)
            lately[name] = now
            if len(lately) > MOST:
                del lately[next(iter(lately))]
            self._seen[key] = lately
            if len(lately) < self._enough:
                return 0, False
            told = self._told.get(key)
            news = told is None or now - told >= self._window
            if news:
                self._told[key] = now
            return len(lately), news

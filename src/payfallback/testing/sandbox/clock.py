"""The clock of the sandbox's providers, with timers; it can be put forward, never back."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from itertools import count
from threading import Lock

from payfallback.testing.sandbox.errors import SandboxError

CHINA = timezone(timedelta(hours=8))
Action = Callable[[], None]


class Clock:
    """Epoch seconds that never jump by themselves: the time of the start, what has passed since, and `advance`."""

    def __init__(self) -> None:
        self._epoch = time.time() - time.monotonic()
        self._ahead = 0.0
        self._timers: list[tuple[float, int, Action]] = []
        self._order = count()
        self._lock = Lock()
        self._wake: Action | None = None

    def now(self) -> float:
        """The providers' time."""
        return self._epoch + time.monotonic() + self._ahead

    def real(self) -> float:
        """The time without what `advance` added."""
        return self._epoch + time.monotonic()

    def advance(self, seconds: float) -> None:
        """Put the providers' clock forward; what falls due has happened when this returns."""
        if seconds < 0:
            raise SandboxError("the clock goes forward only: give seconds of 0 or more")
        with self._lock:
            self._ahead += seconds
        self.run_due()

    def later(self, seconds: float, action: Action) -> None:
        """Run `action` once, `seconds` from now on this clock. It must not block."""
        with self._lock:
            heapq.heappush(self._timers, (self.now() + seconds, next(self._order), action))
        if self._wake is not None:
            self._wake()

    def on_new_timer(self, wake: Action | None) -> None:
        """Who must be told that the next due time may have changed."""
        self._wake = wake

    def run_due(self) -> float | None:
        """Run what is due. Returns the seconds until the next timer, None when there is none."""
        while True:
            with self._lock:
                if not self._timers:
                    return None
                wait = self._timers[0][0] - self.now()
                if wait > 0:
                    return wait
                _, _, action = heapq.heappop(self._timers)
            action()


def http_date(epoch: float) -> str:
    """For a `Date` header."""
    return format_datetime(datetime.fromtimestamp(int(epoch), UTC), usegmt=True)


def rfc3339(epoch: float) -> str:
    """As WeChat Pay writes times: whole seconds at +08:00."""
    return datetime.fromtimestamp(int(epoch), CHINA).isoformat()


def compact(epoch: float) -> str:
    """As JD Pay writes times: yyyyMMddHHmmss; that it means China's time is an assumption."""
    return datetime.fromtimestamp(int(epoch), CHINA).strftime("%Y%m%d%H%M%S")


def read_rfc3339(text: str) -> float | None:
    """Epoch seconds of an RFC 3339 time with an offset; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo is not None else None


def read_compact(text: str) -> float | None:
    """Epoch seconds of yyyyMMddHHmmss in China's time; None for anything else."""
    if len(text) != 14 or not text.isdecimal():
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=CHINA).timestamp()
    except ValueError:
        return None

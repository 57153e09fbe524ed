"""Instalment plans that were asked for lately, so that a page does not ask again, and a dead provider is left alone."""

from __future__ import annotations

from collections import Counter, OrderedDict
from threading import Lock

from payfallback._core.limits import SHORTLY, implausible
from payfallback._core.operations import Answer
from payfallback._runtime.forks import renew_after_fork
from payfallback.policy import CreditPolicy
from payfallback.ports import Clock
from payfallback.taxonomy import Verdict

Key = tuple[str, ...]

MOST = 1024  # answers that are held; the one that was used longest ago makes room
AT_ONCE = 4  # questions about plans under way on one channel; a page that comes then is not kept waiting
REST = 5.0  # seconds that a channel is not asked after a question came to nothing


class PlanShelf:
    """Answers by account, product, amount and, where they are personal, shopper. Safe for threads; a process's own."""

    def __init__(self, credit: CreditPolicy, clock: Clock) -> None:
        self._credit, self._monotonic = credit, clock.monotonic
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Begin anew: the lock may have been held by the parent's thread."""
        self._lock = Lock()
        self._held: OrderedDict[Key, tuple[float, Answer]] = OrderedDict()
        self._rests: dict[str, float] = {}
        self._asking: Counter[str] = Counter()

    def held(self, key: Key | None) -> Answer | None:
        """A fresh answer: plans hold as long as configured, a limit that cannot be true only shortly."""
        if key is None:
            return None
        with self._lock:
            found = self._held.get(key)
            if found is None or self._monotonic() - found[0] >= self._lasts(found[1]):
                return None
            self._held.move_to_end(key)
            return found[1]

    def _lasts(self, answer: Answer) -> float:
        return min(SHORTLY, self._credit.plans_for) if self.glitch(answer) else self._credit.plans_for

    def glitch(self, answer: Answer) -> bool:
        """Whether an answer tells a limit that cannot be true."""
        return answer.limit is not None and implausible(answer.limit, self._credit)

    def begin(self, channel: str) -> bool:
        """Leave to ask; give it back with `end`. False: it rests, or is being asked often enough right now."""
        with self._lock:
            if self._monotonic() < self._rests.get(channel, 0.0) or self._asking[channel] >= AT_ONCE:
                return False
            self._asking[channel] += 1
            return True

    def end(self, channel: str, key: Key | None, answer: Answer | None) -> bool:
        """What it came to; None: the caller went away. Says whether a glitch was there the last time too."""
        with self._lock:
            self._asking[channel] -= 1
            if answer is None:
                return False
            now = self._monotonic()
            if not told(answer):
                self._rests[channel] = now + REST
                return False
            if key is None:
                return False
            before = self._held.get(key)
            self._held[key] = now, answer
            self._held.move_to_end(key)
            if len(self._held) > MOST:
                self._held.popitem(last=False)
            lately = before is not None and now - before[0] < self._credit.surge_window
            return lately and before is not None and self.glitch(before[1]) and self.glitch(answer)


def told(answer: Answer) -> bool:
    """Whether a pre-check came to something."""
    return answer.verdict is Verdict.ACCEPTED or bool(answer.plans) or answer.limit is not None

"""What happened on a channel lately, in bounded memory. Not safe for threads: the gate's lock is held around it."""

from __future__ import annotations

from collections import Counter, deque

from payfallback.taxonomy import Cause

SLICES = 20
DURATIONS = 256


class _Slice:
    """One twentieth of the window."""

    __slots__ = ("calls", "causes", "failed", "slow", "unsure")

    def __init__(self) -> None:
        self.calls = self.failed = self.slow = self.unsure = 0
        self.causes: Counter[Cause] | None = None


class Window:
    """Calls, failures and slow calls of the last `seconds`, to a twentieth, and the latest 256 durations.

    `unsure` are the failures whose outcome nobody knew; each of them may still turn out to have succeeded.
    """

    __slots__ = ("_durations", "_index", "_per_second", "_seconds", "_slice", "_slices", "calls", "failed", "slow")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._per_second = SLICES / seconds
        self._durations: deque[tuple[float, float]] = deque(maxlen=DURATIONS)
        self.clear()

    def clear(self) -> None:
        """Forget what was counted; the durations stay, each leaves with its age."""
        self._slices = [_Slice() for _ in range(SLICES)]
        self._slice = self._slices[0]
        self._index = 0
        self.calls = self.failed = self.slow = 0

    def answered(self, now: float, elapsed: float) -> None:
        """Count one call that the provider answered properly."""
        index = int(now * self._per_second)
        if index != self._index:
            self._move(index)
        self._slice.calls += 1
        self.calls += 1
        self._durations.append((now, elapsed))

    def failure(self, now: float, elapsed: float, cause: Cause, *, unsure: bool) -> None:
        """Count one call that failed; `unsure` when it may have succeeded after all."""
        self.answered(now, elapsed)
        current = self._slice
        current.failed += 1
        current.unsure += unsure
        self.failed += 1
        if current.causes is None:
            current.causes = Counter()
        current.causes[cause] += 1

    def was_slow(self) -> None:
        """The call counted last took too long."""
        self._slice.slow += 1
        self.slow += 1

    def forgive(self, now: float) -> None:
        """A call of unknown outcome succeeded: it is no failure any more. Without one in the window: one success."""
        self.advance(now)
        for back in range(SLICES):
            found = self._slices[(self._index - back) % SLICES]
            if found.unsure:
                found.unsure -= 1
                found.failed -= 1
                self.failed -= 1
                return
        self._slice.calls += 1
        self.calls += 1

    def advance(self, now: float) -> None:
        """Let go of what has left the window by now."""
        self._move(int(now * self._per_second))

    def causes(self) -> dict[Cause, int]:
        """Failures in the window by cause, most frequent first, forgiven ones included."""
        total: Counter[Cause] = Counter()
        for each in self._slices:
            if each.causes:
                total.update(each.causes)
        return dict(total.most_common())

    def p95(self, now: float) -> float | None:
        """The duration, seconds, that 95 % of the calls in the window stayed below; None without calls."""
        lately = sorted(elapsed for at, elapsed in self._durations if now - at <= self._seconds)
        return lately[min(len(lately) - 1, int(len(lately) * 0.95))] if lately else None

    def _move(self, index: int) -> None:
        """Make the slice of this moment the current one, and let go of those that left the window."""
        gone = min(index - self._index, SLICES)
        if gone <= 0:
            return
        for each in range(index - gone + 1, index + 1):
            old = self._slices[each % SLICES]
            self.calls -= old.calls
            self.failed -= old.failed
            self.slow -= old.slow
            self._slices[each % SLICES] = _Slice()
        self._index = index
        self._slice = self._slices[index % SLICES]

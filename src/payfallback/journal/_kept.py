"""The memory of refusals of a journal in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from payfallback._core.memory import Refusal
from payfallback.journal._rules import IN_ALL, OF_ONE


class Kept:
    """Refusals in this process. Not safe for threads: its journal's lock is held around it."""

    def __init__(self) -> None:
        self._of: dict[str, deque[Refusal]] = {}
        self._count = 0

    def remember(self, refusals: Sequence[Refusal]) -> None:
        """Keep them; the oldest of a subject, and of all subjects the one that was kept first, make room."""
        for each in refusals:
            of_one = self._of.setdefault(each.subject, deque(maxlen=OF_ONE))
            self._count += len(of_one) < OF_ONE
            of_one.append(each)
        while self._count > IN_ALL:
            self._drop(next(iter(self._of)))

    def recall(self, subjects: Sequence[str], now: float) -> tuple[Refusal, ...]:
        """What is kept of them, by subject, in the order in which it was kept."""
        return tuple(each for subject in sorted({*subjects}) for each in self._held(subject, now))

    def _held(self, subject: str, now: float) -> list[Refusal]:
        kept = [each for each in self._of.get(subject, ()) if each.until > now]
        self._replace(subject, kept)
        return kept

    def forget(self, subject: str, scope: str) -> None:
        """Drop one scope of a subject."""
        self._replace(subject, [each for each in self._of.get(subject, ()) if each.scope != scope])

    def _replace(self, subject: str, kept: list[Refusal]) -> None:
        before = self._of.get(subject)
        if before is None or len(before) == len(kept):
            return
        self._count -= len(before) - len(kept)
        if kept:
            self._of[subject] = deque(kept, maxlen=OF_ONE)
        else:
            del self._of[subject]

    def _drop(self, subject: str) -> None:
        self._count -= len(self._of.pop(subject))

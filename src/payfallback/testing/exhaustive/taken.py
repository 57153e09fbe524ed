"""Which transitions of the attempts' table are taken, wherever events are folded."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from payfallback._core import fold
from payfallback._core.state import Fact, Status


class Taken:
    """While it is entered, every step of an attempt is written down in `pairs`."""

    def __init__(self) -> None:
        self.pairs: set[tuple[Status, Fact]] = set()
        self._real: Any = None

    def __enter__(self) -> Taken:
        real = self._real = vars(fold)["step"]

        def step(status: Status, fact: Fact) -> Status:
            self.pairs.add((status, fact))
            after: Status = real(status, fact)
            return after

        vars(fold).update(step=step)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        vars(fold).update(step=self._real)

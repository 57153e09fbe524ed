"""A process that dies between two effects: nothing runs after it, not even clean-up, and the journal stays as it is."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Literal

from payfallback.errors import ProgrammingError

When = Literal["before", "after"]


class Crashed(BaseException):
    """The simulated process is gone. Not an `Exception`: no handler of the library or the shop may catch it."""


class Steps:
    """Counts the effects of the runs that pass through it, remembers their names, and dies where it was told to."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._at: int | None = None
        self._when: When = "before"

    def crash(self, at: int, when: When) -> None:
        """Die at the `at`-th effect from now, counted from 1, before or after it was performed."""
        if at < 1:
            raise ProgrammingError("effects are counted from 1")
        self._at, self._when = at, when

    def through(self, flow: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """The same flow, watched."""
        try:
            effect = flow.send(None)
            while True:
                self.names.append(type(effect).__name__)
                self._die("before")
                reply = yield effect
                self._die("after")
                effect = flow.send(reply)
        except StopIteration as end:
            return end.value
        finally:
            flow.close()

    def _die(self, when: When) -> None:
        if self._at is None:
            return
        if when == "before":
            self._at -= 1
        if self._at == 0 and when == self._when:
            self._at = None
            raise Crashed

"""A process that dies between two effects: nothing runs after it, not even clean-up, and the journal stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Literal

from payfallback.errors import ProgrammingError
from payfallback.results import Outcome, Result

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


class Recording:
    """A driver that remembers what callers were told, and what the shop's own delivery took."""

    def __init__(self, driver: Any, results: list[Result], steps: Steps, deliveries: list[Outcome]) -> None:
        self._driver, self._results, self._steps, self._deliveries = driver, results, steps, deliveries
        self._waiting: dict[str, Outcome] = {}

    def run(self, flow: Any) -> Any:
        """Run the flow through the steps; an async driver's answer is awaited by the caller."""
        return self._seen(self._driver.run(self._steps.through(flow)), self._told)

    def ask(self, submit: Any, *given: Any, **named: Any) -> Any:
        """Ask the journal; outcomes that are marked as delivered count as delivered to the shop."""
        keep = {"undelivered": self._lists, "delivered": lambda reply: self._delivers(given[0])}.get(submit.__name__)
        return self._seen(self._driver.ask(submit, *given, **named), keep)

    def _seen(self, answer: Any, keep: Callable[[Any], None] | None) -> Any:
        if hasattr(answer, "__await__"):
            return self._awaited(answer, keep)
        if keep is not None:
            keep(answer)
        return answer

    async def _awaited(self, answer: Any, keep: Callable[[Any], None] | None) -> Any:
        return self._seen(await answer, keep)

    def _told(self, answer: Any) -> None:
        if isinstance(answer, Result):
            self._results.append(answer)

    def _lists(self, outcomes: Any) -> None:
        self._waiting.update({outcome.id: outcome for outcome in outcomes})

    def _delivers(self, outcome_id: str) -> None:
        if outcome_id in self._waiting:
            self._deliveries.append(self._waiting[outcome_id])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

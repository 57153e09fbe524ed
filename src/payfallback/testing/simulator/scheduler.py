"""The third driver of the core's flows: on a heap of virtual time, in one thread, every effect a moment of its own.

A commit reaches the medium at one moment and its receipt comes back at a later one; a request leaves, its provider
deals with it, and its answer arrives. In between other processes run, and this one may crash or stand still.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from payfallback._core.effects import Admit, Append, Call, GiveBack, Keep, Load, MayAsk, Recall, Sleep
from payfallback._core.state import ImpossibleStep
from payfallback._runtime.commits import commit_of
from payfallback._runtime.shared import no_such_operation
from payfallback.errors import PayfallbackError
from payfallback.testing.simulator.clocks import WorldClock
from payfallback.testing.simulator.labels import label
from payfallback.testing.simulator.process import Ask, Process, Task
from payfallback.testing.simulator.watch import Watch

_QUICK, _SPREAD = 0.0005, 0.004  # seconds: the way to the journal, and how much it varies
_LATE = 0.4  # seconds: how late a timer may go off
_OF_FULL = "away"
FALLS = (  # what a mistake in the library comes out as: a finding, with its seed
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImpossibleStep,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


class Scheduler:
    """Runs tasks. `trail` tells what happened, when somebody wants to read it."""

    def __init__(self, clock: WorldClock, watch: Watch, spoil: Callable[[Call, Any], Any]) -> None:
        self.clock, self.watch = clock, watch
        self._spoil = spoil
        self.trail: list[str] | None = None
        self.struck: Counter[str] = Counter()
        self.effects = 0
        self.calm = False  # the faults have ended: what a trap still had in store does not happen
        self.running = 0
        self._instant: dict[type, Callable[[Process, Any], Any]] = {
            Admit: lambda process, effect: process.built.shared.admit(effect),
            GiveBack: lambda process, effect: process.built.shared.give_back(effect),
            MayAsk: lambda process, effect: process.built.shared.may_ask(effect),
            Keep: lambda process, effect: process.built.shared.keep_now(effect),
        }
        self._slow: dict[type, Callable[[Task, Any, str], None]] = {
            Append: self._append,
            Load: lambda task, effect, how: self._ask(task, "load", (effect.key,), how),
            Recall: lambda task, effect, how: self._ask(task, "recall", (effect.subjects,), how),
            Ask: lambda task, effect, how: self._ask(task, effect.method, effect.given, how),
            Call: self._call,
            Sleep: self._sleep,
        }

    def say(self, who: str, *words: object) -> None:
        """Write the trail."""
        if self.trail is not None:
            self.trail.append(f"{self.clock.monotonic():9.3f}  {who:<14} {' '.join(map(str, words))}")

    def start(self, task: Task) -> None:
        """Begin soon."""
        task.process.tasks.append(task)
        self.running += 1
        self.say(task.name, "starts")
        self._soon(task, partial(self._resume, task, None))

    def crash(self, process: Process) -> None:
        """The process dies."""
        self.say(f"p{process.number}", "CRASHES")
        self.struck["crash"] += 1
        self.running -= len(process.tasks)
        process.crash()

    # ---------------------------------------------------------------- the heap

    def _soon(self, task: Task, what: Callable[[], None], extra: float = 0.0) -> None:
        self._later(task, _QUICK + _SPREAD * task.chance.random() + extra, what)

    def _later(self, task: Task, seconds: float, what: Callable[[], None]) -> None:
        if task.process.busy_until:
            seconds += task.process.late(task.chance)
        self.clock.call_later(seconds, partial(self._awake, task, what))

    def _awake(self, task: Task, what: Callable[[], None]) -> None:
        """Run it now, unless its process is gone; when the process stands still, as soon as it does not."""
        if task.ended:
            return
        lasts = task.process.lasts()
        if lasts > 0:
            self._later(task, lasts, what)
        else:
            what()

    def _resume(self, task: Task, reply: Any) -> None:
        """Go on to the next effect that takes time."""
        while not task.ended:
            try:
                effect = task.flow.send(reply)
            except StopIteration as end:
                self._end(task, end.value)
                return
            except PayfallbackError as error:
                self._end(task, error)
                return
            except FALLS as error:
                self.watch.fell(task, error)
                self._end(task, error)
                return
            self.effects += 1
            now = self._instant.get(type(effect))
            if now is None:
                self._begin(task, effect)
                return
            reply = now(task.process, effect)

    def _end(self, task: Task, result: Any) -> None:
        if task.ended:
            return
        task.ended = True
        self.running -= 1
        task.process.tasks.remove(task)
        self.say(task.name, "->", type(result).__name__)
        self.watch.told(task, result)
        if task.done is not None:
            task.done(result)

    # ---------------------------------------------------------------- what may happen around an effect

    def _begin(self, task: Task, effect: Any) -> None:
        name, process = label(effect), task.process
        how = process.trapped(name) if process.traps else ""
        self.say(task.name, name, how and f"[{how}]")
        when, _, seconds = how.partition(":")
        if how:
            self.struck[when] += 1
        if when == "crash_before":
            self.crash(process)
            return
        if when == "pause":
            process.pause(float(seconds))
            self._later(task, float(seconds), partial(self._slow[type(effect)], task, effect, ""))
            return
        if when == "full" and type(effect) is not Call:
            process.link.become(_OF_FULL, float(seconds))
        self._slow[type(effect)](task, effect, how)

    def _after(self, task: Task, effect: Any, reply: Any, how: str) -> None:
        """The effect has happened, and its answer is on its way to the flow."""
        if self.calm:
            self._resume(task, reply)
        elif how in ("crash_inside", "crash_after"):
            self.crash(task.process)
        elif how == "interrupt":
            self._interrupt(task, effect, reply)
        else:
            self._resume(task, reply)

    def _interrupt(self, task: Task, effect: Any, reply: Any) -> None:
        """The caller goes away here, as the drivers let it: what became durable is said never to have been sent."""
        shared = task.process.built.shared
        if type(effect) is Append:
            shared.give_back(GiveBack(effect.permit))
            shared.never_sent(effect, reply)
        self.say(task.name, "goes away")
        task.flow.close()
        self._end(task, None)

    # ---------------------------------------------------------------- effects

    def _append(self, task: Task, effect: Append, how: str) -> None:
        self._soon(task, partial(self._commit, task, effect, how), task.process.link.delay)

    def _commit(self, task: Task, effect: Append, how: str) -> None:
        got: list[Any] = []
        task.process.link.submit(commit_of(effect), got.append)
        self._receive(task, effect, got[0], how)

    def _ask(self, task: Task, method: str, given: tuple[Any, ...], how: str) -> None:
        self._soon(task, partial(self._asked, task, method, given, how), task.process.link.delay)

    def _asked(self, task: Task, method: str, given: tuple[Any, ...], how: str) -> None:
        got: list[Any] = []
        getattr(task.process.link, method)(*given, got.append)
        self._receive(task, None, got[0], how)

    def _receive(self, task: Task, effect: Any, reply: Any, how: str) -> None:
        if how == "crash_inside" and not self.calm:  # the medium has it; the process never hears
            self.crash(task.process)
            return
        refused: str = "not reachable" if isinstance(reply, BaseException) else getattr(reply, "conflict", "")
        if refused:
            self.say(task.name, "   journal:", refused)
        self._soon(task, partial(self._after, task, effect, reply, how))

    def _sleep(self, task: Task, effect: Sleep, how: str) -> None:
        """A timer never goes off early; in most tasks it goes off as late as a busy machine's does, which spares the
        many looks of who waits for another's lease."""
        late = 0.0 if task.punctual else _LATE * task.chance.random()
        self._later(task, effect.seconds + late, partial(self._after, task, effect, None, how))

    def _call(self, task: Task, effect: Call, how: str) -> None:
        provider = task.process.built.shared.callables[effect.channel]
        if provider.call(effect.operation) is None:
            self._resume(task, no_such_operation(effect.operation.kind))
            return
        self.watch.sends(task, effect)
        exchange = provider.send(effect.operation)  # type: ignore[attr-defined]  # here all are fakes
        for fault in exchange.struck:
            self.struck[fault] += 1
        self.say(task.name, "   sent", effect.operation.number, *exchange.struck)
        if how == "crash_inside":  # sent, and nobody waits
            self.crash(task.process)
            return
        heard = partial(self._heard, task, effect, exchange, self.clock.monotonic(), how)
        self._later(task, exchange.takes, heard)

    def _heard(self, task: Task, effect: Call, exchange: Any, started: float, how: str) -> None:
        shared = task.process.built.shared
        if how == "interrupt" and not self.calm:
            shared.answered(effect, None, started)
            self._interrupt(task, effect, None)
            return
        try:
            reply = exchange.result()
        except (TimeoutError, OSError) as error:
            reply = error
        truth = shared.callables[effect.channel].read(effect.operation, reply)
        answer = self._spoil(effect, truth)
        self.watch.answered(effect.operation, answer, true=answer is truth)
        self.say(task.name, "   answer:", answer.verdict.value, answer.cause.value if answer.cause else "")
        shared.answered(effect, answer, started)
        if how.startswith("full") and not self.calm:
            task.process.link.become(_OF_FULL, float(how.partition(":")[2]))
        self._after(task, effect, answer, how)

"""A way through a small world in words: every move, the order's story, and what the providers wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from payfallback._core.effects import Call
from payfallback._core.events import Opened
from payfallback._core.trace import trace_of
from payfallback._values import value
from payfallback.testing.clock import START
from payfallback.testing.exhaustive.choices import Choice
from payfallback.testing.exhaustive.machine import Machine
from payfallback.testing.exhaustive.moving import make
from payfallback.testing.exhaustive.state import State
from payfallback.testing.exhaustive.worlds import SmallWorld
from payfallback.testing.simulator.labels import label
from payfallback.testing.simulator.watch import Broken


@value
class Counterexample:
    """A shortest way to a broken promise. `moves`: up to where troubles happen; `after`: what recovery did then, in
    peace, before it came to light. `story`: the order's events in words. `ledger`: what the providers wrote."""

    world: str
    wrong: tuple[Broken, ...]
    moves: tuple[str, ...]
    after: tuple[str, ...]
    story: tuple[str, ...]
    ledger: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """To read."""
        yield from (f"BROKEN  {each}" for each in self.wrong)
        yield f"{self.world}: {len(self.moves)} moves"
        for part in (self.moves, self.after and ("-- no more troubles", *self.after), self.story, self.ledger):
            yield from (f"  {line}" for line in part)
            yield ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "world": self.world,
            "wrong": [str(each) for each in self.wrong],
            "moves": list(self.moves),
            "after": list(self.after),
            "story": list(self.story),
            "ledger": list(self.ledger),
        }


def tell(
    name: str, world: SmallWorld, most: int, way: Sequence[Choice], peace: int, wrong: tuple[Broken, ...]
) -> Counterexample:
    """Make the moves of `way` once more and write down what they were. The last `peace` of them are recovery's."""
    machine = Machine(world)
    state = machine.first(most)
    told = []
    for choice in way:
        before, (state, _) = state, make(machine, state, choice)
        told.append(f"{before.now:8.3f}  {said(world, before, choice)}")
    until = len(told) - peace
    ledger = tuple(
        f"{e.at - START:8.3f}  {e.what} {e.number} {e.amount} {e.refund}".rstrip() for e in state.ledger.entries
    )
    return Counterexample(name, wrong, tuple(told[:until]), tuple(told[until:]), _story(machine, state), ledger)


def _story(machine: Machine, state: State) -> tuple[str, ...]:
    stored = machine.stored(state)
    if stored is None or not any(type(each) is Opened for each in stored.events):
        return ("the journal never heard of it",)
    trace = trace_of(stored.events, machine.processes[0].built.result_of(stored))
    return tuple(f"{line.at - START:8.3f}  {line.text}" for line in trace.lines)


def said(world: SmallWorld, state: State, choice: Choice) -> str:
    """One move in words."""
    who = f"w{choice.worker}" if choice.worker >= 0 else "--"
    how = f"  [{choice.how}]" if choice.how else ""
    return f"{who}  {_what(world, state, choice)}{how}"


def _what(world: SmallWorld, state: State, choice: Choice) -> str:
    word, about = choice.word, choice.about
    if word == "begin":
        return str(world.calls[int(about)])
    if word == "notice":
        return f"is notified: {state.letters[int(about)][1].answer.verdict.value}"
    if word == "arrive":
        return f"the network brings the charge {state.flights[int(about)].operation.number}"
    if word in _OUTSIDE:
        return _OUTSIDE[word].format(about)
    worker = state.workers[choice.worker]
    effect = worker.effect
    if word == "hear":
        return f"hears: {_reply(worker.reply)}" if type(effect) is Call else "wakes up"
    if word == "crash":
        return f"crashes before {label(effect)}" if not worker.sent else f"crashes while it waits for {label(effect)}"
    number = f" {effect.operation.number} on {effect.channel}" if type(effect) is Call else ""
    return f"{label(effect)}{number}" if word in ("do", "send") else word


_OUTSIDE = {
    "finish": "the provider does what it still had to do for {}",
    "shopper": "the shopper pays {}",
    "lie": "the provider captures {} after all",
    "claim": "a notification of {} says what is not so",
    "console": "somebody gives {} back in the provider's console",
    "time": "time goes on",
}


def _reply(answer: Any) -> str:
    cause = f" ({answer.cause.value})" if answer.cause else ""
    return f"{answer.verdict.value}{cause}"

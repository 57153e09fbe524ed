"""The core's flows without their own memory: a flow's state follows from what it has heard, so it is played again.

A generator cannot be copied. What it does next is a function of its call and of the answers that it got, with the time
of each; so that list stands for it. Each list is played only once, and where the generator still stands at its last
answer but one, only that is played.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payfallback._core import flow as flows
from payfallback._core import refunds
from payfallback._core.effects import Admit, GiveBack, Keep, MayAsk
from payfallback._values import changed, value
from payfallback.errors import PayfallbackError
from payfallback.model import Order
from payfallback.testing.exhaustive.sheets import NO_MARK, StandingClock
from payfallback.testing.exhaustive.state import Doing, Heard, Worker
from payfallback.testing.exhaustive.worlds import WITHIN, ShopCall
from payfallback.testing.simulator.post import Door, door_of, received
from payfallback.testing.simulator.process import Flow, Process
from payfallback.testing.simulator.scheduler import FALLS
from payfallback.testing.simulator.shop_calls import recovery

LIVE = 2000  # generators that are kept where they stand
STEP = 0.01  # seconds: by so much is a worker's clock on when an answer came
_AT_ONCE: Mapping[type, Any] = {Admit: None, GiveBack: None, MayAsk: True, Keep: None}


@value
class Ended:
    """A call is over: with a result, an error of the library, or by falling over. `run`: the core's, if it has one."""

    result: Any
    run: Any
    fell: bool = False


@value
class Onward:
    """Where a flow stands: its next effect or `Ended`, and the evidence that it wanted kept on the way."""

    effect: Any
    kept: tuple[Keep, ...] = ()


class Flows:
    """Plays the flows of a world's processes. Health is calm in a small world: every permit is given."""

    def __init__(
        self,
        processes: list[Process],
        clock: StandingClock,
        order: Order,
        consent: tuple[str, ...],
        doors: Mapping[str, Door],
    ) -> None:
        self._processes, self._clock, self._order, self._consent = processes, clock, order, consent
        self._doors = doors
        self._owner = ""
        self._known: dict[bytes, Onward] = {}
        self._live: dict[bytes, tuple[Flow, Any]] = {}
        for process in processes:
            shared = process.built.shared
            shared.env = changed(shared.env, owner=lambda: self._owner, tell=None, heard=lambda: False)

    @property
    def played(self) -> int:
        """How many local states of flows there were."""
        return len(self._known)

    def onward(self, number: int, worker: Worker, before: bytes = NO_MARK) -> Onward:
        """Where a worker's flow stands after all that it has heard. `before`: its mark before the last answer."""
        known = self._known.get(worker.mark)
        if known is None:
            now, ahead = self._clock.monotonic(), self._clock.ahead
            known = self._known[worker.mark] = self._play(number, worker, before)
            self._clock.put(now, ahead)
        return known

    def _play(self, number: int, worker: Worker, before: bytes) -> Onward:
        process = self._processes[number]
        self._owner = f"w{number}.{worker.calls}"
        last: Heard | None = worker.heard
        standing = self._live.pop(before, None)
        if standing is None or last is None:
            self._set(process, worker.begun, 0.0)
            flow, run = self._begun(process, worker.doing)
            at, kept = self._replayed(process, flow, run, last)
        else:
            flow, run = standing
            self._set(process, last.now, last.wrong)
            at, kept = _next(flow, run, last.reply)
        if type(at) is not Ended:
            self._live[worker.mark] = flow, run
            if len(self._live) > LIVE:
                del self._live[next(iter(self._live))]
        return Onward(at, kept)

    def _replayed(self, process: Process, flow: Flow, run: Any, last: Heard | None) -> tuple[Any, tuple[Keep, ...]]:
        heard: list[Heard] = []
        while last is not None:
            heard.append(last)
            last = last.before
        at, kept = _next(flow, run, None)
        for each in reversed(heard):
            self._set(process, each.now, each.wrong)
            at, kept = _next(flow, run, each.reply)
        return at, kept

    def _set(self, process: Process, now: float, wrong: float) -> None:
        self._clock.put(now, wrong)
        process.clock.wrong = wrong

    def _begun(self, process: Process, doing: Doing | None) -> tuple[Flow, Any]:
        """The flow of a call, as the clients begin it."""
        if doing is None or doing.word == "recover":
            return recovery(process, WITHIN), None
        if doing.word == "notice":
            self._doors[doing.account].known[doing.about.id] = doing.about
            return received(process, door_of(doing.account), doing.about.id.encode(), forged=False), None
        return self._called(process, doing.about)

    def _called(self, process: Process, call: ShopCall) -> tuple[Flow, Any]:
        built, order = process.built, self._order
        if call.word in ("pay", "switch"):
            run = built.paying(call.word, order, call.choice, self._consent, None, WITHIN)
            return (flows.switch if call.word == "switch" else flows.pay)(run, order), run
        run = built.run(call.word, order.id, "", WITHIN)
        if call.word == "refund":
            return refunds.refund(run, "r1", None, ""), run
        return flows.cancel(run), run


def _next(flow: Flow, run: Any, reply: Any) -> tuple[Any, tuple[Keep, ...]]:
    """On to the next effect that others can come between, or to the end."""
    kept: tuple[Keep, ...] = ()
    try:
        effect = flow.send(reply)
        while type(effect) in _AT_ONCE:
            if type(effect) is Keep:
                kept = (*kept, effect)
            effect = flow.send(_AT_ONCE[type(effect)])
    except StopIteration as end:
        return Ended(end.value, run), kept
    except PayfallbackError as error:
        return Ended(error, run), kept
    except FALLS as error:
        return Ended(error, run, fell=True), kept
    return effect, kept

"""What the shop's own code does besides paying: recover, deliver; effect by effect, as its clients do it."""

from __future__ import annotations

from payfallback._core import flow as flows
from payfallback.errors import PayfallbackError
from payfallback.results import Outcome
from payfallback.testing.simulator.post import asked
from payfallback.testing.simulator.process import Flow, Process


def recovery(process: Process, within: float = 30.0) -> Flow:
    """One `recover`: claim what is due, finish what can be finished. Returns how many orders were looked at."""
    built = process.built
    tally = built.tally(within, 100)
    while size := tally.batch():
        claimed = yield from asked("claim", tally.owner(), tally.lease, size)
        tally.took(size, claimed)
        if not claimed:
            break
        while (stored := tally.next()) is not None:
            run = built.recovering(stored, stored.owner, tally.left())
            try:
                yield from flows.recover(run)
                reply = (run.record, run.down)
            except PayfallbackError as error:
                reply = (None, error)
            tally.looked(stored, reply)
    return tally.result(0)


def delivery(process: Process, taken: list[Outcome]) -> Flow:
    """One `deliver`: the shop takes each outcome, then it is acknowledged; a crash in between tells it twice."""
    waiting = yield from asked("undelivered", 100)
    for outcome in waiting:
        taken.append(outcome)
        yield from asked("delivered", outcome.id)
    return len(waiting)

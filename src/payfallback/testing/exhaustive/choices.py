"""What can happen next in a state, and what each of it costs in troubles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil, inf

from payfallback._core.effects import Append, Call
from payfallback._core.events import HandedOver, Planned
from payfallback._core.fold import fold
from payfallback._core.operations import Kind
from payfallback._core.state import Status
from payfallback._values import value
from payfallback.testing.clock import START
from payfallback.testing.exhaustive.state import State, Worker
from payfallback.testing.exhaustive.worlds import GONE_AFTER, SmallWorld
from payfallback.testing.simulator.liar import CLAIMS
from payfallback.testing.trades import State as Trading
from payfallback.testing.trades import Trade

OFTEN = frozenset({Kind.QUERY, Kind.QUERY_REFUND})
MONEY = frozenset({Kind.CHARGE, Kind.REFUND})
_SENT_HOW = {  # which requests a trouble can befall
    "lost": frozenset(Kind) - OFTEN,
    "hang": frozenset(Kind),
    "refused": frozenset(Kind),
    "late": frozenset({Kind.CHARGE}),
    "declined": MONEY,
    "declined_open": frozenset({Kind.CHARGE}),
    "captured_late": MONEY,
    "close_refused": frozenset({Kind.CLOSE}),
    "wrong_amount": frozenset({Kind.CHARGE}),
}


@value
class Choice:
    """One move. `how`: the trouble in it; `about`: which call, number, letter or flight; `cost`: in troubles."""

    word: str
    worker: int = -1
    how: str = ""
    about: str = ""
    cost: int = 0


def grid(when: float) -> float:
    """Whoever waits wakes up with the next whole second."""
    return float(ceil(when - 1e-6))


def due(state: State) -> float | None:
    """When somebody must look at the order, monotonic; None: never, or only a person."""
    sheet = state.journal
    if sheet.due is None or any(each.kind == "needs_person" for each in sheet.outcomes):
        return None
    return grid(max(sheet.due, sheet.until if sheet.owner else 0.0) - START)


def choices(world: SmallWorld, state: State) -> Iterator[Choice]:
    """Everything that can happen next."""
    for number, worker in enumerate(state.workers):
        if worker.doing is not None:
            yield from _of_worker(world, state, number, worker)
    idle = next((number for number, worker in enumerate(state.workers) if worker.doing is None), None)
    if idle is not None:  # processes that do nothing are the same
        yield from _begun_by(world, state, idle)
    yield from _outside(world, state)
    passing = _time(state)
    if passing is not None and (not passing.cost or "pause" in world.troubles):
        yield passing


def runnable(state: State, worker: Worker) -> bool:
    """Whether it could go on now."""
    return worker.doing is not None and (not worker.sent or worker.until <= state.now)


def _of_worker(world: SmallWorld, state: State, number: int, worker: Worker) -> Iterator[Choice]:
    spare = state.left > 0
    if spare and "crash" in world.troubles:
        yield Choice("crash", number, cost=1)
    if not runnable(state, worker):
        return
    if worker.sent:
        yield Choice("hear", number)
        return
    effect = worker.effect
    if type(effect) is not Call:
        yield Choice("do", number)
        if spare and type(effect) is Append:
            yield from (Choice("do", number, how, cost=1) for how in ("away", "unheard") if how in world.troubles)
        return
    yield Choice("send", number)
    if spare:
        kind = effect.operation.kind
        for how in world.troubles:
            if kind in _SENT_HOW.get(how, ()):
                yield Choice("send", number, how, cost=1)


def _begun_by(world: SmallWorld, state: State, number: int) -> Iterator[Choice]:
    for call in state.calls:
        if call == 0 or 0 not in state.calls:  # the first call opens the order
            yield Choice("begin", number, about=str(call))
    when = due(state)
    if when is not None and when <= state.now:
        yield Choice("recover", number)
    for place in range(len(state.letters)):
        yield Choice("notice", number, about=str(place))


def _outside(world: SmallWorld, state: State) -> Iterator[Choice]:
    """What shoppers, networks and providers do."""
    for place in range(len(state.flights)):
        yield Choice("arrive", about=str(place))
    for sheet in state.books:
        for trade in sheet.trades:
            if trade.state is Trading.WORKING or any(not made.done for made in trade.refunds):
                yield Choice("finish", about=trade.number)
            if trade.state is Trading.WAITING and state.now + START <= trade.ends_at and _in_hand(state, trade.number):
                yield Choice("shopper", about=trade.number)
            if state.left > 0:
                yield from _strange(world, state, trade)


_CLAIMED = frozenset(
    {Status.CAPTURED, Status.SURPLUS, Status.REFUNDING, Status.REFUNDED, Status.DISPUTED, Status.MANUAL, Status.DEAD}
)
_HARMLESS = frozenset({"pending", "refund_failed"})  # no false word about money, while it is open


def _strange(world: SmallWorld, state: State, trade: Trade) -> Iterator[Choice]:
    """What no provider and no shop should do."""
    if "lie" in world.troubles and trade.state in (Trading.CLOSED, Trading.DECLINED):
        yield Choice("lie", about=trade.number, cost=1)
    if "console" in world.troubles and trade.state is Trading.CAPTURED and trade.refundable > 0:
        yield Choice("console", about=trade.number, cost=1)
    if "contradict" in world.troubles and state.journal.events:
        attempts = fold(state.journal.events).attempts
        attempt = next((each for each in attempts if each.number == trade.number), None)
        for claim in CLAIMS:
            if attempt is not None and (attempt.status in _CLAIMED or claim in _HARMLESS):
                yield Choice("claim", how=claim, about=trade.number, cost=1)


def _in_hand(state: State, number: str) -> bool:
    """Whether the shopper can pay it: a code that was shown, or what needs none."""
    events = state.journal.events
    planned = next((each for each in events if type(each) is Planned and each.number == number), None)
    if planned is None:
        return False
    return planned.starts != "shopper" or any(type(e) is HandedOver and e.seq == planned.seq for e in events)


def _time(state: State) -> Choice | None:
    """Time goes on to the next moment at which somebody wakes up. Whoever could go on stands still meanwhile."""
    if next_moment(state) is None:
        return None
    standing = sum(runnable(state, worker) and not worker.stands for worker in state.workers)
    return Choice("time", how="pause" if standing else "", cost=standing) if standing <= state.left else None


def next_moment(state: State) -> float | None:
    """When somebody wakes up or is due next; None: nobody is waited for."""
    moments = [worker.until for worker in state.workers if worker.doing is not None and worker.sent]
    when = due(state)
    if when is not None:
        moments.append(when)
    soonest = min((each for each in moments if each > state.now), default=inf)
    return soonest if soonest < inf else None


def gone(state: State, now: float) -> tuple[int, ...]:
    """The flights that the network has given up by then."""
    return tuple(n for n, flight in enumerate(state.flights) if now > flight.sent_at + GONE_AFTER)


def calm(offered: Iterable[Choice]) -> Choice | None:
    """What happens next when nothing goes wrong any more and only recovery begins; None: all is quiet."""
    return min((choice for choice in offered if choice.word in _CALM and not choice.how), key=_urgency, default=None)


_CALM = {"hear": 0, "do": 0, "send": 0, "arrive": 1, "finish": 1, "recover": 2, "time": 3}


def _urgency(choice: Choice) -> tuple[int, int, str]:
    return _CALM[choice.word], choice.worker, choice.about

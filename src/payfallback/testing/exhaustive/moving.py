"""What each move does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from payfallback._runtime.shared import no_such_operation
from payfallback._values import changed
from payfallback.testing.exchange import judge
from payfallback.testing.exhaustive.choices import Choice, gone, grid, next_moment, runnable
from payfallback.testing.exhaustive.machine import ORDER, Machine
from payfallback.testing.exhaustive.state import Doing, Flight, State, Worker
from payfallback.testing.faults import parse_fault
from payfallback.testing.simulator.watch import Broken


def make(machine: Machine, state: State, choice: Choice) -> tuple[State, tuple[Broken, ...]]:
    """Make a move: the state after it, and the promises that it broke."""
    machine.hold(state)
    after = _MOVES[choice.word](machine, state, choice)
    if choice.cost:
        after = machine.taken(after, left=after.left - choice.cost)
    return after, machine.wrong()


# ---------------------------------------------------------------- workers


def _begin(machine: Machine, state: State, choice: Choice) -> State:
    call = int(choice.about)
    calls = tuple(each for each in state.calls if each != call)
    return machine.begin(state, choice.worker, Doing("call", machine.world.calls[call]), calls=calls)


def _recover(machine: Machine, state: State, choice: Choice) -> State:
    return machine.begin(state, choice.worker, Doing("recover"))


def _notice(machine: Machine, state: State, choice: Choice) -> State:
    place = int(choice.about)
    account, notice = state.letters[place]
    letters = (*state.letters[:place], *state.letters[place + 1 :])
    return machine.begin(state, choice.worker, Doing("notice", notice, account), letters=letters)


def _crash(machine: Machine, state: State, choice: Choice) -> State:
    return machine.with_worker(state, choice.worker, Worker(calls=state.workers[choice.worker].calls))


def _do(machine: Machine, state: State, choice: Choice) -> State:
    reply = machine.performed(state.workers[choice.worker].effect, choice.how)
    after = machine.resume(state, choice.worker, reply)
    return machine.taken(after, journal=True)


def _hear(machine: Machine, state: State, choice: Choice) -> State:
    worker = state.workers[choice.worker]
    return machine.resume(state, choice.worker, worker.reply, steps=int(worker.reply is not None))


# ---------------------------------------------------------------- requests


def _send(machine: Machine, state: State, choice: Choice) -> State:
    worker = state.workers[choice.worker]
    effect, now = worker.effect, state.now
    operation = effect.operation
    bank = machine.banks[machine.accounts[effect.channel]]
    if bank.call(operation) is None:
        return machine.resume(state, choice.worker, no_such_operation(operation.kind))
    machine.watch.sends(machine.task(choice.worker, worker), effect)
    reply: Any = None
    flights = state.flights
    if choice.how == "late":
        flights = (*flights, Flight(now, bank.account.id, operation))
    elif choice.how not in ("hang", "refused"):
        struck = {} if choice.how in ("", "lost") else {choice.how: parse_fault(choice.how)}
        reply = bank.deal(operation, struck)
    until = now
    if choice.how in ("late", "hang", "lost"):
        reply, until = judge(operation, TimeoutError("no answer")), grid(now + operation.timeout)
    elif choice.how == "refused":
        reply = judge(operation, ConnectionRefusedError("connection refused"))
    sent = changed(worker, sent=True, reply=reply, until=until, stands=False)
    return machine.with_worker(state, choice.worker, sent, flights=flights, banks=True)


# ---------------------------------------------------------------- outside


def _arrive(machine: Machine, state: State, choice: Choice) -> State:
    place = int(choice.about)
    flight = state.flights[place]
    machine.banks[flight.account].deal(flight.operation, {})
    return machine.taken(state, flights=(*state.flights[:place], *state.flights[place + 1 :]), banks=True)


def _finish(machine: Machine, state: State, choice: Choice) -> State:
    _bank(machine, choice).finish(choice.about)
    return machine.taken(state, banks=True)


def _shopper(machine: Machine, state: State, choice: Choice) -> State:
    _bank(machine, choice).shopper_pays(choice.about)
    return machine.taken(state, banks=True)


def _lie(machine: Machine, state: State, choice: Choice) -> State:
    machine.watch.lied.add(ORDER.id)
    _bank(machine, choice).captures_after_all(choice.about)
    return machine.taken(state, banks=True, told=True)


def _claim(machine: Machine, state: State, choice: Choice) -> State:
    machine.watch.misled.add(ORDER.id)
    bank = _bank(machine, choice)
    notice = bank.claims(choice.about, choice.how)
    if notice is not None:
        bank.post(notice)
    return machine.taken(state, banks=True, told=True)


def _console(machine: Machine, state: State, choice: Choice) -> State:
    machine.watch.by_hand.add(ORDER.id)
    _bank(machine, choice).console_refunds(choice.about, 0)
    return machine.taken(state, banks=True, told=True)


def _bank(machine: Machine, choice: Choice) -> Any:
    return next(bank for bank in machine.banks.values() if choice.about in bank.books.trades)


def _time(machine: Machine, state: State, choice: Choice) -> State:
    now = next_moment(state) or state.now
    workers = tuple(
        changed(worker, steps=0, stands=runnable(state, worker)) if worker.doing else worker for worker in state.workers
    )
    lost = gone(state, now)
    flights = tuple(flight for n, flight in enumerate(state.flights) if n not in lost)
    return machine.taken(state, now=now, workers=workers, flights=flights)


_MOVES: Mapping[str, Callable[[Machine, State, Choice], State]] = {
    "begin": _begin,
    "recover": _recover,
    "notice": _notice,
    "crash": _crash,
    "do": _do,
    "hear": _hear,
    "send": _send,
    "arrive": _arrive,
    "finish": _finish,
    "shopper": _shopper,
    "lie": _lie,
    "claim": _claim,
    "console": _console,
    "time": _time,
}

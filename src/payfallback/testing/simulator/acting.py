"""What each move does to a world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from payfallback._core import flow as flows
from payfallback._core import refunds
from payfallback._core.events import HandedOver, Planned
from payfallback._core.operations import Answer, Notice
from payfallback._values import changed
from payfallback.errors import PayfallbackError
from payfallback.model import Money, Order
from payfallback.storage import Switch
from payfallback.taxonomy import Verdict
from payfallback.testing.simulator.liar import Liar
from payfallback.testing.simulator.moves import Move
from payfallback.testing.simulator.post import asked
from payfallback.testing.simulator.process import Process, Trap
from payfallback.testing.simulator.shop_calls import delivery, recovery
from payfallback.testing.simulator.shops import WATCH
from payfallback.testing.simulator.staff import adopt, bill, console, contradict
from payfallback.testing.simulator.world import World

PAYING = frozenset({"pay", "switch", "edit", "cancel"})
MOST_PROCESSES = 4  # of one shop; the child of a further fork takes the place of the youngest


def act(world: World, move: Move) -> None:
    """Make a move. What the library refuses is no finding: nothing was started then."""
    process = world.processes[move.process % len(world.processes)]
    order = world.orders[move.order % len(world.orders)]
    world.scheduler.say("", "--", move)
    if move.word in PAYING and not world.is_ours(order):
        return
    try:
        _ACTS[move.word](world, move, process, order)
    except PayfallbackError as error:
        world.scheduler.say("", f"   refused: {type(error).__name__}")


# ---------------------------------------------------------------- the shop and its shoppers


def _pay(world: World, move: Move, process: Process, order: Order) -> None:
    word = move.word
    consent = [name for name in move.text(1).split(",") if name in world.shop.names]
    choice = move.text(0) if move.text(0) in world.shop.names else world.shop.names[0]
    run = process.built.paying(
        "switch" if word == "switch" else "pay", order, choice, consent, None, move.number(2, 5.0)
    )
    flow = flows.switch(run, order) if word == "switch" else flows.pay(run, order)
    world.start(word, process, flow, run=run)


def _edit(world: World, move: Move, process: Process, order: Order) -> None:
    edited = Order(order.id, Money(order.amount.minor + int(move.number(0, 100)), order.amount.currency))
    _pay(world, changed(move, args=("a", "b,c", 5.0)), process, edited)


def _cancel(world: World, move: Move, process: Process, order: Order) -> None:
    run = process.built.run("cancel", order.id, "", move.number(0, 5.0))
    world.start("cancel", process, flows.cancel(run), run=run)


def _status(world: World, move: Move, process: Process, order: Order) -> None:
    run = process.built.run("status", order.id, "")
    world.start("status", process, flows.status(run, bool(move.number(0))), run=run)


def _refund(world: World, move: Move, process: Process, order: Order) -> None:
    run = process.built.run("refund", order.id, "", 5.0)
    minor = int(move.number(1))
    amount = Money(minor, order.amount.currency) if minor else None
    world.start("refund", process, refunds.refund(run, move.text(0, "r1"), amount, ""), run=run)


def _recover(world: World, move: Move, process: Process, order: Order) -> None:
    world.start("recover", process, recovery(process))


def _deliver(world: World, move: Move, process: Process, order: Order) -> None:
    world.start("deliver", process, delivery(process, world.watch.deliveries))


def _scan(world: World, move: Move, process: Process, order: Order) -> None:
    shown = _shown(world, order)
    for fake, number in reversed(shown) if move.text(0) == "newest" else shown:
        world.scheduler.say("shopper", "pays", number, fake.shopper_pays(number))
        world.scheduler.struck["paid_by_hand"] += 1
        return


def _look(world: World, move: Move, process: Process, order: Order) -> None:
    for fake, number in _shown(world, order):
        fake.shopper_scans(number)


def _refuse(world: World, move: Move, process: Process, order: Order) -> None:
    for fake, number in _shown(world, order):
        fake.shopper_refuses(number)
        return


def _shown(world: World, order: Order) -> list[tuple[Liar, str]]:
    """What the shopper has in hand, oldest first: codes that were handed over, and what needs no code."""
    events = world.watch.of(order.id)
    handed = {each.seq for each in events if type(each) is HandedOver}
    planned = [
        each
        for each in events
        if type(each) is Planned and (each.seq in handed or each.starts != "shopper" or each.adopted)
    ]
    waiting = {number: fake for fake in world.fakes.values() for number in fake.waiting(order.id)}
    return [(waiting[each.number], each.number) for each in planned if each.number in waiting]


# ---------------------------------------------------------------- providers and their post


def _fault(world: World, move: Move, process: Process, order: Order) -> None:
    operation = move.text(2) or None
    world.faults.outage(move.text(0), move.text(1), operation=operation, times=int(move.number(3)) or None)


def _lift(world: World, move: Move, process: Process, order: Order) -> None:
    world.faults.lift()


def _lie(world: World, move: Move, process: Process, order: Order) -> None:
    world.watch.lied.add(order.id)  # before the notifications that the lie makes
    for each in world.watch.of(order.id):
        if type(each) is Planned and world.fakes[each.account].captures_after_all(each.number):
            world.scheduler.struck["lie"] += 1
            if world.clock.epoch() > each.at + WATCH:
                world.watch.billed.add(order.id)
            return


def _stale(world: World, move: Move, process: Process, order: Order) -> None:
    world.answer_stale(move.text(0), int(move.number(1, 1)))


def _mode(world: World, move: Move, process: Process, order: Order) -> None:
    world.post.mode = move.text(0, "on")


def _forged(world: World, move: Move, process: Process, order: Order) -> None:
    account = world.channels.get(move.text(0), "")
    _bring(world, account, account, order, forged=True)


def _foreign(world: World, move: Move, process: Process, order: Order) -> None:
    account = world.channels.get(move.text(0), "")
    others = [each for each in world.doors if each != account]
    _bring(world, others[0] if others else "", account, order, forged=False)


def _bring(world: World, door: str, account: str, order: Order, *, forged: bool) -> None:
    """A notice that says "paid" about a number of `account`, at the door of `door`."""
    for each in world.watch.of(order.id):
        if type(each) is Planned and each.account == account and door:
            answer = Answer(verdict=Verdict.CAPTURED, number=each.number, amount=order.amount, provider_ref="X1")
            world.scheduler.struck["forged" if forged else "foreign"] += 1
            notice = Notice(number=each.number, answer=answer, id=f"{door}-{each.number}-{forged}")
            world.post.bring(door, notice, 0.0, forged=forged)


# ---------------------------------------------------------------- the machine


def _crash(world: World, move: Move, process: Process, order: Order) -> None:
    world.scheduler.crash(process)


def _trap(world: World, move: Move, process: Process, order: Order) -> None:
    process.traps.append(Trap(move.text(0), int(move.number(1, 1)), move.text(2, "crash_before")))


def _pause(world: World, move: Move, process: Process, order: Order) -> None:
    world.scheduler.struck["pause"] += 1
    process.pause(move.number(0, 10.0))


def _jump(world: World, move: Move, process: Process, order: Order) -> None:
    world.scheduler.struck["jump"] += 1
    process.clock.jump(move.number(0, 30.0))


def _journal(world: World, move: Move, process: Process, order: Order) -> None:
    world.scheduler.struck[f"journal_{move.text(0)}"] += 1
    process.link.become(move.text(0), move.number(1, 2.0))


def _health(world: World, move: Move, process: Process, order: Order) -> None:
    world.scheduler.struck["health_lost"] += 1
    process.lose_health()


def _stop(world: World, move: Move, process: Process, order: Order) -> None:
    now = world.clock.epoch()
    switch = Switch(
        channel=move.text(0), reason="simulated", actor="simulator", at=now, until=now + move.number(1, 10.0)
    )
    world.start("stop", process, asked("stop_channel", switch))


def _neighbour(world: World, move: Move, process: Process, order: Order) -> None:
    world.scheduler.struck["neighbour"] += 1
    process.neighbour(move.number(0, 10.0), move.number(1, 2.0))


def _fork(world: World, move: Move, process: Process, order: Order) -> None:
    world.scheduler.struck["fork"] += 1
    if len(world.processes) < MOST_PROCESSES:
        world.processes.append(process.fork(len(world.processes)))
        return
    eldest = world.processes[-1]
    world.scheduler.crash(eldest)
    world.processes[-1] = process.fork(eldest.number)


_ACTS: Mapping[str, Callable[[World, Move, Process, Order], Any]] = {
    "pay": _pay,
    "switch": _pay,
    "edit": _edit,
    "cancel": _cancel,
    "status": _status,
    "refund": _refund,
    "recover": _recover,
    "deliver": _deliver,
    "scan": _scan,
    "look": _look,
    "refuse": _refuse,
    "fault": _fault,
    "lift": _lift,
    "lie": _lie,
    "stale": _stale,
    "contradict": contradict,
    "adopt": adopt,
    "console": console,
    "bill": bill,
    "post": _mode,
    "forged": _forged,
    "foreign": _foreign,
    "crash": _crash,
    "trap": _trap,
    "pause": _pause,
    "neighbour": _neighbour,
    "fork": _fork,
    "jump": _jump,
    "journal": _journal,
    "health": _health,
    "stop": _stop,
}

"""What the shop's staff and its other code do beside the library, and providers that contradict themselves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from payfallback._core.events import Event, Planned
from payfallback._core.fold import fold
from payfallback._core.operations import Kind, Operation
from payfallback._core.order import Attempt, Record
from payfallback._core.state import ImpossibleStep, Status
from payfallback.errors import OrderConflict
from payfallback.model import Option, Order
from payfallback.testing.simulator.bills import day_of, reconciliation
from payfallback.testing.simulator.liar import Liar
from payfallback.testing.simulator.moves import Move
from payfallback.testing.simulator.old_code import Old, adoption
from payfallback.testing.simulator.post import door_of
from payfallback.testing.simulator.process import Process
from payfallback.testing.simulator.world import World

_AGAIN = 3.0  # seconds after which whoever hands over looks whether it came to anything
_SETTLED = frozenset(
    {Status.CAPTURED, Status.SURPLUS, Status.REFUNDING, Status.REFUNDED, Status.DISPUTED, Status.MANUAL, Status.DEAD}
)
_HARMLESS = frozenset({"pending", "refund_failed"})  # of what is open: no false word about money or its end


def adopt(world: World, move: Move, process: Process, order: Order) -> None:
    """Other code charged; nobody pays this order besides until the library has taken it over."""
    channel = move.text(0) if move.text(0) in world.shop.names else world.shop.names[0]
    two_steps = world.policy.channels[channel].capabilities.creates
    if not (two_steps or order.id in world.begun or order.id in world.old):
        _hand_over(world, process, order, channel)


def _hand_over(world: World, process: Process, order: Order, channel: str) -> None:
    """The old code charges, and then gives the payment to the library until that says that it has it."""
    account = world.channels[channel]
    operation = Operation(
        kind=Kind.CHARGE,
        number=f"{order.id}OLD",
        amount=order.amount,
        option=Option(channel),
        order_id=order.id,
        timeout=world.shop.timeout,
        now=world.clock.epoch(),
        product=channel,
    )
    exchange = world.fakes[account].send(operation)
    for fault in exchange.struck:
        world.scheduler.struck[fault] += 1
    world.scheduler.struck["adopted"] += 1
    old = world.old[order.id] = Old(order, channel, operation.number, world.clock.epoch())
    _try(world, process.number, old)


def _try(world: World, number: int, old: Old) -> None:
    if not old.adopted:
        process = world.processes[number % len(world.processes)]
        world.start("adopt", process, adoption(process, old, world.channels[old.channel]), partial(_adopted, old))
        world.clock.call_later(_AGAIN, partial(_try, world, number + 1, old))


def _adopted(old: Old, result: Any) -> None:
    """It has it, also when an acknowledgement was lost and this was the second try."""
    old.adopted = old.adopted or isinstance(result, Record | OrderConflict)


def console(world: World, move: Move, process: Process, order: Order) -> None:
    """Staff act that the library never asked for: what was said of the order before was true."""
    for each in world.watch.of(order.id):
        if type(each) is Planned:
            world.watch.by_hand.add(order.id)  # before the notifications that it makes
            if _by_hand(world.fakes[each.account], each.number, move):
                world.scheduler.struck["by_hand"] += 1
                return


def _by_hand(fake: Liar, number: str, move: Move) -> bool:
    if move.text(0, "refund") == "refund":
        return fake.console_refunds(number, int(move.number(1)))
    return fake.console_ends(number, capture=move.text(0) == "capture")


def bill(world: World, move: Move, process: Process, order: Order) -> None:
    """The bill of today, as far as it goes."""
    account = world.channels.get(move.text(0), "")
    if account:
        world.scheduler.struck["bill"] += 1
        world.start("bill", process, reconciliation(process, door_of(account), day_of(world.clock.epoch())))


def _attempts(events: Sequence[Event]) -> Sequence[Attempt]:
    """As the library reads its journal; none where a bug made it unreadable, which the checkers find."""
    try:
        return fold(events).attempts if events else ()
    except ImpossibleStep:
        return ()


def contradict(world: World, move: Move, process: Process, order: Order) -> None:
    """An authentic notification that is wrong, about what is settled; of what is open only harmless ones."""
    claim, events = move.text(0, "pending"), world.watch.of(order.id)
    for attempt in _attempts(events):
        if attempt.status not in _SETTLED and claim not in _HARMLESS:
            continue
        notice = world.fakes[attempt.account].claims(attempt.number, claim)
        if notice is not None:
            world.watch.misled.add(order.id)
            world.scheduler.struck["contradiction"] += 1
            world.post.bring(attempt.account, notice, 0.0, forged=False)
            return

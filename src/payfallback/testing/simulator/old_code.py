"""Payments that other code of the shop had open before: sent without the library, then handed over to it."""

from __future__ import annotations

from payfallback._inbound import Inbound
from payfallback._values import draft
from payfallback.model import Option, Order
from payfallback.testing.simulator.post import asked, door_of
from payfallback.testing.simulator.process import Flow, Process


@draft
class Old:
    """One such payment. Until it is `adopted` nobody else pays its order."""

    order: Order
    channel: str
    number: str
    sent_at: float
    adopted: bool = False


def adoption(process: Process, old: Old, account: str) -> Flow:
    """What a client's `adopt` does, effect by effect."""
    built = process.built
    run = built.run("adopt", old.order.id, "")
    record = yield from built.adoption(run, old.order, Option(old.channel), old.number, old.sent_at)
    inbound = Inbound(built, door_of(account))
    kept = yield from asked("kept", inbound.account, old.number)
    for answer in inbound.kept(kept):
        yield from inbound.report(run.key, old.number, answer)
    return record

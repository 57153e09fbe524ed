"""The end of the demo: faults lifted, what is open finished, and the sum drawn."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from payfallback._core.order import key_of
from payfallback._core.trace import Trace
from payfallback.cli.demo.audit import Audit, audit
from payfallback.cli.demo.buyers import Buyer
from payfallback.cli.demo.stage import Stage
from payfallback.cli.journals import Asked
from payfallback.errors import UnknownOrder
from payfallback.results import NotPaid, Paid, Result
from payfallback.taxonomy import Cause

LONGEST = 20.0  # seconds in which what is open may settle
BETWEEN = 0.25
MOST_READ = 60  # orders among which a story is looked for


def settle(stage: Stage, buyers: Iterable[Buyer], within: float = LONGEST) -> dict[str, Result]:
    """Wait until every order is paid or not and the shop was told, or until nothing more will happen in this time.

    What still waits for its shopper is given up first: they have all gone home. Returns how each order stands. An
    order that never reached the journal was refused before anything was sent.
    """
    deadline = time.time() + within
    journal = Asked(stage.payments.journal)
    results: dict[str, Result] = {}
    waiting = [buyer.order_id for buyer in buyers]
    _give_up(stage, waiting)
    while True:
        results |= {order_id: _standing(stage, order_id) for order_id in waiting}
        waiting = [order_id for order_id in waiting if not isinstance(results[order_id], Paid | NotPaid)]
        if not (waiting or journal.undelivered(1)) or time.time() >= deadline:
            return results
        if waiting and not journal.undelivered(1) and _next_look(journal, waiting) > deadline:
            return results
        time.sleep(BETWEEN)


def _give_up(stage: Stage, order_ids: Iterable[str]) -> None:
    for order_id in order_ids:
        if _standing(stage, order_id).cause is Cause.AWAITING_SHOPPER:
            stage.payments.cancel(order_id)


def _standing(stage: Stage, order_id: str) -> Result:
    try:
        return stage.payments.status(order_id)
    except UnknownOrder:
        return NotPaid(order_id=order_id)


def _next_look(journal: Asked, order_ids: Iterable[str]) -> float:
    """When the first of these is looked at again."""
    stored = (journal.load(key_of("", order_id)) for order_id in order_ids)
    return min((each.due for each in stored if each is not None and each.due is not None), default=float("inf"))


def drawn(stage: Stage, buyers: Iterable[Buyer], results: Mapping[str, Result]) -> Audit:
    """The sum, against the ledger that the sandbox's control server hands out."""
    shop = stage.shop
    return audit(
        {buyer.order_id: buyer.amount.minor for buyer in buyers},
        results,
        shop.told_paid,
        stage.control.ledger(),
        shop.outcomes.values(),
        len(Asked(stage.payments.journal).undelivered()),
    )


def told_story(stage: Stage, results: Mapping[str, Result]) -> Trace | None:
    """An order worth reading: paid after a silence, and by another way than the first, where there is such a one."""
    paid = [each for each in results.values() if isinstance(each, Paid)]
    left = [each for each in paid if each.switched_from] or paid
    traces = [stage.payments.trace(each.order_id) for each in left[:MOST_READ]]
    return max(traces, key=lambda trace: (_was_silent(trace), -len(trace.lines)), default=None)


def _was_silent(trace: Trace) -> bool:
    return any("answered: unknown" in line.text for line in trace.lines)


def unsettled_stories(stage: Stage, results: Mapping[str, Result]) -> list[Trace]:
    """The orders that are neither paid nor not paid."""
    open_ones = [order_id for order_id, each in results.items() if not isinstance(each, Paid | NotPaid)]
    return [stage.payments.trace(order_id) for order_id in open_ones]

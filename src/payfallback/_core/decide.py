"""What is to be done next about an order, and when. Pure: a function of the record, the policy and the time.

Both the live path and recovery look things up here; they differ only in the `View` they hand in (how patient they
are, and whether the shopper waits).
"""

from __future__ import annotations

from collections.abc import Iterator

from payfallback._core.order import Attempt, Record
from payfallback._core.rules import RULES, look_at
from payfallback._core.state import Status
from payfallback._core.view import DECISIONS, GRACE, PERSON_AFTER, Act, Task, View, next_look
from payfallback.policy import Policy

Held = frozenset[tuple[int, str]]  # attempts, and refunds of the merchant's


def tasks(record: Record, view: View) -> Iterator[Task]:
    """Everything to be done about an order, decisions first, in no other order."""
    decided = _of_order(record, view)
    if decided is not None:
        yield decided
    for attempt in record.attempts:
        rule = RULES.get(attempt.status)
        task = rule(record, attempt, view) if rule else None
        if task is not None:
            yield task
        if attempt.live and _needs_person(record, attempt, view):
            yield Task(view.now, Act.PERSON, attempt.seq)
    if record.refunds:
        yield from _merchant_refunds(record, view)


def due(record: Record, policy: Policy, now: float, *, acts: bool = True, held: Held = frozenset()) -> float | None:
    """When somebody must look at the order again; None: never, nothing is open."""
    if record.quiet:
        return None
    if len(record.attempts) == 1 and not record.refunds and record.attempts[0].status is Status.SENDING:
        return record.attempts[0].sending_until + GRACE  # the first commit of nearly every order
    view = View(policy=policy, now=now, live=False, looked=True, acts=acts)
    times = [task.at for task in tasks(record, view) if not is_held(task, held)]
    if record.current is not None and now < record.pay_by:
        times.append(record.pay_by)  # what is open then is asked about: what is paid later is late
    return min(times) if times else None


def is_held(task: Task, held: Held) -> bool:
    """Whether a task has to wait for a question that the budget did not allow; what else there is to do does not."""
    return (task.seq, task.refund) in held and task.act not in DECISIONS


def _of_order(record: Record, view: View) -> Task | None:
    if record.winner:
        return _of_winner(record, view)
    for attempt in record.attempts:
        if attempt.live or attempt.status is Status.CAPTURED:
            return None
    if record.cancelled:
        return None if "cancelled" in record.outcomes else Task(view.now, Act.CANCELLED)
    return None if "expired" in record.outcomes else Task(record.pay_by, Act.EXPIRE)


def _of_winner(record: Record, view: View) -> Task | None:
    winner = record.won
    if winner is None or "refunded" in record.outcomes:
        return None
    if winner.status is Status.REFUNDED or (record.refunds and record.refunded() >= record.amount.minor):
        return Task(view.now, Act.ALL_REFUNDED, winner.seq)
    if winner.status is Status.DEAD and "needs_person" not in record.outcomes:
        return Task(view.now, Act.PERSON, winner.seq)  # the shop heard "paid", and the provider takes it back
    return None


def _needs_person(record: Record, attempt: Attempt, view: View) -> bool:
    if "needs_person" in record.outcomes:
        return False
    since = attempt.disputed_at if attempt.status is Status.DISPUTED else attempt.first_sent or attempt.planned_at
    return attempt.status is Status.MANUAL or view.now - since >= PERSON_AFTER


def _merchant_refunds(record: Record, view: View) -> Iterator[Task]:
    winner = record.won
    channel = view.channel(winner) if winner is not None else None
    if winner is None or not record.refunds:
        return
    wanted = "needs_person" in record.outcomes
    if any(refund.in_doubt for refund in record.refunds) and not wanted:
        yield Task(view.now, Act.PERSON, winner.seq)
    if channel is None:  # this process cannot ask, and must not make the others forget
        for refund in record.refunds:
            if refund.state in ("asked", "pending"):
                late = view.now - refund.at >= PERSON_AFTER and not wanted
                yield Task(view.now if late else next_look(refund.at, view.now), Act.PERSON, winner.seq)
        return
    for index, refund in enumerate(record.refunds, 1):
        if refund.state == "asked":
            yield Task(view.now, Act.MERCHANT_REFUND, winner.seq, refund.refund)
        elif refund.state == "pending":
            at = look_at(view, -index, refund.since)
            again = refund.lost or not channel.capabilities.query_refund
            act = Act.MERCHANT_REFUND if again else Act.QUERY_MERCHANT_REFUND
            yield Task(at, act, winner.seq, refund.refund)
            if view.now - refund.at >= PERSON_AFTER and "needs_person" not in record.outcomes:
                yield Task(view.now, Act.PERSON, winner.seq)

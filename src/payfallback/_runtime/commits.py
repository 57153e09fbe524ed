"""From the core's `Append` to the journal's `Commit`: the summary, the outcomes and the number index."""

from __future__ import annotations

from collections.abc import Mapping
from types import MethodType
from typing import get_args

from payfallback._core import events as e
from payfallback._core.effects import Append
from payfallback._core.order import Attempt, Record
from payfallback._core.state import UNCERTAIN, Status
from payfallback.ports import Commit, Summary
from payfallback.results import Outcome, OutcomeKind
from payfallback.taxonomy import Cause, Verdict

_TOLD = frozenset({e.Planned, e.Seen, e.Settled})  # events that the journal knows more of than their text


def commit_of(append: Append) -> Commit:
    """The commit that makes an append durable."""
    decides, after = append.version is not None, append.after
    numbers: tuple[tuple[str, str], ...] = ()  # what must lead to this order from now on
    outcomes: tuple[Outcome, ...] = ()
    for event in append.events:
        if type(event) not in _TOLD:
            continue
        if isinstance(event, e.Planned):
            numbers += ((event.account, event.number),)
        elif isinstance(event, e.Seen):
            # Under the order's own name: a provider's reference need not be unique, and must never stop a payment.
            if event.provider_ref:
                numbers += ((f"ref:{append.key}", event.provider_ref),)
        elif isinstance(event, e.Settled) and decides:
            outcomes += (outcome_of(after, event),)
    return Commit(
        key=append.key,
        version=append.version,
        events=append.events,
        fence=append.fence,
        owner=append.owner,
        take_lease=append.lease,
        due=append.due,
        summary=MethodType(summary_of, after) if decides else None,
        outcomes=outcomes,
        numbers=numbers,
    )


_KINDS: Mapping[str, OutcomeKind] = {kind: kind for kind in get_args(OutcomeKind)}


def outcome_of(record: Record, settled: e.Settled) -> Outcome:
    """What the shop is told."""
    attempt = record.attempts[settled.seq - 1] if settled.seq else None
    return Outcome(
        id=settled.outcome_id,
        order_id=record.order_id,
        kind=_KINDS[settled.kind],
        amount=record.amount,
        at=settled.at,
        merchant=record.merchant,
        option=attempt.option if attempt else "",
        number=attempt.number if attempt else "",
        provider_ref=attempt.provider_ref if attempt else "",
        cause=Cause(settled.cause) if settled.cause else None,
    )


def state_of(record: Record, current: Attempt | None) -> str:
    """One word for listings: paid, refunded, expired, cancelled, uncertain, waiting or open."""
    if record.winner:
        return "refunded" if "refunded" in record.outcomes else "paid"
    if current is not None and current.status in UNCERTAIN:
        return "uncertain"
    if current is not None and current.status is Status.PENDING:
        return "waiting"
    for kind in ("cancelled", "expired"):
        if kind in record.outcomes:
            return kind
    return "open"


def summary_of(record: Record) -> Summary:
    """The columns beside the events."""
    attempts, current, amount = record.attempts, record.current, record.amount
    attempt = record.won or current or (attempts[-1] if attempts else None)
    state = state_of(record, current)
    if attempt is None:
        return Summary(
            order_id=record.order_id,
            merchant=record.merchant,
            state=state,
            amount=amount.minor,
            currency=amount.currency,
            opened_at=record.opened_at,
            since=record.opened_at,
            settled_at=record.settled_at,
        )
    return Summary(
        order_id=record.order_id,
        merchant=record.merchant,
        state=state,
        amount=amount.minor,
        currency=amount.currency,
        opened_at=record.opened_at,
        option=attempt.option,
        account=attempt.account,
        number=attempt.number,
        provider_ref=attempt.provider_ref,
        cause=attempt.cause,
        since=attempt.first_sent or attempt.planned_at,
        settled_at=record.settled_at,
        paid_at=(attempt.paid_at or attempt.changed_at) if record.winner else None,
        refunded=record.refunded() if record.refunds else 0,
        needs_person="needs_person" in record.outcomes,
        uncertain=state == "uncertain" or not _RETURNING.isdisjoint([each.status for each in attempts]),
    )


_RETURNING = frozenset({Status.SURPLUS, Status.REFUNDING})


def never_sent(append: Append, at: float) -> Commit | None:
    """The evidence that a caller went away while its intent became durable: what it wanted to send never was sent. What
    was adopted other code had sent before."""
    adopted = {event.seq for event in append.events if type(event) is e.Planned and event.adopted}
    events = tuple(
        e.Seen(at, event.seq, event.what, Verdict.NOT_SENT.value, event.request, "local", 0.0, Cause.TIME_UP.value)
        for event in append.events
        if type(event) is e.Sending and event.what in ("charge", "capture") and event.seq not in adopted
    )
    if not events:
        return None
    return Commit(key=append.key, version=None, events=events, due=at)

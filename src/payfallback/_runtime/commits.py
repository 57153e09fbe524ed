"""From the core's `Append` to the journal's `Commit`: the summary, the outcomes and the number index."""

from __future__ import annotations

from payfallback._core import events as e
from payfallback._core.effects import Append
from payfallback._core.order import Attempt, Record
from payfallback._core.state import UNCERTAIN, Status
from payfallback.ports import Commit, Summary
from payfallback.results import Outcome
from payfallback.taxonomy import Cause, Verdict


def commit_of(append: Append) -> Commit:
    """The commit that makes an append durable."""
    decides = append.version is not None
    return Commit(
        key=append.key,
        version=append.version,
        events=append.events,
        fence=append.fence,
        owner=append.owner,
        take_lease=append.lease,
        due=append.due,
        summary=summary_of(append.after) if decides else None,
        outcomes=outcomes_of(append) if decides else (),
        numbers=numbers_of(append),
    )


def numbers_of(append: Append) -> tuple[tuple[str, str], ...]:
    """What must lead to this order from now on: attempt numbers and the provider's own references."""
    found: list[tuple[str, str]] = []
    for event in append.events:
        kind = type(event)
        if kind is e.Planned:
            found.append((event.account, event.number))  # type: ignore[union-attr]  # checked by the line above
        elif kind is e.Seen and event.provider_ref:  # type: ignore[union-attr]  # checked on this line
            # Under the order's own name: a provider's reference need not be unique, and must never stop a payment.
            found.append((f"ref:{append.key}", event.provider_ref))  # type: ignore[union-attr]  # as above
    return tuple(found)


def outcomes_of(append: Append) -> tuple[Outcome, ...]:
    """The outcomes that this append decides."""
    settled = [event for event in append.events if type(event) is e.Settled]
    return tuple(outcome_of(append.after, event) for event in settled) if settled else ()


def outcome_of(record: Record, settled: e.Settled) -> Outcome:
    """What the shop is told."""
    attempt = record.attempts[settled.seq - 1] if settled.seq else None
    return Outcome(
        id=settled.outcome_id,
        order_id=record.order_id,
        kind=settled.kind,  # type: ignore[arg-type]  # the core writes only the documented kinds
        amount=record.amount,
        at=settled.at,
        merchant=record.merchant,
        option=attempt.option if attempt else "",
        number=attempt.number if attempt else "",
        provider_ref=attempt.provider_ref if attempt else "",
        cause=Cause(settled.cause) if settled.cause else None,
    )


def state_of(record: Record) -> str:
    """One word for listings: paid, refunded, expired, cancelled, uncertain, waiting, refunding or open."""
    if record.winner:
        return "refunded" if "refunded" in record.outcomes else "paid"
    current = record.current
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
    attempt: Attempt | None = record.won or record.current or (record.attempts[-1] if record.attempts else None)
    state = state_of(record)
    unsettled = any(each.status in (Status.SURPLUS, Status.REFUNDING) for each in record.attempts)
    if attempt is None:
        return Summary(
            order_id=record.order_id,
            merchant=record.merchant,
            state=state,
            amount=record.amount.minor,
            currency=record.amount.currency,
            opened_at=record.opened_at,
            since=record.opened_at,
            settled_at=record.settled_at,
        )
    return Summary(
        order_id=record.order_id,
        merchant=record.merchant,
        state=state,
        amount=record.amount.minor,
        currency=record.amount.currency,
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
        uncertain=unsettled or state == "uncertain",
    )


def never_sent(append: Append, at: float) -> Commit | None:
    """The evidence that a caller went away while its intent became durable: what it wanted to send never was sent."""
    events = tuple(
        e.Seen(at, event.seq, event.what, Verdict.NOT_SENT.value, event.request, "local", 0.0, Cause.TIME_UP.value)
        for event in append.events
        if type(event) is e.Sending and event.what in ("charge", "capture")
    )
    if not events:
        return None
    return Commit(key=append.key, version=None, events=events, due=at)

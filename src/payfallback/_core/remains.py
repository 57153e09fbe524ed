"""What is left of an order when its story is taken out of the journal: enough to go on as before, whatever comes later.

A settled order can still be asked for, paid again by mistake, refunded, or captured late through an old QR code. So its
facts never leave the journal, only how it came to them: the fold of what remains decides as the fold of all events did.
"""

from __future__ import annotations

from payfallback._core.order import Attempt, MerchantRefund, Record
from payfallback._core.remnants import Archived, Ended, Returned
from payfallback._core.state import Status

DAY = 86400.0
LEAST_AGE = 90 * DAY
"""Seconds for which nothing happened, below which no story is taken out. The longest time after which a provider is
known to change its word by itself is 30 days (a refund that Stripe calls failed later), the longest watch of a dead
attempt 8 days, the longest life of an open trade 15 days (an Alipay page without expiry), and the bill of a month is
there in the next one. It is three times the longest of these."""

_OURS = "payfallback."  # what this library itself keeps in an attempt's memo: only its requests need that
_SAME = (
    *("seq", "number", "option", "account", "starts", "planned_at", "first_sent", "expires_at", "provider_ref"),
    *("paid_at", "sends", "requests", "cause", "refusal", "final", "closed", "closes", "poisoned", "overdue"),
    *("handed_over", "adopted", "made", "taken", "captures", "excess", "dead_because", "refund", "refunds"),
    *("refund_since", "refund_sent_at"),
)
_SAME_OF_REFUND = (*("at", "refund", "number", "minor", "state", "cause", "provider_ref", "sends", "since"),)


def unfinished(record: Record) -> str:
    """What of an order is still under way, in words; empty when nothing is."""
    for attempt in record.attempts:
        if attempt.live or attempt.status in (Status.SURPLUS, Status.REFUNDING):
            return f"attempt {attempt.seq} is {attempt.status.value}"
        if attempt.status is Status.CAPTURED and record.winner != attempt.seq:
            return f"attempt {attempt.seq} is captured and pays nothing"
    for refund in record.refunds:
        if refund.state in ("asked", "pending"):
            return f"refund {refund.refund} is {refund.state}"
    return "" if record.finished else "it is neither paid, nor given up, nor expired"


def must_stay(record: Record) -> str:
    """Why an order's story must stay in the journal, whatever its age; empty when it may go."""
    if record.settled_at is None:
        return "it is not settled"
    if "needs_person" in record.outcomes:
        return "it needs, or needed, a person"
    if any(attempt.refund_in_doubt for attempt in record.attempts) or any(each.in_doubt for each in record.refunds):
        return "a refund is in doubt"
    winner = record.won
    if winner is not None and winner.status is Status.DEAD:
        return "the provider takes back that it was paid"
    return unfinished(record)


def remains(record: Record, at: float, events: int) -> tuple[Archived | Ended | Returned, ...]:
    """What is written in place of an order's `events` events; at `at`. Only of one of which nothing must stay."""
    begun = Archived(
        at,
        record.order_id,
        record.merchant,
        record.amount,
        record.opened_at,
        record.pay_by,
        record.autonomy,
        record.settled_at or at,
        events,
        record.winner,
        record.leave_upto,
        record.cancelled,
        dict(record.outcomes),
    )
    return (begun, *map(_ended, record.attempts), *map(_returned, record.refunds))


def _ended(attempt: Attempt) -> Ended:
    return Ended(
        at=attempt.changed_at,
        status=attempt.status.value,
        refund_said=tuple(sorted(attempt.refund_said)),
        memo={name: text for name, text in attempt.memo.items() if not name.startswith(_OURS)},
        **{name: getattr(attempt, name) for name in _SAME},
    )


def _returned(refund: MerchantRefund) -> Returned:
    return Returned(said=tuple(sorted(refund.said)), **{name: getattr(refund, name) for name in _SAME_OF_REFUND})


# ---------------------------------------------------------------- and back


def archived(event: Archived) -> Record:
    """The record that an archived order begins with."""
    record = Record(event.order_id, event.merchant, event.amount, event.opened_at, event.pay_by, event.autonomy)
    record.winner, record.leave_upto, record.cancelled = event.winner, event.leave_upto, event.cancelled
    record.outcomes, record.settled_at = event.outcomes, event.settled_at
    return record


def ended(record: Record, event: Ended) -> None:
    """Put an attempt back."""
    attempt = Attempt(event.seq, event.number, event.option, event.account, event.starts, event.planned_at)
    for name in _SAME:
        setattr(attempt, name, getattr(event, name))
    attempt.status, attempt.changed_at, attempt.memo = Status(event.status), event.at, event.memo
    attempt.refund_said = frozenset(event.refund_said)
    record.attempts = (*record.attempts, attempt)


def returned(record: Record, event: Returned) -> None:
    """Put a merchant's refund back."""
    refund = MerchantRefund(event.refund, event.number, event.minor, event.at, "")
    for name in _SAME_OF_REFUND:
        setattr(refund, name, getattr(event, name))
    refund.said = frozenset(event.said)
    record.refunds = (*record.refunds, refund)

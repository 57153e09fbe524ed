"""Events to records: one small rule per event. The live path, recovery, the story and the simulator share it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from payfallback._core import events as e
from payfallback._core.evidence import ENDS_OF_REFUNDS, fact_of, note
from payfallback._core.order import Attempt, MerchantRefund, Record
from payfallback._core.remains import archived, ended, returned
from payfallback._core.remnants import Archived, Ended, Returned
from payfallback._core.state import Fact, ImpossibleStep, Status, step
from payfallback._values import copied
from payfallback.taxonomy import Cause, Verdict


def fold(events: Iterable[e.Event]) -> Record:
    """The order that a journal tells of. Raises `ImpossibleStep` when the journal cannot be true."""
    return evolve(None, events)


def evolve(record: Record | None, events: Iterable[e.Event]) -> Record:
    """The record after these further events. The given one stays as it is."""
    if record is None:
        opened, *events = events
        new = _opened(opened)
    else:
        new = copied(record)
    fresh: tuple[int, ...] = ()  # attempts that are ours to change already
    event: Any  # its type picks the rule, and says whether it has a `seq`
    for event in events:
        kind = type(event)
        if kind in _OF_ATTEMPT and event.seq not in fresh:
            fresh = (*fresh, event.seq)
            if kind is not e.Planned:
                _renew(new, event.seq)
        APPLY[kind](new, event)
    return new


_OF_ATTEMPT = frozenset({e.Planned, e.Sending, e.Seen, e.HandedOver, e.Died, e.Excess})


def _renew(record: Record, seq: int) -> None:
    attempts = record.attempts
    if len(attempts) == seq == 1:
        record.attempts = (copied(attempts[0]),)
    elif 0 < seq <= len(attempts):
        record.attempts = (*attempts[: seq - 1], copied(attempts[seq - 1]), *attempts[seq:])


def move(attempt: Attempt, fact: Fact, at: float) -> None:
    """Take the step that the table has for this fact."""
    after = step(attempt.status, fact)
    if after is not attempt.status:
        attempt.status = after
        attempt.changed_at = at
        if after is Status.DISPUTED:
            attempt.disputed_at = at


def _opened(event: e.Event) -> Record:
    if type(event) is Archived:
        return archived(event)
    if type(event) is not e.Opened:
        raise ImpossibleStep("an order begins by being opened")
    record = Record(event.order_id, event.merchant, event.amount, event.at, event.pay_by, event.autonomy)
    record.ref = event.ref
    return record


def _asked(record: Record, event: e.Asked) -> None:
    record.passed = ()
    if event.route:
        record.route = event.route
    if event.choice:
        record.choice = event.choice
    if event.consent:
        record.consent = tuple(sorted({*record.consent, *event.consent})) if record.consent else event.consent
    if event.what in ("switch", "cancel"):
        record.leave_upto = len(record.attempts)
    if event.what == "cancel":
        record.cancelled = True


def _passed(record: Record, event: e.Passed) -> None:
    record.passed = (*record.passed, (event.option, event.cause))


def _planned(record: Record, event: e.Planned) -> None:
    attempt = Attempt(event.seq, event.number, event.option, event.account, event.starts, event.at)
    attempt.expires_at, attempt.memo, attempt.adopted = event.expires_at, event.memo, event.adopted
    record.attempts = (*record.attempts, attempt)


def _sending(record: Record, event: e.Sending) -> None:
    if event.what == "merchant_refund":
        _change_refund(record, event.refund, since=event.at, more=True)
        return
    attempt = record.attempts[event.seq - 1]
    attempt.requests = event.request
    attempt.sending_until = event.until
    _SENDING[event.what](attempt, event)


def _create_sent(attempt: Attempt, event: e.Sending) -> None:
    """Nothing moves before a charge confirms what this makes: the attempt's status stays as it is."""
    attempt.made = True


def _charge_sent(attempt: Attempt, event: e.Sending) -> None:
    attempt.open = (*attempt.open, event.request)
    attempt.sends += 1
    attempt.resendable = False  # what was said of an earlier request says nothing of this one
    attempt.not_found = attempt.not_found_past = 0
    if attempt.first_sent is None:
        attempt.first_sent = event.at
    move(attempt, Fact.SENT, event.at)


def _close_sent(attempt: Attempt, event: e.Sending) -> None:
    attempt.closes += 1
    attempt.close_sent_at = event.at
    if event.refunds:
        attempt.poisoned = True
    move(attempt, Fact.CLOSE_SENT, event.at)


def _capture_sent(attempt: Attempt, event: e.Sending) -> None:
    attempt.captures += 1
    attempt.capture_sent_at = event.at
    move(attempt, Fact.CAPTURE_SENT, event.at)


def _refund_sent(attempt: Attempt, event: e.Sending) -> None:
    if event.refund != attempt.refund:
        attempt.refunds += 1
        attempt.refund = event.refund
        attempt.refund_since = event.at
        attempt.refund_said = frozenset()
    elif not attempt.refund_since:
        attempt.refund_since = event.at  # what went before it never left
    attempt.refund_sent_at = event.at
    attempt.refund_lost = False
    move(attempt, Fact.REFUND_SENT, event.at)


_SENDING: dict[str, Callable[[Attempt, e.Sending], None]] = {
    "create": _create_sent,
    "charge": _charge_sent,
    "close": _close_sent,
    "capture": _capture_sent,
    "refund": _refund_sent,
}


def _seen(record: Record, event: e.Seen) -> None:
    if event.what == "merchant_refund":
        _refund_seen(record, event)
        return
    if event.seq > len(record.attempts):
        return  # evidence of an attempt that never was: kept in the journal, and nothing follows from it
    attempt = record.attempts[event.seq - 1]
    if event.what == "query" and event.verdict == Verdict.PENDING.value and event.asked_at >= record.pay_by:
        attempt.overdue = True
    fact = fact_of(record, attempt, event)
    note(attempt, event)
    if fact is not None:
        move(attempt, fact, event.at)


_REFUND_STATE = {"refunded": "done", "refund_failed": "failed", "declined": "failed"}


def _refund_seen(record: Record, event: e.Seen) -> None:
    state = _REFUND_STATE.get(event.verdict)
    asked = record.refund_of(event.refund)
    alone = asked is not None and asked.sends == 1
    if event.verdict == "declined" and not (event.final and alone):
        state = None  # a refusal settles the request that it answers: an earlier one may have gone through
    other = asked is not None and event.minor is not None and event.minor != asked.minor
    if state == "done" and other:
        state = None  # another amount went back than was asked for: a person must look
    _change_refund(
        record,
        event.refund,
        state=state,
        lost=event.verdict == "not_found",
        unsent=alone and event.verdict == "not_sent" and not event.asked_at,
        cause=Cause.AMOUNT_MISMATCH.value if event.verdict == "refunded" and other else event.cause,
        provider_ref=event.provider_ref,
        said=event.verdict if event.verdict in ENDS_OF_REFUNDS and not other else "",
    )


def _change_refund(
    record: Record,
    refund: str,
    *,
    state: str | None = None,
    since: float = 0.0,
    more: bool = False,
    lost: bool = False,
    unsent: bool = False,
    cause: str = "",
    provider_ref: str = "",
    said: str = "",
) -> None:
    changed = []
    for each in record.refunds:
        if each.refund == refund:
            each = copied(each)
            if each.state != "done":  # a refund that is confirmed stays so, whatever is said later (I10)
                each.state = state or ("pending" if more else each.state)
            each.sends = 0 if unsent else each.sends + more
            each.since = each.since or since
            each.lost = lost
            each.cause = cause or each.cause
            each.provider_ref = provider_ref or each.provider_ref
            each.said |= {said} - {""}
        changed.append(each)
    record.refunds = tuple(changed)


def _handed_over(record: Record, event: e.HandedOver) -> None:
    record.attempts[event.seq - 1].handed_over = True


def _died(record: Record, event: e.Died) -> None:
    attempt = record.attempts[event.seq - 1]
    attempt.dead_because = event.reason
    attempt.open = ()
    move(attempt, Fact.DIED, event.at)


def _won(record: Record, event: e.Won) -> None:
    if record.winner:  # written once: a second one would be a bug, and the first stays
        return
    record.winner = event.seq


def _excess(record: Record, event: e.Excess) -> None:
    attempt = record.attempts[event.seq - 1]
    attempt.excess = event.why
    move(attempt, Fact.EXCESS, event.at)


def _refund_asked(record: Record, event: e.RefundAsked) -> None:
    if record.refund_of(event.refund) is not None:
        return
    winner = record.won
    number = f"{winner.number if winner else ''}M{len(record.refunds) + 1}"
    asked = MerchantRefund(event.refund, number, event.minor, event.at, event.reason)
    taken = sum(each.minor for each in record.refunds if each.state != "failed")
    if winner is None or taken + event.minor > record.amount.minor:  # two callers at once wanted more than there is
        asked.state, asked.cause = "failed", "declined"
    record.refunds = (*record.refunds, asked)


def _settled(record: Record, event: e.Settled) -> None:
    record.outcomes = {**record.outcomes, event.kind: event.outcome_id}
    record.settled_at = event.at


def _would(record: Record, event: e.Would) -> None:
    """Only for the story."""


APPLY: dict[type, Callable[[Record, Any], None]] = {
    e.Asked: _asked,
    e.Passed: _passed,
    e.Planned: _planned,
    e.Sending: _sending,
    e.Seen: _seen,
    e.HandedOver: _handed_over,
    e.Died: _died,
    e.Won: _won,
    e.Excess: _excess,
    e.RefundAsked: _refund_asked,
    e.Settled: _settled,
    e.Would: _would,
    Ended: ended,
    Returned: returned,
}

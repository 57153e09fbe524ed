"""From records to what the shop is told. Pure; the same for every caller and every process."""

from __future__ import annotations

from typing import Any

from payfallback._core.ladder import closed_by, refused_for_risk
from payfallback._core.order import Attempt, Record
from payfallback._core.run import Run
from payfallback._core.safety import left_at_latest
from payfallback._core.state import Status
from payfallback.model import Option
from payfallback.results import ActionRequired, NotPaid, Paid, Pending, Result
from payfallback.taxonomy import FACTS, Cause


def result_of(run: Run) -> Result:
    """Where the order stands, as far as this run knows."""
    record = run.known
    common: dict[str, Any] = {
        "order_id": record.order_id,
        "switched_from": _switched_from(record),
    }
    winner = record.won
    if winner is not None and not run.stale and not (run.pending and not run.blind):
        return _paid(record, winner, common)
    if run.down is not None or run.stale or (winner is not None and not run.blind):
        return _unsaved(run, common)
    current = record.current
    if current is not None:
        return _open(run, record, current, common)
    if any(attempt.status is Status.CAPTURED for attempt in record.attempts):
        return _unsaved(run, common)
    surplus = _returning(record, common)
    if surplus is not None:
        return surplus
    if run.locked_until > run.env.clock.monotonic() and not record.finished and record.attempts:
        return _pending_of(record.attempts[-1], Cause.AWAITING_PROVIDER, common)  # somebody else is charging right now
    return _not_paid(run, record, common)


_RETURNING = (Status.SURPLUS, Status.REFUNDING)


def _returning(record: Record, common: dict[str, Any]) -> Result | None:
    """While money of the order is on its way back, "certainly nothing charged" would not be true."""
    surplus = next((each for each in record.attempts if each.status in _RETURNING or each.refund_in_doubt), None)
    if surplus is None:
        return None
    person = "needs_person" in record.outcomes
    return _pending_of(surplus, Cause.SURPLUS_RETURNING, {**common, "needs_person": person})


def _paid(record: Record, winner: Attempt, common: dict[str, Any]) -> Result:
    undone = record.refunds or "refunded" in record.outcomes or winner.status is not Status.CAPTURED
    return _after_paid(record, winner, common) if undone else _plainly_paid(record, winner, common)


def _after_paid(record: Record, winner: Attempt, common: dict[str, Any]) -> Result:
    """Money of a paid order moved again, or somebody says so."""
    returned = winner.status is Status.REFUNDED or (record.refunds and record.refunded() >= record.amount.minor)
    surplus = next((each for each in record.attempts if each.status in _RETURNING), None)
    if ("refunded" in record.outcomes or returned) and surplus is not None:
        return _pending_of(
            surplus, Cause.SURPLUS_RETURNING, {**common, "needs_person": "needs_person" in record.outcomes}
        )
    other = next((each for each in record.attempts if each.live and each is not winner), None)
    if ("refunded" in record.outcomes or returned) and other is not None:  # it may hold money, or come to
        return _pending_of(other, _cause_of(other), {**common, "needs_person": "needs_person" in record.outcomes})
    if winner.refund_in_doubt or any(refund.in_doubt for refund in record.refunds if returned):
        return _pending_of(winner, Cause.REFUND_STUCK, {**common, "needs_person": True})
    if "refunded" in record.outcomes or returned:
        return NotPaid(**common, cause=Cause.REFUNDED)
    leaving = sum(refund.minor for refund in record.refunds if refund.state != "failed")
    if record.refunds and leaving >= record.amount.minor:
        return _pending_of(winner, Cause.SURPLUS_RETURNING, common)  # what was sent can have undone it already
    if winner.status not in (Status.CAPTURED, Status.REFUNDED):
        return _pending_of(winner, Cause.CONTRADICTION, {**common, "needs_person": True})
    return _plainly_paid(record, winner, common)


def _plainly_paid(record: Record, winner: Attempt, common: dict[str, Any]) -> Result:
    return Paid(
        **common,
        option=winner.option,
        amount=record.amount,
        number=winner.number,
        provider_ref=winner.provider_ref,
        paid_at=winner.paid_at,
    )


def _unsaved(run: Run, common: dict[str, Any]) -> Result:
    """Something was sent, or even captured, and the journal cannot say so yet."""
    attempts = run.known.attempts
    cause = Cause.JOURNAL_UNAVAILABLE if run.down is not None else Cause.TIME_UP
    if not attempts:
        return Pending(**common, cause=cause, since=run.now())
    return _pending_of(attempts[-1], cause, common)


def _pending_of(attempt: Attempt, cause: Cause, common: dict[str, Any]) -> Pending:
    return Pending(
        **common,
        cause=cause,
        option=attempt.option,
        number=attempt.number,
        since=attempt.first_sent or attempt.planned_at,
    )


def _open(run: Run, record: Record, attempt: Attempt, common: dict[str, Any]) -> Result:
    channel = run.policy.channels.get(Option.parse(attempt.option).channel)
    common["alternatives"] = alternatives(run)
    now = run.now()
    leaving = attempt.seq <= record.leave_upto or record.cancelled
    fresh = attempt.expires_at is None or now < attempt.expires_at
    shown = attempt.status is Status.PENDING and attempt.handed_over
    if shown and attempt.action is not None and fresh and not leaving and not attempt.refusal:
        return ActionRequired(
            **common,
            cause=Cause.AWAITING_SHOPPER,
            option=attempt.option,
            number=attempt.number,
            action=attempt.action,
            expires_at=attempt.expires_at,
            poll_after=channel.capabilities.query_every if channel is not None else 2.0,
        )
    since = attempt.first_sent or attempt.planned_at
    at = left_at_latest(channel, since, attempt.expires_at, now=now) if channel is not None else None
    person = "needs_person" in record.outcomes or attempt.status is Status.MANUAL
    if person:
        at = None  # nothing that this library does will end it
    shown = attempt.handed_over or (channel is not None and not channel.capabilities.leaves)
    return Pending(
        **common,
        cause=_cause_of(attempt),
        option=attempt.option,
        number=attempt.number,
        since=since,
        poll_after=channel.capabilities.query_every if channel is not None else 2.0,
        switchable_at=None if shown and not leaving else at,
        settles_by=at,
        needs_person=person,
    )


def _cause_of(attempt: Attempt) -> Cause:
    if attempt.status is Status.MANUAL:
        return Cause.AMOUNT_MISMATCH
    if attempt.status is Status.DISPUTED:
        return Cause.CONTRADICTION
    if attempt.status is Status.PENDING:
        return Cause(attempt.cause) if attempt.cause else Cause.AWAITING_SHOPPER
    return Cause(attempt.cause) if attempt.cause else Cause.AWAITING_PROVIDER


def _not_paid(run: Run, record: Record, common: dict[str, Any]) -> Result:
    if record.cancelled:
        return NotPaid(**common, cause=Cause.CANCELLED)
    if "expired" in record.outcomes or run.now() >= record.pay_by:
        return NotPaid(**common, cause=Cause.EXPIRED)
    last = next((attempt for attempt in reversed(record.attempts) if attempt.ever_sent or attempt.cause), None)
    cause = Cause.NO_ROUTE
    if last is not None and (last.refusal or run.mine or not record.passed):
        cause = Cause(last.refusal or last.cause or "declined")
    elif record.passed:
        cause = Cause(record.passed[0][1])
    if cause in (Cause.AWAITING_SHOPPER, Cause.AWAITING_PROVIDER):
        cause = Cause.UNRECOGNISED  # it said "waiting" and gave nothing to wait for: nothing is open now
    offers = alternatives(run)
    if FACTS[cause].elsewhere in ("if_policy_allows", "no") and not (run.route and run.route.shop_around_risk):
        offers = ()
    wait = last.retry_after if last is not None else run.rests
    return NotPaid(**common, cause=cause, alternatives=offers, retry_after=wait)


_GATE = frozenset(
    each.value for each in (Cause.CIRCUIT_OPEN, Cause.CHANNEL_BUSY, Cause.CHANNEL_STOPPED, Cause.REFUSED_RECENTLY)
)


def alternatives(run: Run) -> tuple[str, ...]:
    """The options of the order's route that a shopper may still be offered, in its order."""
    route = run.route
    if route is None or run.autonomy in ("observe", "retry"):
        return ()
    risky = any(cause == Cause.RISK_REJECTED.value for _, cause in run.known.passed)
    if (risky or refused_for_risk(run.known.attempts)) and not route.shop_around_risk:
        return ()  # a refusal for risk, of this order or remembered of its shopper, is not shopped around
    ended = {attempt.option for attempt in run.known.attempts} | set(run.tried)
    shut = {option.partition("/")[0] for option, cause in run.known.passed if cause in _GATE}
    return tuple(
        option.id
        for option in route.order
        if option.id not in ended
        and option.channel not in shut
        and not closed_by(run.known.attempts, option)
        and run.env.peek(option.channel) is None
    )


def _switched_from(record: Record) -> tuple[str, ...]:
    last = record.winner or len(record.attempts)
    if last < 2:
        return ()
    return tuple(dict.fromkeys(attempt.option for attempt in record.attempts[: last - 1]))

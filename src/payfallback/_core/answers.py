"""Answers to events: what a provider said, as evidence of one attempt."""

from __future__ import annotations

from payfallback._core import events as e
from payfallback._core.operations import Answer
from payfallback._core.order import Attempt
from payfallback.taxonomy import Cause, Verdict


def seen(
    attempt: Attempt,
    what: str,
    answer: Answer,
    at: float,
    *,
    request: int = 0,
    asked_at: float = 0.0,
    source: str = "answer",
    refund: str = "",
) -> e.Seen:
    """The event for an answer. Evidence about another number or account proves nothing about this attempt (I17)."""
    if foreign(attempt, answer):
        return e.Seen(
            at, attempt.seq, what, Verdict.UNKNOWN.value, request, source, asked_at, Cause.CONTRADICTION.value
        )
    verdict, amount = answer.verdict, answer.amount
    if what == "charge" and verdict in _NO_ANSWER_TO_A_CHARGE:
        verdict = Verdict.UNKNOWN
    return e.Seen(
        at,
        attempt.seq,
        what,
        _VERDICT[verdict],
        request,
        source,
        asked_at,
        _CAUSE[answer.cause],
        answer.code[:64],
        answer.text[:200],
        answer.final,
        answer.named,
        amount.minor if amount is not None else None,
        amount.currency if amount is not None else "",
        answer.provider_ref,
        answer.provider_time,
        answer.paid_at,
        refund,
        answer.resendable,
        answer.retry_after,
        answer.action,
        answer.memo,
    )


# An enum's `value` is a property written in Python, and these two are read with every answer.
_VERDICT: dict[Verdict, str] = {verdict: verdict.value for verdict in Verdict}
_CAUSE: dict[Cause | None, str] = {None: "", **{cause: cause.value for cause in Cause}}

_NO_ANSWER_TO_A_CHARGE = frozenset({Verdict.ACCEPTED, Verdict.NOT_FOUND, Verdict.REFUND_FAILED})


def foreign(attempt: Attempt, answer: Answer) -> bool:
    """Whether an answer speaks of another trade or another account than this attempt's."""
    other_number = answer.number and answer.number != attempt.number
    return bool(other_number or (answer.account and answer.account != attempt.account))


def changes(attempt: Attempt, answer: Answer, horizon: float | None) -> bool:
    """Whether an answer to a question is worth writing down: it moves something, or counts towards a proof.

    `horizon`: how long after the expiry a "not found" is final; None: it never is.
    """
    if answer.verdict is Verdict.UNKNOWN:
        return False
    if answer.verdict is Verdict.CLOSED and attempt.closed and attempt.status.value != "disputed":
        return False  # told again
    if answer.verdict is Verdict.PENDING:
        return attempt.status.value not in ("pending", "closing") or attempt.seen == 0
    if answer.verdict is Verdict.NOT_FOUND:
        return attempt.not_found < 2 or _proves(attempt, answer, horizon)
    return True


def _proves(attempt: Attempt, answer: Answer, horizon: float | None) -> bool:
    """Whether a "not found" counts towards the proof of absence: a few after expiry, and the first past the horizon."""
    said, expires_at = answer.provider_time, attempt.expires_at
    if said is None or expires_at is None or said <= expires_at:
        return False
    return attempt.not_found_past < 4 or (horizon is not None and attempt.provider_time <= expires_at + horizon < said)

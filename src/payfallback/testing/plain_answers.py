"""What a fake provider answers about a number that it has no trade for."""

from __future__ import annotations

from payfallback._core.operations import Answer, Operation
from payfallback.taxonomy import Cause, Verdict


def not_found(now: float) -> Answer:
    """It does not know the number."""
    return Answer(verdict=Verdict.NOT_FOUND, code="trade_not_found", provider_time=now)


def accepted(operation: Operation, now: float) -> Answer:
    """It says "ok", and not what it did."""
    return Answer(verdict=Verdict.ACCEPTED, number=operation.number, provider_time=now)


def refusal(
    operation: Operation,
    now: float,
    code: str,
    *,
    verdict: Verdict = Verdict.DECLINED,
    cause: Cause = Cause.DECLINED,
    final: bool = False,
) -> Answer:
    """It says no to this request."""
    return Answer(verdict=verdict, number=operation.number, cause=cause, code=code, final=final, provider_time=now)

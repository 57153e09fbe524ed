"""What an answer says about the channel's health. What it says about the order is the core's business."""

from __future__ import annotations

from enum import Enum

from payfallback._core.operations import Answer
from payfallback._values import direct
from payfallback.taxonomy import FACTS, Cause, Verdict


@direct
class Weight(Enum):
    """How a call counts."""

    ACCEPTED = "accepted"  # the provider took the payment: a success that earns retries
    WORKS = "works"  # the provider answered properly, if only to decline: a success
    NEUTRAL = "neutral"  # cancelled, our own doing, or throttled: says nothing about whether the channel works
    FAILED = "failed"

    __hash__ = object.__hash__


_PLAIN: dict[Verdict, Weight] = {
    Verdict.CAPTURED: Weight.ACCEPTED,
    Verdict.AUTHORISED: Weight.ACCEPTED,
    Verdict.PENDING: Weight.ACCEPTED,
    Verdict.NOT_FOUND: Weight.WORKS,
    Verdict.CLOSED: Weight.WORKS,
    Verdict.ACCEPTED: Weight.WORKS,
    Verdict.REFUNDED: Weight.WORKS,
    Verdict.REFUND_FAILED: Weight.WORKS,
}

_UNNAMED: dict[Verdict, Cause] = {
    Verdict.DECLINED: Cause.DECLINED,
    Verdict.UNKNOWN: Cause.UNRECOGNISED,
    Verdict.NOT_SENT: Cause.NETWORK,
}


def weigh(answer: Answer | None) -> Weight:
    """How an answer counts; None is a call that was cancelled. The taxonomy's `counts` decides about refusals."""
    if answer is None:
        return Weight.NEUTRAL
    plain = _PLAIN.get(answer.verdict)
    if plain is not None:
        return plain
    counts = FACTS[cause_of(answer)].counts
    if counts == "yes":
        return Weight.FAILED
    return Weight.WORKS if counts == "no" and answer.verdict is Verdict.DECLINED else Weight.NEUTRAL


def cause_of(answer: Answer) -> Cause:
    """The cause of an answer, or what its verdict means when none was named."""
    return answer.cause if answer.cause is not None else _UNNAMED.get(answer.verdict, Cause.UNRECOGNISED)

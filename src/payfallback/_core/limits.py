"""Credit limits that cannot be true: the 0.5 yuan that a provider shows while its systems are updated. Pure."""

from __future__ import annotations

from decimal import Decimal

from payfallback._core.operations import Answer
from payfallback._values import changed
from payfallback.model import Money
from payfallback.policy import CreditPolicy
from payfallback.taxonomy import Cause, Verdict

SHORTLY = 1.0  # seconds after which a limit that reads wrong is asked about again

_ABOUT_THE_LIMIT = frozenset({None, Cause.DECLINED, Cause.CREDIT_EXHAUSTED, Cause.LIMIT_REDUCED})


def implausible(limit: Money, credit: CreditPolicy) -> bool:
    """Whether nobody has such a limit: above zero, and below what the operator calls absurd (major units)."""
    return limit.minor > 0 and Decimal(limit.major) < Decimal(credit.implausible_below)


def too_small(limit: Money | None, amount: Money, credit: CreditPolicy) -> Cause | None:
    """Why a limit does not carry an amount; None when it does, when it is not known, or is in another currency."""
    if limit is None or limit.currency != amount.currency or limit.minor >= amount.minor:
        return None
    if implausible(limit, credit):
        return Cause.LIMIT_GLITCH
    return Cause.CREDIT_EXHAUSTED if limit.minor else Cause.LIMIT_REDUCED


def plausible(answer: Answer, credit: CreditPolicy) -> Answer:
    """The answer; a refusal for a limit that cannot be true is named a glitch, so that it is not believed at once."""
    if answer.limit is None or answer.verdict is not Verdict.DECLINED or answer.cause not in _ABOUT_THE_LIMIT:
        return answer
    return changed(answer, cause=Cause.LIMIT_GLITCH) if implausible(answer.limit, credit) else answer

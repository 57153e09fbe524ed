"""The ladder inside a channel: which refusals leave its other terms open, and which make them pointless. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from payfallback._core.order import Attempt
from payfallback.model import Option
from payfallback.taxonomy import FACTS, Cause

_FACTS = {cause.value: (cause, facts) for cause, facts in FACTS.items()}


def closes(cause: str, refused: Option, option: Option) -> bool:
    """Whether a refusal of one option for this cause makes another try with `option` pointless for now.

    A refusal for the term leaves the channel's other terms open, one for the goods leaves paying in full (the
    taxonomy's `smaller`); a refusal that the provider does not explain may have been about the term. Any other is about
    the shopper or the channel, whatever the terms. A glitch leaves the very same option open: it is asked again
    shortly. Other channels are never closed by any of them.
    """
    known = _FACTS.get(cause)
    if known is None or refused.channel != option.channel:
        return False
    cause_, facts = known
    if facts.again == "other_terms" and facts.smaller == "no_term":
        return bool(option.terms)
    if facts.again == "other_terms" or cause_ is Cause.DECLINED:
        return option == refused
    return facts.again != "shortly" or option != refused


def closed_by(attempts: Iterable[Attempt], option: Option) -> str:
    """The cause of the latest of these attempts' refusals that makes `option` pointless; empty when none does."""
    found = ""
    for attempt in attempts:
        if attempt.refusal and closes(attempt.refusal, Option.parse(attempt.option), option):
            found = attempt.refusal
    return found


def refused_for_risk(attempts: Iterable[Attempt]) -> frozenset[str]:
    """The channels that refused one of these attempts for risk."""
    return frozenset(each.option.partition("/")[0] for each in attempts if each.refusal == Cause.RISK_REJECTED.value)

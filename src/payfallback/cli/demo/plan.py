"""What happens in the demo: the phases of the outage, in which every provider has its share."""

from __future__ import annotations

from collections.abc import Sequence

from payfallback._values import value

Rule = tuple[str, str]  # a fault and the operation (or JD's own endpoint) that it strikes
FIRST = "jdpay"  # whose outage it is


@value
class Phase:
    """A time in which JD Pay behaves in one way. `notices`: how it notifies meanwhile. `well`: the others are."""

    name: str
    rules: tuple[Rule, ...] = ()
    notices: str = "on"
    well: bool = False


_LOST = "fkmPay"  # a payment code that was charged into a silence: JD did take it, and only its answer is missing

PHASES = (
    Phase("all is well", well=True),
    Phase("refused", (("refused", "*"),)),
    Phase("http_503", (("http_503", "*"), ("http_503:processed", _LOST))),
    Phase("hang", (("hang", "*"), ("hang:processed", _LOST)), "off"),
    Phase("reply_lost", (("reply_lost", "*"),)),
    Phase("slow", (("slow:1.5", "*"),)),
    Phase("malformed", (("malformed", "*"),), "twice"),
    Phase("unsigned", (("unsigned", "*"),), "forged"),
    Phase("captured_late", (("captured_late:1.5", "charge"),), "out_of_order"),
    Phase("wrong_amount", (("wrong_amount", "charge"),), "wrong_amount"),
    Phase("rate_limited", (("rate_limited:0.5", "uniorder"),)),
    Phase("declined", (("declined:credit_exhausted", "charge"),)),
    Phase("appears_late", (("appears_late:1.5", "charge"),)),
    Phase("flapping", (("flapping", "uniorder"),)),
    Phase("key_ignored", (("key_ignored", "charge"),)),
    Phase("close_refused", (("close_refused", "close"),)),
    Phase("all is well again", well=True),
)

# What the others have in their turn. Each does what it was asked for, or says no: what nobody ever heard of could only
# wait for its expiry, which is longer than this play.
_BESIDE = (
    "reply_lost",
    "slow:1.2",
    "http_503:processed",
    "malformed",
    "captured_late:1.2",
    "unsigned",
    "declined:credit_exhausted",
)


def beside(place: int, others: Sequence[str]) -> tuple[str, str] | None:
    """Which other provider is in trouble during a phase as well, and its fault; None while all is well."""
    if PHASES[place].well or not others:
        return None
    turn = place - 1
    return others[turn % len(others)], _BESIDE[(turn + turn // len(others)) % len(_BESIDE)]

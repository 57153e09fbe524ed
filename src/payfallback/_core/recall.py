"""A run's use of memory: what is known of its shopper and card, what that closes, and what is added to it."""

from __future__ import annotations

from payfallback._core import events as e
from payfallback._core.cards import declined, free_at
from payfallback._core.effects import Recall
from payfallback._core.ladder import closed_by, closes, refused_for_risk
from payfallback._core.memory import Refusal
from payfallback._core.operations import Answer
from payfallback._core.order import Attempt
from payfallback._core.run import NOBODY, Env, Flow, Run
from payfallback.model import Money, Option, Shopper
from payfallback.policy import Channel
from payfallback.taxonomy import FACTS, Cause, Verdict

CARD = "payfallback.card"  # in an attempt's memo: the keyed hash of the card that pays, for answers that come later
_RISK = Cause.RISK_REJECTED.value
_LESS = frozenset(cause.value for cause, facts in FACTS.items() if facts.smaller == "less")


def shopper_subject(merchant: str, ref: str) -> str:
    """Whom a shopper's refusals are kept under; empty without a reference. `ref`: the keyed hash of it."""
    return f"shopper:{merchant}:{ref}" if ref else ""


def card_subject(env: Env, channel: Channel, shopper: Shopper) -> str:
    """Whom a card's declines are kept under; empty where the channel names no card, or the shopper gave none."""
    if not channel.capabilities.card or not shopper.inputs:
        return ""
    given = shopper.inputs_for(channel.name)
    clear = next((given[name] for name in channel.capabilities.card if given.get(name)), "")
    hashed = env.hashed(f"card\x1f{clear}") if clear else ""
    return f"card:{hashed}" if hashed else ""


def subjects(env: Env, merchant: str, ref: str, shopper: Shopper) -> tuple[str, ...]:
    """Everybody who is asked about for one order."""
    cards = {card_subject(env, channel, shopper) for channel in env.policy.channels.values()}
    return tuple(sorted({shopper_subject(merchant, ref), *cards} - {""}))


def remembers(run: Run) -> bool:
    """Whether memory is still to be read in this run. Nothing is to be read for nobody, nor where we only observe."""
    if run.remembered is None and (run.shopper is NOBODY or run.autonomy == "observe"):
        run.remembered = ()
    return run.remembered is None


def recall(run: Run) -> Flow:
    """Read it. A journal that cannot say remembers nothing."""
    record, shopper = run.known, run.shopper
    ref = record.ref or (run.env.hashed(shopper.ref) if shopper.ref else "")
    asked = subjects(run.env, record.merchant, ref, shopper)
    found = (yield Recall(asked)) if asked else ()
    run.remembered = () if isinstance(found, BaseException) else tuple(found)
    return True


def recollect(run: Run, answer: Answer) -> Flow:
    """Before a capture is recorded that no `pay` is waiting for: read what it makes untrue of the order's shopper."""
    subject = shopper_subject(run.known.merchant, run.known.ref)
    if answer.verdict is Verdict.CAPTURED and subject and not run.remembered:
        found = yield Recall((subject,))
        run.remembered = () if isinstance(found, BaseException) else tuple(found)


def why_not(run: Run, option: Option) -> Cause | None:
    """Why an option would not be tried now, by what was refused before; None when it would.

    An explicit choice is tried whatever is remembered, but for two things: a channel that refused this order or this
    shopper for risk is not asked again, and the card networks' rules hold for everybody. Who was refused for risk pays
    with what they choose, and nothing else is tried by itself after it, unless the route allows that.
    """
    chosen = option.id == run.choice
    if run.autonomy == "observe":
        return None
    around = run.route is not None and run.route.shop_around_risk
    risky = refused_for_risk(run.known.attempts)
    if risky and not around and (option.channel in risky or not chosen):
        return Cause.RISK_REJECTED
    if not chosen and closed_by(run.known.attempts, option):
        return Cause.REFUSED_RECENTLY
    if not run.remembered:
        return None
    refused = remembered_cause(run.remembered, option, run.known.amount, chosen=chosen, around=around)
    if refused is Cause.RISK_REJECTED:
        return refused
    if refused is not None and not (chosen and run.explicit):
        return refused
    rests = card_rests(run.env, run.remembered, option, run.shopper, run.now())
    if rests and chosen:
        run.rests = rests
    return Cause.REFUSED_RECENTLY if rests else None


def remembered_cause(
    refusals: tuple[Refusal, ...], option: Option, amount: Money, *, chosen: bool, around: bool
) -> Cause | None:
    """What remembered refusals close an option with, for this amount: RISK_REJECTED or REFUSED_RECENTLY. A refusal for
    risk closes what was not chosen too, unless the route lets risk be shopped around."""
    found = None
    for each in refusals:
        if not each.subject.startswith("shopper:"):
            continue
        if each.cause == _RISK and not around and (each.scope == option.channel or not chosen):
            return Cause.RISK_REJECTED
        smaller = each.cause in _LESS and each.currency == amount.currency and amount.minor < each.minor
        if (
            each.scope == option.channel
            and not smaller
            and closes(each.cause, Option.parse(each.option or each.scope), option)
        ):
            found = Cause.REFUSED_RECENTLY
    return found


def card_rests(env: Env, refusals: tuple[Refusal, ...], option: Option, shopper: Shopper, now: float) -> float:
    """Seconds for which the networks forbid another try with the card that this option would charge; 0: they do not."""
    channel = env.policy.channels.get(option.channel)
    card = card_subject(env, channel, shopper) if channel is not None else ""
    declines = [each for each in refusals if each.subject == card] if card else []
    return free_at(declines, env.policy.cards, now) - now


_CAPTURED, _DECLINED = Verdict.CAPTURED.value, Verdict.DECLINED.value


def learned(run: Run, attempt: Attempt, seen: e.Seen, answer: Answer) -> None:
    """Add to memory what an answer says beyond its order. `attempt`: as it was before; its first refusal counts."""
    if seen.verdict != _DECLINED and (seen.verdict != _CAPTURED or not run.remembered):
        return
    channel = attempt.option.partition("/")[0]
    if seen.verdict == _CAPTURED:
        for subject in {each.subject for each in run.remembered or () if each.scope == channel}:
            run.env.forget(subject, channel)
    if seen.verdict != _DECLINED or attempt.refusal:
        return
    new = (*_of_shopper(run, attempt, seen, channel), *_of_card(attempt, seen, answer))
    if new:
        run.remembered = (*(run.remembered or ()), *new) if run.remembered is not None else None
        run.env.remember(new)


def _of_shopper(run: Run, attempt: Attempt, seen: e.Seen, channel: str) -> tuple[Refusal, ...]:
    record, cause = run.known, seen.cause or _DECLINED
    subject = shopper_subject(record.merchant, record.ref)
    keep = run.policy.memory.keep.get(Cause(cause), 0.0) if subject else 0.0
    if keep <= 0:
        return ()
    amount = record.amount
    return (
        Refusal(
            subject=subject,
            scope=channel,
            cause=cause,
            at=seen.at,
            until=seen.at + keep,
            option=attempt.option,
            minor=amount.minor,
            currency=amount.currency,
        ),
    )


def _of_card(attempt: Attempt, seen: e.Seen, answer: Answer) -> tuple[Refusal, ...]:
    card = attempt.memo.get(CARD, "")
    return (declined(card, answer.network, seen.at),) if card and answer.network else ()

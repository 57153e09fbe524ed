"""Which option is tried next: the shopper's choice, then what the route names and the shopper agreed to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from payfallback._core import events as e
from payfallback._core.bodies import BODY, body_of
from payfallback._core.effects import Admit
from payfallback._core.limits import SHORTLY
from payfallback._core.operations import Kind, Operation
from payfallback._core.order import NOTHING, Attempt, Record
from payfallback._core.recall import CARD, card_subject, recall, remembers, why_not
from payfallback._core.run import Flow, Run, Step, wish
from payfallback._core.sending import charge
from payfallback.errors import InputMissing, PayfallbackError
from payfallback.model import Option
from payfallback.policy import Channel, attempt_number
from payfallback.taxonomy import FACTS, Cause


def next_option(run: Run) -> Option | None:
    """The option that would be started now without asking the shopper, as far as memory and health allow it."""
    for option in candidates(run):
        if option.id in run.tried or not _ended(run, option):
            continue
        if why_not(run, option) is None and run.env.peek(option.channel) is None:
            return option
    return None


def candidates(run: Run) -> Iterator[Option]:
    """The choice, then the consented rest of the route in its order."""
    if run.choice:
        yield Option.parse(run.choice)
    if run.autonomy == "switch" or not run.choice:
        yield from _agreed(run)


def _agreed(run: Run) -> Iterator[Option]:
    """What the shopper agreed to besides the choice, in the route's order."""
    route = run.route
    if route is None:
        return
    agreed = run.consent
    if run.intent == "pay" and run.record is not None:
        agreed += run.record.consent
    for option in route.order:
        if option.id != run.choice and option not in route.always_ask and option.id in agreed:
            yield option


def _ended(run: Run, option: Option) -> bool:
    """Whether this run has no attempt of the option behind it, or only one that may be made again."""
    if not run.mine:
        return True
    behind = [attempt for attempt in run.known.attempts if attempt.seq in run.mine and attempt.option == option.id]
    return not behind or (len(behind) == 1 and _glitched(run, behind[0]))


def _glitched(run: Run, attempt: Attempt) -> bool:
    """Whether an attempt was refused for a limit that cannot be true, and there is time to ask again shortly."""
    if attempt.refusal != Cause.LIMIT_GLITCH.value or run.autonomy == "observe":
        return False
    channel = run.policy.channels.get(attempt.option.partition("/")[0])
    wait = attempt.changed_at + SHORTLY - run.now()
    return channel is not None and run.left() > min(max(wait, 0.0), SHORTLY) + channel.capabilities.min_time


_FACTS = {cause.value: facts for cause, facts in FACTS.items()}


def elsewhere(run: Run, cause: str) -> bool:
    """Whether a refusal for this cause may be followed by another channel without asking the shopper."""
    if not cause:
        return True
    facts = _FACTS[cause]
    if facts.elsewhere == "if_policy_allows":
        return run.route is not None and run.route.shop_around_risk
    return facts.elsewhere in ("yes", "when_certain")


def start(run: Run) -> Step:
    """Start the next attempt, if there is one to start. True: something was done."""
    if remembers(run):
        return recall(run)
    record, before = run.known, _last_of_mine(run)
    if before is not None and not elsewhere(run, before.refusal or before.cause):
        return False
    if len(record.attempts) >= run.policy.max_attempts or run.now() >= record.pay_by:
        return False
    for option in candidates(run):
        if option.id in run.tried or not _ended(run, option):
            continue
        channel = run.policy.channel_of(option)
        if channel is None or _passes_over(run, option, channel):
            run.tried.setdefault(option.id, Cause.NO_ROUTE.value)
            continue
        closed = why_not(run, option)
        if closed is not None:
            pass_over(run, option, closed)
            continue
        if before is not None and before.option == option.id and run.now() < before.changed_at + SHORTLY:
            return run.wait(min(before.changed_at + SHORTLY - run.now(), SHORTLY))
        if run.left() < min(channel.capabilities.min_time, run.within / 2):
            return False
        return _try(run, option, channel)
    if run.autonomy == "observe" and before is not None:
        for option in islice(_agreed(run), 1):
            run.add(e.Would(run.now(), "charge", option.id, before.refusal or before.cause))
    return False


def _last_of_mine(run: Run) -> Attempt | None:
    return next((attempt for attempt in reversed(run.known.attempts) if attempt.seq in run.mine), None)


def _passes_over(run: Run, option: Option, channel: Channel) -> bool:
    """Whether the option cannot be sent as it is. The shopper's own choice is refused with an error instead."""
    if not channel.capabilities.inputs:
        return False
    given = run.shopper.inputs_for(channel.name)
    missing = [name for name in channel.capabilities.inputs if not given.get(name)]
    if missing:
        if option.id == run.choice and not run.mine:
            raise InputMissing(
                f"channel {channel.name!r} needs {', '.join(missing)}",
                hint=f"give them in Shopper.inputs[{channel.name!r}]",
            )
        pass_over(run, option, Cause.INPUT_MISSING)
        return True
    return False


def pass_over(run: Run, option: Option, cause: Cause) -> None:
    """Say why an option was not tried."""
    run.tried[option.id] = cause.value
    run.tell("attempt.passed_over", option=option.id, cause=cause.value)
    run.add(e.Passed(run.now(), option.id, cause.value))


def _try(run: Run, option: Option, channel: Channel) -> Flow:
    try:
        planned = plan(run, option, channel)
    except PayfallbackError as error:
        if not run.mine:
            raise
        pass_over(run, option, Cause.INPUT_MISSING if isinstance(error, InputMissing) else Cause.MERCHANT_CONFIG)
        return True
    permit = yield Admit(channel.name, False)
    refused = getattr(permit, "cause", None)
    if refused is not None:
        if run.autonomy != "observe":
            pass_over(run, option, refused)
            return True
        run.add(e.Would(run.now(), "pass_over", option.id, refused.value))
        permit = None
    conflicts = run.conflicts
    if run.version and run.intent == "pay" and not run.mine and _news(run):
        run.add(wish(run, "pay"))
    yield from charge(run, channel, planned.seq, permit, planned)
    return run.down is None or run.conflicts > conflicts


def _news(run: Run) -> bool:
    """Whether this call asks for something that the journal does not know yet."""
    record = run.known
    return record.choice != run.choice or not set(run.consent).issubset(record.consent)


def plan(run: Run, option: Option, channel: Channel) -> e.Planned:
    """The next attempt's number, expiry and what its adapter wants kept. Raises `NumberInvalid`."""
    record, now = run.known, run.now()
    seq = len(record.attempts) + 1
    number = _unused(record, channel, seq)
    capabilities, shopper = channel.capabilities, run.shopper
    expires_at = None
    if capabilities.expiry:
        lasts = capabilities.expiry_default if channel.expiry is None else channel.expiry
        expires_at = max(min(now + lasts, record.pay_by), now + capabilities.expiry_min)
    memo = NOTHING
    if channel.name not in run.env.forgetful:
        operation = Operation(
            Kind.CHARGE,
            number,
            record.amount,
            option,
            record.order_id,
            now=now,
            expires_at=expires_at,
            inputs=shopper.inputs_for(channel.name) if shopper.inputs else NOTHING,
            product=channel.product,
        )
        memo = run.env.memo(channel.name, operation)
    body = body_of(run, channel, number, option.id, expires_at)
    if body:
        memo = {**memo, BODY: body}
    card = card_subject(run.env, channel, shopper)
    if card:
        memo = {**memo, CARD: card}
    return e.Planned(now, seq, number, option.id, channel.account.id, capabilities.starts, expires_at, memo)


def _unused(record: Record, channel: Channel, seq: int) -> str:
    """The attempt's number. Other code may have sent it already, under what the shop adopted: then the next one."""
    taken = {attempt.number for attempt in record.attempts if attempt.account == channel.account.id}
    numbers = (attempt_number(channel, record.order_id, each) for each in range(seq, seq + len(taken) + 1))
    return next(number for number in numbers if number not in taken)


def may_continue(run: Run, attempt: Attempt, channel: Channel, tries: int) -> bool:
    """Whether a charge that was certainly not sent may be sent on the same channel in this run."""
    if attempt.seq not in run.mine or run.autonomy == "observe" or attempt.seq <= run.known.leave_upto:
        return False
    if attempt.cause in (Cause.INPUT_MISSING.value, Cause.MERCHANT_CONFIG.value, Cause.TIME_UP.value):
        return False
    if attempt.cause == Cause.TIMEOUT.value and next_option(run) is not None:
        return False  # the first of two steps fell silent, and moved nothing: another channel is quicker
    return tries + 1 < channel.retry.attempts and run.now() < run.known.pay_by and not run.known.finished

"""Sending: the intent is durable first, then the call is made, then its answer is taken in as evidence."""

from __future__ import annotations

from payfallback._core import events as e
from payfallback._core.answers import seen
from payfallback._core.effects import Admit, Call, GiveBack, Load
from payfallback._core.limits import plausible
from payfallback._core.operations import Answer, Kind, Operation
from payfallback._core.order import NOTHING, Attempt
from payfallback._core.recall import learned
from payfallback._core.run import NOBODY, Flow, Run
from payfallback._core.state import Status
from payfallback._core.view import Task
from payfallback.errors import PayfallbackError
from payfallback.model import Money, Option
from payfallback.policy import Channel
from payfallback.taxonomy import Cause, Verdict

FAIR = 5.0  # seconds for each call of recovery, even past its own time


def attempt_of(run: Run, task: Task) -> Attempt:
    return run.known.attempts[task.seq - 1]


def channel_of(run: Run, attempt: Attempt) -> Channel:
    """The channel of an attempt that a task was made for."""
    return run.policy.channels[Option.parse(attempt.option).channel]


def time_for(run: Run, channel: Channel) -> float:
    """Seconds one call may take: the channel's own limit, or what the caller has left. Recovery has nobody waiting: a
    question that its provider has no time to answer would only be asked for nothing."""
    return max(0.05 if run.live else min(channel.timeout, FAIR), min(channel.timeout, run.left()))


def operation(
    run: Run,
    channel: Channel,
    attempt: Attempt,
    kind: Kind,
    timeout: float,
    *,
    refund_number: str = "",
    refund_amount: Money | None = None,
    reason: str = "",
    resend: bool = False,
    refund_sent_at: float | None = None,
) -> Operation:
    """A request about an attempt, from what the journal keeps of it."""
    record, order = run.known, run.order
    shopper = run.shopper if kind in (Kind.CHARGE, Kind.CREATE) else NOBODY
    return Operation(
        kind,
        attempt.number,
        record.amount,
        Option.parse(attempt.option),
        record.order_id,
        order.title if order is not None else "",
        timeout,
        run.now(),
        attempt.first_sent,
        attempt.expires_at,
        channel.notify_url,
        attempt.provider_ref,
        attempt.memo,
        refund_number,
        refund_amount,
        reason,
        resend,
        shopper.inputs_for(channel.name) if shopper.inputs else NOTHING,
        shopper.ref,
        shopper.ip,
        shopper.device,
        shopper.return_url,
        refund_sent_at,
        channel.product,
    )


def intend(run: Run, *events: e.Event) -> Flow:
    """Make an intent durable before it is acted on. False: it is not, nothing may be sent, and it is forgotten."""
    before, mark = run.record, len(run.pending)
    run.add(*events)
    if (yield from run.flush(lease=run.lease)):
        return True
    if run.down is not None:
        run.record = before
        del run.pending[mark:]
    return False


def charge(run: Run, channel: Channel, seq: int, permit: object, planned: e.Planned | None = None) -> Flow:
    """Send a charge: the intent is durable first, the answer is evidence afterwards. False: nothing was sent."""
    now, timeout, started = run.now(), time_for(run, channel), run.monotonic()
    if now >= run.known.pay_by:
        yield GiveBack(permit)
        return False
    if channel.capabilities.creates and (planned is not None or not run.known.attempts[seq - 1].provider_ref):
        return (yield from _create(run, channel, seq, permit, planned))
    request, resend = 1, False
    if planned is None:
        attempt = run.known.attempts[seq - 1]
        request, resend = attempt.requests + 1, attempt.sends > 0
    sending = e.Sending(now, seq, request, "charge", now + timeout)
    intent = (sending,) if planned is None else (planned, sending)
    if not (yield from _may_send(run, permit, intent)):
        yield GiveBack(permit)
        return False
    if run.monotonic() - started >= timeout:  # the commit took all the time there was: too late to send
        yield GiveBack(permit)
        record_answer(run, seq, "charge", Answer(verdict=Verdict.NOT_SENT, cause=Cause.TIME_UP), request=request)
        return True
    run.mine += (seq,)
    run.sent = True
    attempt = run.known.attempts[seq - 1]
    if run.heard:
        run.tell("attempt.sending", number=attempt.number, option=attempt.option, request=request)
    asked = operation(run, channel, attempt, Kind.CHARGE, timeout, resend=resend)
    answer = yield Call(channel.name, asked, permit, run.key, seq, request)
    record_answer(run, seq, "charge", answer, request=request)
    return True


def _may_send(run: Run, permit: object, intent: tuple[e.Event, ...]) -> Flow:
    """Make the intent durable, or let the sale through without it, as `observe` does. False: nothing may be sent."""
    run.permit = permit
    try:
        durable = yield from intend(run, *intent)
    except PayfallbackError:  # another payment's id, a closed order, a taken number: nothing is sent
        yield GiveBack(permit)
        raise
    finally:
        run.permit = None
    if durable or run.blind:
        return True
    if run.down is None or run.sent or run.autonomy != "observe" or (yield from known_after_all(run)) or run.stale:
        return False
    run.blind, run.down = True, None  # observe lets the sale through, journal or not
    run.add(*intent)
    return True


def _create(run: Run, channel: Channel, seq: int, permit: object, planned: e.Planned | None) -> Flow:
    """The first of two steps: make the payment at the provider, keep its id, then charge. No money moves before the
    charge confirms that id, so whatever becomes of this step, the attempt stays one that was never sent."""
    timeout = time_for(run, channel)
    request = 1 if planned is not None else run.known.attempts[seq - 1].requests + 1
    sending = e.Sending(run.now(), seq, request, "create", run.now() + timeout)
    if not (yield from _may_send(run, permit, (sending,) if planned is None else (planned, sending))):
        yield GiveBack(permit)
        return False
    run.mine += (seq,)
    attempt = run.known.attempts[seq - 1]
    asked = operation(run, channel, attempt, Kind.CREATE, timeout, resend=request > 1)
    answer = yield Call(channel.name, asked, permit, run.key, seq, request)
    record_answer(run, seq, "create", answer, request=request)
    attempt = run.known.attempts[seq - 1]
    if answer.verdict is Verdict.DECLINED and attempt.status is Status.PLANNED:
        run.tried[attempt.option] = attempt.cause
        run.add(e.Died(run.now(), seq, "never_sent"))
        return True
    if answer.verdict is not Verdict.PENDING or not attempt.provider_ref or attempt.status is not Status.PLANNED:
        return True
    again = yield Admit(channel.name, False)
    refused = getattr(again, "cause", None)
    if refused is None and run.left() >= channel.capabilities.min_time:
        return (yield from charge(run, channel, seq, again))
    yield GiveBack(again)
    never = Answer(verdict=Verdict.NOT_SENT, cause=refused or Cause.TIME_UP)
    record_answer(run, seq, "create", never, request=request)
    return True


def known_after_all(run: Run) -> Flow:
    """The journal cannot be written: where it can still be read, an order that it knows is not sold blindly."""
    stored = yield Load(run.key)
    if stored is None or isinstance(stored, BaseException) or stored.version == run.version:
        return False
    run.down = None
    run.take(stored)
    return True


def record_answer(
    run: Run,
    seq: int,
    what: str,
    answer: Answer,
    *,
    request: int = 0,
    asked_at: float = 0.0,
    source: str = "answer",
    refund: str = "",
) -> None:
    """Take an answer in, as evidence."""
    attempt = run.known.attempts[seq - 1]
    if answer.limit is not None:
        answer = plausible(answer, run.policy.credit)
    now = run.now()
    event = seen(attempt, what, answer, now, request=request, asked_at=asked_at, source=source, refund=refund)
    if run.heard:
        cause = answer.cause.value if answer.cause is not None else ""
        run.tell(
            "attempt.answered",
            number=attempt.number,
            what=what,
            verdict=answer.verdict.value,
            cause=cause,
            code=answer.code,
        )
    run.add(event)
    learned(run, attempt, event, answer)


def count(run: Run, key: int, asked_at: float) -> None:
    """Remember in this run that it was asked."""
    run.asked = {**run.asked, key: (run.asked.get(key, (0, 0.0))[0] + 1, asked_at)}

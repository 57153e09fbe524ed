"""Sending: the intent is durable first, then the call is made, then its answer is taken in as evidence."""

from __future__ import annotations

from payfallback._core import events as e
from payfallback._core.answers import seen
from payfallback._core.effects import Call, GiveBack
from payfallback._core.operations import Answer, Kind, Operation
from payfallback._core.order import Attempt
from payfallback._core.run import Flow, Run
from payfallback._core.view import Task
from payfallback.model import Option
from payfallback.policy import Channel
from payfallback.taxonomy import Cause, Verdict


def attempt_of(run: Run, task: Task) -> Attempt:
    return run.known.attempts[task.seq - 1]


def channel_of(run: Run, attempt: Attempt) -> Channel:
    """The channel of an attempt that a task was made for."""
    return run.policy.channels[Option.parse(attempt.option).channel]


def time_for(run: Run, channel: Channel) -> float:
    """Seconds one call may take: the channel's own limit, or what the caller has left."""
    return max(0.05, min(channel.timeout, run.left()))


def operation(run: Run, channel: Channel, attempt: Attempt, kind: Kind, timeout: float, **more: object) -> Operation:
    """A request about an attempt, from what the journal keeps of it."""
    record, order, shopper = run.known, run.order, run.shopper
    charge = kind is Kind.CHARGE
    return Operation(
        kind=kind,
        option=Option.parse(attempt.option),
        product=channel.product,
        number=attempt.number,
        amount=record.amount,
        order_id=record.order_id,
        title=order.title if order is not None else "",
        timeout=timeout,
        now=run.now(),
        sent_at=attempt.first_sent,
        expires_at=attempt.expires_at,
        notify_url=channel.notify_url,
        provider_ref=attempt.provider_ref,
        memo=attempt.memo,
        inputs=shopper.inputs_for(channel.name) if charge and shopper.inputs else {},
        ref=shopper.ref if charge else "",
        ip=shopper.ip if charge else "",
        device=shopper.device if charge else "",
        return_url=shopper.return_url if charge else "",
        **more,  # type: ignore[arg-type]  # the few fields that differ by kind, named at the call
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
    now, timeout, started = run.now(), time_for(run, channel), run.env.clock.monotonic()
    request, resend = 1, False
    if planned is None:
        attempt = run.known.attempts[seq - 1]
        request, resend = attempt.requests + 1, attempt.sends > 0
    sending = e.Sending(now, seq, request, "charge", now + timeout)
    intent = (sending,) if planned is None else (planned, sending)
    if not (yield from intend(run, *intent)):
        if run.down is None or run.sent or run.autonomy != "observe":
            yield GiveBack(permit)
            return False
        run.blind, run.down = True, None  # observe lets the sale through, journal or not
        run.add(*intent)
    if run.env.clock.monotonic() - started >= timeout:  # the commit took all the time there was: too late to send
        yield GiveBack(permit)
        record_answer(run, seq, "charge", Answer(verdict=Verdict.NOT_SENT, cause=Cause.TIME_UP), request=request)
        return True
    run.mine.add(seq)
    run.sent = True
    attempt = run.known.attempts[seq - 1]
    run.tell("attempt.sending", number=attempt.number, option=attempt.option, request=request)
    asked = operation(run, channel, attempt, Kind.CHARGE, timeout, resend=resend)
    answer = yield Call(channel.name, asked, permit, run.key, seq, request)
    record_answer(run, seq, "charge", answer, request=request)
    return True


def record_answer(run: Run, seq: int, what: str, answer: Answer, **more: object) -> None:
    """Take an answer in, as evidence."""
    attempt = run.known.attempts[seq - 1]
    event = seen(attempt, what, answer, run.now(), **more)  # type: ignore[arg-type]  # keyword fields of `seen`
    if run.env.tell is not None:
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


def count(run: Run, key: int, asked_at: float) -> None:
    """Remember in this run that it was asked."""
    run.asked[key] = (run.asked.get(key, (0, 0.0))[0] + 1, asked_at)

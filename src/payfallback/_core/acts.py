"""How each act is done: what is written down before, what is sent, what is written down after."""

from __future__ import annotations

from collections.abc import Callable

from payfallback._core import events as e
from payfallback._core.answers import changes, seen
from payfallback._core.decide import Act, Task
from payfallback._core.effects import Admit, Call, GiveBack, MayAsk
from payfallback._core.operations import Answer, Kind, Operation
from payfallback._core.order import Attempt, Record
from payfallback._core.run import Flow, Run
from payfallback.model import Money, Option
from payfallback.policy import Channel
from payfallback.taxonomy import Cause, Verdict


def perform(run: Run, task: Task) -> Flow:
    """Do one task. Answers whether anything was done; False lets the run come to its end."""
    decision = _DECIDE.get(task.act)
    if decision is not None:
        decision(run, task)
        return True
    return (yield from _SEND[task.act](run, task))


# ---------------------------------------------------------------- decisions: nothing is sent


def _attempt(run: Run, task: Task) -> Attempt:
    return run.known.attempts[task.seq - 1]


def _crashed(run: Run, task: Task) -> None:
    attempt = _attempt(run, task)
    request = attempt.open[-1] if attempt.open else 0
    run.tell("attempt.unknown", number=attempt.number, cause=Cause.CRASHED.value)
    run.add(
        e.Seen(run.now(), task.seq, "charge", Verdict.UNKNOWN.value, request, "crash", 0.0, attempt.cause or "crashed")
    )


def _died(reason: str) -> Callable[[Run, Task], None]:
    def decide(run: Run, task: Task) -> None:
        run.tell("attempt.closed", number=_attempt(run, task).number, reason=reason)
        run.add(e.Died(run.now(), task.seq, reason))

    return decide


def _hand_over(run: Run, task: Task) -> None:
    run.add(e.HandedOver(run.now(), task.seq))


def _win(run: Run, task: Task) -> None:
    now, attempt = run.now(), _attempt(run, task)
    run.tell("order.paid", option=attempt.option, number=attempt.number)
    run.add(e.Won(now, task.seq), settled(run.known, "paid", now, task.seq))


def settled(record: Record, kind: str, at: float, seq: int = 0, cause: str = "") -> e.Settled:
    """The outcome event. Its id is the same whoever writes it."""
    prefix = f"{record.merchant}:" if record.merchant else ""
    return e.Settled(at, f"{prefix}{record.order_id}:{kind}", kind, seq, cause)


def _excess(run: Run, task: Task) -> None:
    record, attempt = run.known, _attempt(run, task)
    why = "cancelled" if record.cancelled or attempt.poisoned else "late" if record.winner else "expired"
    run.tell("surplus.found", number=attempt.number, why=why)
    run.add(e.Excess(run.now(), task.seq, why))


def _person(run: Run, task: Task) -> None:
    attempt = _attempt(run, task)
    mismatch = attempt.status.value == "manual"
    cause = Cause.AMOUNT_MISMATCH.value if mismatch else attempt.cause or Cause.UNRECOGNISED.value
    if attempt.status.value in ("surplus", "refunding"):
        cause = Cause.REFUND_STUCK.value
    run.tell("order.needs_person", number=attempt.number, cause=cause)
    run.add(settled(run.known, "needs_person", run.now(), task.seq, cause))


def _end(kind: str, cause: Cause) -> Callable[[Run, Task], None]:
    def decide(run: Run, task: Task) -> None:
        run.tell(f"order.{kind}")
        run.add(settled(run.known, kind, run.now(), task.seq, cause.value))

    return decide


def _all_refunded(run: Run, task: Task) -> None:
    run.add(settled(run.known, "refunded", run.now(), task.seq))


_DECIDE: dict[Act, Callable[[Run, Task], None]] = {
    Act.CRASHED: _crashed,
    Act.HAND_OVER: _hand_over,
    Act.NEVER_SENT: _died("never_sent"),
    Act.NOT_EXPOSED: _died("not_exposed"),
    Act.NOT_FOUND: _died("not_found"),
    Act.WIN: _win,
    Act.EXCESS: _excess,
    Act.PERSON: _person,
    Act.EXPIRE: _end("expired", Cause.EXPIRED),
    Act.CANCELLED: _end("cancelled", Cause.CANCELLED),
    Act.ALL_REFUNDED: _all_refunded,
}


# ---------------------------------------------------------------- sending


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


def _resend(run: Run, task: Task) -> Flow:
    attempt = _attempt(run, task)
    channel = channel_of(run, attempt)
    permit = yield Admit(channel.name, True)
    if getattr(permit, "cause", None) is not None:
        run.tried[attempt.option] = permit.cause.value
        run.no_retry.add(task.seq)
        return True
    return (yield from charge(run, channel, task.seq, permit))


def _query(run: Run, task: Task) -> Flow:
    attempt = _attempt(run, task)
    channel = channel_of(run, attempt)
    if not (yield MayAsk(channel.name)):
        run.held_back = True
        return (yield from run.wait(0.25)) if run.order is not None else False
    asked_at = run.now()
    answer = yield Call(channel.name, operation(run, channel, attempt, Kind.QUERY, time_for(run, channel)))
    count(run, task.seq, asked_at)
    if changes(attempt, answer):
        record_answer(run, task.seq, "query", answer, asked_at=asked_at)
    return True


def count(run: Run, key: int, asked_at: float) -> None:
    """Remember in this run that it was asked."""
    run.asked[key] = (run.asked.get(key, (0, 0.0))[0] + 1, asked_at)


def _close(run: Run, task: Task) -> Flow:
    attempt, now = _attempt(run, task), run.now()
    channel = channel_of(run, attempt)
    timeout, request = time_for(run, channel), attempt.requests + 1
    refunds = channel.capabilities.close_refunds
    if not (yield from intend(run, e.Sending(now, task.seq, request, "close", now + timeout, refunds=refunds))):
        return run.down is None
    attempt = _attempt(run, task)
    answer = yield Call(channel.name, operation(run, channel, attempt, Kind.CLOSE, timeout))
    record_answer(run, task.seq, "close", answer, request=request)
    return True


def _capture(run: Run, task: Task) -> Flow:
    attempt, now = _attempt(run, task), run.now()
    channel = channel_of(run, attempt)
    timeout, request = time_for(run, channel), attempt.requests + 1
    if not (yield from intend(run, e.Sending(now, task.seq, request, "capture", now + timeout))):
        return run.down is None
    answer = yield Call(channel.name, operation(run, channel, _attempt(run, task), Kind.CAPTURE, timeout))
    record_answer(run, task.seq, "capture", answer, request=request)
    return True


def _refund(run: Run, task: Task) -> Flow:
    """Send a surplus back, whole: the same refund number again while its fate is open, a new one once it failed."""
    attempt, now = _attempt(run, task), run.now()
    channel = channel_of(run, attempt)
    again = attempt.status.value == "refunding"
    number = attempt.refund if again else f"{attempt.number}R{attempt.refunds + 1}"
    amount = run.known.amount
    timeout, request = time_for(run, channel), attempt.requests + 1
    if not (yield from intend(run, e.Sending(now, task.seq, request, "refund", now + timeout, number, amount.minor))):
        return run.down is None
    run.tell("refund.sent", number=attempt.number, refund=number)
    more = {"refund_number": number, "refund_amount": amount, "reason": attempt.excess}
    answer = yield Call(channel.name, operation(run, channel, _attempt(run, task), Kind.REFUND, timeout, **more))
    record_answer(run, task.seq, "refund", answer, request=request, refund=number)
    return True


def _query_refund(run: Run, task: Task) -> Flow:
    attempt = _attempt(run, task)
    channel = channel_of(run, attempt)
    if not (yield MayAsk(channel.name)):
        run.held_back = True
        return False
    asked_at = run.now()
    more = {"refund_number": attempt.refund, "refund_amount": run.known.amount}
    asked = operation(run, channel, attempt, Kind.QUERY_REFUND, time_for(run, channel), **more)
    answer = yield Call(channel.name, asked)
    count(run, task.seq, asked_at)
    if answer.verdict is not Verdict.UNKNOWN:
        record_answer(run, task.seq, "query_refund", answer, asked_at=asked_at, refund=attempt.refund)
    return True


def _merchant_refund(run: Run, task: Task) -> Flow:
    attempt, now = _attempt(run, task), run.now()
    channel, refund = channel_of(run, attempt), run.known.refund_of(task.refund)
    if refund is None:
        return False
    timeout, amount = time_for(run, channel), Money(refund.minor, run.known.amount.currency)
    if not (
        yield from intend(run, e.Sending(now, task.seq, 0, "merchant_refund", now + timeout, task.refund, refund.minor))
    ):
        return run.down is None
    run.tell("refund.sent", number=attempt.number, refund=refund.number)
    more = {"refund_number": refund.number, "refund_amount": amount, "reason": refund.reason}
    answer = yield Call(channel.name, operation(run, channel, attempt, Kind.REFUND, timeout, **more))
    record_answer(run, task.seq, "merchant_refund", answer, refund=task.refund)
    count(run, -run.known.refunds.index(run.known.refund_of(task.refund) or refund) - 1, now)
    return True


def _query_merchant_refund(run: Run, task: Task) -> Flow:
    attempt, refund = _attempt(run, task), run.known.refund_of(task.refund)
    channel = channel_of(run, attempt)
    if refund is None or not (yield MayAsk(channel.name)):
        run.held_back = True
        return False
    asked_at = run.now()
    more = {"refund_number": refund.number, "refund_amount": Money(refund.minor, run.known.amount.currency)}
    asked = operation(run, channel, attempt, Kind.QUERY_REFUND, time_for(run, channel), **more)
    answer = yield Call(channel.name, asked)
    count(run, -run.known.refunds.index(refund) - 1, asked_at)
    if answer.verdict is not Verdict.UNKNOWN:
        record_answer(run, task.seq, "merchant_refund", answer, asked_at=asked_at, refund=task.refund)
    return True


_SEND: dict[Act, Callable[[Run, Task], Flow]] = {
    Act.QUERY: _query,
    Act.RESEND: _resend,
    Act.CLOSE: _close,
    Act.CAPTURE: _capture,
    Act.REFUND: _refund,
    Act.QUERY_REFUND: _query_refund,
    Act.MERCHANT_REFUND: _merchant_refund,
    Act.QUERY_MERCHANT_REFUND: _query_merchant_refund,
}

"""How each act is done: what is written down before, what is sent, what is written down after."""

from __future__ import annotations

from collections.abc import Callable

from payfallback._core import events as e
from payfallback._core.answers import changes
from payfallback._core.bodies import same_body
from payfallback._core.effects import Admit, Call, MayAsk
from payfallback._core.giving_back import REFUNDING
from payfallback._core.operations import Kind
from payfallback._core.order import Record
from payfallback._core.recall import recollect
from payfallback._core.run import Flow, Run, Step
from payfallback._core.sending import (
    attempt_of,
    channel_of,
    charge,
    count,
    intend,
    operation,
    record_answer,
    time_for,
)
from payfallback._core.view import Act, Task
from payfallback.taxonomy import Cause, Verdict


def perform(run: Run, task: Task) -> Step:
    """Do one task, or answer the flow that does. Says whether anything was done; False ends the run."""
    decision = _DECIDE.get(task.act)
    if decision is not None:
        decision(run, task)
        return True
    return _SEND[task.act](run, task)


# ---------------------------------------------------------------- decisions: nothing is sent


def _crashed(run: Run, task: Task) -> None:
    attempt = attempt_of(run, task)
    request = attempt.open[-1] if attempt.open else 0
    silent = Cause.AWAITING_PROVIDER if attempt.adopted else Cause.CRASHED
    cause = attempt.cause or silent.value
    run.tell("attempt.unknown", number=attempt.number, cause=cause)
    run.add(e.Seen(run.now(), task.seq, "charge", Verdict.UNKNOWN.value, request, "crash", 0.0, cause))


def _died(reason: str) -> Callable[[Run, Task], None]:
    def decide(run: Run, task: Task) -> None:
        run.tell("attempt.closed", number=attempt_of(run, task).number, reason=reason)
        run.add(e.Died(run.now(), task.seq, reason))

    return decide


def _hand_over(run: Run, task: Task) -> None:
    run.add(e.HandedOver(run.now(), task.seq))


def _win(run: Run, task: Task) -> None:
    now, attempt = run.now(), attempt_of(run, task)
    if run.heard:
        run.announce("order.paid", option=attempt.option, number=attempt.number)
    run.add(e.Won(now, task.seq), settled(run.known, "paid", now, task.seq))


def settled(record: Record, kind: str, at: float, seq: int = 0, cause: str = "") -> e.Settled:
    """The outcome event. Its id is the same whoever writes it."""
    prefix = f"{record.merchant}:" if record.merchant or ":" in record.order_id else ""
    return e.Settled(at, f"{prefix}{record.order_id}:{kind}", kind, seq, cause)


def _excess(run: Run, task: Task) -> None:
    record, attempt = run.known, attempt_of(run, task)
    why = "cancelled" if record.cancelled or attempt.poisoned else "late" if record.winner else "expired"
    run.announce("surplus.found", number=attempt.number, why=why)
    run.add(e.Excess(run.now(), task.seq, why))


def _person(run: Run, task: Task) -> None:
    attempt = attempt_of(run, task)
    mismatch = attempt.status.value == "manual"
    cause = Cause.AMOUNT_MISMATCH.value if mismatch else attempt.cause or Cause.UNRECOGNISED.value
    if attempt.status.value in ("surplus", "refunding", "refunded"):
        cause = Cause.REFUND_STUCK.value
    if run.known.winner == task.seq:  # either it is called unpaid now, or one of the shop's refunds got stuck
        cause = Cause.CONTRADICTION.value if attempt.status.value == "dead" else Cause.REFUND_STUCK.value
    run.announce("order.needs_person", number=attempt.number, cause=cause)
    run.add(settled(run.known, "needs_person", run.now(), task.seq, cause))


def _end(kind: str, cause: Cause) -> Callable[[Run, Task], None]:
    def decide(run: Run, task: Task) -> None:
        run.announce(f"order.{kind}")
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


def _resend(run: Run, task: Task) -> Flow:
    attempt = attempt_of(run, task)
    channel = channel_of(run, attempt)
    if not same_body(run, channel, attempt):  # another payment code, another title: it is asked about, never resent
        run.tell("attempt.resend_refused", number=attempt.number, option=attempt.option)
        run.no_retry += (task.seq,)
        return True
    permit = yield Admit(channel.name, True)
    if getattr(permit, "cause", None) is not None:
        run.tried[attempt.option] = permit.cause.value
        run.no_retry += (task.seq,)
        return True
    yield from charge(run, channel, task.seq, permit)
    return run.down is None  # somebody else was faster: what is true now decides


def _query(run: Run, task: Task) -> Flow:
    attempt = attempt_of(run, task)
    channel = channel_of(run, attempt)
    if not (yield MayAsk(channel.name)):
        run.held_back = channel.name
        if run.live:
            return (yield from run.wait(0.25)) if run.order is not None else False
        run.held |= {(task.seq, "")}
        return True
    if not run.held:
        run.held_back = ""
    asked_at = run.now()
    answer = yield Call(channel.name, operation(run, channel, attempt, Kind.QUERY, time_for(run, channel)))
    count(run, task.seq, asked_at)
    heard = answer.verdict not in (Verdict.UNKNOWN, Verdict.NOT_SENT)
    run.unheard = run.unheard - {task.seq} if heard else run.unheard | {task.seq}
    yield from recollect(run, answer)
    late = answer.verdict is Verdict.PENDING and asked_at >= run.known.pay_by and not attempt.overdue
    if late or changes(attempt, answer, channel.capabilities.not_found_after):
        record_answer(run, task.seq, "query", answer, asked_at=asked_at)
    return True


def _close(run: Run, task: Task) -> Flow:
    attempt, now = attempt_of(run, task), run.now()
    channel = channel_of(run, attempt)
    timeout, request = time_for(run, channel), attempt.requests + 1
    refunds = channel.capabilities.close_refunds
    if not (yield from intend(run, e.Sending(now, task.seq, request, "close", now + timeout, refunds=refunds))):
        return run.down is None
    run.sent = True
    attempt = attempt_of(run, task)
    answer = yield Call(channel.name, operation(run, channel, attempt, Kind.CLOSE, timeout))
    record_answer(run, task.seq, "close", answer, request=request)
    return True


def _capture(run: Run, task: Task) -> Flow:
    attempt, now = attempt_of(run, task), run.now()
    channel = channel_of(run, attempt)
    timeout, request = time_for(run, channel), attempt.requests + 1
    if not (yield from intend(run, e.Sending(now, task.seq, request, "capture", now + timeout))):
        return run.down is None
    run.sent = True
    answer = yield Call(channel.name, operation(run, channel, attempt_of(run, task), Kind.CAPTURE, timeout))
    record_answer(run, task.seq, "capture", answer, request=request)
    return True


_SEND: dict[Act, Callable[[Run, Task], Flow]] = {
    Act.QUERY: _query,
    Act.RESEND: _resend,
    Act.CLOSE: _close,
    Act.CAPTURE: _capture,
    **REFUNDING,
}

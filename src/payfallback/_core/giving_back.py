"""Giving money back: a surplus by itself, and what the merchant asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from payfallback._core import events as e
from payfallback._core.effects import Call, MayAsk
from payfallback._core.operations import Kind
from payfallback._core.run import Flow, Run
from payfallback._core.sending import attempt_of, channel_of, count, intend, operation, record_answer, time_for
from payfallback._core.view import Act, Task
from payfallback.model import Money
from payfallback.taxonomy import Verdict


def _refund(run: Run, task: Task) -> Flow:
    """Send a surplus back, whole: the same refund number again while its fate is open, a new one once it failed."""
    attempt, now = attempt_of(run, task), run.now()
    channel = channel_of(run, attempt)
    again = attempt.status.value == "refunding"
    number = attempt.refund if again else f"{attempt.number}R{attempt.refunds + 1}"
    amount = run.known.amount
    timeout, request = time_for(run, channel), attempt.requests + 1
    if not (yield from intend(run, e.Sending(now, task.seq, request, "refund", now + timeout, number, amount.minor))):
        return run.down is None
    run.sent = True
    run.tell("refund.sent", number=attempt.number, refund=number)
    attempt = attempt_of(run, task)
    more: dict[str, Any] = {"refund_number": number, "refund_amount": amount, "reason": attempt.excess}
    more["refund_sent_at"] = attempt.refund_since
    answer = yield Call(channel.name, operation(run, channel, attempt, Kind.REFUND, timeout, **more))
    record_answer(run, task.seq, "refund", answer, request=request, refund=number)
    return True


def _query_refund(run: Run, task: Task) -> Flow:
    attempt = attempt_of(run, task)
    channel = channel_of(run, attempt)
    if not (yield MayAsk(channel.name)):
        run.held_back = channel.name
        run.held |= {(task.seq, task.refund)}
        return not run.live
    asked_at = run.now()
    more: dict[str, Any] = {"refund_number": attempt.refund, "refund_amount": run.known.amount}
    more["refund_sent_at"] = attempt.refund_since
    asked = operation(run, channel, attempt, Kind.QUERY_REFUND, time_for(run, channel), **more)
    answer = yield Call(channel.name, asked)
    count(run, task.seq, asked_at)
    if answer.verdict is not Verdict.UNKNOWN:
        record_answer(run, task.seq, "query_refund", answer, asked_at=asked_at, refund=attempt.refund)
    return True


def _merchant_refund(run: Run, task: Task) -> Flow:
    attempt, now = attempt_of(run, task), run.now()
    channel, refund = channel_of(run, attempt), run.known.refund_of(task.refund)
    if refund is None:
        return False
    timeout, amount = time_for(run, channel), Money(refund.minor, run.known.amount.currency)
    if not (
        yield from intend(run, e.Sending(now, task.seq, 0, "merchant_refund", now + timeout, task.refund, refund.minor))
    ):
        return run.down is None
    run.sent = True
    run.tell("refund.sent", number=attempt.number, refund=refund.number)
    more: dict[str, Any] = {"refund_number": refund.number, "refund_amount": amount, "reason": refund.reason}
    more["refund_sent_at"] = refund.since or now
    answer = yield Call(channel.name, operation(run, channel, attempt, Kind.REFUND, timeout, **more))
    record_answer(run, task.seq, "merchant_refund", answer, refund=task.refund)
    count(run, -run.known.refunds.index(run.known.refund_of(task.refund) or refund) - 1, now)
    return True


def _query_merchant_refund(run: Run, task: Task) -> Flow:
    attempt, refund = attempt_of(run, task), run.known.refund_of(task.refund)
    channel = channel_of(run, attempt)
    if refund is None or not (yield MayAsk(channel.name)):
        run.held_back = channel.name
        run.held |= {(task.seq, task.refund)}
        return not run.live
    asked_at = run.now()
    more: dict[str, Any] = {
        "refund_number": refund.number,
        "refund_amount": Money(refund.minor, run.known.amount.currency),
        "refund_sent_at": refund.since,
    }
    asked = operation(run, channel, attempt, Kind.QUERY_REFUND, time_for(run, channel), **more)
    answer = yield Call(channel.name, asked)
    count(run, -run.known.refunds.index(refund) - 1, asked_at)
    if answer.verdict is not Verdict.UNKNOWN:
        record_answer(run, task.seq, "merchant_refund", answer, asked_at=asked_at, refund=task.refund)
    return True


REFUNDING: dict[Act, Callable[[Run, Task], Flow]] = {
    Act.REFUND: _refund,
    Act.QUERY_REFUND: _query_refund,
    Act.MERCHANT_REFUND: _merchant_refund,
    Act.QUERY_MERCHANT_REFUND: _query_merchant_refund,
}

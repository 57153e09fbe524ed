"""Evidence that comes by itself: notifications, reports of the shop, and payments that other code has open."""

from __future__ import annotations

from payfallback._core import events as e
from payfallback._core.acts import perform
from payfallback._core.decide import tasks
from payfallback._core.flow import view_of
from payfallback._core.operations import Answer, Kind
from payfallback._core.order import Attempt, Record
from payfallback._core.recall import recollect
from payfallback._core.run import Flow, Run, opening, unavailable
from payfallback._core.sending import record_answer
from payfallback._core.state import Status
from payfallback._core.view import DECISIONS
from payfallback.errors import OrderConflict
from payfallback.model import Option, Order
from payfallback.policy import Channel
from payfallback.taxonomy import Verdict

_HELD = frozenset({Status.CAPTURED, Status.SURPLUS, Status.REFUNDING, Status.REFUNDED})


def learn(
    run: Run,
    number: str,
    account: str,
    answer: Answer,
    *,
    source: str,
    kind: Kind = Kind.CHARGE,
    refund: str = "",
    sole: bool = True,
) -> Flow:
    """Take in evidence about the attempt with this number or provider reference, and decide what it allows.

    Returns the record, or None when this order has no such attempt. Durable when it returns; raises
    `JournalUnavailable` when it cannot be.
    """
    for _ in range(5):
        yield from run.load()
        if run.down is not None:
            raise unavailable(run)
        attempt = _find(run.record, number, account, sole)
        if attempt is None:
            return None
        if kind is Kind.CHARGE and answer.verdict is Verdict.CAPTURED and attempt.status in _HELD:
            return run.record  # told again
        what, refund_id = _what(run.known, kind, refund)
        if kind is Kind.CHARGE:
            yield from recollect(run, answer)
        record_answer(run, attempt.seq, what, answer, source=source, refund=refund_id)
        if (yield from _write(run)):
            return run.record
    raise unavailable(run)


def _write(run: Run) -> Flow:
    """Decide in the same commit where nobody else is deciding; otherwise leave the evidence to whoever does."""
    if not run.locked_until:
        for _ in range(10):
            view = view_of(run)
            task = next((t for t in tasks(run.known, view) if t.act in DECISIONS and t.at <= view.now), None)
            if task is None:
                break
            perform(run, task)  # a decision: nothing is sent
        if (yield from run.flush()):
            return True
        if run.down is not None:
            raise unavailable(run)
        return run.saved  # the run that was faster decides
    yield from run.reload()
    if run.down is not None:
        raise unavailable(run)
    return run.saved


def _find(record: Record | None, number: str, account: str, sole: bool) -> Attempt | None:
    """By number; by the provider's reference only where no other order has the same one."""
    if record is None:
        return None
    for attempt in record.attempts:
        known = (attempt.number, attempt.provider_ref or None) if sole else (attempt.number,)
        if attempt.account == account and number in known:
            return attempt
    return None


def _what(record: Record, kind: Kind, refund: str) -> tuple[str, str]:
    if kind is not Kind.REFUND:
        return "notice", ""
    for each in record.refunds:
        if refund == each.number:
            return "merchant_refund", each.refund
    return "query_refund", refund


def adopt(run: Run, order: Order, option: Option, channel: Channel, number: str, sent_at: float) -> Flow:
    """Begin to look after a charge that other code sent. Raises `OrderConflict` when something is open already, or this
    very payment was taken over before."""
    run.order, run.choice = order, option.id
    opening(run, order)
    for _ in range(5):
        record = run.known
        account = channel.account.id
        known = any((each.account, each.number) == (account, number) for each in record.attempts)
        if record.current is not None or record.finished or known:
            raise OrderConflict(
                f"order {order.id!r} already has an attempt or is settled", hint="adopt a payment once, before `pay`"
            )
        seq = len(record.attempts) + 1
        starts = channel.capabilities.starts
        run.add(
            e.Planned(run.now(), seq, number, option.id, account, starts, None, {}, adopted=True),
            e.Sending(sent_at, seq, 1, "charge", sent_at),
        )
        if (yield from run.flush()):
            return run.record
        if run.down is not None:
            raise unavailable(run)
    raise unavailable(run)

"""The next day's bill, line by line, against the journal: what it proves is evidence, what it does not is for a person.

A line is looked at as often as the bill is read; it is written down once.
"""

from __future__ import annotations

from payfallback._core import events as e
from payfallback._core.effects import Load
from payfallback._core.learn import learn
from payfallback._core.operations import Answer, Kind
from payfallback._core.order import Attempt, Record
from payfallback._core.run import Flow, Run, unavailable
from payfallback._core.state import Status
from payfallback.bills import BillLine, Finding, Met
from payfallback.model import Money
from payfallback.taxonomy import Verdict


def hold_against(run: Run, line: BillLine, account: str) -> Flow:
    """Hold one line against the order of this run's key; None when it is not this order's number and account.

    Raises `JournalUnavailable`.
    """
    stored = yield Load(run.key)
    if isinstance(stored, BaseException):
        run.down = stored
        raise unavailable(run)
    run.take(stored)
    attempt = _attempt_of(run.record, line, account)
    if attempt is None:
        return None
    met = _known(run.known, attempt, line)
    if met is None:
        heard = _told_before(stored.events, attempt.seq, line)
        met = yield from _learned(run, attempt, line, account, heard=heard)
    attempt = run.known.attempts[attempt.seq - 1]
    return Finding(
        met=met,
        number=attempt.number,  # the line may name it by the provider's own id alone
        amount=line.amount,
        row=line.row,
        order_id=run.known.order_id,
        refund=line.refund,
        state=attempt.status.value,
    )


def _attempt_of(record: Record | None, line: BillLine, account: str) -> Attempt | None:
    if record is None:
        return None
    mine = (attempt for attempt in record.attempts if attempt.account == account)
    if line.number:
        return next((attempt for attempt in mine if attempt.number == line.number), None)
    return next((attempt for attempt in mine if line.provider_ref and attempt.provider_ref == line.provider_ref), None)


_HELD = frozenset({Status.CAPTURED, Status.SURPLUS, Status.REFUNDING, Status.REFUNDED})


def _known(record: Record, attempt: Attempt, line: BillLine) -> Met | None:
    """What can be said without learning anything; None: the line is news."""
    if line.what == "paid":
        if attempt.status is Status.MANUAL:
            return "amount_differs"
        if attempt.status not in _HELD:
            return None
        return "matched" if line.amount == record.amount else "amount_differs"
    asked = next((each for each in record.refunds if each.number == line.refund), None)
    if asked is not None:
        if line.amount != Money(asked.minor, record.amount.currency):
            return "amount_differs"
        return "matched" if asked.state == "done" or not line.done else None
    if attempt.status is Status.REFUNDED:
        return "matched" if line.amount == record.amount else "amount_differs"
    ours = bool(attempt.refund) and attempt.refund == line.refund
    return "matched" if ours and not line.done else None


def _learned(run: Run, attempt: Attempt, line: BillLine, account: str, *, heard: bool) -> Flow:
    """Take the line in as evidence, once, and say where it led."""
    if not heard:
        yield from learn(
            run,
            attempt.number,
            account,
            _answer(line, account),
            source="bill",
            kind=Kind.CHARGE if line.what == "paid" else Kind.REFUND,
            refund=line.refund,
        )
    record = run.known
    after = record.attempts[attempt.seq - 1]
    if line.what == "refunded":
        asked = any(each.number == line.refund for each in record.refunds)
        ours = asked or attempt.poisoned or (attempt.refund and attempt.refund == line.refund)
        return "refund_learned" if ours else "refund_unknown"
    if line.amount != record.amount:
        return "amount_differs"
    if after.status in _HELD or (after.status is Status.DISPUTED and not heard):
        return "learned"
    return "contradicted"


def _verdict(line: BillLine) -> Verdict:
    if line.what == "paid":
        return Verdict.CAPTURED
    return Verdict.REFUNDED if line.done else Verdict.ACCEPTED


def _answer(line: BillLine, account: str) -> Answer:
    return Answer(
        verdict=_verdict(line),
        amount=line.amount,
        number=line.number,
        account=account,
        provider_ref=line.provider_ref,
        paid_at=line.at if line.what == "paid" else None,
        named=True,
        code="bill",
    )


def _told_before(events: tuple[e.Event, ...], seq: int, line: BillLine) -> bool:
    """Whether a bill's line like this one stands in the journal already. A refund that is done now is news where it was
    on its way before."""
    verdict = _verdict(line).value
    bills = (event for event in events if type(event) is e.Seen and event.source == "bill" and event.seq == seq)
    return any(event.verdict == verdict and event.refund == line.refund for event in bills)

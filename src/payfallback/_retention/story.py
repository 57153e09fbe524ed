"""Whether an order's events can have happened in this order: the transition table, and the rules beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from payfallback._core import events as e
from payfallback._core.fold import evolve
from payfallback._core.order import Attempt, Record
from payfallback._core.remnants import Archived, Ended, Returned
from payfallback._core.state import ImpossibleStep, Status
from payfallback._retention.going import DAMAGES
from payfallback._values import value


@value
class Story:
    """What the events tell: the record, as far as they can be believed, and what is wrong from where on."""

    record: Record | None
    wrong: str = ""


def told_by(events: Sequence[e.Event]) -> Story:
    """Fold the events one by one, and stop at the first that cannot have happened there."""
    record: Record | None = None
    kept = True  # only what remains of an archived order was read so far
    for place, event in enumerate(events, 1):
        kept = kept and type(event) in _REMAINS
        wrong = _wrong(record, event, kept) if record is not None else ""
        if not wrong:
            try:
                record = evolve(record, (event,))
            except ImpossibleStep as problem:
                wrong = str(problem)
            except DAMAGES:
                wrong = "it cannot stand here"
        if wrong:
            return Story(record, f"event {place} ({event.name}): {wrong}")
    return Story(record, "" if record is not None else "there are no events")


_REMAINS = frozenset({Archived, Ended, Returned})


def _wrong(record: Record, event: e.Event, kept: bool) -> str:
    if type(event) in _REMAINS and (not kept or type(event) is Archived):
        return "it belongs to the beginning"
    rule = _RULES.get(type(event))
    return rule(record, event) if rule is not None else ""


def _attempt(record: Record, seq: int) -> Attempt | None:
    return record.attempts[seq - 1] if 0 < seq <= len(record.attempts) else None


def _begun(record: Record, event: Any) -> str:
    known = len(record.attempts)
    return f"attempt {event.seq} after {known}" if event.seq != known + 1 else ""


def _planned(record: Record, event: e.Planned) -> str:
    current = record.current
    if current is not None:
        return f"attempt {event.seq} begins while attempt {current.seq} is {current.status.value}"
    if record.winner:
        return f"attempt {event.seq} begins though attempt {record.winner} pays the order"
    return _begun(record, event)


def _sending(record: Record, event: e.Sending) -> str:
    if event.what == "merchant_refund":
        return "" if record.refund_of(event.refund) is not None else f"nobody asked for refund {event.refund}"
    attempt = _attempt(record, event.seq)
    if attempt is None:
        return f"there is no attempt {event.seq}"
    return "" if event.request > attempt.requests else f"request {event.request} after {attempt.requests}"


def _seen(record: Record, event: e.Seen) -> str:
    """Evidence of an attempt that never was is kept and proves nothing; an answer has a request that was written down
    before it was sent."""
    attempt = _attempt(record, event.seq)
    if attempt is None or event.request <= attempt.requests:
        return ""
    return f"it answers request {event.request} of attempt {event.seq}, of which {attempt.requests} were sent"


def _known(record: Record, event: Any) -> str:
    return "" if _attempt(record, event.seq) is not None else f"there is no attempt {event.seq}"


def _won(record: Record, event: e.Won) -> str:
    attempt = _attempt(record, event.seq)
    if record.winner:
        return f"attempt {record.winner} has won already"
    if attempt is None or attempt.status is not Status.CAPTURED:
        return f"attempt {event.seq} is not captured"
    return ""


def _settled(record: Record, event: e.Settled) -> str:
    if event.kind in record.outcomes:
        return f"{event.kind!r} was told already"
    return f"there is no attempt {event.seq}" if event.seq and _attempt(record, event.seq) is None else ""


_RULES: dict[type, Callable[[Record, Any], str]] = {
    e.Planned: _planned,
    Ended: _begun,
    e.Sending: _sending,
    e.Seen: _seen,
    e.HandedOver: _known,
    e.Died: _known,
    e.Excess: _known,
    e.Won: _won,
    e.Settled: _settled,
}

"""Checks of one order's journal when all is over, which no other checker makes. Each yields a promise and the facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from payfallback._core.events import Asked, Event, Opened, Planned, Seen, Sending, Won
from payfallback._core.fold import evolve, fold
from payfallback._core.state import ImpossibleStep, Status

_SAME_MOMENT = 1e-6
Wrong = tuple[str, str]


def after_its_time(events: Sequence[Event]) -> Iterator[Wrong]:
    """I16: no charge is written down after `pay_by`."""
    opened = next((each for each in events if type(each) is Opened), None)
    adopted = {each.seq for each in events if type(each) is Planned and each.adopted}
    for each in events:
        if opened is None or type(each) is not Sending or each.what != "charge" or each.seq in adopted:
            continue
        if each.at > opened.pay_by + _SAME_MOMENT:
            yield "I16", f"attempt {each.seq} was charged {each.at - opened.pay_by:.1f} s after pay_by"


def given_up(events: Sequence[Event]) -> Iterator[Wrong]:
    """I9: what the shop had given up before anybody knew it paid is not paid afterwards: the money goes back."""
    gone = next((n for n, each in enumerate(events) if type(each) is Asked and each.what == "cancel"), None)
    if gone is None or any(type(each) is Seen and each.verdict == "captured" for each in events[:gone]):
        return
    if any(type(each) is Won for each in events[gone:]):
        yield "I9", "the order was given up, and an attempt won it afterwards"


def told_again(events: Sequence[Event]) -> Iterator[Wrong]:
    """I10: a notification that comes once more moves nothing, unless it contradicts what was learned since: that is
    asked about again. What is under test here is the library's own reading of its journal."""
    try:
        record = fold(events)
    except ImpossibleStep as step:
        yield "code", f"the journal cannot be true: {step}"
        return
    for each in events:
        if type(each) is not Seen or each.source != "notify" or each.what == "merchant_refund":
            continue
        before = record.attempts[each.seq - 1].status
        after = evolve(record, (each,)).attempts[each.seq - 1].status
        if after is not before and after is not Status.DISPUTED:
            yield "I10", f"attempt {each.seq} is {before.value}; told once more ({each.verdict}), {after.value}"

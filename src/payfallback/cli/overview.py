"""What `status`, `open` and `check --journal` read: which orders are unfinished, and what the last minutes hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from payfallback._core.fold import fold
from payfallback._core.order import Attempt, Record, key_of
from payfallback._core.state import Status
from payfallback._values import field, value
from payfallback.cli.figures import WINDOW, Figures, figures_of
from payfallback.cli.journals import MOST, Asked
from payfallback.errors import ProgrammingError
from payfallback.ports import Stored, Summary

OPEN_STATES = ("uncertain", "waiting")  # something is live; what is "open" can be paid, and nothing was charged
MOST_RECENT = 5_000  # orders of the last minutes whose events are read; more are counted as a sample
OLDEST_FIRST = 100_000  # orders read in full where a journal cannot list its newest first

_HOLDS = frozenset({Status.CAPTURED, Status.SURPLUS, Status.REFUNDING})
_OVER = frozenset({Status.CAPTURED, Status.REFUNDED, Status.DEAD})


@value(kw_only=True)
class Money:
    """Orders whose money is uncertain. `paid_twice`: orders of which two captures are held; `stuck`: those among them
    whose second one is not on its way back. `next_look`: epoch seconds."""

    uncertain: int = 0
    sums: Mapping[str, int] = field(factory=dict)
    oldest: float | None = None
    next_look: float | None = None
    needs_person: int = 0
    paid_twice: int = 0
    stuck: int = 0


@value(kw_only=True)
class Overview:
    """How things stand at `at` (epoch seconds). `sampled`: the window held more orders than were read; `unread`: the
    journal has too many orders to find the window's, so that figures of channels are missing."""

    at: float
    channels: tuple[Figures, ...]
    money: Money
    undelivered: int
    undelivered_since: float | None
    due: int
    overdue: float | None
    cut: bool = False
    sampled: bool = False
    unread: bool = False


def overview_of(journal: Asked, providers: Mapping[str, str], now: float) -> Overview:
    """Read all of it."""
    looked = journal.orders(sort="due")
    recent = _recent(journal, now)
    told = journal.undelivered()
    waiting = Counter(_channel(each) for each in looked if each.state in OPEN_STATES)
    logs = (stored.events for stored in _load(journal, (recent or ())[:MOST_RECENT]))
    first, last = (next(_load(journal, edge), None) for edge in (looked[:1], looked[-1:]))
    return Overview(
        at=now,
        channels=figures_of(logs, now=now, providers=providers, waiting=waiting, stops=journal.switches()),
        money=_money(journal, looked),
        undelivered=len(told),
        undelivered_since=told[0].at if told else None,
        due=journal.due(),
        overdue=first.due if first is not None and first.due is not None and first.due < now else None,
        cut=len(looked) >= MOST and last is not None and last.due is not None,
        sampled=len(recent or ()) > MOST_RECENT,
        unread=recent is None,
    )


def _channel(summary: Summary) -> str:
    return summary.option.partition("/")[0]


def _recent(journal: Asked, now: float) -> tuple[Summary, ...] | None:
    """The orders of the window, newest first; None when there are too many older ones to find them."""
    try:
        found = journal.orders(sort="newest", limit=MOST_RECENT + 1)
    except ProgrammingError:  # this journal lists its oldest first only
        found = journal.orders(sort="since", limit=OLDEST_FIRST)[::-1]
        if len(found) == OLDEST_FIRST:
            return None
    return tuple(each for each in found if max(each.since, each.opened_at) >= now - WINDOW)


def _load(journal: Asked, summaries: tuple[Summary, ...]) -> Iterator[Stored]:
    for each in summaries:
        stored = journal.load(key_of(each.merchant, each.order_id))
        if stored is not None:
            yield stored


def unsettled(summary: Summary) -> bool:
    """Whether money is uncertain, or a person has to look and nothing has settled it since."""
    return summary.uncertain or (summary.needs_person and summary.state in OPEN_STATES)


def _money(journal: Asked, looked: tuple[Summary, ...]) -> Money:
    uncertain = [each for each in looked if each.uncertain]
    amounts: Counter[str] = Counter()
    for each in uncertain:
        amounts[each.currency] += each.amount
    going_back = tuple(each for each in uncertain if each.state not in OPEN_STATES)
    held = [record for record in map(_fold, _load(journal, going_back)) if _held(record) > 1]
    first = next(_load(journal, tuple(uncertain[:1])), None)
    return Money(
        uncertain=len(uncertain),
        sums=dict(amounts),
        oldest=min((each.since for each in uncertain), default=None),
        next_look=first.due if first is not None else None,
        needs_person=sum(each.needs_person and unsettled(each) for each in looked),
        paid_twice=len(held),
        stuck=sum("needs_person" in record.outcomes for record in held),
    )


def _fold(stored: Stored) -> Record:
    return fold(stored.events)


def _held(record: Record) -> int:
    return sum(attempt.status in _HOLDS for attempt in record.attempts)


def open_orders(journal: Asked, *, uncertain: bool, sort: str) -> tuple[Summary, ...]:
    """Orders that are not settled, and settled ones of which money is still on its way back."""
    listed = journal.orders(*OPEN_STATES, sort=sort)
    known = {(each.merchant, each.order_id) for each in listed}
    returning = [
        each for each in journal.orders(sort="due") if each.uncertain and (each.merchant, each.order_id) not in known
    ]
    found = [each for each in listed if not uncertain or unsettled(each)]
    if not returning:
        return tuple(found)
    key: Any = {"amount": lambda each: -each.amount, "since": lambda each: each.since}.get(sort)
    return tuple([*found, *returning] if key is None else sorted([*found, *returning], key=key))


def open_attempts(journal: Asked) -> Iterator[tuple[Record, Attempt]]:
    """Every attempt that somebody may still have to ask its provider about."""
    for stored in _load(journal, journal.orders(sort="due")):
        if stored.due is None:
            return
        record = fold(stored.events)
        sent = (attempt for attempt in record.attempts if attempt.ever_sent)
        yield from ((record, attempt) for attempt in sent if attempt.status not in _OVER)

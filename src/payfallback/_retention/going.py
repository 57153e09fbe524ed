"""Which stories may leave a journal, and letting them go: purged, or archived first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from payfallback._core.events import Event, Seen, Settled
from payfallback._core.fold import fold
from payfallback._core.order import Record
from payfallback._core.remains import must_stay, remains
from payfallback._core.state import ImpossibleStep, Status
from payfallback._retention.books import Books
from payfallback._values import field, value
from payfallback.journal._rules import check_age, unheard
from payfallback.storage import Held, Retired

DAMAGES = (ImpossibleStep, LookupError, ValueError, TypeError, AttributeError)
"""What the fold raises for events that no run of this library wrote in this order."""

Writes = Callable[[Sequence[Held], Mapping[str, float | None]], None]


@value(kw_only=True)
class Gone:
    """What became of the settled orders that are old enough. `gone`: their stories were taken out (or would be);
    `kept`: how many stay, and why; `events`: events that went."""

    gone: int
    events: int
    kept: Mapping[str, int] = field(factory=dict)


def let_go(books: Books, before: float, now: float, *, write: Writes | None = None, dry: bool = False) -> Gone:
    """Take the stories out of the journal of all orders in which nothing happened since `before`, a batch at a time.

    `write` is given the orders of a batch, and what they told, and makes them durable elsewhere before they go. `dry`
    changes nothing. What came to an order in between stays. Raises `JournalUnavailable`, and `ProgrammingError` for
    orders that are too young; the batches before it are gone then.
    """
    check_age(before, now)
    gone = events = 0
    kept: Counter[str] = Counter()
    for page in books.pages(settled_before=before):
        told = books.told([each for held in page for each in outcomes_of(held)])
        chosen: dict[str, tuple[Held, Retired]] = {}
        for held in page:
            why = reason_to_stay(held, told, before)
            if why:
                kept[why] += 1
            else:
                chosen[held.key] = held, retired_of(held, now)
        if write is not None and chosen:
            write([held for held, _ in chosen.values()], told)
        done = tuple(chosen) if dry else books.retire([retired for _, retired in chosen.values()], before)
        kept["something came to it meanwhile"] += len(chosen) - len(done)
        gone += len(done)
        events += sum(chosen[key][0].version for key in done)
    return Gone(gone=gone, events=events, kept={why: count for why, count in sorted(kept.items()) if count})


def reason_to_stay(held: Held, told: Mapping[str, float | None], before: float) -> str:
    """Why an order that is settled and not due keeps its story; empty when it may go."""
    if held.stored is None:
        return "it cannot be read"
    if held.stored.lease_left > 0:
        return "somebody is at work on it"
    heard = [told[each] for each in outcomes_of(held) if each in told]
    if None in heard:
        return "the shop has not heard its outcome"
    if last_at(held.stored.events) >= before or any(unheard(at, before) for at in heard):
        return "something happened since"
    try:
        record = fold(held.stored.events)
        why = must_stay(record) or _against_a_bill(record, held.stored.events)
    except DAMAGES:
        return "it is damaged"
    return "it is not finished" if why.startswith(("attempt ", "refund ")) else why


def _against_a_bill(record: Record, events: Sequence[Event]) -> str:
    """A bill says that a dead attempt was paid, and the provider denies it: the same line, read again, is only known to
    be an old one by the story."""
    billed = {event.seq for event in events if type(event) is Seen and event.source == "bill"}
    dead = (attempt.seq for attempt in record.attempts if attempt.status is Status.DEAD)
    return "a bill and the provider contradict each other" if billed.intersection(dead) else ""


def retired_of(held: Held, now: float) -> Retired:
    """What is to stand in the place of its events."""
    events = held.stored.events if held.stored is not None else ()
    return Retired(
        key=held.key,
        version=held.version,
        events=remains(fold(events), now, held.version),
        outcomes=tuple(outcomes_of(held)),
    )


def outcomes_of(held: Held) -> list[str]:
    """The ids of the outcomes that its events speak of."""
    events = held.stored.events if held.stored is not None else ()
    return [event.outcome_id for event in events if type(event) is Settled]


def last_at(events: Sequence[Event]) -> float:
    """When something last happened, epoch seconds."""
    return max((event.at for event in events), default=0.0)

"""Whether a journal is whole: each order's events, its columns, what leads to it, what it told, and who looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from payfallback._core import events as e
from payfallback._core.order import Record
from payfallback._core.remains import unfinished
from payfallback._core.remnants import Archived, Ended
from payfallback._retention.books import Books
from payfallback._retention.going import outcomes_of
from payfallback._retention.story import told_by
from payfallback._runtime.commits import summary_of
from payfallback._values import fields_of, value
from payfallback.storage import Held, Stray, StrayKind, Summary

LONGEST_LEASE = 86400.0  # seconds; a worker renews its lease, so no longer one is anybody's wish


@value(kw_only=True)
class Finding:
    """Something that is not as it should be. `kind`: one word. `order`: the order's id, or its key where that cannot be
    read, or a number; `text`: what is wrong; `todo`: what to do about it. `damage` False: nothing is broken, but a
    person is wanted. `key`: of an order that is to be woken."""

    kind: str
    order: str
    text: str
    todo: str
    damage: bool = True
    key: str = ""


def verify(books: Books, *, each: Callable[[int], None] = lambda count: None) -> Iterator[Finding]:
    """Everything that is wrong, or wants a person, order by order. `each` hears how many orders were looked at since.

    Raises `JournalUnavailable`. Orders that are being paid meanwhile are looked at as they stand in one moment.
    """
    for text in books.flaws():
        yield Finding(kind="file", order="", text=f"the database says: {text}", todo=_RESTORE)
    for page in books.pages():
        yield from _of_page(books, page)
        each(len(page))
    for stray in books.strays():
        yield _of_stray(stray)


_RESTORE = "stop, keep a copy, and restore the newest good backup; then compare with the providers' bills (reconcile)"
_TRACE = "compare it with a backup and with the provider's own record; `payfallback trace` tells what it says"
_INDEX = "a notification under it would find nobody: compare with a backup, and put the row back"


def _of_page(books: Books, page: Sequence[Held]) -> Iterator[Finding]:
    ids = [each for held in page for each in outcomes_of(held)]
    pairs = [pair for held in page for pair in pairs_of(held)]
    told = books.told(ids)
    leads = dict(zip(pairs, books.leads(pairs), strict=True))
    for held in page:
        yield from of_order(held, told, leads)


def of_order(held: Held, told: Mapping[str, float | None], leads: Mapping[tuple[str, str], str]) -> Iterator[Finding]:
    """What is wrong with one order."""
    stored, name = held.stored, name_of(held)
    if stored is None:
        yield Finding(
            kind="unreadable", order=name, text=held.problem, todo="read it with a newer version; else restore it"
        )
        return
    counted = _before(stored.events) + len(stored.events)
    if counted != held.version:
        text = f"its version is {held.version}, but there are {counted} events"
        yield Finding(kind="gap", order=name, text=text, todo=_TRACE)
    story = told_by(stored.events)
    if story.wrong:
        yield Finding(kind="impossible", order=name, text=story.wrong, todo=_TRACE)
    elif story.record is not None:
        yield from _of_record(held, name, story.record)
    yield from _of_index(held, name, leads)
    for each in outcomes_of(held):
        if each not in told:
            text = f"outcome {each} is not there: the shop may never have heard it"
            yield Finding(kind="outcome", order=name, text=text, todo="tell the shop by hand")
    if stored.lease_left > LONGEST_LEASE:
        text = f"{stored.owner} holds it for another {stored.lease_left / 3600:.0f} hours"
        todo = "nobody else decides until then: did a clock jump?"
        yield Finding(kind="lease", order=name, text=text, todo=todo, damage=False)


def name_of(held: Held) -> str:
    """What a person looks for."""
    if held.summary is not None:
        return held.summary.order_id
    return held.key.partition("|")[2] or held.key


def _before(events: Sequence[e.Event]) -> int:
    first = events[0] if events else None
    return first.events if type(first) is Archived else 0


# ---------------------------------------------------------------- columns, and whether somebody looks


def _of_record(held: Held, name: str, record: Record) -> Iterator[Finding]:
    differ = differing(held.summary, record, everything=held.due is None)
    if differ:
        yield Finding(
            kind="columns",
            order=name,
            text=f"its columns differ from its events: {', '.join(differ)}",
            todo="listings and finance are wrong about it, payments are not; its next change writes them anew",
        )
    under_way = unfinished(record)
    if under_way and held.due is None:
        text = f"{under_way}, and nobody will look at it"
        yield Finding(kind="forgotten", order=name, text=text, todo="payfallback journal verify --wake", key=held.key)


_FOR_EVER = ("order_id", "merchant", "amount", "currency", "opened_at")
_ALL = tuple(fields_of(Summary))


def differing(summary: Summary | None, record: Record, *, everything: bool) -> tuple[str, ...]:
    """Columns that do not say what the events say. While an order is due, only those that never change: evidence waits
    in the events until somebody decides, and whoever decides writes the columns."""
    if summary is None:
        return ("all are empty",) if everything else ()
    made = summary_of(record)
    names = _ALL if everything else _FOR_EVER
    return tuple(each for each in names if _shown(getattr(summary, each)) != _shown(getattr(made, each)))


def _shown(given: object) -> object:
    return given.replace("\0", "\N{SYMBOL FOR NULL}") if isinstance(given, str) else given  # as PostgreSQL keeps it


# ---------------------------------------------------------------- what leads to it


def pairs_of(held: Held) -> list[tuple[str, str]]:
    """The rows of the index that must lead to the order."""
    if held.stored is None:
        return []
    found = [pair for event in held.stored.events for pair in _pairs(event, held.key)]
    return list(dict.fromkeys(found))


def _pairs(event: e.Event, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(event, e.Opened | Archived):
        yield f"order:{key}", event.order_id
    if isinstance(event, e.Planned | Ended):
        yield event.account, event.number
    if isinstance(event, e.Seen | Ended) and event.provider_ref:
        yield f"ref:{key}", event.provider_ref


def _of_index(held: Held, name: str, leads: Mapping[tuple[str, str], str]) -> Iterator[Finding]:
    for account, number in pairs_of(held):
        found = leads.get((account, number), "")
        if _shown(found) == _shown(held.key):
            continue
        where = f"leads to {found}" if found else "leads nowhere"
        what = "its own id" if account.startswith("order:") else number
        yield Finding(kind="number", order=name, text=f"{what} {where}", todo=_INDEX)


# ---------------------------------------------------------------- rows that lead nowhere

_STRAYS: Mapping[StrayKind, tuple[str, str]] = {
    "number": (
        "number {name} belongs to {key}, which is not there",
        "restore the order from a backup: until then nothing is known about what is paid under it",
    ),
    "outcome": ("outcome {name} belongs to {key}, which is not there", "restore the order from a backup"),
    "notification": (
        "a notification was kept for number {name} of {account}, which no order has",
        "look it up at the provider; then adopt it, or give the money back there",
    ),
}


def _of_stray(stray: Stray) -> Finding:
    text, todo = _STRAYS[stray.kind]
    return Finding(
        kind="stray",
        order=stray.key or stray.name,
        text=text.format(name=stray.name, account=stray.account, key=stray.key),
        todo=todo,
        damage=stray.kind != "notification",
    )

"""Whole stories of orders, written into a journal as the runtime would write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from journal_cases import ACCOUNT, START, ask, submit

from payfallback._core import events as e
from payfallback._core.fold import fold
from payfallback._core.remains import remains
from payfallback._retention.books import Books
from payfallback._runtime.commits import outcome_of, summary_of
from payfallback.model import Money
from payfallback.ports import Commit, Journal
from payfallback.storage import Archive, Held, Page, Retired

DAY = 86400.0
FEN = 599900


def paid(order_id: str) -> tuple[e.Event, ...]:
    """An order that was refused by one channel and paid by the next."""
    return (
        e.Opened(START, order_id, "", Money(FEN, "CNY"), START + 1800, "switch", ref="a keyed hash"),
        e.Asked(START, "pay", "baitiao/12", (), "default"),
        e.Planned(START, 1, f"{order_id}01", "baitiao/12", ACCOUNT, "server", memo={"payfallback.card": "a hash"}),
        e.Sending(START, 1, 1, "charge", START + 3),
        e.Seen(START + 1, 1, "charge", "declined", 1, cause="credit_exhausted", code="17", text="refused", final=True),
        e.Planned(START + 1, 2, f"{order_id}02", "wechat", ACCOUNT, "server", memo={"prepay": "x1"}),
        e.Sending(START + 1, 2, 1, "charge", START + 4),
        e.Seen(START + 2, 2, "charge", "captured", 1, minor=FEN, currency="CNY", provider_ref=f"R-{order_id}"),
        e.Won(START + 2, 2),
        e.Settled(START + 2, f"{order_id}:paid", "paid", 2),
    )


def write(journal: Journal, events: Sequence[e.Event], *, due: float | None = None, deliver: bool = True) -> str:
    """Write an order in one commit, with all that goes with it; its key."""
    record = fold(events)
    key = f"|{record.order_id}"
    numbers = [(each.account, each.number) for each in record.attempts]
    numbers += [(f"ref:{key}", each.provider_ref) for each in record.attempts if each.provider_ref]
    outcomes = tuple(outcome_of(record, each) for each in events if type(each) is e.Settled)
    commit = Commit(
        key=key,
        version=0,
        events=tuple(events),
        due=due,
        summary=summary_of(record),
        outcomes=outcomes,
        numbers=tuple(numbers),
    )
    assert submit(journal, commit).ok
    for each in outcomes if deliver else ():
        ask(journal.delivered, each.id)
    return key


def archive(journal: Journal) -> Archive:
    """The journal's door for upkeep."""
    door: Archive = journal.archive  # type: ignore[attr-defined]  # each of the three has one
    return door


def books(journal: Journal) -> Books:
    """The whole journal, as the commands read it."""
    return Books(journal, ask)


def retired(journal: Journal, key: str, **changes: Any) -> Retired:
    """What is to stand in place of an order's story."""
    stored = ask(journal.load, key)
    left = remains(fold(stored.events), START + 100 * DAY, stored.version)
    told = tuple(each.outcome_id for each in stored.events if type(each) is e.Settled)
    return Retired(**{"key": key, "version": stored.version, "events": left, "outcomes": told, **changes})


def everything(journal: Journal, limit: int = 2, **which: Any) -> list[Held]:
    """All pages."""
    found: list[Held] = []
    after: str | None = ""
    while after is not None:
        page: Page = ask(archive(journal).page, after, limit, **which)
        assert len(page.orders) <= limit
        found += page.orders
        after = page.after
    return found

"""What looks after a journal in memory as a whole: see `payfallback.storage.Archive`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from payfallback.journal._entries import Entry, Leads
from payfallback.journal._rules import check_age, unheard
from payfallback.ports import Done
from payfallback.storage import Held, Page, Retired, Stray, Strays


class MemoryArchive:
    """Works on what the journal holds, while `answer` holds its lock."""

    def __init__(
        self,
        answer: Callable[..., None],
        now: Callable[[], float],
        orders: dict[str, Entry],
        numbers: Mapping[tuple[str, str], str],
        found: Leads,
        told: set[str],
        heard: dict[str, float],
        inbox: Mapping[tuple[str, str], object],
    ) -> None:
        self._answer, self._now = answer, now
        self._orders, self._numbers, self._found = orders, numbers, found
        self._told, self._heard, self._inbox = told, heard, inbox

    def page(self, after: str, limit: int, done: Done, *, settled_before: float | None = None) -> None:
        """`done(Page)`."""
        self._answer(done, lambda: self._page(after, max(1, limit), settled_before))

    def _page(self, after: str, limit: int, before: float | None) -> Page:
        keys = sorted(key for key in self._orders if key > after)[:limit]
        orders = tuple(self._held(key) for key in keys if before is None or _may_go(self._orders[key], before))
        return Page(orders=orders, after=keys[-1] if len(keys) == limit else None)

    def _held(self, key: str) -> Held:
        entry = self._orders[key]
        stored = entry.stored(key, self._now())
        return Held(key=key, version=stored.version, due=entry.due, stored=stored, summary=entry.summary)

    def leads(self, pairs: Sequence[tuple[str, str]], done: Done) -> None:
        """`done(tuple[str, ...])`."""
        self._answer(done, lambda: tuple(self._lead(account, number) for account, number in pairs))

    def _lead(self, account: str, number: str) -> str:
        key = account.removeprefix("order:")
        if key != account:  # an order id stands in the index of everything that can be found
            return key if key in self._found.to(number) else ""
        return self._numbers.get((account, number), "")

    def told(self, ids: Sequence[str], done: Done) -> None:
        """`done(Mapping[str, float | None])`."""
        self._answer(done, lambda: {each: self._heard.get(each) for each in ids if each in self._told})

    def strays(self, after: str, limit: int, done: Done) -> None:
        """`done(Strays)`: all at once."""
        self._answer(done, lambda: Strays(found=tuple(self._strays()), after=None))

    def _strays(self) -> Iterator[Stray]:
        for (account, number), key in self._numbers.items():
            if key not in self._orders:
                yield Stray(kind="number", name=number, account=account, key=key)
        for account, number in self._inbox:
            if (account, number) not in self._numbers:
                yield Stray(kind="notification", name=number, account=account)

    def flaws(self, done: Done) -> None:
        """`done(())`: there is no file."""
        self._answer(done, tuple)

    def retire(self, retired: Sequence[Retired], before: float, done: Done) -> None:
        """`done(tuple[str, ...])`."""
        self._answer(done, lambda: self._retire(retired, before))

    def _retire(self, retired: Sequence[Retired], before: float) -> tuple[str, ...]:
        now = self._now()
        check_age(before, now)
        return tuple(each.key for each in retired if self._replace(each, before, now))

    def _replace(self, retired: Retired, before: float, now: float) -> bool:
        entry = self._orders.get(retired.key)
        if entry is None or entry.gone + len(entry.events) != retired.version or not _may_go(entry, before):
            return False
        known = [each for each in retired.outcomes if each in self._told]
        if (entry.owner and entry.until > now) or any(unheard(self._heard.get(each), before) for each in known):
            return False
        entry.gone, entry.events = retired.version, list(retired.events)
        entry.owner, entry.until = "", 0.0
        self._told.difference_update(known)
        for each in known:
            del self._heard[each]
        return True


def _may_go(entry: Entry, before: float) -> bool:
    """As far as its columns tell."""
    summary = entry.summary
    if summary is None or entry.gone or entry.due is not None or summary.needs_person or summary.uncertain:
        return False
    return summary.settled_at is not None and summary.settled_at < before

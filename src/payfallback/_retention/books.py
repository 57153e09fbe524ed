"""A whole journal, read in bounded pieces by somebody who waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from payfallback.errors import ConfigError
from payfallback.storage import Archive, Archiving, Held, Journal, Page, Retired, Stray, Strays

PAGE = 200  # orders in memory at a time


class Books:
    """Every method raises `JournalUnavailable`."""

    def __init__(self, journal: Journal, ask: Callable[..., Any]) -> None:
        """`ask` calls a journal's method and waits for what it reports. Raises `ConfigError` for a journal of other
        code that cannot be looked after."""
        if not isinstance(journal, Archiving):
            raise ConfigError(f"a {type(journal).__name__} has no `archive`", hint="see payfallback.storage.Archiving")
        self._archive: Archive = journal.archive
        self._ask = ask

    def pages(self, *, settled_before: float | None = None) -> Iterator[tuple[Held, ...]]:
        """All orders by key; or only those whose story may go, as far as their columns tell."""
        after: str | None = ""
        while after is not None:
            page: Page = self._ask(self._archive.page, after, PAGE, settled_before=settled_before)
            if page.orders:
                yield page.orders
            after = page.after

    def leads(self, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        """The key that each number leads to, or an empty text."""
        found: tuple[str, ...] = self._ask(self._archive.leads, pairs) if pairs else ()
        return found

    def told(self, ids: Sequence[str]) -> Mapping[str, float | None]:
        """Of these outcomes, those that are there, and when each was delivered, if it was."""
        found: Mapping[str, float | None] = self._ask(self._archive.told, ids) if ids else {}
        return found

    def strays(self) -> Iterator[Stray]:
        """All rows that lead nowhere."""
        after: str | None = ""
        while after is not None:
            strays: Strays = self._ask(self._archive.strays, after, 50 * PAGE)
            yield from strays.found
            after = strays.after

    def flaws(self) -> tuple[str, ...]:
        """What the database itself finds wrong."""
        found: tuple[str, ...] = self._ask(self._archive.flaws)
        return found

    def retire(self, retired: Sequence[Retired], before: float) -> tuple[str, ...]:
        """The keys of the orders whose stories are gone."""
        gone: tuple[str, ...] = self._ask(self._archive.retire, retired, before) if retired else ()
        return gone

"""Records that this process cannot read: their errors, and how claims and listings get past them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from payfallback.errors import JournalUnavailable, PayfallbackError

REMEMBERED = 60.0  # seconds after which an order that could not be read is tried again: a backup may have come back
MOST = 5_000  # orders that are remembered
TRIED = 1_000  # orders beyond those that one claim or listing passes over at most

T = TypeVar("T")


def damaged(what: str) -> JournalUnavailable:
    """For a record that nobody could read."""
    return JournalUnavailable(
        f"what the journal holds of {what!r} cannot be read", hint="restore it from a backup; nothing was changed"
    )


def newer(what: str) -> JournalUnavailable:
    """For a record that a later version wrote and this one could misread."""
    return JournalUnavailable(
        f"the journal holds {what}, which this version of payfallback does not know: a newer version wrote it",
        hint="upgrade this process",
    )


class Unreadable:
    """The orders that this process could not read lately, so that those behind them are reached, whatever their number,
    and without reading them again each time. They are not leased: a newer process finds them free. Safe for threads.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._since: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._since)

    def keys(self) -> list[str]:
        """Of the orders that need not be tried now."""
        now = self._now()
        return [key for key, since in tuple(self._since.items()) if now - since < REMEMBERED]

    def tried(self, key: str, read: Callable[[], T]) -> T | None:
        """What `read` makes of an order; None when it cannot be read, or could not be a moment ago."""
        now, since = self._now(), self._since.get(key)
        if since is not None and now - since < REMEMBERED:
            return None
        try:
            found = read()
        except PayfallbackError:
            self._remember(key, now)
            return None
        self._since.pop(key, None)
        return found

    def _remember(self, key: str, now: float) -> None:
        if len(self._since) >= MOST:
            self._since = {each: at for each, at in tuple(self._since.items()) if now - at < REMEMBERED}
        if len(self._since) < MOST:
            self._since[key] = now

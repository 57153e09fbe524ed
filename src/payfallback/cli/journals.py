"""The journal of a configuration, opened by this process: it asks and waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from payfallback.cli.places import Place, given_in
from payfallback.errors import ConfigError, JournalUnavailable
from payfallback.ports import Journal, Stored, Summary, Switch
from payfallback.results import Outcome

MOST = 10_000  # orders or outcomes that are looked at in one listing


class Asked:
    """A journal whose answers are waited for. Every method raises `JournalUnavailable`."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def ask(self, submit: Callable[..., None], *given: Any, **named: Any) -> Any:
        """Call one of the journal's methods and return what it reports."""
        from payfallback._runtime.sync import Slot

        slot = Slot()
        submit(*given, slot, **named)
        reply = slot.wait()
        if isinstance(reply, BaseException):
            raise reply
        return reply

    def orders(self, *states: str, sort: str = "since", limit: int = MOST) -> tuple[Summary, ...]:
        """Orders in these states, or all."""
        found: tuple[Summary, ...] = self.ask(self.journal.list, states, limit, sort=sort)
        return found

    def load(self, key: str) -> Stored | None:
        """One order."""
        found: Stored | None = self.ask(self.journal.load, key)
        return found

    def keys(self, text: str) -> tuple[str, ...]:
        """The orders that an order id, an attempt's number or a provider's reference leads to."""
        found: tuple[str, ...] = self.ask(self.journal.find, text)
        return found

    def switches(self) -> dict[str, Switch]:
        """The manual stops that hold now, by channel."""
        return {each.channel: each for each in self.ask(self.journal.switches)}

    def undelivered(self, limit: int = MOST) -> tuple[Outcome, ...]:
        """Outcomes that the shop has not acknowledged, oldest first."""
        found: tuple[Outcome, ...] = self.ask(self.journal.undelivered, limit)
        return found

    def due(self) -> int:
        """Orders that somebody should look at now."""
        found: int = self.ask(self.journal.count_due)
        return found


@contextmanager
def opened(place: Place, *, create: bool = False, url_env: str = "") -> Iterator[Asked]:
    """The journal that is there. Looking never creates one: an empty one at a mistyped path would say that all is well;
    `create` is for services, which may be started before the first payment. `url_env`: the environment variable with
    another role's address, which is used instead.

    Raises `JournalUnavailable` when there is none, or it cannot be used from here, and `ConfigError` for a variable
    that is not set.
    """
    from payfallback.journal import open_journal

    url = given_in(url_env) if url_env else place.journal_url
    if url.startswith("memory:"):
        raise JournalUnavailable(
            "this configuration keeps its journal in memory, which only the process that holds it can see",
            hint="give it a file: sqlite:///payments.db",
        )
    try:
        journal = open_journal(url, seal=place.seal or None)
    except ConfigError as error:
        raise JournalUnavailable(error.message, hint=error.hint) from None
    path = getattr(journal, "path", None)
    if not create and isinstance(path, Path) and not path.exists():
        raise JournalUnavailable(
            f"there is no journal at {path} yet", hint="the first payment makes it; or the path is another one"
        )
    try:
        yield Asked(journal)
    finally:
        journal.close()

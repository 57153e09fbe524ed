"""What the journal in memory holds of one order, and what leads to it."""

from __future__ import annotations

from collections.abc import Callable

from payfallback._core.events import Event, Opened
from payfallback.ports import Stored, Summary


class Entry:
    """One order."""

    __slots__ = ("columns", "due", "events", "fence", "gone", "owner", "until")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.gone = 0  # events that others stand in the place of: the version counts them all
        self.fence = 0
        self.owner = ""
        self.until = 0.0
        self.due: float | None = None
        self.columns: Summary | Callable[[], Summary] | None = None

    @property
    def summary(self) -> Summary | None:
        """The columns, made when they are first wanted."""
        if callable(self.columns):
            self.columns = self.columns()
        return self.columns

    def stored(self, key: str, now: float) -> Stored:
        """The order as the journal hands it out."""
        return Stored(
            key=key,
            events=tuple(self.events),
            version=self.gone + len(self.events),
            fence=self.fence,
            owner=self.owner,
            lease_left=max(0.0, self.until - now) if self.owner else 0.0,
            due=self.due,
        )

    def order_id(self, first: Event) -> str:
        """The merchant's own id, of the order's first event."""
        if type(first) is Opened:
            return first.order_id
        return self.summary.order_id if self.summary is not None else ""


class Leads:
    """Order ids, attempt numbers and provider references, and the orders they lead to: nearly always one."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[str, str | tuple[str, ...]] = {}

    def add(self, text: str, key: str) -> None:
        """From now on `text` leads to the order too."""
        if self._found.setdefault(text, key) is not key:
            self._found[text] = tuple(dict.fromkeys((*self.to(text), key)))

    def to(self, text: str) -> tuple[str, ...]:
        """The keys of the orders."""
        found = self._found.get(text, ())
        return (found,) if isinstance(found, str) else found

"""The provider's own record of what was asked of it and which money moved. It shares nothing with the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Literal

from payfallback._core.operations import Kind
from payfallback._values import value
from payfallback.model import Money

What = Literal["authorised", "captured", "refunded", "closed"]


@value
class Entry:
    """Money that moved, was held or can no longer move. `at` is the provider's clock, epoch seconds.

    `account` is the id of the account at the provider; `order_id` the shop's, as the request told it, for reports.
    `refund` is the refund's number, for `refunded` only.
    """

    at: float
    what: What
    account: str
    number: str
    order_id: str
    amount: Money
    refund: str = ""


@value
class Arrival:
    """A request that reached the provider, whether it was honoured or not.

    `at` is the provider's clock. `shop_at` is the latest time that the shop's clock had ever shown by then: whatever
    the shop wrote down before this request carries no later time, even when its clock was jumping.
    """

    at: float
    kind: Kind
    account: str
    number: str
    order_id: str
    amount: Money
    shop_at: float
    refund: str = ""


class Ledger:
    """Append-only, in the order in which things happened, safe for threads. Only providers write to it.

    Every reading method takes an order id or an attempt's number, or nothing for all.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: list[Entry] = []
        self._arrivals: list[Arrival] = []
        self._entries_of: dict[str, list[Entry]] = {}
        self._arrivals_of: dict[str, list[Arrival]] = {}

    def record(self, entry: Entry) -> None:
        """Write down a movement of money. For providers."""
        with self._lock:
            self._entries.append(entry)
            self._entries_of.setdefault(entry.order_id, []).append(entry)
            if entry.number != entry.order_id:
                self._entries_of.setdefault(entry.number, []).append(entry)

    def arrived(self, arrival: Arrival) -> None:
        """Write down a request. For providers."""
        with self._lock:
            self._arrivals.append(arrival)
            self._arrivals_of.setdefault(arrival.order_id, []).append(arrival)
            if arrival.number != arrival.order_id:
                self._arrivals_of.setdefault(arrival.number, []).append(arrival)

    def entries(self, which: str | None = None) -> tuple[Entry, ...]:
        """Everything that happened to an order or a number, oldest first."""
        with self._lock:
            return tuple(self._entries if which is None else self._entries_of.get(which, ()))

    def arrivals(self, which: str | None = None, kind: Kind | None = None) -> tuple[Arrival, ...]:
        """The requests that came in, oldest first; with `kind`, those of one operation."""
        with self._lock:
            found = tuple(self._arrivals if which is None else self._arrivals_of.get(which, ()))
        return found if kind is None else tuple(each for each in found if each.kind is kind)

    def captures(self, which: str | None = None) -> tuple[Entry, ...]:
        """Every capture, refunded since or not."""
        return self._only("captured", which)

    def authorisations(self, which: str | None = None) -> tuple[Entry, ...]:
        """Every time money was held."""
        return self._only("authorised", which)

    def refunds(self, which: str | None = None) -> tuple[Entry, ...]:
        """Every refund, also those that a cancel made."""
        return self._only("refunded", which)

    def closes(self, which: str | None = None) -> tuple[Entry, ...]:
        """Every trade that was closed, by request or because it expired."""
        return self._only("closed", which)

    def held(self, which: str | None = None) -> tuple[Entry, ...]:
        """The captures that have not wholly gone back."""
        return unrefunded(self.entries(which))

    def net(self, which: str | None = None) -> int:
        """Captured less refunded, in minor units."""
        sign = {"captured": 1, "refunded": -1}
        return sum(sign.get(each.what, 0) * each.amount.minor for each in self.entries(which))

    def simultaneous(self, which: str) -> int:
        """The highest number of captures that were not refunded at one time."""
        return peak(self.entries(which))

    def orders(self) -> tuple[str, ...]:
        """The order ids the providers were told, in the order in which they were first heard of."""
        with self._lock:
            heard = dict.fromkeys(each.order_id for each in self._arrivals)
            heard.update(dict.fromkeys(each.order_id for each in self._entries))
            return tuple(heard)

    def _only(self, what: What, which: str | None) -> tuple[Entry, ...]:
        return tuple(each for each in self.entries(which) if each.what == what)


def unrefunded(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The captures among these that the refunds among these do not wholly cover, number by number, oldest first."""
    back: dict[tuple[str, str], int] = {}
    captures = []
    for each in entries:
        if each.what == "captured":
            captures.append(each)
        elif each.what == "refunded":
            key = (each.account, each.number)
            back[key] = back.get(key, 0) + each.amount.minor
    if not back:
        return tuple(captures)
    return tuple(each for each in captures if not _covered(each, back))


def peak(entries: Sequence[Entry]) -> int:
    """The highest number of captures among these that were not refunded at one time."""
    counts = (len(unrefunded(entries[: n + 1])) for n, each in enumerate(entries) if each.what == "captured")
    return max(counts, default=0)


def holding(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The authorisations among these that were neither captured nor closed since: money that is still held."""
    open_holds: dict[tuple[str, str], Entry] = {}
    for each in entries:
        if each.what == "authorised":
            open_holds[each.account, each.number] = each
        elif each.what != "refunded":
            open_holds.pop((each.account, each.number), None)
    return tuple(open_holds.values())


def _covered(capture: Entry, back: dict[tuple[str, str], int]) -> bool:
    key = (capture.account, capture.number)
    left = back.get(key, 0)
    if left < capture.amount.minor:
        return False
    back[key] = left - capture.amount.minor
    return True

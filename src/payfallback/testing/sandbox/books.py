"""The one ledger as a person reads it: what each order was charged, over all its numbers at all providers. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from payfallback.testing.sandbox.ledger import Entry
from payfallback.testing.sandbox.trades import Trade


@dataclass(slots=True)
class Moved:
    """What moved, by currency, in minor units. captures: how many; kept: those that were not given back in full."""

    captured: Counter[str] = field(default_factory=Counter)
    refunded: Counter[str] = field(default_factory=Counter)
    captures: int = 0
    kept: int = 0

    @property
    def held(self) -> dict[str, int]:
        """What the providers still have."""
        return {currency: minor - self.refunded[currency] for currency, minor in self.captured.items()}


@dataclass(slots=True)
class Line:
    """One number at one provider: its latest trade, and what moved under it."""

    trade: Trade
    moved: Moved


@dataclass(slots=True)
class OrderBook:
    """One order: its name, its numbers in the order in which they came, and the sum of what moved."""

    name: str
    lines: list[Line]
    total: Moved

    @property
    def charged_twice(self) -> bool:
        """Whether more than one capture was kept."""
        return self.total.kept > 1


def orders(trades: Iterable[Trade], entries: Iterable[Entry]) -> list[OrderBook]:
    """Every order, the one with the newest number first. `trades` and `entries` oldest first."""
    moved = _by_number(entries)
    numbers: dict[tuple[str, str], Trade] = {(trade.provider, trade.number): trade for trade in trades}
    grouped: defaultdict[str, list[Line]] = defaultdict(list)
    newest: dict[str, None] = {}
    for place, trade in numbers.items():
        key = _order_of(trade)
        grouped[key].append(Line(trade, moved[place]))
        newest.pop(key, None)
        newest[key] = None
    return [_book(grouped[key]) for key in reversed(newest)]


def _book(lines: list[Line]) -> OrderBook:
    named = next((line.trade.order for line in lines if line.trade.order), "")
    return OrderBook(named or _stem(lines[0].trade.number), lines, _sum(line.moved for line in lines))


def _sum(parts: Iterable[Moved]) -> Moved:
    total = Moved()
    for part in parts:
        total.captured += part.captured
        total.refunded += part.refunded
        total.captures += part.captures
        total.kept += part.kept
    return total


def _by_number(entries: Iterable[Entry]) -> defaultdict[tuple[str, str], Moved]:
    moved: defaultdict[tuple[str, str], Moved] = defaultdict(Moved)
    amounts: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for entry in entries:
        place = entry.provider, entry.number
        if entry.kind == "capture":
            moved[place].captured[entry.currency] += entry.amount
            moved[place].captures += 1
            amounts[place].append(entry.amount)
        else:
            moved[place].refunded[entry.currency] += entry.amount
    for place, taken in amounts.items():
        moved[place].kept = _kept(taken, moved[place].refunded.total())
    return moved


def _kept(captures: list[int], refunded: int) -> int:
    """How many captures are left when refunds have paid back as many of them in full as they can, smallest first."""
    kept = len(captures)
    for amount in sorted(captures):
        refunded -= amount
        if refunded < 0:
            break
        kept -= 1
    return kept


# ---------------------------------------------------------------- which order a number belongs to


def _order_of(trade: Trade) -> str:
    """The numbers of an order are its id and two digits, also where a provider was not told the order itself."""
    return _plain(trade.order) or _plain(_stem(trade.number))


def _stem(number: str) -> str:
    return number[:-2] if re.fullmatch(r".+\d{2}", number) else number


def _plain(text: str) -> str:
    """Letters and digits, without the zeros with which short numbers are filled up."""
    return re.sub(r"[^0-9A-Za-z]", "", text).lstrip("0")

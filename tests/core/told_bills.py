"""A shop whose first channels' provider has bills, the lines of which a test writes itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date
from typing import Any

from core_world import FIRST, Scripted, client
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback.bills import BillDays, BillLine, Finding
from payfallback.journal.memory import MemoryJournal
from payfallback.ports import Journal
from payfallback.testing import VirtualClock

DAY = date(2026, 11, 11)
NOON = 1794398400.0  # of that day
CLOSES = {"close": True, "close_names_trade": True}


class Billed(Scripted):
    """A provider whose bill of the day holds what the test says."""

    bill_days = BillDays(zone=UTC)

    def __init__(self, name: str, **declared: Any) -> None:
        super().__init__(name, **declared)
        self.lines: tuple[BillLine, ...] = ()

    def bill(self, day: date) -> Any:
        """Never fetched here."""
        raise AssertionError

    def bill_lines(self, source: Any, day: date) -> Iterator[BillLine]:
        """What stands in it."""
        yield from self.lines


class BilledShop:
    """Channels `a` and `b` of two accounts of one provider with bills, and `c` under the account of `a`."""

    def __init__(self, journal: Journal | None = None, **declared: Any) -> None:
        self.clock = VirtualClock(epoch=NOON)
        self.journal = journal if journal is not None else MemoryJournal(self.clock)
        self.first, self.second, self.third = (
            Billed(name, **{**CLOSES, **declared}) for name in ("first", "second", "first")
        )
        self.payments = client({"a": self.first, "b": self.second, "c": self.third}, self.clock, self.journal)

    def pay(self, choice: str = "a", **more: Any) -> pf.Result:
        """The order of these tests."""
        return self.payments.pay(order(), choice, **{"within": 2.0, **more})

    def read(self, *lines: BillLine, channel: str = "a") -> list[tuple[str, str, str]]:
        """Hold such a bill against the journal: what each line met, of which order, in which state the attempt was."""
        return [(each.met, each.order_id, each.state) for each in self.findings(*lines, channel=channel)]

    def findings(self, *lines: BillLine, channel: str = "a") -> tuple[Finding, ...]:
        """All that does not match."""
        (self.first if channel == "a" else self.second).lines = lines
        report = self.payments.reconcile(channel, DAY, b"a bill")
        assert sum(report.counts.values()) == len(report.findings) + report.counts.get("matched", 0)
        return report.findings

    def counts(self, *lines: BillLine) -> dict[str, int]:
        """What the lines met, counted."""
        self.first.lines = lines
        return dict(self.payments.reconcile("a", DAY, b"a bill").counts)

    def story(self) -> list[str]:
        """The order's trace."""
        return [line.text for line in self.payments.trace(ORDER).lines]

    def told(self) -> list[str]:
        """The outcomes that the shop has not heard yet; now it has."""
        kinds: list[str] = []
        self.payments.deliver(lambda outcome: kinds.append(outcome.kind))
        return kinds


def paid(number: str = FIRST, amount: pf.Money = AMOUNT, **more: Any) -> BillLine:
    """A payment's line."""
    return BillLine(**{"row": 1, "what": "paid", "number": number, "amount": amount, **more})


def back(refund: str, amount: pf.Money = AMOUNT, *, number: str = FIRST, **more: Any) -> BillLine:
    """A refund's line."""
    return BillLine(**{"row": 2, "what": "refunded", "number": number, "refund": refund, "amount": amount, **more})


def yuan(major: str) -> pf.Money:
    """An amount."""
    return pf.Money.of(major, "CNY")

"""The providers' daily bills: what their ledger says of a day, line by line, and a shop that reads them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import BinaryIO

from payfallback._reconciling import PAGE, Reconciling
from payfallback.bills import BillDays, BillLine
from payfallback.errors import BillUnavailable
from payfallback.ports import HttpRequest, HttpResponse
from payfallback.testing.ledger import Entry, Ledger
from payfallback.testing.simulator.post import Door, asked
from payfallback.testing.simulator.process import Flow, Process

DAYS = BillDays(zone=UTC, starts=43200.0)  # noon to noon: these worlds begin at midnight, far from either end


class BillDoor(Door):
    """A door that hands out bills as well."""

    bill_days = DAYS

    def __init__(self, door: Door, ledger: Ledger, ref_of: Callable[[str], str]) -> None:
        super().__init__(door.account)
        self._ledger, self._ref_of = ledger, ref_of

    def bill(self, day: date) -> Generator[HttpRequest, HttpResponse, bytes]:
        """Never called: the shop has the file already."""
        raise BillUnavailable("a simulated bill is not fetched")

    def bill_lines(self, source: BinaryIO, day: date) -> Iterator[BillLine]:
        """What moved on that day, in the order in which it moved. A number that was charged twice stands there twice,
        under two ids of the provider's."""
        taken: set[str] = set()
        for row, entry in enumerate(self._of(day), 1):
            again = entry.what == "captured" and entry.number in taken
            if entry.what == "captured":
                taken.add(entry.number)
            yield BillLine(
                row=row,
                what="paid" if entry.what == "captured" else "refunded",
                number=entry.number,
                amount=entry.amount,
                provider_ref=f"{self._ref_of(entry.number)}{'-again' if again else ''}",
                refund=entry.refund,
                at=entry.at,
            )

    def _of(self, day: date) -> Iterator[Entry]:
        start = _noon(day)
        for each in self._ledger.entries():
            mine = each.account == self.account.id and each.what in ("captured", "refunded")
            if mine and start <= each.at < start + 86400.0:
                yield each

    def days(self) -> tuple[date, ...]:
        """The days of which its bills have something to say."""
        moments = (each.at for each in self._ledger.entries() if each.account == self.account.id)
        return tuple(sorted({day_of(at) for at in moments}))


def day_of(at: float) -> date:
    """The day of the bill in which this moment stands."""
    return (datetime.fromtimestamp(at, UTC) - timedelta(seconds=DAYS.starts)).date()


def _noon(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp() + DAYS.starts


def reconciliation(process: Process, door: str, day: date) -> Flow:
    """One `reconcile`, effect by effect, as the shop's clients do it."""
    job = Reconciling(process.built, door, day, b"", None)
    for line in job.lines():
        found = None
        for key in (yield from asked("find", line.number or line.provider_ref)):
            found = yield from job.flow(key, line)
            if found is not None:
                break
        job.found(line, found)
    after = ""
    while page := (yield from asked("captured", job.account, job.start, job.end, after, PAGE)):
        job.held(page)
        after = page[-1].number
    return job.result()

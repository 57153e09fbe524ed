"""One reconciliation: a channel's bill of one day held against the journal, and what came of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from payfallback._core.bill import hold_against
from payfallback._core.run import Flow
from payfallback._values import changed
from payfallback.bills import BillLine, Finding, Reconciled
from payfallback.errors import BillUnavailable, UnknownOption
from payfallback.model import Money
from payfallback.ports import Billing, Summary

if TYPE_CHECKING:
    from payfallback._build import Built

PAGE = 500  # orders of the day that are read at a time
MOST_TOLD = 10_000  # findings that a report lists; all are counted
EVERY = 200  # lines between two calls of `progress`

Bill = bytes | str | Path | None


class Reconciling:
    """The state of one `reconcile` call. Raises `UnknownOption` for a channel without bills."""

    def __init__(self, built: Built, channel: str, day: date, bill: Bill, progress: Callable[[int], object] | None):
        provider: Any = built.providers.get(channel)
        if provider is None:
            raise UnknownOption(f"no channel {channel!r} is configured")
        if not isinstance(provider, Billing):
            raise UnknownOption(f"channel {channel!r} has no bills", hint="WeChat Pay, Alipay and UnionPay offer them")
        self._built, self._provider, self._bill = built, provider, bill
        self.account: str = provider.account.id
        self._day, self._channel, self._progress = day, channel, progress
        self._counts: dict[str, int] = {}
        self._told: list[Finding] = []
        self._lines = 0
        self._paid: set[str] = set()
        self._moved: dict[tuple[str, str, str], str] = {}
        self._again: set[int] = set()
        midnight = datetime.combine(day, time(), provider.bill_days.zone)
        self.start = midnight.timestamp() + provider.bill_days.starts
        self.end = self.start + 86400.0

    @property
    def must_fetch(self) -> bool:
        """Whether the provider has to be asked for the bill."""
        return self._bill is None

    def fetch(self) -> None:
        """Ask the provider for the bill; blocks. Raises `BillUnavailable`."""
        from payfallback._runtime.download import download  # loads httpx

        self._bill = download(self._provider.bill(self._day))

    def lines(self) -> Iterator[BillLine]:
        """The lines of the bill. Raises `BillUnavailable` for a file that cannot be read."""
        with ExitStack() as open_until_read:
            for line in self._provider.bill_lines(self._source(open_until_read), self._day):
                self._lines += 1
                if self._progress is not None and self._lines % EVERY == 0:
                    self._progress(self._lines)
                if line.what == "paid":
                    self._of_the_day(line)
                if line.done and (line.what == "paid" or line.refund):
                    self._once(line)
                yield line

    def _once(self, line: BillLine) -> None:
        """A number that a provider charged twice is no match the second time, unless the file merely repeats one line:
        then the provider's own id is the same. Of a refund that id tells nothing, so its second line never matches."""
        which = (line.what, line.number or line.provider_ref, line.refund)
        if which not in self._moved:
            self._moved[which] = line.provider_ref
        elif line.what == "refunded" or line.provider_ref != self._moved[which]:
            self._again.add(line.row)

    def _of_the_day(self, line: BillLine) -> None:
        """Another day's bill would match, and hide what is missing on this one."""
        edge = self._provider.bill_days.edge
        if line.at is not None and not self.start - edge <= line.at < self.end + edge:
            day = datetime.fromtimestamp(line.at, self._provider.bill_days.zone).date()
            raise BillUnavailable(
                f"line {line.row} was paid on {day}: this is not the bill of {self._day}", hint=f"give --day {day}"
            )

    def _source(self, stack: ExitStack) -> BinaryIO:
        if isinstance(self._bill, bytes):
            return io.BytesIO(self._bill)
        try:
            return stack.enter_context(Path(self._bill or "").open("rb"))
        except OSError as error:
            raise BillUnavailable(f"{self._bill}: {error.strerror}", hint="give the path of the bill") from error

    def flow(self, key: str, line: BillLine) -> Flow:
        """Hold a line against one order; None when it is not that order's."""
        return hold_against(self._built.run_of_key("reconcile", key), line, self.account)

    def found(self, line: BillLine, finding: Finding | None) -> None:
        """Count what a line came to; None: nobody's here."""
        met = finding or Finding(
            met="unknown", number=line.number, amount=line.amount, row=line.row, refund=line.refund
        )
        if line.what == "paid":
            self._paid.add(met.number)
        if met.met == "matched" and line.row in self._again:
            met = changed(met, met="amount_differs")
        self._count(met)

    def held(self, summaries: tuple[Summary, ...]) -> None:
        """Count the captures of that day of which the bill does not speak."""
        edge = self._provider.bill_days.edge
        for each in summaries:
            inside = self.start + edge <= (each.paid_at or 0.0) < self.end - edge
            if each.number not in self._paid and inside:
                amount = Money(each.amount, each.currency)
                self._count(Finding(met="missing", number=each.number, amount=amount, order_id=each.order_id))

    def _count(self, finding: Finding) -> None:
        self._counts[finding.met] = self._counts.get(finding.met, 0) + 1
        if finding.met == "matched":
            return
        if len(self._told) < MOST_TOLD:
            self._told.append(finding)
        self._built.tell(
            "bill.finding", order_id=finding.order_id, number=finding.number, met=finding.met, account=self.account
        )

    def result(self) -> Reconciled:
        """The report."""
        if self._progress is not None:
            self._progress(self._lines)
        return Reconciled(
            channel=self._channel,
            account=self.account,
            day=self._day.isoformat(),
            lines=self._lines,
            counts=dict(self._counts),
            findings=tuple(self._told),
        )

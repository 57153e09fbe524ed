"""What the demo shows: a live table on a terminal, a line a phase elsewhere, and the sum at the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from payfallback.cli import say
from payfallback.cli.demo.audit import Audit
from payfallback.cli.demo.counts import CHANNELS, Counts
from payfallback.cli.demo.plan import PHASES

if TYPE_CHECKING:
    from payfallback._core.trace import Trace
    from payfallback.cli.demo.shop import Shop

_ROWS = (
    ("orders captured twice", "captured_twice"),
    ("told paid without a capture", "paid_without_capture"),
    ("captured, but not known to us", "captured_not_recorded"),
    ("settled, but the shop was not told", "undelivered"),
)


class Show:
    """Follows the play, and writes to `out`."""

    def __init__(self, out: TextIO, counts: Counts, orders: int) -> None:
        self._out, self._counts, self._orders = out, counts, orders
        self._start = time.monotonic()
        self._phase, self._place, self._begun = "", 0, 0
        self._live = False
        self.shop: Shop | None = None

    @property
    def seconds(self) -> float:
        """Since the demo began."""
        return time.monotonic() - self._start

    def line(self, text: str = "") -> None:
        """One line of plain text."""
        print(text, file=self._out, flush=True)

    @contextmanager
    def playing(self) -> Iterator[None]:
        """While this is open a terminal shows a table that moves."""
        if not self._out.isatty():
            yield
            return
        from rich.console import Console
        from rich.live import Live

        self._live = True
        with Live(console=Console(file=self._out), get_renderable=self._table, refresh_per_second=5, transient=True):
            yield
        self._live = False

    def phase(self, name: str, begun: int) -> None:
        """JD Pay changes; so many orders have been begun."""
        self._end_of_phase()
        self._phase, self._place, self._begun = name, self._place + 1, begun

    def settling(self) -> None:
        """The faults are lifted."""
        self._end_of_phase()
        self._phase, self._place, self._begun = "", len(PHASES), self._orders
        if not self._live:
            self.line("faults lifted: recovery and delivery finish what is open")

    def _end_of_phase(self) -> None:
        if self._phase and not self._live:
            self.line(f"{self.seconds:5.1f} s  JD Pay: {self._phase:<18} {self._so_far()}")

    def _so_far(self) -> str:
        counts = self._counts
        return (
            f"{self._begun:>4} orders, {len(counts.paid):>4} paid, {counts.silent.total():>3} silences, "
            f"{counts.passed.total():>3} passed over, {counts.events['notification.received']:>4} notified, "
            f"{self._told():>4} told"
        )

    def _told(self) -> int:
        return len(self.shop.outcomes) if self.shop is not None else 0

    def _table(self) -> Any:
        from rich.table import Table

        phase = self._phase or "faults lifted, settling"
        title = f"{self.seconds:.0f} s · {self._place}/{len(PHASES)} · JD Pay: {phase}"
        table = Table(title=title, title_justify="left", title_style="bold", caption=self._so_far(), min_width=76)
        for head in ("channel", "circuit", "charged", "silent", "refused", "passed over", "paid"):
            table.add_column(head, justify="left" if head in ("channel", "circuit") else "right")
        for name in CHANNELS:
            table.add_row(*self._row(name))
        return table

    def _row(self, name: str) -> tuple[str, ...]:
        counts = self._counts
        state = counts.circuits.get(name, "closed")
        colour = {"open": "red", "half open": "yellow"}.get(state, "green")
        figures = (counts.charged, counts.silent, counts.refused, counts.passed, Counter(counts.paid.values()))
        return (name, f"[{colour}]{state}[/]", *(f"{each[name]:,}" for each in figures))


def show_sum(line: Callable[[str], None], found: Audit, seconds: float, struck: Mapping[str, int]) -> None:
    """The sum, and the promises. `struck`: requests that met each fault, by the sandbox's own log."""
    ways = ", ".join(f"{name} {count}" for name, count in found.by_channel.items())
    line("")
    ends = f"{found.paid} paid, {found.not_paid} not paid, {found.pending} pending"
    line(f"{found.orders} orders in {seconds:.1f} s: {ends}")
    line(f"  paid by        {ways}")
    line(f"  switched       {found.switched} of them after another way was left")
    line(f"  told the shop  {found.outcomes} outcomes")
    line(f"  trouble met    {', '.join(f'{name} {count}' for name, count in struck.items())}")
    line(f"against the providers' own ledger ({found.captures} captures, {found.refunds} refunds):")
    for text, name in _ROWS:
        count = getattr(found, name)
        line(f"  {count:>4}  {text}{'' if count == 0 else '   <- A PROMISE IS BROKEN'}")


def show_pending(line: Callable[[str], None], stories: list[Trace]) -> None:
    """What is not settled, and why nobody guesses."""
    if not stories:
        return
    line("")
    line("pending: the provider has no proof either way, so nothing else is charged, and it is asked again")
    for trace in stories[:5]:
        cause = trace.result.cause
        line(f"  {trace.order_id}  {trace.amount}  {'' if cause is None else cause.value}: {trace.lines[-1].text}")


def show_trace(line: Callable[[str], None], trace: Trace | None) -> None:
    """One order's story."""
    if trace is None:
        return
    line("")
    line(f"one of them, order {trace.order_id}, {trace.amount}:")
    for each in trace.lines:
        line(f"  {say.moment(each.at)}  {each.text}")
    line(f"  tell the shopper  {trace.tell_shopper('zh-CN')}")
    line(f"                    {trace.tell_shopper('en')}")

"""What the demo shows: a live table on a terminal, a line a phase elsewhere, and the sum at the end."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from payfallback.cli import say
from payfallback.cli.demo.audit import Audit
from payfallback.cli.demo.counts import Counts
from payfallback.cli.demo.plan import FIRST, PHASES

if TYPE_CHECKING:
    from rich.console import Console

    from payfallback._core.trace import Trace
    from payfallback.cli.demo.stage import Stage

_ROWS = (
    ("orders captured twice", "captured_twice"),
    ("told paid without a capture", "paid_without_capture"),
    ("captured, but not known to us", "captured_not_recorded"),
    ("settled, but the shop was not told", "undelivered"),
)

PLAIN = 80  # columns where the output is not a terminal
_HEADS = ("channel", "circuit", "charged", "silent", "refused", "passed over", "paid")
_TROUBLES = 51  # columns of a line a phase that say what is in trouble; the rest, up to 80, are figures


class Show:
    """Follows the play, and writes to `out`. `stage` is there once it is set up."""

    def __init__(self, out: TextIO, counts: Counts, orders: int) -> None:
        self._out, self._counts, self._orders = out, counts, orders
        self._start = time.monotonic()
        self._title, self._begun = "", 0
        self._live = False
        self.stage: Stage | None = None

    @property
    def seconds(self) -> float:
        """Since the demo began."""
        return time.monotonic() - self._start

    def line(self, text: str = "") -> None:
        """One line of plain text."""
        print(text, file=self._out, flush=True)

    def item(self, head: str, body: str) -> None:
        """A line that goes on below, under its own beginning, where it is too long."""
        for each in say.wrapped(head, body, self._width()):
            self.line(each)

    def _width(self) -> int:
        return shutil.get_terminal_size().columns if self._out.isatty() else PLAIN

    @contextmanager
    def playing(self) -> Iterator[None]:
        """While this is open a terminal shows a table that moves; its last state stays."""
        if not self._out.isatty():
            self.line(f"\n{f' time   {self._name(FIRST)} is, and beside it':<{_TROUBLES}} orders paid silent over told")
            yield
            self._end_of_phase()
            self._print_table()
            return
        from rich.live import Live

        self._live = True
        with Live(console=self._console(), get_renderable=self._table, refresh_per_second=5):
            yield
            self._live = False  # the last table is the one that stays

    def phase(self, place: int, beside: tuple[str, str] | None, begun: int) -> None:
        """The providers change; so many orders have been begun."""
        self._end_of_phase()
        also = "" if beside is None else f", {self._name(beside[0])} {beside[1].partition(':')[0]}"
        self._title, self._begun = f"{PHASES[place].name}{also}", begun

    def settling(self) -> None:
        """The faults are lifted."""
        self._end_of_phase()
        self._title, self._begun = "faults lifted, settling", self._orders

    def _name(self, provider: str) -> str:
        return self.stage.names.get(provider, provider) if self.stage is not None else provider

    def _end_of_phase(self) -> None:
        if self._title and not self._live:
            counts = self._counts
            figures = (self._begun, len(counts.paid), counts.silent.total(), counts.passed.total(), self._told())
            widths = (6, 4, 6, 4, 4)
            told = " ".join(f"{each:>{width}}" for each, width in zip(figures, widths, strict=True))
            self.line(f"{f'{self.seconds:4.0f} s  {self._title}':<{_TROUBLES}} {told}")

    def _told(self) -> int:
        return len(self.stage.shop.outcomes) if self.stage is not None else 0

    # ---- the table

    def _console(self) -> Console:
        from rich.console import Console

        return Console(file=self._out, width=self._width())

    def _print_table(self) -> None:
        self.line()
        self._console().print(self._table())

    def _table(self) -> Any:
        from rich.table import Table

        told = f"{self._begun} orders, {len(self._counts.paid)} paid, {self._told()} told to the shop"
        title = f"{self.seconds:.0f} s · {self._name(FIRST)}: {self._title}" if self._live else ""
        table = Table(title=title, title_justify="left", title_style="bold", caption=told, caption_justify="left")
        for head in _HEADS:
            table.add_column(head, justify="left" if head in ("channel", "circuit") else "right")
        for name in self.stage.payments.policy.channels if self.stage is not None else ():
            table.add_row(*self._row(name))
        return table

    def _row(self, name: str) -> tuple[str, ...]:
        counts = self._counts
        state = counts.circuits.get(name, "closed")
        colour = {"open": "red", "half open": "yellow"}.get(state, "green")
        figures = (counts.charged, counts.silent, counts.refused, counts.passed, Counter(counts.paid.values()))
        return (name, f"[{colour}]{state}[/]", *(f"{each[name]:,}" for each in figures))


def show_sum(show: Show, found: Audit, seconds: float, struck: Mapping[str, int]) -> None:
    """The sum, and the promises. `struck`: requests that met each fault, by the sandbox's own log."""
    ends = f"{found.paid} paid, {found.not_paid} not paid, {found.pending} pending"
    show.line()
    show.line(f"{found.orders} orders in {seconds:.1f} s: {ends}")
    show.item("  paid by        ", _counted(found.by_channel))
    show.item("  switched       ", f"{found.switched} of them after another way was left")
    show.item("  told the shop  ", f"{found.outcomes} outcomes")
    show.item("  trouble met    ", _counted(struck))
    show.line(f"against the providers' own ledger ({found.captures} captures, {found.refunds} refunds):")
    for text, name in _ROWS:
        count = getattr(found, name)
        show.line(f"  {count:>4}  {text}{'' if count == 0 else '   <- A PROMISE IS BROKEN'}")


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def show_pending(show: Show, stories: list[Trace]) -> None:
    """What is not settled, and why nobody guesses."""
    if not stories:
        return
    show.line()
    show.item("pending: ", "the provider has no proof either way, so nothing else is charged, and it is asked again")
    for trace in stories[:5]:
        cause = trace.result.cause
        why = "" if cause is None else cause.value
        show.item(f"  {trace.order_id}  ", f"{trace.amount}  {why}: {trace.lines[-1].text}")


def show_trace(show: Show, trace: Trace | None) -> None:
    """One order's story."""
    if trace is None:
        return
    show.line()
    show.line(f"one of them, order {trace.order_id}, {trace.amount}:")
    for each in trace.lines:
        show.item(f"  {say.moment(each.at)}  ", each.text)
    show.item("  tell the shopper  ", trace.tell_shopper("zh-CN"))
    show.item("                    ", trace.tell_shopper("en"))

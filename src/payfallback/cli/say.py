"""Printing: JSON, tables, money, times. Plain text where nobody looks at a terminal."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from payfallback.model import Money

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 200  # columns where the output is not a terminal: nothing is cut off for whoever searches it


def as_json(given: Mapping[str, Any]) -> None:
    """One object on one line."""
    print(json.dumps(given, ensure_ascii=False, separators=(",", ":")), flush=True)


def line(text: str = "") -> None:
    """One line of plain text."""
    print(text, flush=True)


def console() -> Console:
    """Rich's console on stdout; without colours and with wide lines where stdout is not a terminal."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=not terminal, width=None if terminal else WIDE)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """A table without lines. `right`: the heads of columns that hold figures."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for head in heads:
        made.add_column(head, justify="right" if head in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell, style=_STYLES.get(cell.partition(" ")[0], "")) for cell in row))
    out = console()
    with out.capture() as capture:
        out.print(made)
    for each in capture.get().splitlines():
        line(each.rstrip())


_STYLES = {"FAILING": "bold red", "STOPPED": "bold yellow", "unsteady": "yellow", "ok": "green"}


def money(minor: int, currency: str) -> str:
    """Major units with separators: ¥5,999.00, or 5,999.00 USD."""
    major = Money(minor, currency).major
    whole, point, rest = major.partition(".")
    grouped = f"{int(whole):,}{point}{rest}"
    return f"¥{grouped}" if currency == "CNY" else f"{grouped} {currency}"


def sums(amounts: Mapping[str, int]) -> str:
    """Sums of several currencies; `none` where there is none."""
    return " + ".join(money(minor, currency) for currency, minor in sorted(amounts.items())) or "none"


def span(seconds: float) -> str:
    """How long: 3 s, 4 min 02 s, 2 h 05 min, 3 d 4 h."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def moment(epoch: float, *, now: float | None = None) -> str:
    """A time of this machine: 23:46:31 today, with the date on other days."""
    at = datetime.fromtimestamp(epoch).astimezone()
    today = datetime.fromtimestamp(time.time() if now is None else now).astimezone()
    return at.strftime("%H:%M:%S" if at.date() == today.date() else "%Y-%m-%d %H:%M:%S")

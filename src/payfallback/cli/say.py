"""Printing: JSON, lines, money, times. Plain text where nobody looks at a terminal."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from payfallback.model import Money

LEAST = 20  # columns that a text gets, however narrow the terminal


def as_json(given: Mapping[str, Any]) -> None:
    """One object on one line."""
    print(json.dumps(given, ensure_ascii=False, separators=(",", ":")), flush=True)


def line(text: str = "") -> None:
    """One line of plain text."""
    print(text, flush=True)


def item(head: str, body: str) -> None:
    """A line that begins with a head. On a terminal too narrow for it, it goes on below, under its own beginning."""
    for each in wrapped(head, body, columns()):
        line(each)


def wrapped(head: str, body: str, width: int | None) -> list[str]:
    """A head and a text as lines of at most `width` columns, broken between words; None: one line.

    A word that is longer than a line is broken where it must, and one of Chinese anywhere.
    """
    if width is None:
        return [head + body]
    from rich.cells import cell_len
    from rich.console import Console
    from rich.text import Text

    indent = cell_len(head)
    room = max(width - indent, LEAST)
    first, *rest = Text(body).wrap(Console(width=room), room) or [Text()]
    return [head + first.plain.rstrip(), *(" " * indent + each.plain.rstrip() for each in rest)]


def columns() -> int | None:
    """How wide the terminal is; None where stdout is none: nothing is broken for whoever searches it."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def money(minor: int, currency: str) -> str:
    """Major units with separators: ¥5,999.00, or 5,999.00 USD."""
    major = Money(minor, currency).major
    whole, point, rest = major.partition(".")
    grouped = f"{int(whole):,}{point}{rest}"
    return f"¥{grouped}" if currency == "CNY" else f"{grouped} {currency}"


def sums(amounts: Mapping[str, int]) -> str:
    """Sums of several currencies; `none` where there is none."""
    return " + ".join(money(minor, currency) for currency, minor in sorted(amounts.items())) or "none"


def many(count: int, noun: str, more: str = "") -> str:
    """A number and its noun: 1 order, 2,204 orders. `more` stands between them."""
    return f"{count:,}{more} {noun}{'' if count == 1 and not more else 's'}"


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

"""Tables without lines, in the form that fits: side by side, the last column wrapped, below its row, or as records."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from payfallback.cli import say

if TYPE_CHECKING:
    from rich.console import Console

Row = Sequence[str]
WIDE = 200  # columns where stdout is no terminal
GAP, NARROW = 3, 2  # blanks between two columns
WORTH = 24  # columns that a last column is given at least when it is wrapped beside the others

_STYLES = {"FAILING": "bold red", "STOPPED": "bold yellow", "unsteady": "yellow", "ok": "green"}


def console() -> Console:
    """Rich's console on stdout; without colours and with wide lines where stdout is not a terminal."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=not terminal, width=None if terminal else WIDE)


def table(heads: Row, rows: Iterable[Row], *, right: Sequence[str] = ()) -> None:
    """A table. `right`: the heads of columns that hold figures. The last column holds the longest text."""
    from rich.cells import cell_len

    cells = [tuple(row) for row in rows]
    width = say.columns()
    widths = [max(map(cell_len, column)) for column in zip(heads, *cells, strict=True)]
    longest = max((cell_len(word) for row in cells for word in row[-1].split()), default=0)
    others, gaps = sum(widths[:-1]), len(heads) - 1
    beside = others + GAP * gaps + min(widths[-1], max(WORTH, longest))
    if width is None or beside <= width:
        _print(_drawn(heads, cells, right))
    elif others + NARROW * (gaps - 1) <= width:
        _below(heads, cells, right, width, GAP if others + GAP * (gaps - 1) <= width else NARROW)
    else:
        _records(heads, cells, width)


def _drawn(heads: Row, rows: Iterable[Row], right: Sequence[str], gap: int = GAP) -> list[str]:
    """The lines: every column but the last keeps its width."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="dim")
    for place, head in enumerate(heads, 1):
        made.add_column(head, justify="right" if head in right else "left", no_wrap=place < len(heads))
    for row in rows:
        made.add_row(*(Text(cell, style=_STYLES.get(cell.partition(" ")[0], "")) for cell in row))
    out = console()
    with out.capture() as capture:
        out.print(made)
    return capture.get().splitlines()


def _print(lines: Iterable[str]) -> None:
    for each in lines:
        say.line(each.rstrip())


def _below(heads: Row, rows: Sequence[Row], right: Sequence[str], width: int, gap: int) -> None:
    """The last column under each row."""
    head, *lines = _drawn(heads[:-1], [row[:-1] for row in rows], right, gap)
    _print([head])
    for line, row in zip(lines, rows, strict=True):
        _print([line])
        if row[-1]:
            _print(say.wrapped(f"    {heads[-1]}: ", row[-1], width))


def _records(heads: Row, rows: Iterable[Row], width: int) -> None:
    """Each row as its first cell, and the others with their heads."""
    for row in rows:
        pairs = [f"{head} {cell}".strip() for head, cell in zip(heads[1:], row[1:], strict=True) if cell]
        _print([row[0]])
        _print(say.wrapped("    ", " · ".join(pairs), width))

"""Rows as a plain table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Row = Mapping[str, object]


def table(title: str, rows: Sequence[Row]) -> str:
    """Columns as wide as what they hold, numbers to the right, floats with two digits."""
    if not rows:
        return f"{title}\n  (nothing measured)"
    names = list(rows[0])
    cells = [[_cell(row[name]) for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    numeric = [any(isinstance(row[name], int | float) for row in rows) for name in names]
    lines = [title, _line(names, widths, numeric), *(_line(row, widths, numeric) for row in cells)]
    return "\n".join(lines)


def _cell(given: object) -> str:
    return f"{given:,.2f}" if isinstance(given, float) else str(given)


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    sided = (c.rjust(w) if n else c.ljust(w) for c, w, n in zip(cells, widths, numeric, strict=True))
    return ("  " + "  ".join(sided)).rstrip()

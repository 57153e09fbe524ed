"""Rows that lead to no order: the tables in turn, each by its key, a few rows at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from payfallback.storage import Stray, StrayKind, Strays

Rows = Callable[[str, Mapping[str, Any]], Sequence[Sequence[Any]]]

# What is asked of each table: whether a row leads nowhere, its name, its account, its order's key, and its place. A
# database puts its own schema in place of `$S.`, and names `:values` in its own way.
_TABLES: tuple[tuple[StrayKind, str], ...] = (
    (
        "number",
        """
        SELECT NOT EXISTS(SELECT 1 FROM $S.orders WHERE key = order_key), number, account, order_key FROM $S.numbers
        WHERE (number, account) > (:first, :second) ORDER BY number, account LIMIT :limit
        """,
    ),
    (
        "outcome",
        """
        SELECT NOT EXISTS(SELECT 1 FROM $S.orders WHERE key = order_key), id, '', order_key, seq FROM $S.outcomes
        WHERE seq > :first ORDER BY seq LIMIT :limit
        """,
    ),
    (
        "notification",
        """
        SELECT NOT EXISTS(SELECT 1 FROM $S.numbers AS n WHERE n.number = i.number AND n.account = i.account),
          number, account, '', seq FROM $S.inbox AS i
        WHERE seq > :first ORDER BY seq LIMIT :limit
        """,
    ),
)
_FIRST: tuple[tuple[str | int, str], ...] = (("", ""), (0, ""), (0, ""))


def strays(rows_of: Rows, after: str, limit: int) -> Strays:
    """One page. `rows_of` asks the database. `after`: where the page before ended; empty for the first one."""
    table, (first, second) = json.loads(after) if after else (0, _FIRST[0])
    kind, sql = _TABLES[table]
    rows = rows_of(sql, {"first": first, "second": second, "limit": limit})
    found = tuple(Stray(kind=kind, name=row[1], account=row[2], key=row[3]) for row in rows if row[0])
    if len(rows) == limit:
        place = (rows[-1][1], rows[-1][2]) if kind == "number" else (rows[-1][4], "")
        return Strays(found=found, after=json.dumps((table, place)))
    table += 1
    return Strays(found=found, after=json.dumps((table, _FIRST[table])) if table < len(_TABLES) else None)

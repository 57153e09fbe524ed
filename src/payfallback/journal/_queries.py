"""The questions that a SQLite journal answers, and its small writes. Each takes the connection first."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

from payfallback.journal._rows import Row, summary_of
from payfallback.journal._rules import checked_sort, due_order
from payfallback.journal._schema import SUMMARY
from payfallback.journal.codec import decode_outcome
from payfallback.ports import Stored, Summary, Switch
from payfallback.results import DueOrder, Outcome

_COLUMNS = "SELECT key, version, fence, owner, lease_until, due, log"
_LISTED = f"SELECT {', '.join(SUMMARY)} FROM orders"  # noqa: S608  # column names of ours
_ORDERS = {"since": "since, id", "amount": "amount DESC, id", "due": "due IS NULL, due, id"}

# ---------------------------------------------------------------- orders


def order(connection: sqlite3.Connection, key: str) -> Row | None:
    """One order's row."""
    found: Row | None = connection.execute(f"{_COLUMNS} FROM orders WHERE key = ?", (key,)).fetchone()
    return found


def keys(connection: sqlite3.Connection, text: str) -> tuple[str, ...]:
    """Keys of the orders that an order id, a number, a provider's reference or a key leads to, oldest first."""
    rows = connection.execute(
        """
        SELECT key FROM orders WHERE key = ? OR key IN (SELECT order_key FROM numbers WHERE number = ?) ORDER BY id
        """,
        (text, text),
    )
    return tuple(key for (key,) in rows)


_IS_FREE_AND_DUE = "FROM orders WHERE due <= ? AND (owner = '' OR lease_until <= ?) ORDER BY due, id LIMIT ?"
_FREE_AND_DUE = f"{_COLUMNS} {_IS_FREE_AND_DUE}"
_FREE = f"{_COLUMNS} FROM orders WHERE key = ? AND (owner = '' OR lease_until <= ?)"

Reads = Callable[[Row], Stored | None]  # None: this process cannot read it


def claim(
    connection: sqlite3.Connection, now: float, owner: str, lease: float, limit: int, passes: int, read: Reads
) -> tuple[Stored, ...]:
    """Take free leases of due orders, most overdue first, and pass over at most `passes` that cannot be read."""
    limit = max(0, limit)
    return _take(
        connection, connection.execute(_FREE_AND_DUE, (now, now, limit + passes)), (owner, now, lease), limit, read
    )


def claim_one(
    connection: sqlite3.Connection, now: float, owner: str, lease: float, key: str, read: Reads
) -> tuple[Stored, ...]:
    """Take the lease of one order, if it is free. Raises what `read` raises, and takes nothing then."""
    return _take(connection, connection.execute(_FREE, (key, now)), (owner, now, lease), 1, read)


def _take(
    connection: sqlite3.Connection, free: sqlite3.Cursor, by: tuple[str, float, float], limit: int, read: Reads
) -> tuple[Stored, ...]:
    """Rows are read one by one, until there are enough: what cannot be read is never leased."""
    owner, now, lease = by
    held = ((key, version, fence + 1, owner, now + lease, due, log) for key, version, fence, _, _, due, log in free)
    taken = tuple(islice(filter(None, map(read, held)), limit))
    free.close()
    connection.executemany(
        "UPDATE orders SET fence = ?, owner = ?, lease_until = ? WHERE key = ?",
        [(each.fence, owner, now + lease, each.key) for each in taken],
    )
    return taken


def count_due(connection: sqlite3.Connection, now: float) -> int:
    """How many orders are due."""
    found: int = connection.execute("SELECT count(*) FROM orders WHERE due <= ?", (now,)).fetchone()[0]
    return found


def due(connection: sqlite3.Connection, now: float, limit: int, passes: int, read: Reads) -> tuple[DueOrder, ...]:
    """What `claim` would take."""
    limit = max(0, limit)
    rows = connection.execute(_FREE_AND_DUE, (now, now, limit + passes))
    found = (due_order(row[0], row[5], row[2], now) for row in rows if read(row) is not None)
    return tuple(islice(found, limit))


def summaries(connection: sqlite3.Connection, states: Sequence[str], limit: int, sort: str) -> tuple[Summary, ...]:
    """The columns of the orders in these states; no states: of all."""
    marks = ",".join("?" * len(states))
    where = f"state IN ({marks})" if states else "order_id IS NOT NULL"
    rows = connection.execute(
        f"{_LISTED} WHERE {where} ORDER BY {_ORDERS[checked_sort(sort)]} LIMIT ?", (*states, max(0, limit))
    )
    return tuple(map(summary_of, rows))


def captured(
    connection: sqlite3.Connection, account: str, start: float, end: float, after: str, limit: int
) -> tuple[Summary, ...]:
    """What an account captured in a span of time, by attempt number."""
    rows = connection.execute(
        f"{_LISTED} WHERE account = ? AND paid_at >= ? AND paid_at < ? AND number > ? ORDER BY number LIMIT ?",
        (account, start, end, after, max(0, limit)),
    )
    return tuple(map(summary_of, rows))


# ---------------------------------------------------------------- outcomes


def undelivered(connection: sqlite3.Connection, limit: int, order_id: str | None) -> tuple[Outcome, ...]:
    """Outcomes that nobody acknowledged, in the order in which they were written."""
    rows = connection.execute(
        """
        SELECT body FROM outcomes WHERE delivered_at IS NULL AND (? IS NULL OR order_id = ?) ORDER BY seq LIMIT ?
        """,
        (order_id, order_id, max(0, limit)),
    )
    return tuple(decode_outcome(body) for (body,) in rows)


def deliver(connection: sqlite3.Connection, now: float, outcome_id: str) -> None:
    """Mark an outcome as told."""
    connection.execute("UPDATE outcomes SET delivered_at = ? WHERE id = ? AND delivered_at IS NULL", (now, outcome_id))


# ---------------------------------------------------------------- inbox


def keep(connection: sqlite3.Connection, now: float, account: str, number: str, kind: str, body: str) -> None:
    """Keep a notification once."""
    digest = hashlib.sha256(body.encode()).hexdigest()
    connection.execute(
        "INSERT INTO inbox(account, number, kind, digest, at, body) VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (account, number, kind, digest, now, body),
    )


def kept(connection: sqlite3.Connection, account: str, number: str) -> tuple[Mapping[str, Any], ...]:
    """The notifications that are kept for a number, oldest first."""
    rows = connection.execute("SELECT body FROM inbox WHERE number = ? AND account = ? ORDER BY seq", (number, account))
    return tuple(json.loads(body) for (body,) in rows)


# ---------------------------------------------------------------- manual switches

_HOLDING = """
    SELECT channel, reason, actor, at, until FROM switches
    WHERE seq IN (SELECT max(seq) FROM switches GROUP BY channel) AND stopped AND (until IS NULL OR until > ?)
    ORDER BY channel
"""


def stop(connection: sqlite3.Connection, switch: Switch) -> None:
    """Record a manual stop. The table is a history: the last row of a channel holds."""
    _record(connection, switch.channel, switch.reason, switch.actor, switch.at, stopped=True, until=switch.until)


def resume(connection: sqlite3.Connection, now: float, channel: str, actor: str, reason: str) -> bool:
    """Record a resumption, if the channel is stopped."""
    held = any(switch.channel == channel for switch in switches(connection, now))
    if held:
        _record(connection, channel, reason, actor, now, stopped=False, until=None)
    return held


def switches(connection: sqlite3.Connection, now: float) -> tuple[Switch, ...]:
    """The stops that hold now, by channel."""
    return tuple(
        Switch(**dict(zip(("channel", "reason", "actor", "at", "until"), row, strict=True)))
        for row in connection.execute(_HOLDING, (now,))
    )


def _record(
    connection: sqlite3.Connection,
    channel: str,
    reason: str,
    actor: str,
    at: float,
    *,
    stopped: bool,
    until: float | None,
) -> None:
    connection.execute(
        "INSERT INTO switches(channel, stopped, reason, actor, at, until) VALUES(?, ?, ?, ?, ?, ?)",
        (channel, stopped, reason, actor, at, until),
    )

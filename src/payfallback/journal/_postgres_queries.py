"""The questions that a PostgreSQL journal answers, and its small writes. Each takes the session first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from payfallback.journal._postgres_session import NOW, Row, Session
from payfallback.journal._rows import summary_of
from payfallback.journal._rules import checked_sort, due_order
from payfallback.journal._schema import SUMMARY
from payfallback.journal._unreadable import TRIED
from payfallback.journal.codec import decode_outcome
from payfallback.ports import Stored, Summary, Switch
from payfallback.results import DueOrder, Outcome

_STORED = f"key, version, fence, owner, lease_until, due, log, {NOW}"
_LISTED = f"SELECT {', '.join(SUMMARY)} FROM $S.orders"  # noqa: S608  # column names of ours
_SORTED = {"since": "since, id", "amount": "amount DESC, id", "due": "due NULLS LAST, id"}

# ---------------------------------------------------------------- orders


def order(session: Session, key: str) -> Row | None:
    """One order's row."""
    found = session.rows(f"SELECT {_STORED} FROM $S.orders WHERE key = %(key)s", key=key)  # noqa: S608  # names of ours
    return found[0] if found else None


def keys(session: Session, text: str) -> tuple[str, ...]:
    """Keys of the orders that an order id, a number, a provider's reference or a key leads to, oldest first."""
    rows = session.rows(
        """
        SELECT key FROM $S.orders WHERE key = ANY(ARRAY(
          SELECT order_key FROM $S.numbers WHERE number = %(text)s UNION SELECT %(text)s)) ORDER BY id
        """,
        text=text,
    )
    return tuple(key for (key,) in rows)


# The second clock is looked at once and not for each order that is passed over because somebody has its lease.
_IS_FREE_AND_DUE = f"""
    FROM $S.orders WHERE due <= {NOW} AND (owner = '' OR lease_until <= (SELECT {NOW}))
    AND key <> ALL(%(passed)s::text[]) ORDER BY due, id LIMIT %(limit)s
"""
_DUE = f"SELECT {_STORED} {_IS_FREE_AND_DUE}"
_FREE = f"""
    SELECT {_STORED} FROM $S.orders WHERE key = %(key)s AND (owner = '' OR lease_until <= {NOW}) FOR UPDATE
"""  # noqa: S608  # names of ours
_TAKE = f"""
    UPDATE $S.orders SET fence = fence + 1, owner = %(owner)s, lease_until = {NOW} + %(lease)s::float8
    WHERE key = ANY(%(keys)s)
"""  # noqa: S608  # names of ours
_ROUNDS = 50  # of a claim, each past what the one before could not read
_LISTED_AT_LEAST = TRIED // 5  # rows that one of five rounds of a listing looks at

Reads = Callable[[Row], Stored | None]  # None: this process cannot read it


def claim(
    session: Session, owner: str, lease: float, limit: int, passed: Callable[[], list[str]], read: Reads
) -> tuple[Stored, ...]:
    """Take free leases of due orders, most overdue first. In a transaction.

    Orders that another process is writing are passed over: many recoverers do not wait for each other. So are those
    that `read` cannot read, and `passed` names them from then on.
    """
    taken: list[Stored] = []
    for _ in range(_ROUNDS if limit > 0 else 0):
        rows = session.rows(f"{_DUE} FOR UPDATE SKIP LOCKED", limit=limit - len(taken), passed=passed())
        found = _take(session, rows, owner, lease, read)
        taken += found
        if len(found) == len(rows) or len(taken) == limit:
            break
    return tuple(taken)


def claim_one(session: Session, owner: str, lease: float, key: str, read: Reads) -> tuple[Stored, ...]:
    """Take the lease of one order, if it is free. Raises what `read` raises, and takes nothing then."""
    return tuple(_take(session, session.rows(_FREE, key=key), owner, lease, read))


def _take(session: Session, rows: Sequence[Row], owner: str, lease: float, read: Reads) -> list[Stored]:
    held = [
        (key, version, fence + 1, owner, now + lease, due, log, now)
        for key, version, fence, _, _, due, log, now in rows
    ]
    found = [each for each in map(read, held) if each is not None]
    if found:
        session.rows(_TAKE, owner=owner, lease=lease, keys=[each.key for each in found])
    return found


def count_due(session: Session) -> int:
    """How many orders are due."""
    found: int = session.rows(f"SELECT count(*) FROM $S.orders WHERE due <= {NOW}")[0][0]  # noqa: S608  # names of ours
    return found


def due(session: Session, limit: int, passed: Callable[[], list[str]], read: Reads) -> tuple[DueOrder, ...]:
    """What `claim` would take."""
    found: list[Row] = []
    for _ in range(5 if limit > 0 else 0):
        rows = session.rows(_DUE, limit=max(limit, _LISTED_AT_LEAST), passed=passed())
        found = [row for row in rows if read(row) is not None]
        if len(found) == len(rows) or len(found) >= limit:
            break
    return tuple(due_order(row[0], row[5], row[2], row[7]) for row in found[: max(0, limit)])


def summaries(session: Session, states: Sequence[str], limit: int, sort: str) -> tuple[Summary, ...]:
    """The columns of the orders in these states; no states: of all."""
    where = "state = ANY(%(states)s)" if states else "order_id IS NOT NULL"
    sql = f"{_LISTED} WHERE {where} ORDER BY {_SORTED[checked_sort(sort)]} LIMIT %(limit)s"
    return tuple(map(summary_of, session.rows(sql, states=list(states), limit=max(0, limit))))


def captured(session: Session, account: str, start: float, end: float, after: str, limit: int) -> tuple[Summary, ...]:
    """What an account captured in a span of time, by attempt number."""
    sql = f"""
        {_LISTED} WHERE account = %(account)s AND paid_at >= %(start)s AND paid_at < %(end)s
        AND number > %(after)s ORDER BY number LIMIT %(limit)s
    """
    rows = session.rows(sql, account=account, start=start, end=end, after=after, limit=max(0, limit))
    return tuple(map(summary_of, rows))


# ---------------------------------------------------------------- outcomes


def undelivered(session: Session, limit: int, order_id: str | None) -> tuple[Outcome, ...]:
    """Outcomes that nobody acknowledged, in the order in which they were written."""
    rows = session.rows(
        """
        SELECT body FROM $S.outcomes WHERE delivered_at IS NULL
        AND (%(order)s::text IS NULL OR order_id = %(order)s::text) ORDER BY seq LIMIT %(limit)s
        """,
        order=order_id,
        limit=max(0, limit),
    )
    return tuple(decode_outcome(body) for (body,) in rows)


def deliver(session: Session, outcome_id: str) -> None:
    """Mark an outcome as told."""
    session.rows(
        f"UPDATE $S.outcomes SET delivered_at = {NOW} WHERE id = %(id)s AND delivered_at IS NULL",  # noqa: S608  # names of ours
        id=outcome_id,
    )


# ---------------------------------------------------------------- inbox


def keep(session: Session, account: str, number: str, kind: str, body: str) -> None:
    """Keep a notification once."""
    session.rows(
        f"""
        INSERT INTO $S.inbox(account, number, kind, digest, at, body)
        VALUES(%(account)s, %(number)s, %(kind)s, %(digest)s, {NOW}, %(body)s) ON CONFLICT DO NOTHING
        """,
        account=account,
        number=number,
        kind=kind,
        digest=hashlib.sha256(body.encode()).hexdigest(),
        body=body,
    )


def kept(session: Session, account: str, number: str) -> tuple[Mapping[str, Any], ...]:
    """The notifications that are kept for a number, oldest first."""
    rows = session.rows(
        "SELECT body FROM $S.inbox WHERE number = %(number)s AND account = %(account)s ORDER BY seq",
        account=account,
        number=number,
    )
    return tuple(json.loads(body) for (body,) in rows)


# ---------------------------------------------------------------- manual switches

_HOLDING = f"""
    SELECT channel, reason, actor, at, until FROM (
      SELECT DISTINCT ON (channel) * FROM $S.switches ORDER BY channel, seq DESC) AS last
    WHERE stopped AND (until IS NULL OR until > {NOW}) ORDER BY channel
"""  # noqa: S608  # names of ours


def stop(session: Session, switch: Switch) -> None:
    """Record a manual stop. The table is a history: the last row of a channel holds."""
    _record(session, switch.channel, switch.reason, switch.actor, switch.at, stopped=True, until=switch.until)


def resume(session: Session, channel: str, actor: str, reason: str) -> bool:
    """Record a resumption, if the channel is stopped."""
    held = any(switch.channel == channel for switch in switches(session))
    if held:
        _record(session, channel, reason, actor, None, stopped=False, until=None)
    return held


def switches(session: Session) -> tuple[Switch, ...]:
    """The stops that hold now, by channel."""
    names = ("channel", "reason", "actor", "at", "until")
    return tuple(Switch(**dict(zip(names, row, strict=True))) for row in session.rows(_HOLDING))


def _record(
    session: Session, channel: str, reason: str, actor: str, at: float | None, *, stopped: bool, until: float | None
) -> None:
    session.rows(
        f"""
        INSERT INTO $S.switches(channel, stopped, reason, actor, at, until)
        VALUES(%(channel)s, %(stopped)s, %(reason)s, %(actor)s, coalesce(%(at)s::float8, {NOW}), %(until)s)
        """,
        channel=channel,
        stopped=stopped,
        reason=reason,
        actor=actor,
        at=at,
        until=until,
    )

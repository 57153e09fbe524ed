"""What looks after a PostgreSQL journal as a whole: see `payfallback.storage.Archive`.

Each statement looks at a few rows by an index, so that none outlasts the patience of a connection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from payfallback.journal._postgres_rows import Row, clean, stored_of
from payfallback.journal._postgres_session import NOW, Session
from payfallback.journal._rows import RETIRED, held_of
from payfallback.journal._rules import check_age, unheard
from payfallback.journal._schema import SUMMARY
from payfallback.journal._strays import Rows, strays
from payfallback.journal.codec import Codec
from payfallback.ports import Done
from payfallback.storage import Held, Page, Retired

_STORED = ("key", "version", "fence", "owner", "lease_until", "due")
_MAY_GO = f"""
    settled_at < %(before)s AND due IS NULL AND NOT needs_person AND NOT uncertain
    AND left(log, {len(RETIRED)}) <> '{RETIRED}'
"""
_PAGE = f"""
    SELECT {", ".join(_STORED)}, CASE WHEN {{which}} THEN log END, {NOW}, {", ".join(SUMMARY)}
    FROM $S.orders WHERE key > %(after)s ORDER BY key LIMIT %(limit)s
"""  # noqa: S608  # names of ours
_WIDTH = len(_STORED) + 2
_ALL, _OLD = _PAGE.format(which="true"), _PAGE.format(which=_MAY_GO)


class PostgresArchive:
    """Its questions and its one change go the journal's own ways, `read` and `write`."""

    def __init__(self, read: Callable[..., None], write: Callable[..., None], codec: Codec) -> None:
        self._read, self._write, self._codec = read, write, codec

    def page(self, after: str, limit: int, done: Done, *, settled_before: float | None = None) -> None:
        """`done(Page)`."""
        self._read(done, lambda session: self._page(session, after, max(1, limit), settled_before))

    def _page(self, session: Session, after: str, limit: int, before: float | None) -> Page:
        rows = session.rows(_ALL if before is None else _OLD, after=after, limit=limit, before=before)
        orders = tuple(self._held(row) for row in rows if row[_WIDTH - 2] is not None)
        return Page(orders=orders, after=rows[-1][0] if len(rows) == limit else None)

    def _held(self, row: Row) -> Held:
        return held_of(row[:_WIDTH], row[_WIDTH:], lambda found: stored_of(found, self._codec))

    def leads(self, pairs: Sequence[tuple[str, str]], done: Done) -> None:
        """`done(tuple[str, ...])`."""
        accounts, numbers = [clean(each) for each, _ in pairs], [clean(each) for _, each in pairs]
        self._read(
            done,
            lambda session: tuple(key for (key,) in session.rows(_LEADS, accounts=accounts, numbers=numbers)),
        )

    def told(self, ids: Sequence[str], done: Done) -> None:
        """`done(Mapping[str, float | None])`."""
        self._read(done, lambda session: dict(session.rows(_TOLD, ids=[clean(each) for each in ids])))

    def strays(self, after: str, limit: int, done: Done) -> None:
        """`done(Strays)`."""
        self._read(done, lambda session: strays(_rows_of(session), after, max(1, limit)))

    def flaws(self, done: Done) -> None:
        """`done(())`: PostgreSQL looks after its own files (checksums, `amcheck`), with rights that a shop has not."""
        self._read(done, lambda session: ())

    def retire(self, retired: Sequence[Retired], before: float, done: Done) -> None:
        """`done(tuple[str, ...])`."""
        self._write(done, lambda session: self._retire(session, retired, before))

    def _retire(self, session: Session, retired: Sequence[Retired], before: float) -> tuple[str, ...]:
        check_age(before, session.rows(f"SELECT {NOW}")[0][0])
        waiting = _waiting(session, retired, before)
        going = sorted((each for each in retired if each.key not in waiting), key=lambda each: each.key)
        rows = [
            (clean(each.key), each.version, len(each.events), self._codec.encode(each.events, each.key))
            for each in going
        ]
        keys, versions, added, logs = ([*column] for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
        session.script(_BY_INDEX)
        session.rows(_LOCK, keys=keys)
        found = session.rows(_REPLACE, keys=keys, versions=versions, added=added, logs=logs, before=before)
        gone = {key for (key,) in found}
        told = [clean(each) for one in going if clean(one.key) in gone for each in one.outcomes]
        session.rows("DELETE FROM $S.outcomes WHERE id = ANY(%(ids)s)", ids=told)
        return tuple(each.key for each in retired if clean(each.key) in gone)


_LEADS = """
    SELECT coalesce((SELECT order_key FROM $S.numbers AS n WHERE n.number = g.number AND n.account = g.account), '')
    FROM unnest(%(accounts)s::text[], %(numbers)s::text[]) WITH ORDINALITY AS g(account, number, place) ORDER BY place
"""
_TOLD = "SELECT id, delivered_at FROM $S.outcomes WHERE id = ANY(%(ids)s)"
# Without statistics the planner would read whole tables for a batch; the setting ends with the transaction.
_BY_INDEX = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
_LOCK = "SELECT FROM $S.orders WHERE key = ANY(%(keys)s) ORDER BY key FOR UPDATE"
_REPLACE = f"""
    UPDATE $S.orders AS o SET log = g.log, version = o.version + g.added, owner = '', lease_until = 0
    FROM unnest(%(keys)s::text[], %(versions)s::bigint[], %(added)s::bigint[], %(logs)s::text[])
      AS g(key, expected, added, log)
    WHERE o.key = g.key AND o.version = g.expected AND (o.owner = '' OR o.lease_until <= {NOW})
      AND {_MAY_GO.replace("left(log", "left(o.log")} RETURNING o.key
"""  # noqa: S608  # names of ours


def _rows_of(session: Session) -> Rows:
    return lambda sql, given: session.rows(re.sub(r":(\w+)", r"%(\1)s", sql), **given)


def _waiting(session: Session, retired: Sequence[Retired], before: float) -> set[str]:
    """Keys of those with an outcome that the shop had not heard by then."""
    ids = {clean(told): each.key for each in retired for told in each.outcomes}
    rows = session.rows(_TOLD, ids=list(ids))
    return {ids[told] for told, delivered_at in rows if unheard(delivered_at, before)}

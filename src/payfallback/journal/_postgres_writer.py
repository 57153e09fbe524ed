"""The writer of a PostgreSQL journal: see `_grouping`.

When the connection is lost while a group is being committed, nobody knows whether it was. Then the writer connects
anew and *shuts out* its own past: it raises its epoch in its row of `writers`, which waits for an old transaction that
still holds that row, and refuses one that comes to sign later. What this row then says of the last group is final: it
was written, and its answers stand beside it; or it never will be, and writing it again is safe. Only when no server can
be reached in time are the callers told that nothing is known, and load the order again.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg

from payfallback.errors import JournalUnavailable
from payfallback.journal._grouping import Grouping, again
from payfallback.journal._postgres_functions import NOT_SYNCED, SHUT_OUT
from payfallback.journal._postgres_groups import Item, Mark, told, write_group
from payfallback.journal._postgres_patience import patiently
from payfallback.journal._postgres_server import Server, said
from payfallback.journal._postgres_session import Row, Session

READ_ONLY = "25006"  # this server is no primary any more: the address may lead to the next one
LARGEST = 512  # commits in one statement: about half a megabyte
ABANDONED = 30 * 86400  # seconds after which the row of a writer that writes no more is swept

# A group costs the server and this process as much as five commits do, however few are in it: so after a group of
# several, one of fewer than 16 waits for 0.2 ms, a fraction of what writing takes. A caller alone does not wait.
COMPANY = 16, 0.0002

_BEGIN = """
    INSERT INTO $S.writers AS mine(id, epoch, seq, answer, at)
    VALUES(%(id)s::uuid, 1, 0, ARRAY[]::text[], extract(epoch FROM clock_timestamp()))
    ON CONFLICT (id) DO UPDATE SET epoch = mine.epoch + 1 RETURNING epoch, seq, answer
"""
_SWEEP = "DELETE FROM $S.writers WHERE at < extract(epoch FROM clock_timestamp()) - %(age)s"


class Writer(Grouping[Item]):
    """Groups the writes of all threads and tasks of one process. Starts with the first one.

    `patience`: seconds for which a group is tried again after what is known to have written nothing.
    """

    def __init__(self, server: Server, *, limit: int, patience: float) -> None:
        super().__init__(limit)
        self._largest, self._company = LARGEST, COMPANY
        self._server, self._patience = server, patience
        self._id = str(uuid.uuid4())
        self._epoch = self._seq = 0
        self._acknowledged = 0
        self._written_at = float("-inf")
        self._doubtful: int | None = None  # the group that may have been committed, or not
        self._found: tuple[int, Sequence[str]] = 0, ()
        self.session: Session | None = None

    def release(self) -> None:
        """Let go of the connection; the next group opens another."""
        with self.gate:
            session, self.session = self.session, None
            if session is not None:
                session.close()

    def _write(self, group: Sequence[Item]) -> Sequence[Any]:
        self._writing = True
        self._doubtful = None
        try:
            results = patiently(lambda: self._attempt(group), self._patience)
        except JournalUnavailable as problem:
            return [again(problem) for _ in group]
        except psycopg.Error as problem:
            return [_unavailable(problem) for _ in group]
        finally:
            self._writing = False
        self._last = group, results
        self._acknowledged, self._written_at = self._seq, time.monotonic()
        return results

    def _attempt(self, group: Sequence[Item]) -> Sequence[Any]:
        session = self.session or self._open()
        if self._doubtful is not None and self._found[0] == self._doubtful:
            return told(group, self._found[1])
        self._seq += 1
        self._doubtful = self._seq
        try:
            return write_group(session, group, Mark(self._id, self._epoch, self._seq))
        except psycopg.Error as problem:
            self._after(session, problem)
            raise
        except BaseException:
            self.release()  # in the middle of something
            raise

    def _after(self, session: Session, problem: psycopg.Error) -> None:
        """An error that the server answered means that nothing was written; one of the connection means nothing."""
        if session.is_alive and problem.sqlstate and not problem.sqlstate.startswith(("08", "57P")):
            self._doubtful = None
            with suppress(psycopg.Error):
                if session.in_transaction:
                    session.script("ROLLBACK")
                if problem.sqlstate not in (SHUT_OUT, READ_ONLY):
                    return
        self.release()

    def _open(self) -> Session:
        """Connect, shut out what an earlier connection of this writer may still be doing, and look what it has done."""
        session = self._server.connect()
        try:
            epoch, seq, answer = self._row(session)
            self._check(seq)
        except BaseException:
            session.close()
            raise
        self._epoch, self._found, self.session = epoch, (seq, answer), session
        self._server.era += 1
        return session

    def _row(self, session: Session) -> Row:
        session.rows(_SWEEP, age=ABANDONED)
        row = session.rows(_BEGIN, id=self._id)[0]
        if row[0] == 1 and self._doubtful is not None:  # the row is new: the old one went with a failover
            self._id = str(uuid.uuid4())
            raise JournalUnavailable(
                "the connection was lost during a commit, and no trace of it is left", hint="load the order again"
            )
        return row

    def _check(self, seq: int) -> None:
        """Raises `JournalUnavailable` unless what was acknowledged last is there: after a failover it may not be."""
        if seq < self._acknowledged and time.monotonic() - self._written_at < ABANDONED / 2:
            raise JournalUnavailable(
                "the journal lost what it had acknowledged", hint="stop, and compare it with the providers' bills"
            )


def _unavailable(problem: psycopg.Error) -> JournalUnavailable:
    if problem.sqlstate == NOT_SYNCED:
        return JournalUnavailable("synchronous_commit was switched off", hint="switch it on; nothing was written")
    return JournalUnavailable(
        f"the journal cannot be written: {said(problem)}", hint="load the order before trying again"
    )

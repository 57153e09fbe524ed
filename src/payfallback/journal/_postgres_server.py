"""The database of a PostgreSQL journal: how it is reached, what it must be, and how its schema is made and migrated."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import conninfo

from payfallback.errors import ConfigError, JournalUnavailable
from payfallback.journal._postgres_schema import MIGRATIONS, VERSION
from payfallback.journal._postgres_session import BoundedConnection, Session

OLDEST = 140000  # PostgreSQL 14, the oldest that its project still mends

# Unless the address says otherwise. A firewall that forgets an idle connection tells neither end: asking now and then
# keeps it known, and lets the next commit find a dead one dead instead of waiting for it.
_ALIVE = {"application_name": "payfallback", "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_SETTINGS = ("synchronous_commit", "fsync", "full_page_writes", "default_transaction_isolation")
_LOOK = f"""
    SELECT current_setting('server_version_num')::integer, pg_is_in_recovery(),
      to_regclass('$S.meta') IS NOT NULL, {", ".join(f"current_setting('{name}')" for name in _SETTINGS)}
"""
_NOT_MADE = "there is no journal in schema {schema!r} of this database"
_MIGRATE = "make it, or bring it forward, as its owner: payfallback journal migrate"


class Server:
    """Where a journal is. Makes verified sessions; safe for threads."""

    def __init__(
        self,
        url: str,
        schema: str,
        now: Callable[[], float] | None = None,
        *,
        patience: float = 5.0,
        allow_volatile: bool = False,
    ) -> None:
        if not _NAME.fullmatch(schema):
            raise ConfigError("the schema of a journal is no plain name", hint="small letters, digits and underscores")
        self.schema = schema
        self._given = _parsed(url)
        self._now, self._patience, self._allow_volatile = now, patience, allow_volatile
        self.era = 0  # how often the writer has connected: a reader's older connection may lead to another server

    def connect(self) -> Session:
        """A verified session, in autocommit. Raises `JournalUnavailable`, or `psycopg.Error`."""
        session = self._open()
        try:
            self._verify(session)
        except BaseException:
            session.close()
            raise
        return session

    def _open(self) -> Session:
        given = {"connect_timeout": max(2, round(self._patience)), **_ALIVE, **self._given}
        connection = BoundedConnection.connect(**given, autocommit=True, prepare_threshold=None)
        connection.patience = self._patience
        return Session(connection, self.schema, self._now)

    def _verify(self, session: Session) -> None:
        self._look(session)
        version = session.rows("SELECT version FROM $S.meta")[0][0]
        if version > VERSION:
            raise _newer(version)
        if version < VERSION:
            raise JournalUnavailable(f"the journal has schema {version}, this version needs {VERSION}", hint=_MIGRATE)

    def _look(self, session: Session) -> None:
        """Raises `JournalUnavailable` for a server that cannot keep what a journal promises."""
        ((number, standby, made, *found),) = session.rows(_LOOK)
        settings: dict[str, Any] = dict(zip(_SETTINGS, found, strict=True))
        if number < OLDEST:
            raise JournalUnavailable("the PostgreSQL server is too old", hint=f"{OLDEST // 10000} or newer")
        if standby:
            raise psycopg.OperationalError("this server is a standby")  # until it is promoted
        if problem := _weakness(settings, allow_volatile=self._allow_volatile):
            raise problem
        if not made:
            raise JournalUnavailable(_NOT_MADE.format(schema=self.schema), hint=_MIGRATE)

    def migrate(self, steps: Sequence[Sequence[str]] = MIGRATIONS) -> None:
        """Make the schema, or bring it forward, in one transaction. Several may try; the second finds it done.

        Raises `JournalUnavailable` when the journal is newer or the server cannot be reached or refuses.
        """
        try:
            session = self._open()
            try:
                _migrate(session, self.schema, steps)
            finally:
                session.close()
        except psycopg.Error as problem:
            raise JournalUnavailable(f"the journal cannot be migrated: {said(problem)}") from None


def _migrate(session: Session, schema: str, steps: Sequence[Sequence[str]]) -> None:
    session.script("BEGIN")
    session.rows("SELECT pg_advisory_xact_lock(hashtext(%(name)s))", name=f"payfallback {schema}")
    if not session.rows("SELECT 1 FROM pg_namespace WHERE nspname = %(name)s", name=schema):
        session.script("CREATE SCHEMA $S")
    made = session.rows("SELECT to_regclass('$S.meta') IS NOT NULL")[0][0]
    version = session.rows("SELECT version FROM $S.meta")[0][0] if made else 0
    if version > len(steps):
        raise _newer(version)
    for statement in (each for step in steps[version:] for each in step):
        session.script(statement)
    if version < len(steps):
        session.rows("UPDATE $S.meta SET version = %(version)s", version=len(steps))
    session.script("COMMIT")


def _weakness(settings: dict[str, str], *, allow_volatile: bool) -> JournalUnavailable | None:
    if settings["synchronous_commit"] == "off":
        return JournalUnavailable(
            "synchronous_commit is off: the server acknowledges what a crash of it forgets",
            hint="ALTER ROLE the_shop SET synchronous_commit = on",
        )
    if settings["default_transaction_isolation"] != "read committed":
        return JournalUnavailable(
            "the journal needs transactions that are read committed",
            hint="ALTER ROLE the_shop SET default_transaction_isolation = 'read committed'",
        )
    if allow_volatile:
        return None
    if settings["fsync"] == "off":
        return JournalUnavailable("fsync is off: a power failure destroys the database", hint="switch it on")
    if settings["full_page_writes"] == "off":
        _warn_of_torn_pages()
    return None


def _warn_of_torn_pages() -> None:
    """Right on a file system that never tears a page (ZFS), ruinous on any other; the server cannot tell."""
    import structlog

    structlog.get_logger("payfallback").warning("journal.full_page_writes_off", journal="postgresql")


def _newer(version: int) -> JournalUnavailable:
    return JournalUnavailable(
        f"the journal has schema {version}, newer than the {VERSION} of this version of payfallback",
        hint="upgrade this process",
    )


def _parsed(url: str) -> dict[str, Any]:
    """The parameters of a connection. What libpq says of a wrong address is not repeated: it may hold the password."""
    try:
        return dict(conninfo.conninfo_to_dict(url))
    except psycopg.ProgrammingError:
        raise ConfigError(
            "the journal's PostgreSQL address cannot be read", hint="postgresql://user@host:5432/database"
        ) from None


def said(problem: psycopg.Error) -> str:
    """What the server says, in one line, without the detail: that holds values of rows."""
    if problem.diag.message_primary:
        return f"{problem.diag.message_primary} ({problem.sqlstate})"
    return " ".join(str(problem).split())

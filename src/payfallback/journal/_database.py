"""Opens the file of a journal: makes it whole, verifies what it is, brings an older schema forward."""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from payfallback.errors import ConfigError, JournalUnavailable
from payfallback.journal._host import Host
from payfallback.journal._place import check_place
from payfallback.journal._probe import check_host, check_identity, probe
from payfallback.journal._schema import APPLICATION_ID, MIGRATIONS

OLDEST_SQLITE = (3, 34, 0)  # as in Debian 11 and RHEL 9: upserts, and the json functions that the schema uses

_OPENING = 5.0  # seconds to wait for another process that is creating or migrating the same file
_PRAGMAS = (
    "PRAGMA synchronous = FULL",  # a commit is on the disk when it is acknowledged
    "PRAGMA fullfsync = ON",  # macOS: through the drive's cache too; elsewhere without effect
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -8000",
    "PRAGMA journal_size_limit = 67108864",
)


class Database:
    """One journal's file. Safe for threads.

    The first connection fixes which file it is: once that one was moved, deleted or replaced, every further use is
    refused, since what was acknowledged is in the file that went away.
    """

    def __init__(self, path: Path, host: Host, *, allow_volatile: bool = False) -> None:
        self.path = Path(os.path.realpath(path))
        self._host = host
        self._allow_volatile = allow_volatile
        self._lock = threading.Lock()
        self._file: tuple[int, int] | None = None
        self._forbidden = ""
        self.check()

    def check(self) -> None:
        """Raises `ConfigError` when no journal can be here, or another file is. Changes nothing."""
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise ConfigError(
                f"SQLite {sqlite3.sqlite_version} is too old for the journal",
                hint=f"Python must be linked to {'.'.join(map(str, OLDEST_SQLITE))} or newer",
            )
        try:
            check_place(self.path, allow_volatile=self._allow_volatile)
            if self.path.exists():
                probe(self.path, self._host)
        except OSError as problem:
            raise ConfigError(f"the journal {self.path} cannot be looked at: {problem.strerror}") from None

    def connect(self) -> sqlite3.Connection:
        """A verified connection, in autocommit. Raises `JournalUnavailable`, or `sqlite3.Error`."""
        with self._lock:
            if self._forbidden:
                raise JournalUnavailable(self._forbidden, hint="use the journal after forking, or fork with os.fork")
            try:
                if self._file is None:
                    self.check()
                    if not self.path.exists():
                        create(self.path, self._host)
                return self._verified()
            except ConfigError as problem:
                raise JournalUnavailable(problem.message, hint=problem.hint) from None
            except OSError as problem:
                raise JournalUnavailable(f"the journal {self.path} cannot be opened: {problem.strerror}") from None

    def restart(self, forbidden: str = "") -> None:
        """Begin anew in a forked process; `forbidden` says why it cannot be used there."""
        self._lock = threading.Lock()
        self._forbidden = forbidden

    def _verified(self) -> sqlite3.Connection:
        self.check_present()
        found = self._current_file()
        connection = _open(self.path)
        try:
            _verify(connection, self.path, self._host)
            self._file = found
            self.check_present()
        except BaseException:
            connection.close()
            raise
        return connection

    def check_present(self) -> None:
        """Raises `JournalUnavailable` when the file in use is no longer the one at its path."""
        if self._file is not None and self._current_file() != self._file:
            raise JournalUnavailable(
                f"the journal {self.path} was moved, deleted or replaced while it was in use",
                hint="bring the file back with its -wal, then restart this process",
            )

    def _current_file(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def create(path: Path, host: Host) -> None:
    """Make a new journal of mode 0600 under another name and link it into place, so that nobody sees half of one."""
    making = path.with_name(f".{path.name}.{secrets.token_hex(6)}.new")
    os.close(os.open(making, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with closing(_open(making)) as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            migrate(connection, MIGRATIONS)
            record_host(connection, host)
            connection.execute("PRAGMA journal_mode = WAL")
        with suppress(FileExistsError):  # another process was faster
            os.link(making, path)
    finally:
        for left in ("", "-journal", "-wal", "-shm"):
            Path(f"{making}{left}").unlink(missing_ok=True)
    _sync_folder(path.parent)


def move(path: Path, host: Host, *, allow_volatile: bool = False) -> None:
    """Make a journal belong to another machine. Raises `ConfigError` when no journal can be here, or none is."""
    check_place(path, allow_volatile=allow_volatile)
    if not path.exists():
        raise ConfigError(f"there is no journal {path}")
    probe(path, None)
    with closing(_open(path)) as connection:
        record_host(connection, host)


def migrate(connection: sqlite3.Connection, steps: Sequence[Sequence[str]]) -> None:
    """Bring an older schema forward, in one transaction: all of it, or nothing. Several processes may try."""
    if _version(connection) >= len(steps):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in steps[_version(connection) :]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the header in the file tells the version to who only looks


def record_host(connection: sqlite3.Connection, host: Host) -> None:
    """Write down which machine the journal belongs to from now on."""
    given = (("machine", host.machine), ("boot", host.boot), ("name", host.name))
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(
        "INSERT INTO meta VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value", given
    )
    connection.execute("COMMIT")


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, timeout=_OPENING, isolation_level=None, check_same_thread=False
    )
    try:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
    except BaseException:
        connection.close()
        raise
    return connection


def _verify(connection: sqlite3.Connection, path: Path, host: Host) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    check_identity(path, application, _version(connection))
    migrate(connection, MIGRATIONS)
    recorded = dict(connection.execute("SELECT name, value FROM meta").fetchall())
    check_host(path, recorded, host)
    if recorded["machine"] == host.machine and recorded["boot"] != host.boot:
        record_host(connection, host)  # the same machine after a reboot
    if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
        raise ConfigError(f"SQLite cannot keep a write-ahead log beside {path}", hint="use a local disk")


def _version(connection: sqlite3.Connection) -> int:
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found


def _sync_folder(folder: Path) -> None:
    """Make the new name durable; a system that cannot open folders does not need it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

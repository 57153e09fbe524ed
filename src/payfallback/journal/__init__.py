"""The journal: what was meant, sent and answered, durable before it is acted on. A store loads with its first use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from payfallback.errors import ConfigError

if TYPE_CHECKING:
    from payfallback.ports import Clock, Journal

_SUPPORTED = "memory:, sqlite:///relative/path.db and sqlite:////absolute/path.db"
_OPTIONS = ("host", "allow_volatile")


def open_journal(
    url: str, *, clock: Clock | None = None, seal: bytes | str | Sequence[bytes | str] | None = None
) -> Journal:
    """The journal at an address: `memory:`, `sqlite:///relative/path.db` or `sqlite:////absolute/path.db`.

    `clock` decides leases and due times in place of the system's, for tests. `seal` is a key of 32 bytes (bytes,
    hexadecimal or base64), or several, newest first: with it client secrets and app parameters are kept sealed, without
    it only their kind is kept. A SQLite address takes `?host=NAME`, and `?allow_volatile=yes` for tests; see
    `SqliteJournal`. Raises `ConfigError` for another address, another file, or a place where no journal can be kept.
    """
    scheme, colon, rest = url.partition(":")
    if colon and scheme == "memory":
        from payfallback.journal.memory import MemoryJournal

        return MemoryJournal(clock, seal=seal)
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
    if scheme != "sqlite":
        return
    from pathlib import Path

    from payfallback.journal._place import check_place

    check_place(Path(_sqlite(rest)[0]), allow_volatile=True)


def move_journal(path: str, *, host: str | None = None) -> None:
    """Make a SQLite journal that was moved here belong to this machine (or to `host`), once its old one is off.

    Raises `ConfigError` when there is no journal at this path, or none can be kept there.
    """
    from payfallback.journal.sqlite import move

    move(path, host=host)


def _sqlite(rest: str) -> tuple[str, dict[str, Any]]:
    path, _, query = rest.removeprefix("///").partition("?")
    if not rest.startswith("///") or not path:
        raise ConfigError("a SQLite journal's address has no path", hint=f"write {_SUPPORTED.partition(', ')[2]}")
    options: dict[str, Any] = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
    unknown = options.keys() - set(_OPTIONS)
    if unknown:
        raise ConfigError(f"a SQLite journal has no option {min(unknown)!r}", hint=f"known: {', '.join(_OPTIONS)}")
    if "allow_volatile" in options:
        options["allow_volatile"] = options["allow_volatile"] == "yes"
    return path, options

"""What the commands that only look need of a configuration: where the journal is, and which channels there are.

They work without the secrets of the providers: whoever is on call must not need a private key to see what is going on.
`payfallback check` reads the whole file.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from payfallback._config_secrets import Resolver, Unresolved
from payfallback._values import field, value
from payfallback.errors import ConfigError

_LARGEST = 1024 * 1024


@value(kw_only=True)
class Place:
    """A journal's address, the provider of each channel by its name, and where health is shared: `url`, `prefix`."""

    file: str
    journal_url: str = field(repr=False)
    seal: tuple[str, ...] = field(default=(), repr=False)
    health: Mapping[str, str] = field(factory=dict, repr=False)
    providers: Mapping[str, str] = field(factory=dict)


def place_of(file: Path) -> Place:
    """Read what is needed. Raises `ConfigError` when there is no such file, or it names no journal."""
    document = _read(file)
    resolver = Resolver(os.environ, file.parent)
    journal = _table(document, "journal")
    url = journal.get("url")
    if not isinstance(url, str):
        raise ConfigError("no [journal] with a url", hint='write url = "sqlite:///payments.db"', file=str(file))
    try:
        address = resolver.text(url)
    except Unresolved as error:
        raise ConfigError(f"journal.url: {error.message}", hint=error.hint, file=str(file)) from None
    return Place(
        file=str(file),
        journal_url=_beside(address, file.parent),
        seal=_seals(journal.get("seal"), resolver),
        health=_health(_table(document, "shared_health"), resolver),
        providers=_providers(document),
    )


def given_in(name: str) -> str:
    """Another role's address: with a password it has no place on a command line, which every user of a machine can see.
    Raises `ConfigError` when this environment variable is not set."""
    address = os.environ.get(name, "")
    if not address:
        raise ConfigError(f"the environment variable {name!r} is not set", hint="export it with that role's address")
    return address


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    except OSError as error:
        hint = "`payfallback init` writes one; another is named with --config or PAYFALLBACK_CONFIG"
        raise ConfigError(f"cannot be read: {error.strerror}", hint=hint, file=str(file)) from None
    if len(content) > _LARGEST:
        raise ConfigError(f"is larger than {_LARGEST} bytes", file=str(file))
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"not valid TOML: {error}", hint="`payfallback check` says more", file=str(file)) from None


def _beside(url: str, folder: Path) -> str:
    """A relative SQLite path is meant beside the file, as `payfallback.config.load` reads it."""
    path = url.removeprefix("sqlite:///")
    relative = url.startswith("sqlite:///") and path and not path.startswith(("/", "?"))
    return f"sqlite:///{folder.absolute() / path}" if relative else url


def _seals(given: object, resolver: Resolver) -> tuple[str, ...]:
    """The sealing keys that can be read here; what they seal is not needed for looking."""
    found = []
    for each in given if isinstance(given, list) else [given]:
        try:
            found.append(resolver.secret(each if isinstance(each, str) else ""))
        except Unresolved:
            continue
    return tuple(found)


def _health(table: Mapping[str, Any], resolver: Resolver) -> dict[str, str]:
    """Where it can be read here: nothing but speed depends on it."""
    try:
        return {name: resolver.text(_text(table, name)) for name in ("url", "prefix") if _text(table, name)}
    except Unresolved:
        return {}


def _providers(document: Mapping[str, Any]) -> dict[str, str]:
    accounts = _table(document, "accounts")
    channels = _table(document, "channels")
    return {name: _text(_table(accounts, _text(_table(channels, name), "account")), "provider") for name in channels}


def _table(inside: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = inside.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(inside: Mapping[str, Any], name: str) -> str:
    found = inside.get(name)
    return found if isinstance(found, str) else ""

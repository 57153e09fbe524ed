"""Joining a client to the health that workers share. Loaded with every client; what it loads, only where configured."""

from __future__ import annotations

from payfallback._config_values import SharedHealthSettings
from payfallback._runtime.shared import Shared
from payfallback.ports import SharedHealth


def share(shared: Shared, health: SharedHealth | str) -> None:
    """Have a client take part, from its first call on. `health`: a store, or an address. Raises `ConfigError`."""
    from payfallback._runtime.sharing import Sharing

    if isinstance(health, str):
        health = _open(SharedHealthSettings(url=health))
    parts = shared.gate, shared.policy, shared.clock, shared.observer, shared.reread
    shared.sharing = Sharing(health, *parts)


def health_of(settings: SharedHealthSettings | None) -> SharedHealth | None:
    """What a configuration names; nothing is connected yet. Raises `ConfigError`."""
    return None if settings is None else _open(settings)


def _open(settings: SharedHealthSettings) -> SharedHealth:
    from payfallback.shared_health import open_shared_health

    return open_shared_health(settings.url, prefix=settings.prefix, every=settings.every)

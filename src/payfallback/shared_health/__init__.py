"""Health that workers share through Redis or Valkey. The client is loaded where it is configured, and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payfallback.errors import ConfigError

if TYPE_CHECKING:
    from payfallback.shared_health.redis import RedisHealth

EVERY = 0.5  # seconds between two looks
PREFIX = "payfallback"


def open_shared_health(url: str, *, prefix: str = PREFIX, every: float = EVERY) -> RedisHealth:
    """Health shared at `redis://`, `rediss://` (TLS) or `unix://`; nothing is connected yet.

    `prefix` begins every key: workers with the same one share. `every`: seconds between two looks of each worker.
    Raises `ConfigError` for another address, for one that cannot be read, and where redis-py is not installed.
    """
    try:
        from payfallback.shared_health.redis import RedisHealth
    except ModuleNotFoundError as missing:
        raise ConfigError(f"shared health needs {missing.name}", hint="pip install 'payfallback[redis]'") from None
    return RedisHealth(url, prefix=prefix, every=every)

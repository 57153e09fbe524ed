"""The store of shared health on redis-py: one pipeline to and fro a look, against Redis or Valkey."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from secrets import token_hex
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from payfallback.errors import ConfigError
from payfallback.ports import CircuitNotice, HealthReport, HealthSnapshot
from payfallback.shared_health import words

TIMEOUT = 1.0  # seconds to connect, and for one answer
CLOSED_LIVES = 60.0  # seconds for which the word that a circuit closed is kept
COUNTED_LIVES = 3600  # seconds after which a budget that nobody spends is counted anew
REMEMBERED = 7 * 86400  # seconds that the names of the store's memory and of the last switch live
FEWEST, MOST = 0.02, 10.0  # seconds between two looks

_SCHEMES = ("redis://", "rediss://", "unix://")
# Whom to believe, and who we are. The rest of redis-py's options for TLS can make it weaker.
_TLS = {"ssl_ca_certs", "ssl_ca_path", "ssl_ca_data", "ssl_certfile", "ssl_keyfile", "ssl_password"}
_PREFIX = re.compile(r"[A-Za-z0-9_.:{}-]{1,64}")
_TORN = ("WRONGTYPE", "value is not", "increment would")  # how a server refuses what is no value of ours
_WORD = words.LONGEST - 1  # the last byte that is read

Command = tuple[Any, ...]


class RedisHealth:
    """Keys `<prefix>:1:<what>:<channel>`, each with a time to live. Safe for threads; connects with its first use, and
    in a forked child anew (redis-py sees to that). Needs SET, GETRANGE, PTTL, DEL, INCRBYFLOAT and EXPIRE there."""

    def __init__(self, url: str, *, prefix: str = "payfallback", every: float = 0.5) -> None:
        """See `open_shared_health`."""
        if not url.startswith(_SCHEMES):
            raise ConfigError("expected an address such as rediss://user@host:6379/0", hint=", ".join(_SCHEMES))
        if not _PREFIX.fullmatch(prefix):
            raise ConfigError(
                "a prefix of shared health has 1 to 64 letters, digits or _ . : { } -", hint='such as "shop-eu"'
            )
        if not FEWEST <= every <= MOST:
            raise ConfigError(f"workers look every {FEWEST:g} to {MOST:g} seconds, not {every:g}", hint="take 0.5")
        self.every = every
        self._start = f"{prefix}:{words.VERSION}:"
        self._client = _client_of(url)

    def __repr__(self) -> str:
        return f"RedisHealth(keys={self._start!r})"  # the address may hold a password

    def close(self) -> None:
        """See the port."""
        self._client.close()

    # ------------------------------------------------------------ a look

    def exchange(self, channels: Sequence[str], budgets: Sequence[str], told: HealthReport) -> HealthSnapshot:
        """See the port."""
        writes = [*self._writes(told)]
        reads = [*self._reads(channels, budgets)]
        replies = self._sent([*writes, *reads])
        heard = _heard(channels, budgets, replies[len(writes) :])
        torn = {str(each[1]) for each, reply in zip(writes, replies, strict=False) if isinstance(reply, ResponseError)}
        counted = {(channel, budget) for channel in channels for budget in budgets} & told.spent.keys()
        torn |= {self._key(budget, channel) for channel, budget in counted - heard.totals.keys()}
        if torn:
            self._sent([("DEL", *sorted(torn))])  # under our prefix, and nothing of ours
        return heard

    def _sent(self, commands: Sequence[Command]) -> list[Any]:
        """The replies; a value of somebody else's is an error among them. Raises `ConnectionError`."""
        try:
            pipe: Any = self._client.pipeline(transaction=False)
            for command in commands:
                pipe.execute_command(*command)
            replies: list[Any] = pipe.execute(raise_on_error=False)
        except (RedisError, OSError, ValueError, TypeError, LookupError, RecursionError) as error:
            # What stands there may be anything, and need not speak Redis: its words are not repeated.
            raise ConnectionError(type(error).__name__) from None
        for reply in replies:
            if isinstance(reply, Exception) and not _is_torn(reply):
                raise ConnectionError(type(reply).__name__)
        return replies

    def _key(self, *parts: str) -> str:
        return self._start + ":".join(parts)

    def _writes(self, told: HealthReport) -> Iterable[Command]:
        for channel, word in told.circuits.items():
            yield "SET", self._key("circuit", channel), words.written(word), "PX", _lives(word)
        for channel, seconds in told.probes.items():
            key = self._key("probe", channel)
            yield ("SET", key, "1", "NX", "PX", _milliseconds(seconds)) if seconds else ("DEL", key)
        for (channel, budget), tokens in told.spent.items():
            key = self._key(budget, channel)
            # Its end comes first, for a key that is there and one that is not: a connection may break after each.
            yield "EXPIRE", key, COUNTED_LIVES
            yield "SET", key, "0", "NX", "EX", COUNTED_LIVES
            yield "INCRBYFLOAT", key, repr(tokens)
        if told.switched:
            yield "SET", self._key("switches"), token_hex(8), "EX", REMEMBERED
        yield "SET", self._key("began"), token_hex(8), "NX", "EX", REMEMBERED

    def _reads(self, channels: Sequence[str], budgets: Sequence[str]) -> Iterable[Command]:
        """GETRANGE, as it brings no more than it is asked for, whatever stands there."""
        yield "GETRANGE", self._key("began"), 0, _WORD
        yield "GETRANGE", self._key("switches"), 0, _WORD
        for channel in channels:
            yield "GETRANGE", self._key("circuit", channel), 0, _WORD
            yield "PTTL", self._key("circuit", channel)
            yield "PTTL", self._key("probe", channel)
            for budget in budgets:
                yield "GETRANGE", self._key(budget, channel), 0, _WORD


def _client_of(url: str) -> Redis:
    """A client that has not connected yet. Raises `ConfigError`, without the address."""
    try:
        # The next look is the retry; protocol 2 asks the server for nothing that an older one does not know.
        client = Redis.from_url(url, protocol=2, retry=Retry(NoBackoff(), 0))
    except (ValueError, TypeError):
        hint = "write rediss://user@host:6379/0, a password in it percent-encoded"
        raise ConfigError("the address of shared health cannot be read", hint=hint) from None
    options = client.connection_pool.connection_kwargs
    for name in sorted(options):
        if name.startswith("ssl_") and name not in _TLS:
            raise ConfigError(
                f"the address of shared health says {name}: a server's certificate is always verified",
                hint="leave it out; ssl_ca_certs names an authority of your own",
            )
    # Set last: an option in the address would win over an argument.
    options |= {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT, "decode_responses": False}
    if url.startswith("rediss://"):
        options |= {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
    return client


def _heard(channels: Sequence[str], budgets: Sequence[str], replies: Sequence[Any]) -> HealthSnapshot:
    circuits, probes, totals = {}, {}, {}
    rest = iter(replies[2:])
    for channel in channels:
        raw, left, probe = next(rest), next(rest), next(rest)
        if (word := words.read(raw, left)) is not None:
            circuits[channel] = word
        if (left_of_probe := words.seconds(probe)) > 0.0:
            probes[channel] = left_of_probe
        for budget in budgets:
            if (number := words.total(next(rest))) is not None:
                totals[channel, budget] = number
    began, switches = map(words.name, replies[:2])
    return HealthSnapshot(circuits=circuits, probes=probes, totals=totals, began=began, switches=switches)


def _lives(word: CircuitNotice) -> int:
    return _milliseconds(word.rest if word.opened else CLOSED_LIVES)


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))


def _is_torn(reply: Exception) -> bool:
    return isinstance(reply, ResponseError) and str(reply).startswith(_TORN)

"""What holds for every test: loopback only, no leftovers of the shell that started it, steady property tests."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

hypothesis.settings.register_profile("house", deadline=None, print_blob=True)
hypothesis.settings.load_profile("house")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background, where a shell ignores Ctrl-C for its children: the tests that press it mean it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")  # a server may also bind to every address


def _loopback_only(event: str, given: tuple[Any, ...]) -> None:
    """An audit hook: whoever reaches for the network, in this process, fails at once and loudly."""
    if event == "socket.connect":
        address = given[1]
        host = address[0] if isinstance(address, tuple) else "localhost"
    elif event == "socket.getaddrinfo":
        host = given[0]
    else:
        return
    text = host.decode() if isinstance(host, bytes) else host
    if text and not str(text).startswith(LOOPBACK):
        # Failed is a BaseException: a handler around a provider call does not turn it into UNKNOWN.
        pytest.fail(f"a test reached for {text}: only loopback is allowed", pytrace=True)


sys.addaudithook(_loopback_only)


@pytest.fixture(autouse=True)
def _shell_left_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration and proxies of whoever runs the tests do not reach them."""
    for name in tuple(os.environ):
        ours = name.startswith("PAYFALLBACK_") and name != "PAYFALLBACK_SEED"  # which repeats a run
        if ours or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL: the one named by PAYFALLBACK_TEST_POSTGRES, else one of our own for this run."""
    given = os.environ.get("PAYFALLBACK_TEST_POSTGRES")
    if given:
        yield given
        return
    from postgres_server import PostgresServer  # where psycopg is not installed, the other tests run all the same

    server = PostgresServer()
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def own_redis() -> Iterator[Any]:
    """A real Valkey or Redis of this run's own, which tests may empty."""
    from redis_server import RedisServer  # where redis-py is not installed, the other tests run all the same

    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest) -> str:
    """The Redis or Valkey named by PAYFALLBACK_TEST_REDIS, else our own; tests keep to a prefix of their own there."""
    given = os.environ.get("PAYFALLBACK_TEST_REDIS")
    return given or str(request.getfixturevalue("own_redis").url)

"""The way to Redis: TLS, passwords, rights, addresses; and what never shows."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import Any

import pytest
from authorities import Authority
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.exceptions import RedisError
from sharing_shops import Shop

from payfallback.errors import ConfigError
from payfallback.ports import CircuitNotice, HealthReport
from payfallback.shared_health import open_shared_health, words
from redis_server import RedisServer

PASSWORD = "s3cr3t/with:signs"
TOLD = HealthReport(
    circuits={"a": CircuitNotice(opened=True, id="0" * 16, worker="0" * 8 + "-" + "0" * 16, rest=9.0)},
    probes={"a": 5.0, "b": 0.0},
    spent={("a", "asks"): 2.5, ("b", "asks"): -1.0},
    switched=True,
)


@pytest.fixture(scope="module")
def locked() -> Iterator[RedisServer]:
    """A server that wants a password."""
    server = RedisServer("--requirepass", PASSWORD)
    yield server
    server.stop()


class TlsEnd:
    """Ends TLS in front of a server, one connection at a time."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._upstream, self._context = port, context
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> TlsEnd:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._listening.accept()
                with suppress(OSError), self._context.wrap_socket(plain, server_side=True) as client:
                    self._pass(client)

    def _pass(self, client: ssl.SSLSocket) -> None:
        with socket.create_connection(("127.0.0.1", self._upstream)) as upstream, DefaultSelector() as waiting:
            for each in (client, upstream):
                waiting.register(each, EVENT_READ)
            while True:
                ready = [client] if client.pending() else [key.fileobj for key, _ in waiting.select()]
                for each in (end for end in (client, upstream) if end in ready):
                    data = each.recv(65536)
                    if not data:
                        return
                    (upstream if each is client else client).sendall(data)


def exchange(url: str, prefix: str = "test", **told: Any) -> Any:
    """One look at a store."""
    store = open_shared_health(url, prefix=prefix)
    try:
        return store.exchange(("a", "b"), ("asks",), HealthReport(**told) if told else TOLD)
    finally:
        store.close()


def test_what_is_told_is_heard(redis_url: str, prefix: str) -> None:
    """A word with the time it has left, a probe under way, what was spent, and a name for the last switch."""
    heard = exchange(redis_url, prefix)
    assert heard.circuits["a"].id == "0" * 16
    assert 8.0 < heard.circuits["a"].rest <= 9.0
    assert 4.0 < heard.probes["a"] <= 5.0
    assert (heard.totals["a", "asks"], heard.totals["b", "asks"]) == (2.5, -1.0)
    again = exchange(redis_url, prefix, spent={("a", "asks"): 1.0}, probes={"a": 0.0})
    assert (again.totals["a", "asks"], again.began, again.switches) == (3.5, heard.began, heard.switches)
    assert again.probes == {}


def test_every_key_has_its_prefix_and_an_end(own_redis: RedisServer, prefix: str) -> None:
    """Nothing is left behind, and nothing stands beside the prefix."""
    with own_redis.client() as client:
        client.flushall()
        exchange(own_redis.url, prefix)
        names = [bytes(name).decode() for name in client.scan_iter()]
        assert len(names) == 6
        assert all(name.startswith(f"{prefix}:1:") for name in names)
        assert all(0 < client.ttl(name) <= 7 * 86400 for name in names)


@pytest.mark.parametrize("nonsense", ["nonsense", "0x", ""])
def test_a_count_that_is_none_begins_anew(own_redis: RedisServer, prefix: str, nonsense: str) -> None:
    """Whatever stands there is thrown away by the next worker that spends something."""
    with own_redis.client() as client:
        client.set(f"{prefix}:1:asks:a", nonsense) if nonsense else client.rpush(f"{prefix}:1:asks:a", "x")
    assert ("a", "asks") not in exchange(own_redis.url, prefix, switched=False).totals
    exchange(own_redis.url, prefix, spent={("a", "asks"): 1.0})
    assert exchange(own_redis.url, prefix, spent={("a", "asks"): 2.0}).totals["a", "asks"] == 2.0


@pytest.mark.parametrize("number", ["1e400", "nan", "inf", "9" * 100])
def test_a_count_beyond_all_measure_is_not_believed(own_redis: RedisServer, prefix: str, number: str) -> None:
    """It charges nobody."""
    with own_redis.client() as client:
        client.set(f"{prefix}:1:asks:a", number)
    assert ("a", "asks") not in exchange(own_redis.url, prefix, switched=False).totals


def test_prefixes_share_nothing(redis_url: str, prefix: str) -> None:
    """Two shops on one server do not hear each other."""
    exchange(redis_url, prefix)
    assert exchange(redis_url, f"{prefix}-b", switched=False).circuits == {}


def test_tls_is_verified(redis_url: str, prefix: str, tmp_path: Path) -> None:
    """A server is believed when its certificate is, and for its own name only."""
    port = int(redis_url.rpartition(":")[2].partition("/")[0])
    mine = Authority(tmp_path)
    with TlsEnd(port, mine.server()) as end:
        url = f"rediss://127.0.0.1:{end.port}/0"
        assert exchange(f"{url}?ssl_ca_certs={mine.certificate}", prefix).circuits
        with pytest.raises(ConnectionError, match=r"^ConnectionError$"):
            exchange(url, prefix)
    other = Authority(tmp_path, host="127.0.0.9")
    with TlsEnd(port, other.server()) as end, pytest.raises(ConnectionError):
        exchange(f"rediss://127.0.0.1:{end.port}/0?ssl_ca_certs={other.certificate}", prefix)


def test_a_password_opens_it_and_shows_nowhere(locked: RedisServer) -> None:
    """Neither in an error, nor in an event, nor in what is printed of the store."""
    quoted = PASSWORD.replace("/", "%2F").replace(":", "%3A")
    url = f"redis://:{quoted}@127.0.0.1:{locked.port}/0"
    assert exchange(url).circuits
    wrong = f"redis://:wrong{quoted}@127.0.0.1:{locked.port}/0"
    with pytest.raises(ConnectionError) as caught:
        exchange(wrong)
    shown = f"{caught.value!r}{open_shared_health(wrong)!r}"
    assert "s3cr3t" not in shown
    with Shop(wrong, "test") as shop:
        assert shop.pay() == ["baitiao"]
        shop.looks()
        assert "s3cr3t" not in repr(shop.heard)
        assert shop.told == ["health.shared_lost"]


def test_the_rights_it_says_are_enough(own_redis: RedisServer, prefix: str) -> None:
    """The commands and keys that the page names, and no others."""
    with own_redis.client() as client:
        rights = ["-@all", "+set", "+getrange", "+pttl", "+del", "+incrbyfloat", "+expire", f"~{prefix}:*"]
        client.execute_command("ACL", "SETUSER", prefix, "on", ">pw", *rights)
        assert exchange(f"redis://{prefix}:pw@127.0.0.1:{own_redis.port}/0", prefix).circuits
        with pytest.raises(ConnectionError, match="NoPermissionError"):
            exchange(f"redis://{prefix}:pw@127.0.0.1:{own_redis.port}/0", "other")
        client.execute_command("ACL", "DELUSER", prefix)


@pytest.mark.parametrize("option", ["decode_responses=True", "socket_timeout=600", "protocol=3"])
def test_options_in_the_address_change_nothing_that_matters(redis_url: str, prefix: str, option: str) -> None:
    """Whatever else redis-py would do for it."""
    assert exchange(f"{redis_url}?{option}", prefix).circuits


@pytest.mark.parametrize(
    "says",
    [
        *(b"HTTP/1.1 400 Bad Request\r\n\r\n", b"$999999999999\r\n", b":x\r\n", b"*-7\r\n", b"\xff" * 99),
        b"*1\r\n" * 20_000,  # a list in a list in a list ...
    ],
)
def test_what_is_no_redis_is_a_store_that_is_gone(says: bytes) -> None:
    """Another server at that address: an error of one kind, whatever it says."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError), server.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(says)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(ConnectionError, match=r"^\w+$"):
            exchange(f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        thread.join()


@pytest.mark.parametrize(
    "url", ["http://redis/0", "redis:6379", "", "redis://host:port/0", "redis://[::1/0", "redis://h/0?socket_timeout=x"]
)
def test_an_address_that_cannot_be_is_refused(url: str) -> None:
    """When the client is made, before anything is connected, and without repeating it."""
    with pytest.raises(ConfigError) as caught:
        open_shared_health(url)
    assert not url or url not in str(caught.value)


@pytest.mark.parametrize(
    "option",
    [
        "ssl_cert_reqs=none",
        "ssl%5Fcert_reqs=optional",
        "ssl_check_hostname=false",
        "ssl_ciphers=ALL",
        "ssl_min_version=0",
    ],
)
def test_an_address_that_weakens_tls_is_refused(option: str) -> None:
    """Whoever could write it there need not be the one who decides that servers are not verified."""
    with pytest.raises(ConfigError, match=r"ssl_\w+: a server's certificate is always verified"):
        open_shared_health(f"rediss://shop:{PASSWORD.replace('/', '%2F')}@127.0.0.1/0?{option}")


@pytest.mark.parametrize(
    "options", [{"prefix": ""}, {"prefix": "a b"}, {"prefix": "x" * 65}, {"every": 0.0}, {"every": 60}]
)
def test_what_would_not_work_is_refused(options: dict[str, Any]) -> None:
    """A prefix that is none, or looks too often or too seldom."""
    with pytest.raises(ConfigError):
        open_shared_health("redis://127.0.0.1/0", **options)


PROGRAM = """
import sys
import payfallback as pf
provider = pf.wrap(lambda attempt: None, reads=lambda attempt, answer: None, account="own/1")
given = pf.channels({"own": provider})
pf.Payments(**given)
print(sorted(name for name in sys.modules if name.startswith("payfallback.shared_health")))
sys.modules["redis"] = None
try:
    pf.Payments(**given, shared_health="redis://127.0.0.1/0")
except pf.ConfigError as error:
    print(error)
"""


def test_without_the_extra_it_is_named() -> None:
    """A client without shared health loads nothing of it; one with it says what to install."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["[]", "shared health needs redis (pip install 'payfallback[redis]')"]


@settings(max_examples=50)
@given(st.one_of(st.binary(max_size=300), st.recursive(st.integers() | st.text() | st.none(), st.lists)), st.integers())
def test_whatever_stands_there_is_a_word_or_nothing(raw: object, left: int) -> None:
    """Reading never raises, and what was written is read."""
    assert words.read(raw, left) is None
    assert words.total(raw) is None or words.total(raw) == words.total(raw)
    assert isinstance(words.name(raw), str)
    told = TOLD.circuits["a"]
    read = words.read(words.written(told), 9000)
    assert read == told


def test_redis_errors_are_not_let_through(redis_url: str) -> None:
    """Whoever uses the port needs to know nothing of redis-py."""
    with pytest.raises(ConnectionError) as caught:
        exchange(redis_url.replace("/0", "/99999"))
    assert not isinstance(caught.value, RedisError)

"""What becomes of payments when the store of shared health is gone, silent, empty or full of nonsense: nothing."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest
from gates import PAID, SILENCE
from sharers import Sharer, look
from sharing_shops import Shop, fail_twice, keys, until

from redis_server import RedisServer
from tcp_proxy import TcpProxy

LOST, BACK = "health.shared_lost", "health.shared_back"


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server that the test may kill."""
    started = RedisServer()
    yield started
    started.stop()


def test_a_payment_passes_over_what_failed_elsewhere(redis_url: str, prefix: str) -> None:
    """From the front door: what one process found out costs the next one no call; its shopper pays another way."""
    with Shop(redis_url, prefix) as first, Shop(redis_url, prefix) as second:
        assert second.pay() == ["baitiao"]
        fail_twice(first)
        until(lambda: second.state == "open")
        assert second.pay() == ["wechat"]


def test_without_the_store_each_goes_on_alone_and_says_so_once(server: RedisServer, prefix: str) -> None:
    """The server dies: payments go on, one event is told. It returns, empty: what was found out alone is shared."""
    with Shop(server.url, prefix) as first, Shop(server.url, prefix) as second:
        first.pay()
        second.pay()
        until(lambda: first.health.looks > 0 < second.health.looks)
        server.kill()
        until(lambda: first.told == second.told == [LOST])
        fail_twice(first)
        assert second.pay() == ["baitiao"]
        first.looks()
        assert first.told == [LOST]
        server.start()
        until(lambda: first.told == second.told == [LOST, BACK])
        until(lambda: second.state == "open")
        assert [fields for event, fields in first.heard if event == LOST] == [{"error": "ConnectionError"}]


def test_what_was_found_out_alone_is_told_later(server: RedisServer, prefix: str) -> None:
    """A circuit that closed while the store was gone closes for the others when it is back."""
    first, second = Sharer(server.url, prefix), Sharer(server.url, prefix)
    look(first, second)
    first.pay(SILENCE, times=3)
    look(first, second)
    server.kill()
    for each in (first, second):
        each.clock.advance(15.0)
        assert not each.look()
    first.pay(PAID)
    assert not first.look()
    assert not first.look()
    server.start()
    look(first, second)
    assert (first.state, second.state) == ("closed", "closed")
    for each in (first, second):
        each.sharing.close()


def test_a_store_that_was_never_there_is_told_as_well(server: RedisServer, prefix: str) -> None:
    """A client starts without it, pays, and joins the others when it comes."""
    server.kill()
    with Shop(server.url, prefix) as shop:
        assert shop.pay() == ["baitiao"]
        until(lambda: shop.told == [LOST])
        server.start()
        until(lambda: shop.told == [LOST, BACK])


def test_a_store_that_was_emptied_hears_it_again(own_redis: RedisServer, prefix: str) -> None:
    """Whoever opened a circuit tells it anew, so that a worker that comes later knows."""
    with Shop(own_redis.url, prefix) as first:
        fail_twice(first)
        first.looks()
        own_redis.client().flushall()
        first.looks()
        with Shop(own_redis.url, prefix) as second:
            second.pay()
            until(lambda: second.state == "open")
        assert first.state == "open"
        assert first.told == []


NONSENSE = (
    b"", b"\xff\xfe", b"null", b"[]", b"7", b"x" * 100_000, b'{"v":2,"opened":true}', b'{"v":1,"opened":1,"id":"a"}',
    b'{"v":1,"opened":true,"id":"00000000000000ff","worker":"\xc3\xa9"}', b"nan", b"-inf", b"1e308", b"[" * 150,
    b'{"v":1,"opened":true,"id":"00000000000000ff","worker":"00000000-0000000000000000","id":{}}',
)  # fmt: skip  # a list


def put(pipe: Any, name: str, kind: str, nonsense: bytes) -> None:
    """Have such a thing stand under a name."""
    pipe.delete(name)
    match kind:
        case "list":
            pipe.rpush(name, nonsense)
        case "hash":
            pipe.hset(name, "a", nonsense)
        case "words":  # right in every letter, and yet nobody's: no worker's word is without an end
            pipe.set(name, b'{"v":1,"opened":true,"id":"00000000000000ff","worker":"00000000-0000000000000000"}')
        case _:
            pipe.set(name, nonsense, px=600_000)


@pytest.mark.parametrize("kind", ["text", "list", "hash", "words"])
def test_nonsense_in_the_store_is_nothing(own_redis: RedisServer, prefix: str, kind: str) -> None:
    """Values that no worker wrote are neither believed nor an error, and what workers say replaces them."""
    with Shop(own_redis.url, prefix) as first, Shop(own_redis.url, prefix) as second, own_redis.client() as client:
        first.pay()
        second.pay()
        first.looks()
        names = [f"{prefix}:1:{what}:{key}" for what in ("circuit", "retries", "asks") for key in keys(first)]
        names += [f"{prefix}:1:began", f"{prefix}:1:switches"]
        for nonsense in NONSENSE if kind == "text" else (b"x",):
            with client.pipeline() as at_once:
                for name in names:
                    put(at_once, name, kind, nonsense)
                at_once.execute()
            second.looks()
            assert second.state == "closed"
        assert second.pay() == ["baitiao"]
        fail_twice(first)
        until(lambda: second.state == "open")
        assert first.told == second.told == []


def wired(redis_url: str) -> TcpProxy:
    """A wire to the server that can be broken."""
    return TcpProxy(("127.0.0.1", int(redis_url.rpartition(":")[2].partition("/")[0])))


def test_a_network_that_drops_packets_is_a_store_that_is_gone(redis_url: str, prefix: str) -> None:
    """Connections that stay open and say nothing: payments go on, and sharing returns with the network."""
    with wired(redis_url) as wire, Shop(f"redis://127.0.0.1:{wire.port}/0", prefix) as shop:
        shop.pay()
        until(lambda: shop.health.looks > 0)
        wire.silence()
        assert shop.pay() == ["baitiao"]
        until(lambda: shop.told == [LOST])
        fail_twice(shop)
        wire.heal()
        until(lambda: shop.told == [LOST, BACK])
        with Shop(redis_url, prefix) as other:
            other.pay()
            until(lambda: other.state == "open")


@pytest.mark.parametrize("trouble", ["cut", "reset", "half_requests", "half_answers", "delay"])
def test_a_connection_that_breaks_is_made_anew(redis_url: str, prefix: str, trouble: str) -> None:
    """Ended, broken off, closed halfway or slow: what is found out afterwards is shared all the same."""
    with (
        wired(redis_url) as wire,
        Shop(f"redis://127.0.0.1:{wire.port}/0", prefix) as shop,
        Shop(redis_url, prefix) as other,
    ):
        shop.pay()
        other.pay()
        until(lambda: shop.health.looks > 0 < other.health.looks)
        match trouble:
            case "cut":
                wire.cut()
            case "reset":
                wire.reset()
            case "half_requests":
                wire.half_close("requests")
            case "half_answers":
                wire.half_close("answers")
            case _:
                wire.delay(0.02)
        fail_twice(shop)
        until(lambda: other.state == "open")
        assert shop.told in ([], [LOST, BACK])  # it is noticed only where a look was under way


def test_a_payment_never_talks_to_the_store(prefix: str) -> None:
    """A server that accepts and never answers: no line of the Redis client and no socket on a payment's thread."""
    entered: set[str] = set()

    def watch(frame: FrameType, event: str, given: object) -> None:
        file = frame.f_code.co_filename
        if f"{os.sep}redis{os.sep}" in file or f"{os.sep}shared_health{os.sep}" in file:
            entered.add(f"{file}:{frame.f_code.co_name}")
        if event == "c_call" and isinstance(getattr(given, "__self__", None), socket.SocketType):
            entered.add(str(given))

    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        Shop(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", prefix) as shop,
    ):
        gc.collect()
        gc.disable()  # what other tests left is not what a payment does
        sys.setprofile(watch)
        try:
            for _ in range(20):
                assert shop.pay() == ["baitiao"]
            fail_twice(shop)
        finally:
            sys.setprofile(None)
            gc.enable()
        assert entered == set()
        until(lambda: shop.told == [LOST])

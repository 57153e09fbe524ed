"""What somebody who can write to the store can do to retries, questions and probes, and what not."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from gates import PAID, SILENCE
from sharers import Sharer, look
from sharing_shops import Shop, until

from payfallback._runtime.health import Permit
from payfallback._runtime.sharing import key_of
from payfallback.ports import CircuitNotice, HealthReport
from payfallback.shared_health import open_shared_health, words
from redis_server import RedisServer

Make = Callable[..., Sharer]
Forge = Callable[..., None]
COMMAND = re.compile(rb"(?:^|\r\n)\*\d+(?=\r\n)")


@pytest.fixture
def forge(own_redis: RedisServer, prefix: str) -> Iterator[Forge]:
    """Writes what stands under a name of the channel."""
    with own_redis.client() as client:

        def write(shop: Sharer, what: str, value: object, **lives: int) -> None:
            client.set(f"{prefix}:1:{what}:{key_of(shop.policy.channels['baitiao'])}", str(value), **lives)

        yield write


@pytest.fixture
def pair(own_redis: RedisServer, prefix: str) -> Iterator[tuple[Sharer, Sharer]]:
    """Two workers, which know of each other's budgets."""
    first, second = Sharer(own_redis.url, prefix), Sharer(own_redis.url, prefix)
    look(first, second)
    first.pay(None, retry=True)
    assert first.gate.may_ask("baitiao")
    look(first, second)
    yield first, second
    for each in (first, second):
        each.sharing.close()


def questions(shop: Sharer) -> int:
    """How many questions a worker may ask one after the other."""
    count = 0
    while shop.gate.may_ask("baitiao"):
        count += 1
    return count


def retries(shop: Sharer) -> int:
    """How many retries a worker is allowed one after the other."""
    count = 0
    while isinstance(given := shop.gate.admit("baitiao", retry=True), Permit):
        shop.gate.settle(given, None, 0.0)
        count += 1
    return count


@pytest.mark.parametrize("number", ["1e25", "-1e25", "1000000001", "-1000000001", "1e308"])
def test_a_number_that_swallows_what_is_added_is_thrown_away(
    pair: tuple[Sharer, Sharer], forge: Forge, number: str
) -> None:
    """It gives back nothing, and the budget is shared again two looks after somebody spent of it."""
    first, second = pair
    forge(first, "asks", number)
    look(first, second)
    assert questions(first) == 99
    look(first, first, first, second, second)
    assert questions(first) == 0
    first.clock.advance(2.0)
    assert questions(first) == 40
    look(first, second)
    assert questions(second) == 59


def test_a_number_that_grows_leaves_a_question_in_ten_seconds(pair: tuple[Sharer, Sharer], forge: Forge) -> None:
    """Whatever others are said to have spent, and for however long."""
    first, _ = pair
    asked = 0
    for seconds in range(1, 121):
        first.clock.advance(1.0)
        forge(first, "asks", 1_000 * seconds)
        look(first)
        asked += questions(first)
    assert 12 <= asked <= 15
    first.clock.advance(61.0)
    look(first)
    assert questions(first) == 20  # a minute for the debt, a second for what is left


@pytest.mark.parametrize("numbers", [[5], [0], [-1, -100, -10_000, -1_000_000]])
def test_a_number_that_shrinks_gives_no_question(pair: tuple[Sharer, Sharer], forge: Forge, numbers: list[int]) -> None:
    """What time refills nobody can have earned, and nobody gets back what it spent itself."""
    first, _ = pair
    assert questions(first) == 99
    for number in numbers * 3:
        forge(first, "asks", number)
        look(first)
        assert questions(first) == 0


def test_a_number_that_shrinks_gives_a_retry_in_a_second(pair: tuple[Sharer, Sharer], forge: Forge) -> None:
    """Beyond one budget at once: that others earned it may be true, so that it is believed up to there."""
    first, _ = pair
    tried = retries(first)
    assert tried == 9
    for seconds in range(1, 61):
        first.clock.advance(1.0)
        forge(first, "retries", -100 * seconds)
        look(first)
        tried += retries(first)
    assert tried <= 20 + 60


def test_what_others_took_they_can_give_back(pair: tuple[Sharer, Sharer]) -> None:
    """Honest workers that retry and earn all the time are not taken for liars."""
    first, second = pair
    for left in (9, *[10] * 20):
        assert retries(first) == left
        look(first, second)
        assert retries(second) == 0
        first.pay(PAID, times=120)
        look(first, second)
    assert retries(second) == 10


@pytest.mark.parametrize("lives", [{}, {"px": 10**11}, {"px": 16_000}])
def test_a_probe_that_no_worker_makes_is_not_waited_for(
    pair: tuple[Sharer, Sharer], forge: Forge, lives: dict[str, int]
) -> None:
    """A worker's probe lasts as long as two calls or its circuit's rest; no longer one is believed."""
    first, _ = pair
    first.pay(SILENCE, times=3)
    forge(first, "probe", 1, **lives)
    look(first)
    first.clock.advance(15.0)
    look(first)
    first.pay(PAID)
    assert first.state == "closed"


@contextmanager
def saying(text: bytes) -> Iterator[str]:
    """The address of a server that answers every command with that."""
    connections: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                while asked := connection.recv(65536):
                    connection.sendall(text * len(COMMAND.findall(asked)))

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connections.append(server.accept()[0])
                    threading.Thread(target=answer, args=connections[-1:], daemon=True).start()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_lists_without_an_end_are_a_store_that_is_gone(prefix: str) -> None:
    """The thread lives on, and it is told once."""
    with saying(b"*1\r\n" * 20_000) as url, Shop(url, prefix) as shop:
        assert shop.pay() == ["baitiao"]
        until(lambda: shop.told == ["health.shared_lost"])
        shop.looks()
        assert shop.told == ["health.shared_lost"]
        assert {"error": "RecursionError"} in [fields for event, fields in shop.heard if event == shop.told[0]]


def test_a_time_to_live_beyond_measure_is_none() -> None:
    """A number of 400 digits is no error where seconds are made of it."""
    with saying(b":" + b"9" * 400 + b"\r\n") as url:
        store = open_shared_health(url)
        heard = store.exchange(("a",), ("asks",), HealthReport())
        store.close()
    assert (heard.circuits, heard.probes, heard.totals) == ({}, {}, {})
    told = CircuitNotice(opened=True, id="0" * 16, worker="0" * 8 + "-" + "0" * 16, rest=9.0)
    assert words.read(words.written(told), 10**400) is None

"""Whatever becomes of shared health, an order is captured once: it decides what is tried and nothing else (I11)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex
from threading import Event, Lock, Thread

import pytest
from redis.exceptions import RedisError
from sharing_shops import EVERY, Shop, keys

import payfallback as pf
from payfallback.journal.memory import MemoryJournal
from redis_server import RedisServer

ORDERS, WORKERS = 60, 3


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server that is killed all the time."""
    started = RedisServer()
    yield started
    started.stop()


class Bank:
    """Counts captures by order, and refuses connections by chance: nothing was sent then."""

    def __init__(self) -> None:
        self.captures: Counter[str] = Counter()
        self._lock = Lock()

    def charge(self, attempt: pf.Attempt) -> pf.Answer:
        """One call of a channel."""
        with self._lock:
            if random.random() < 0.4:
                return pf.Answer(verdict=pf.Verdict.NOT_SENT, cause=pf.Cause.NETWORK)
            self.captures[attempt.order_id] += 1
        return pf.Answer(verdict=pf.Verdict.CAPTURED, amount=attempt.amount)


def forge(server: RedisServer, prefix: str, names: list[str], stop: Event) -> None:
    """Words of workers that do not exist, probes without an end, budgets beyond measure, nothing at all, no server."""
    while not stop.is_set():
        key, told = random.choice(names), f"{token_hex(4)}-{token_hex(8)}"
        opened = random.choice(["true", "false"])
        word = f'{{"v":1,"opened":{opened},"id":"{token_hex(8)}","worker":"{told}"}}'
        try:
            with server.client() as client:
                client.set(f"{prefix}:1:circuit:{key}", word, px=random.choice([1, 50, 10**9]))
                client.set(f"{prefix}:1:probe:{key}", 1, px=random.choice([1, 10**9]))
                client.set(f"{prefix}:1:asks:{key}", random.choice(["1e9", "-1e9", "nan", "x"]))
                client.set(f"{prefix}:1:switches", token_hex(8))
                if random.random() < 0.2:
                    client.flushall()
                if random.random() < 0.05:
                    server.kill()
                    server.start()
        except RedisError:  # the kill met our own connection
            continue
        stop.wait(EVERY / 4)


def test_nothing_that_is_written_there_moves_money(server: RedisServer, prefix: str) -> None:
    """Three workers, each order at two of them at once, while somebody forges, empties and kills the store: an order
    that is paid was captured once, any other one not at all."""
    bank, journal, stop = Bank(), MemoryJournal(), Event()
    shops = [Shop(server.url, prefix, journal, charge=bank.charge) for _ in range(WORKERS)]
    forger = Thread(target=forge, args=(server, prefix, keys(shops[0]), stop))
    forger.start()

    def pay(number: int) -> None:
        order = pf.Order(f"A{number // 2:06}", pf.Money.of("59.00", "CNY"))
        shops[number % WORKERS].payments.pay(order, "baitiao", consent=["wechat"])

    try:
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(pay, range(2 * ORDERS)))
    finally:
        stop.set()
        forger.join()
    ends = {f"A{number:06}": shops[0].payments.status(f"A{number:06}") for number in range(ORDERS)}
    for shop in shops:
        shop.payments.close()
    paid = [order_id for order_id, end in ends.items() if isinstance(end, pf.Paid)]
    assert bank.captures == Counter(dict.fromkeys(paid, 1))
    assert paid
    elsewhere = [fields for shop in shops for event, fields in shop.heard if fields.get("reason") == "elsewhere"]
    assert elsewhere, "nobody believed anything: this proves nothing"

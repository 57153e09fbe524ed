"""Processes, threads and stops by hand of workers that share their health."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from threading import Thread, get_ident
from threading import enumerate as enumerate_threads

import pytest
from sharing_shops import Shop, fail_twice, until

import payfallback as pf
from payfallback.journal.memory import MemoryJournal
from payfallback.ports import Switch


def test_a_child_shares_for_itself(redis_url: str, prefix: str) -> None:
    """A forked worker has a thread and a connection of its own, and hears of its parent as of anybody."""
    program = Path(__file__).with_name("program_sharing.py")
    done = subprocess.run(
        [sys.executable, program, redis_url, prefix], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "the child heard\nthe parent heard\n"), done.stderr


def test_a_stop_by_hand_reaches_a_worker_that_does_nothing(redis_url: str, prefix: str) -> None:
    """Somebody stops a channel in one process; the others read the journal at once, without a payment of their own."""
    journal = MemoryJournal()
    with Shop(redis_url, prefix, journal) as first, Shop(redis_url, prefix, journal) as second:
        second.pay()
        until(lambda: second.health.looks > 0)
        stop = Switch(channel="baitiao", reason="INC-2291", actor="li", at=0.0)
        journal.stop_channel(stop, lambda reply: None)
        first.pay()  # it looks into the journal, as every call does now and then, and tells the others
        until(lambda: second.state == "stopped")
        assert second.pay() == ["wechat"]


@pytest.mark.anyio
async def test_an_awaited_client_shares_as_well(redis_url: str, prefix: str) -> None:
    """On asyncio and trio: it hears of the others, and lets go of the store when it is closed."""
    with Shop(redis_url, prefix) as other:
        fail_twice(other)
        shop = Shop(redis_url, prefix, client=pf.AsyncPayments)
        async with shop.payments as payments:
            order = pf.Order("A1001", pf.Money.of("59.00", "CNY"))
            assert isinstance(await payments.pay(order, "wechat"), pf.Paid)
            until(lambda: shop.state == "open")
        looks = shop.health.looks
        other.looks()
        assert shop.health.looks == looks


def test_the_thread_ends_with_its_client(redis_url: str, prefix: str) -> None:
    """Closed, or forgotten without a word: no thread and no connection stay behind."""

    def ours() -> list[Thread]:
        return [each for each in enumerate_threads() if each.name == "payfallback-health"]

    shop = Shop(redis_url, prefix)
    shop.pay()
    shop.looks()
    assert ours()
    assert get_ident() not in [each.ident for each in ours()]
    shop.payments.close()
    until(lambda: not ours())
    forgotten = Shop(redis_url, prefix)
    forgotten.pay()
    forgotten.looks()
    del forgotten
    until(lambda: gc.collect() >= 0 and not ours())  # its thread may have it in hand for a moment

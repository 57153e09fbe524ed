"""Recovery throughput: orders whose charge was sent and never answered, finished by `recover`, orders a second.

The providers answer the question at once, and the orders are spread over so many channels that no channel's query
budget (100 questions at once, 20 a second) is used up: in a shop those set the pace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import product
from queue import SimpleQueue
from time import perf_counter, time
from typing import Any

from _databases import Database
from _journal_floor import AMOUNT
from _logs import logging
from _ours import anever_closed, never_closed, reads
from _shop import atakes, takes
from _table import Row

from payfallback._core.events import Asked, Opened, Planned, Sending
from payfallback.aclient import AsyncPayments
from payfallback.client import Payments
from payfallback.journal import open_journal
from payfallback.model import Option
from payfallback.policy import Policy, Route
from payfallback.ports import Commit, Summary
from payfallback.providers.wrap import Wrapped, wrap
from payfallback.results import Recovered

A_CHANNEL = 80  # orders of one channel, below what its query budget allows at once
ACCOUNT = "bench/shop//production"
WITHIN = 120.0  # seconds


def compare(base: Database, orders: int) -> Iterator[Row]:
    """A row each for `Payments` and `AsyncPayments`, one order after another and eight at once."""
    for (name, recover), at_once in product((("Payments", _recovered), ("AsyncPayments", _arecovered)), (1, 8)):
        with logging("shop"), base.fresh() as address:
            _leave_open(address, orders)
            begun = perf_counter()
            found = recover(address, orders, at_once)
            spent = perf_counter() - begun
        if found.settled != orders:
            raise RuntimeError(f"recovery finished {found.settled} of {orders}: {found!r}")
        yield {
            "database": base.name,
            "what": f"{name}.recover",
            "at once": at_once,
            "orders": orders,
            "orders/s": round(orders / spent),
            "us an order": round(spent / orders * 1e6),
        }


def _names(orders: int) -> list[str]:
    return [f"channel{number}" for number in range(-(-orders // A_CHANNEL))]


def _channels(charge: Callable[..., Any], closes: Callable[..., Any], orders: int) -> dict[str, Wrapped]:
    made = wrap(charge, query=charge, close=closes, close_names_trade=True, reads=reads, account="bench/shop")
    return dict.fromkeys(_names(orders), made)


def _policy(channels: dict[str, Wrapped]) -> Policy:
    route = Route(name="all", order=tuple(map(Option, channels)))
    return Policy(channels={name: wrapped.channel(name) for name, wrapped in channels.items()}, routes=(route,))


def _recovered(address: str, orders: int, at_once: int) -> Recovered:
    channels = _channels(takes, never_closed, orders)
    with Payments(_policy(channels), channels, address) as payments:
        return payments.recover(within=WITHIN, limit=orders, at_once=at_once)


def _arecovered(address: str, orders: int, at_once: int) -> Recovered:
    async def run() -> Recovered:
        channels = _channels(atakes, anever_closed, orders)
        async with AsyncPayments(_policy(channels), channels, address) as payments:
            return await payments.recover(within=WITHIN, limit=orders, at_once=at_once)

    return asyncio.run(run())


def _leave_open(address: str, orders: int) -> None:
    """What processes leave that die between sending and hearing."""
    now, names = time() - 60.0, _names(orders)
    told: SimpleQueue[Any] = SimpleQueue()
    with closing(open_journal(address)) as journal:
        for start in range(0, orders, 1000):
            some = range(start, min(start + 1000, orders))
            for number in some:
                journal.submit(_sent(f"left{number:07}", names[number % len(names)], now), told.put)
            lost: Sequence[Any] = [each for each in (told.get() for _ in some) if not getattr(each, "ok", False)]
            if lost:
                raise RuntimeError(f"not committed: {lost[0]!r}")


def _sent(name: str, channel: str, now: float) -> Commit:
    number = f"{name}01"
    events = (
        Opened(now, name, "", AMOUNT, now + 1800.0, "switch"),
        Asked(now, "pay", channel, (), "all"),
        Planned(now, 1, number, channel, ACCOUNT, "server"),
        Sending(now, 1, 1, "charge", now + 3.5),
    )
    summary = Summary(
        order_id=name, merchant="", state="uncertain", amount=AMOUNT.minor, currency=AMOUNT.currency, opened_at=now,
        option=channel, account=ACCOUNT, number=number, since=now, uncertain=True,
    )  # fmt: skip  # a list of columns
    return Commit(
        key=f"|{name}", version=0, events=events, due=now + 5.0, summary=summary, numbers=((ACCOUNT, number),)
    )

"""Retries and questions are rationed for all workers together, as well as their looks allow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import product
from random import Random

import pytest
from gates import PAID, SILENCE
from sharers import Sharer, look

from payfallback._runtime.health import Permit
from payfallback.ports import HealthReport, HealthSnapshot
from payfallback.testing.clock import VirtualClock
from redis_server import RedisServer

Make = Callable[..., Sharer]


def retries(shop: Sharer) -> int:
    """How many retries a worker is allowed one after the other; each is given back uncounted."""
    permits = []
    while isinstance(given := shop.gate.admit("baitiao", retry=True), Permit):
        permits.append(given)
    for each in permits:
        shop.gate.settle(each, None, 0.0)
    return len(permits)


def questions(shop: Sharer) -> int:
    """How many questions a worker may ask one after the other."""
    count = 0
    while shop.gate.may_ask("baitiao"):
        count += 1
    return count


def test_a_retry_of_one_worker_is_one_of_all(worker: Make) -> None:
    """What one spent of the budget, another no longer has."""
    first, second = worker(), worker()
    look(first, second)
    first.pay(None, times=6, retry=True)
    look(first, second)
    assert (retries(second), retries(first)) == (4, 4)


def test_a_success_of_one_worker_earns_for_all(worker: Make) -> None:
    """The budget grows with the payments that succeed, wherever they do."""
    given = {"retry": {"budget": 10.0, "budget_per_success": 0.5}}
    first, second = worker(**given), worker(**given)
    look(first, second)
    assert retries(second) == 10
    look(second, first)
    first.pay(PAID, times=8)
    look(first, second)
    assert retries(second) == 4


def test_questions_of_all_workers_keep_the_rate_of_one(worker: Make) -> None:
    """Four recoverers that ask as much as they may send a provider hardly more than one would: 100, and 20 a second."""
    fleet = [worker() for _ in range(4)]
    look(*fleet)
    asked = 0
    for _ in range(60):
        for each in fleet:
            each.clock.advance(0.5)
            asked += questions(each)
            look(each)
    assert 500 <= asked <= 1.3 * (100 + 20 * 30) + 400


class Counts:
    """A store that counts, in this process: what is rationed does not depend on where."""

    every = 0.5

    def __init__(self) -> None:
        self.totals: defaultdict[tuple[str, str], float] = defaultdict(float)

    def exchange(self, channels: Sequence[str], budgets: Sequence[str], told: HealthReport) -> HealthSnapshot:
        """Count, and say the sums."""
        for which, tokens in told.spent.items():
            self.totals[which] += tokens
        return HealthSnapshot(
            totals={which: self.totals[which] for which in product(channels, budgets)}, began="0" * 16
        )

    def close(self) -> None:
        """Nothing to let go of."""


@pytest.mark.parametrize(
    ("workers", "every", "most"),
    [(5, 0.5, 20.0), (60, 0.5, 20.0), (300, 0.5, 30.0), (100, 2.0, 30.0), (50, 10.0, 50.0)],
)
def test_so_many_workers_keep_the_rate_of_one(workers: int, every: float, most: float) -> None:
    """All of them ask as much as they may: 20 questions a second, or a tenth of one each where that is more. Where they
    look more seldom, they find out later what they have spent."""
    clock, store, chance = VirtualClock(), Counts(), Random(workers)
    fleet = [Sharer("", "", store=store, clock=clock) for _ in range(workers)]
    look(*fleet)
    nexts = [every * chance.random() for _ in fleet]
    asked = [0] * 120
    for tick in range(480):
        clock.advance(0.25)
        for place, each in enumerate(fleet):
            asked[tick // 4] += questions(each)
            if nexts[place] <= tick / 4:
                look(each)
                nexts[place] = tick / 4 + every * chance.uniform(0.8, 1.2)
    assert sum(asked[40:]) <= 80 * most * 1.1
    assert sum(asked) >= 100 * 20


def test_others_slow_a_worker_down_for_a_minute_at_most(worker: Make) -> None:
    """However much they overdrew, one question is left, one in ten seconds is added, and its debt is bounded."""
    fleet = [worker() for _ in range(8)]
    look(*fleet)
    for each in fleet[1:]:
        questions(each)
        look(each)
    look(fleet[0])
    assert questions(fleet[0]) == 1
    fleet[0].clock.advance(10.0)
    assert questions(fleet[0]) == 1
    fleet[0].clock.advance(60.0)
    assert questions(fleet[0]) == 100


def test_a_worker_that_starts_is_not_charged_for_the_past(worker: Make) -> None:
    """What was spent before it began is no debt of its own."""
    first = worker()
    look(first)
    first.pay(None, times=9, retry=True)
    look(first)
    new = worker()
    look(new, new)
    assert retries(new) == 10


def test_a_store_that_was_emptied_changes_no_budget(prefix: str, own_redis: RedisServer) -> None:
    """Counts that begin anew are neither a debt nor a gift."""
    first, second = Sharer(own_redis.url, prefix), Sharer(own_redis.url, prefix)
    look(first, second)
    first.pay(None, times=4, retry=True)
    second.pay(SILENCE)
    look(first, second)
    own_redis.client().flushall()
    look(first, second, first, second)
    assert retries(second) == 6
    for each in (first, second):
        each.sharing.close()

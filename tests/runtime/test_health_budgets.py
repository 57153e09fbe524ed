"""What bounds a channel besides its circuit: calls in flight, Retry-After, retries, queries, manual stops."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from gates import PAID, POOR, SILENCE, STOP, THROTTLED, Checkout

from payfallback._core.operations import Answer
from payfallback._runtime.health import Permit, Rejection
from payfallback._values import changed
from payfallback.errors import UnknownOption
from payfallback.taxonomy import Cause, Verdict
from payfallback.testing.clock import VirtualClock


def test_a_full_channel_is_busy() -> None:
    """One hanging provider takes no more than its share of the workers."""
    shop = Checkout(max_in_flight=2)
    first, _ = shop.take(), shop.take()
    assert (shop.refusal(), shop.state) == (Rejection(Cause.CHANNEL_BUSY), "busy")
    shop.gate.settle(first, SILENCE, 3.0)
    assert shop.take()


def test_retry_after_is_waited_for() -> None:
    """A provider that asks to wait is left alone for that long; its circuit stays closed."""
    shop = Checkout()
    shop.pay(THROTTLED)
    shop.clock.advance(1.5)
    refusal = shop.refusal()
    assert (refusal.cause, refusal.retry_after, shop.state) == (Cause.RATE_LIMITED, 2.5, "closed")
    shop.clock.advance(2.5)
    assert shop.take()


@pytest.mark.parametrize(("asked", "waited"), [(1e9, 300.0), (float("inf"), 0.0), (float("nan"), 0.0), (-5.0, 0.0)])
def test_an_absurd_retry_after_does_not_shut_a_channel(asked: float, waited: float) -> None:
    """Five minutes at most; what is not a time is not heeded."""
    shop = Checkout()
    shop.pay(changed(THROTTLED, retry_after=asked))
    assert (shop.gate.health("baitiao").retry_after or 0.0) == waited


def test_a_pending_payment_that_says_when_to_ask_shuts_nothing() -> None:
    """Its Retry-After is about the query."""
    shop = Checkout()
    shop.pay(Answer(verdict=Verdict.PENDING, cause=Cause.AWAITING_SHOPPER, retry_after=10.0))
    assert shop.take()


def test_retries_have_a_budget() -> None:
    """Without successes there are as many retries as the budget holds; first tries are not bounded by it."""
    shop = Checkout(retry={"budget": 2.0}, circuit={"failures_in_a_row": 100})
    shop.pay(SILENCE, times=2, retry=True)
    assert shop.refusal(retry=True) == Rejection(Cause.RETRY_BUDGET)
    assert shop.take()


def test_payments_that_succeed_at_once_earn_retries() -> None:
    """Ten first tries that were accepted are worth one retry; declines and retries earn nothing."""
    shop = Checkout(retry={"budget": 1.0, "budget_per_success": 0.125})
    shop.pay(PAID, retry=True)
    shop.pay(POOR, times=20)
    shop.pay(PAID, times=7)
    assert shop.refusal(retry=True).cause is Cause.RETRY_BUDGET
    shop.pay(PAID)
    assert shop.take(retry=True)
    assert shop.refusal(retry=True).cause is Cause.RETRY_BUDGET


def test_a_refused_retry_costs_nothing() -> None:
    """The budget is spent on what is sent."""
    shop = Checkout(retry={"budget": 1.0}, max_in_flight=1)
    held = shop.take()
    assert shop.refusal(retry=True).cause is Cause.CHANNEL_BUSY
    shop.gate.settle(held, POOR, 0.1)
    assert shop.take(retry=True)


def test_queries_are_asked_through_an_open_circuit_and_a_stop() -> None:
    """What is unknown must be found out, whatever new charges may do."""
    shop = Checkout(circuit={"failures_in_a_row": 1})
    shop.pay(SILENCE)
    shop.gate.obey([STOP])
    assert shop.gate.may_ask("baitiao")


def test_queries_have_a_budget_of_their_own() -> None:
    """A hundred at once, then twenty a second."""
    shop = Checkout()
    asked = sum(shop.gate.may_ask("baitiao") for _ in range(500))
    shop.clock.advance(0.5)
    later = sum(shop.gate.may_ask("baitiao") for _ in range(500))
    assert (asked, later) == (100, 10)
    assert shop.gate.may_ask("wechat")


def test_whoever_is_beyond_the_budget_has_a_turn() -> None:
    """One behind the other, as fast as the budget is refilled; a long wait is ten minutes at most."""
    shop = Checkout()
    assert [round(shop.gate.turn("baitiao"), 2) for _ in range(3)] == [0.05, 0.1, 0.15]
    assert round(shop.gate.turn("wechat"), 2) == 0.05
    shop.clock.advance(60.0)
    assert round(shop.gate.turn("baitiao"), 2) == 0.05
    waits = [shop.gate.turn("baitiao") for _ in range(20_000)]
    assert round(waits[9_998]) == 500
    assert (max(waits), shop.gate.turn("gone")) == (600.0, 600.0)


def test_a_stopped_channel_is_not_half_opened() -> None:
    """No time and no success lifts a stop that a person made."""
    shop = Checkout()
    shop.gate.obey([STOP])
    shop.clock.advance(86_400.0)
    assert (shop.refusal(), shop.state) == (Rejection(Cause.CHANNEL_STOPPED), "stopped")
    shop.gate.obey([])
    assert shop.take()
    assert shop.heard.names == ["channel.stopped", "channel.rejected", "channel.resumed"]
    assert shop.heard[0][1]["reason"] == "INC-2291"


def test_a_stop_ends_when_its_time_is_over() -> None:
    """Also before the journal is looked at again."""
    shop = Checkout()
    stop = changed(STOP, until=shop.clock.epoch() + 60.0)
    shop.gate.obey([stop])
    assert shop.refusal().retry_after == 60.0
    shop.clock.advance(60.0)
    assert shop.take()
    shop.gate.obey([stop])
    assert shop.heard.names.count("channel.stopped") == 1


def test_a_stop_that_is_repeated_is_told_once() -> None:
    """Every worker looks every two seconds; nobody wants to read that."""
    shop = Checkout()
    for _ in range(5):
        shop.gate.obey([STOP])
    assert shop.heard.names == ["channel.stopped"]


def test_a_stop_keeps_the_circuit_as_it_was() -> None:
    """An open circuit is still open when the channel is resumed, and results are still recorded meanwhile."""
    shop = Checkout(circuit={"failures_in_a_row": 1})
    held = shop.take()
    shop.gate.obey([STOP])
    shop.gate.settle(held, SILENCE, 3.0)
    shop.gate.obey([])
    assert shop.refusal().cause is Cause.CIRCUIT_OPEN


def test_a_channel_that_is_not_configured_is_refused() -> None:
    """A channel that left the configuration is neither charged nor asked, and nothing breaks."""
    shop = Checkout()
    assert shop.gate.admit("gone") == Rejection(Cause.NO_ROUTE)
    assert not shop.gate.may_ask("gone")
    shop.gate.settle(Permit("gone", 0, False, 0.0), PAID, 0.1)
    shop.gate.learned("gone", paid=True)
    shop.gate.obey([changed(STOP, channel="gone")])
    with pytest.raises(UnknownOption, match="gone"):
        shop.gate.health("gone")


def test_health_tells_what_happened_lately() -> None:
    """Counts, causes, durations and calls in flight of the window."""
    shop = Checkout(circuit={"failures_in_a_row": 100})
    shop.pay(PAID, times=90, elapsed=0.2)
    shop.pay(SILENCE, times=9, elapsed=3.0)
    shop.pay(Answer(verdict=Verdict.UNKNOWN, cause=Cause.PROVIDER_ERROR), elapsed=0.4)
    shop.take()
    health = shop.gate.health("baitiao")
    assert (health.calls, health.failed, health.in_flight, health.p95) == (100, 10, 1, 3.0)
    assert list(health.failures.items()) == [(Cause.TIMEOUT, 9), (Cause.PROVIDER_ERROR, 1)]
    shop.clock.advance(60.0)
    later = shop.gate.health("baitiao")
    assert (later.calls, later.failed, later.p95) == (0, 0, None)


@pytest.mark.usefixtures("_many_turns")
def test_threads_neither_lose_nor_invent_calls() -> None:
    """Sixteen threads: never more in flight than allowed, every call counted, one probe at a time, nothing left."""
    shop = Checkout(clock=TurnTaking(), max_in_flight=8, circuit={"failures_in_a_row": 10**9, "failure_rate": 2.0})
    counted: list[int] = []

    def work(seed: int) -> None:
        paid = 0
        for turn in range(400):
            permit = shop.gate.admit("baitiao")
            if isinstance(permit, Permit):
                assert shop.gate.health("baitiao").in_flight <= 8
                if (turn + seed) % 7 == 0:
                    time.sleep(0)
                shop.gate.settle(permit, (PAID, POOR, SILENCE)[(turn + seed) % 3], 0.01)
                paid += 1
        counted.append(paid)

    _run_in_threads(work)
    health = shop.gate.health("baitiao")
    assert (health.in_flight, health.calls) == (0, sum(counted))
    assert health.calls == len(counted) * 400 - shop.heard.names.count("channel.rejected")


@pytest.mark.usefixtures("_many_turns")
def test_threads_get_one_probe_between_them() -> None:
    """Of all callers that rush at a circuit after its rest, one is let through."""
    shop = Checkout(clock=TurnTaking(), circuit={"failures_in_a_row": 1, "open_for": 1.0})
    shop.pay(SILENCE)
    shop.clock.advance(1.0)
    together = threading.Barrier(16)
    granted: list[Permit] = []

    def work(_: int) -> None:
        together.wait(5.0)
        permit = shop.gate.admit("baitiao")
        if isinstance(permit, Permit):
            granted.append(permit)

    _run_in_threads(work)
    assert [permit.half_open for permit in granted] == [True]


class TurnTaking(VirtualClock):
    """A clock at which threads take turns, so that whatever is not under a lock is interrupted in the middle."""

    def monotonic(self) -> float:
        """The time, and somebody else's turn."""
        time.sleep(0)
        return super().monotonic()


@pytest.fixture
def _many_turns() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def _run_in_threads(work: Callable[[int], None], count: int = 16) -> None:
    failures: list[BaseException] = []

    def guarded(seed: int) -> None:
        try:
            work(seed)
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=guarded, args=(seed,)) for seed in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20.0)
    assert not failures


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_child_process_starts_afresh() -> None:
    """A lock held at the fork, calls in flight and an open circuit stay with the parent; a manual stop does not."""
    program = """
import os, sys
from gates import SILENCE, STOP, Checkout
shop = Checkout(circuit={"failures_in_a_row": 1}, max_in_flight=2)
held, other = shop.take(), shop.take()
shop.gate.settle(other, SILENCE, 3.0)
shop.gate._lock.acquire()  # as if another thread were in the gate
if os.fork() == 0:
    fresh = shop.state == "closed" and shop.gate.health("baitiao").in_flight == 0
    shop.gate.obey([STOP])
    if os.fork() == 0:
        os._exit(0 if shop.state == "stopped" else 9)
    os._exit((0 if fresh else 8) or os.waitstatus_to_exitcode(os.wait()[1]))
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=os.path.dirname(__file__), timeout=30, check=False)
    assert done.returncode == 0


def test_the_breaker_is_loaded_by_the_first_gate() -> None:
    """Importing the gate costs no pybreaker, with what that imports."""
    program = "import sys, payfallback._runtime.health; sys.exit('pybreaker' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=30, check=False).returncode == 0

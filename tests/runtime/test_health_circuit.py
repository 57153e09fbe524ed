"""When a channel's circuit opens, half-opens and closes, and what never moves it."""

from __future__ import annotations

import pytest
from gates import PAID, POOR, REFUSED, SHOWN, SILENCE, THROTTLED, Checkout

from payfallback._core.operations import Answer
from payfallback._runtime.health import Gate, Permit
from payfallback.taxonomy import FACTS, Cause, Verdict


def opened(**circuit: float) -> Checkout:
    """A checkout whose circuit has just opened."""
    shop = Checkout(circuit={"failures_in_a_row": 3, "open_for": 15.0, **circuit})
    shop.pay(SILENCE, times=3)
    assert shop.state == "open"
    return shop


def test_failures_in_a_row_open_the_circuit() -> None:
    """The call that completes the row opens the circuit; the next one is refused and told when to come back."""
    shop = Checkout(circuit={"failures_in_a_row": 3, "open_for": 15.0})
    shop.pay(SILENCE, times=2)
    assert shop.state == "closed"
    shop.pay(SILENCE)
    shop.clock.advance(5.0)
    refusal = shop.refusal()
    assert (refusal.cause, refusal.retry_after) == (Cause.CIRCUIT_OPEN, 10.0)


def test_a_success_ends_the_row() -> None:
    """Two failures, a success, two failures: no row of three."""
    shop = Checkout(circuit={"failures_in_a_row": 3})
    for _ in range(3):
        shop.pay(SILENCE, times=2)
        shop.pay(PAID)
    assert shop.state == "closed"


def test_a_refused_connection_is_a_failure() -> None:
    """Nothing was sent, and yet the channel cannot be reached."""
    shop = Checkout(circuit={"failures_in_a_row": 3})
    shop.pay(REFUSED, times=3)
    assert shop.state == "open"


@pytest.mark.parametrize("cause", list(Cause), ids=lambda cause: cause.value)
def test_what_counts_is_what_the_taxonomy_says(cause: Cause) -> None:
    """A cause opens a circuit exactly when its row says that it counts, also as a refusal."""
    shop = Checkout(circuit={"failures_in_a_row": 3})
    shop.pay(Answer(verdict=Verdict.DECLINED, cause=cause), times=3)
    assert (shop.state == "open") == (FACTS[cause].counts == "yes")


@pytest.mark.parametrize("answer", [POOR, SHOWN, None, Answer(verdict=Verdict.DECLINED)])
def test_declines_waiting_and_cancelling_never_open_it(answer: Answer | None) -> None:
    """A hundred shoppers without credit, or who closed the page, are not an outage."""
    shop = Checkout(circuit={"failures_in_a_row": 3, "minimum": 5})
    shop.pay(answer, times=100)
    assert shop.state == "closed"


def test_a_cancelled_call_says_nothing() -> None:
    """It neither lengthens the row nor ends it, and it counts nowhere."""
    shop = Checkout(circuit={"failures_in_a_row": 3})
    shop.pay(SILENCE, times=2)
    shop.pay(None)
    assert (shop.state, shop.gate.health("baitiao").calls) == ("closed", 2)
    shop.pay(SILENCE)
    assert shop.state == "open"


def test_a_rate_of_failures_opens_it_from_a_minimum_of_calls() -> None:
    """Every second call fails: no row, but from twenty calls on the rate tells."""
    shop = Checkout(circuit={"failures_in_a_row": 5, "failure_rate": 0.5, "minimum": 20})
    for _ in range(9):
        shop.pay(PAID)
        shop.pay(SILENCE)
    assert shop.state == "closed"
    shop.pay(PAID)
    shop.pay(SILENCE)
    assert shop.state == "open"
    assert shop.heard[-1][1]["reason"] == "rate"


def test_failures_leave_the_window() -> None:
    """What failed longer ago than the window does not count towards the rate."""
    shop = Checkout(circuit={"failures_in_a_row": 50, "failure_rate": 0.5, "minimum": 20, "window": 30.0})
    shop.pay(SILENCE, times=18)
    shop.clock.advance(31.0)
    shop.pay(PAID, times=15)
    shop.pay(SILENCE, times=5)
    health = shop.gate.health("baitiao")
    assert (health.state, health.calls, health.failed) == ("closed", 20, 5)


def test_slow_calls_open_it() -> None:
    """Calls that succeed too slowly are an outage in the making, once they are most of enough calls."""
    shop = Checkout(circuit={"slow_after": 2.0, "slow_rate": 0.8, "minimum": 10})
    shop.pay(PAID, times=2, elapsed=0.3)
    shop.pay(PAID, times=7, elapsed=2.5)
    assert shop.state == "closed"
    shop.pay(PAID, elapsed=2.0)
    assert (shop.state, shop.gate.health("baitiao").reason) == ("open", "slow")


def test_half_open_lets_one_call_through() -> None:
    """After its rest the circuit grants one permit; everybody else waits for what that one comes to."""
    shop = opened()
    shop.clock.advance(15.0)
    probe = shop.take()
    assert (probe.half_open, shop.state) == (True, "half_open")
    assert shop.refusal().cause is Cause.CIRCUIT_OPEN
    shop.gate.settle(probe, PAID, 0.1)
    assert shop.state == "closed"
    assert shop.take().half_open is False


def test_a_failed_probe_opens_it_again() -> None:
    """The whole rest begins anew."""
    shop = opened()
    shop.clock.advance(20.0)
    shop.pay(SILENCE)
    assert shop.refusal().retry_after == 15.0


def test_a_slow_probe_opens_it_again() -> None:
    """A success that took too long is no proof that the channel is well."""
    shop = opened(slow_after=2.0)
    shop.clock.advance(15.0)
    shop.pay(PAID, elapsed=2.9)
    assert shop.state == "open"


def test_a_declined_probe_closes_it() -> None:
    """A provider that declines has answered."""
    shop = opened()
    shop.clock.advance(15.0)
    shop.pay(POOR)
    assert shop.state == "closed"


@pytest.mark.parametrize("answer", [None, THROTTLED])
def test_a_probe_that_says_nothing_makes_room_for_another(answer: Answer | None) -> None:
    """A cancelled or throttled probe neither closes nor opens; the next caller is the probe."""
    shop = opened()
    shop.clock.advance(15.0)
    shop.pay(answer)
    assert shop.state == "half_open"
    shop.clock.advance(4.0)
    assert shop.take().half_open is True


def test_a_probe_that_never_comes_back_does_not_shut_the_channel_for_good() -> None:
    """After the time of two calls another one is tried, and the lost one decides nothing any more."""
    shop = opened()
    shop.clock.advance(15.0)
    lost = shop.take()
    shop.clock.advance(14.9)
    assert shop.refusal().cause is Cause.CIRCUIT_OPEN
    shop.clock.advance(0.1)
    second = shop.take()
    shop.gate.settle(lost, PAID, 15.0)
    assert shop.state == "half_open"
    shop.gate.settle(second, PAID, 0.1)
    assert shop.state == "closed"


def test_late_results_of_an_older_generation_decide_nothing() -> None:
    """Calls sent before the opening neither close it, nor spoil the probe, nor open it again afterwards."""
    shop = Checkout(circuit={"failures_in_a_row": 3, "open_for": 15.0})
    old = [shop.take() for _ in range(12)]
    for permit in old[:3]:
        shop.gate.settle(permit, SILENCE, 3.0)
    shop.gate.settle(old[3], PAID, 3.0)
    assert shop.state == "open"
    shop.clock.advance(15.0)
    probe = shop.take()
    shop.gate.settle(old[4], PAID, 18.0)
    shop.gate.settle(old[5], SILENCE, 18.0)
    assert shop.state == "half_open"
    shop.gate.settle(probe, PAID, 0.1)
    for permit in old[6:]:
        shop.gate.settle(permit, SILENCE, 18.0)
    health = shop.gate.health("baitiao")
    assert (health.state, health.calls, health.in_flight) == ("closed", 0, 0)


def test_what_opened_it_does_not_open_it_again() -> None:
    """A closed circuit begins with an empty window: one more failure is one failure."""
    shop = opened(minimum=3)
    shop.clock.advance(15.0)
    shop.pay(PAID)
    shop.pay(SILENCE)
    assert shop.state == "closed"


def test_an_unknown_that_turns_out_paid_was_no_failure() -> None:
    """It ends the row and leaves the rate."""
    shop = Checkout(circuit={"failures_in_a_row": 3, "minimum": 4})
    shop.pay(SILENCE, times=2)
    shop.gate.learned("baitiao", paid=True)
    shop.gate.learned("baitiao", paid=True)
    shop.pay(SILENCE)
    assert (shop.state, shop.gate.health("baitiao").failed) == ("closed", 1)


def test_what_turns_out_unpaid_changes_nothing() -> None:
    """The silence was a failure, and stays one."""
    shop = Checkout(circuit={"failures_in_a_row": 3})
    shop.pay(SILENCE, times=2)
    shop.gate.learned("baitiao", paid=False)
    shop.pay(SILENCE)
    assert shop.state == "open"


def test_late_news_of_a_payment_do_not_close_an_open_circuit() -> None:
    """Only the probe closes it."""
    shop = opened()
    shop.gate.learned("baitiao", paid=True)
    assert shop.state == "open"
    shop.clock.advance(15.0)
    shop.take()
    shop.gate.learned("baitiao", paid=True)
    assert shop.state == "half_open"


def test_a_wrong_wall_clock_neither_opens_nor_half_opens() -> None:
    """The rest is measured by the monotonic clock."""
    shop = opened()
    shop.clock.jump_epoch(86_400.0)
    assert shop.refusal().retry_after == 15.0
    shop.clock.jump_epoch(-10 * 86_400.0)
    shop.clock.advance(15.0)
    assert shop.take().half_open is True


def test_one_channel_does_not_open_another() -> None:
    """Each channel has its own circuit."""
    shop = opened()
    assert isinstance(shop.gate.admit("wechat"), Permit)


def test_the_observer_hears_every_change() -> None:
    """Opened, half-opened and closed, with the channel and the reason, and each refusal."""
    shop = opened()
    shop.refusal()
    shop.clock.advance(15.0)
    shop.pay(PAID)
    assert shop.heard.names == ["circuit.opened", "channel.rejected", "circuit.half_opened", "circuit.closed"]
    fields = shop.heard[0][1]
    assert (fields["channel"], fields["reason"], fields["cause"]) == ("baitiao", "in_a_row", "timeout")
    assert fields["failed"] == 3


def test_the_observer_may_ask_the_gate() -> None:
    """It is told outside the lock."""
    shop = Checkout(circuit={"failures_in_a_row": 1})
    states: list[str] = []
    gate: Gate = Gate(
        shop.policy,
        shop.clock,
        lambda event, /, **fields: states.append(gate.health(fields["channel"]).state),
    )
    permit = gate.admit("baitiao")
    assert isinstance(permit, Permit)
    gate.settle(permit, SILENCE, 3.0)
    assert states == ["open"]

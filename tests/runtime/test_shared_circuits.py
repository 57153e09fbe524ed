"""What one worker finds out about a channel holds for the others, and what a sick one says does not for long."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from gates import PAID, SILENCE
from sharers import Sharer, look

from payfallback._runtime.health import Rejection
from payfallback.policy import Account
from payfallback.taxonomy import Cause

Make = Callable[..., Sharer]


def opened(make: Make, *hosts: str) -> tuple[Sharer, ...]:
    """Workers of these hosts; the first one's circuit opened, and everybody heard."""
    workers = tuple(map(make, hosts))
    look(*workers)
    workers[0].pay(SILENCE, times=3)
    look(*workers)
    return workers


def later(seconds: float, *workers: Sharer) -> None:
    """Time passes for everybody."""
    for each in workers:
        each.clock.advance(seconds)


def test_what_opened_here_is_passed_over_there(worker: Make) -> None:
    """A worker that never called the channel refuses it because another one's circuit opened, and says so once."""
    first, second = opened(worker, "web-1", "web-2")
    refusal = second.refusal()
    assert refusal.cause is Cause.CIRCUIT_OPEN
    look(second, second)
    assert [event for event in second.heard.names if event != "channel.rejected"] == ["circuit.opened"]
    assert second.heard[0][1]["reason"] == second.gate.health("baitiao").reason == "elsewhere"
    assert first.heard[0][1]["reason"] == "in_a_row"


def test_other_channels_are_not_touched(worker: Make) -> None:
    """Only the channel that failed is passed over."""
    _, second = opened(worker, "web-1", "web-2")
    assert not isinstance(second.gate.admit("wechat"), Rejection)


def test_an_account_of_another_environment_is_another_channel(worker: Make) -> None:
    """Under one prefix and one channel name, a sandbox that is down does not stop production."""
    production = worker("web-1")
    account = Account(name="jd", provider="jdpay", merchant="110224535", environment="sandbox")
    sandbox = worker("web-2", account=account)
    sandbox.pay(SILENCE, times=3)
    look(sandbox, production)
    assert (sandbox.state, production.state) == ("open", "closed")


def test_who_opened_it_tries_it_first(worker: Make) -> None:
    """When the time is over the opener lets a call through; the others wait a moment longer."""
    first, second = opened(worker, "web-1", "web-2")
    later(15.0, first, second)
    first.take()
    assert second.refusal().cause is Cause.CIRCUIT_OPEN
    later(3.0 + 0.1, second)  # six looks at the most
    second.take()


def test_a_recovery_seen_elsewhere_closes_it(worker: Make) -> None:
    """The opener's probe succeeded: nobody else has to try."""
    first, second = opened(worker, "web-1", "web-2")
    later(15.0, first)
    first.pay(PAID)
    look(first, second)
    assert (first.state, second.state) == ("closed", "closed")
    assert second.heard.names[-1] == "circuit.closed"


def test_a_probe_of_another_worker_is_waited_for(worker: Make) -> None:
    """While one call tries the channel, others do not; when it fails without a word, they may."""
    first, second, third = opened(worker, "web-1", "web-2", "web-3")
    later(20.0, first, second, third)
    permit = second.take()
    look(second, third)
    assert third.refusal().retry_after == pytest.approx(15.0, abs=1.0)
    second.gate.settle(permit, SILENCE, 3.0)
    look(second, third)
    assert third.state == "open"


def test_a_probe_that_nobody_ended_is_not_waited_for_for_ever(worker: Make) -> None:
    """A worker that died while it tried the channel holds the others up for as long as a probe may last."""
    _, second, third = opened(worker, "web-1", "web-2", "web-3")
    later(20.0, second, third)
    second.take()
    look(second, third)
    assert third.refusal().retry_after == pytest.approx(15.0, abs=1.0)
    later(15.1, third)
    third.take()
    assert third.state == "half_open"


def test_a_probe_of_its_own_decides(worker: Make) -> None:
    """What others say of the channel does not end the trial that is under way here."""
    first, second, third = opened(worker, "web-1", "web-2", "web-3")
    later(20.0, first, second, third)
    permit = third.take()
    second.pay(SILENCE)
    look(second, third)
    assert third.state == "half_open"
    third.gate.settle(permit, PAID, 0.1)
    look(third, first, second)
    assert [each.state for each in (first, second, third)] == ["closed"] * 3


def test_what_is_heard_is_not_told_again(worker: Make, redis_url: str, prefix: str) -> None:
    """Only whoever found something out tells it: a word does not go round."""
    first, second = opened(worker, "web-1", "web-2")
    look(second, first, second, first)
    assert first.heard.names == second.heard.names == ["circuit.opened"]
    assert first.rest == 15.0


def test_a_worker_that_starts_later_hears_of_it(worker: Make) -> None:
    """Its first look is enough, for the time that is left."""
    opened(worker, "web-1")
    new = worker("web-2")
    look(new)
    assert new.state == "open"
    assert 10.0 < new.rest < 18.1


def test_nobody_rests_longer_than_it_would_by_itself(worker: Make) -> None:
    """What another configuration, or anybody who writes there, calls an hour is fifteen seconds here, and a moment."""
    hour = worker("web-1", circuit={"failures_in_a_row": 3, "open_for": 3600.0})
    new = worker("web-2")
    hour.pay(SILENCE, times=3)
    look(hour, new)
    assert 15.0 < new.rest <= 18.0


def test_a_word_is_forgotten_with_its_time(worker: Make) -> None:
    """Whatever became of who said it: a worker that starts after the time is over finds nothing."""
    first = worker("web-1", circuit={"failures_in_a_row": 1, "open_for": 0.05})
    first.pay(SILENCE)
    look(first)
    time.sleep(0.06)
    new = worker("web-2")
    look(new)
    assert new.state == "closed"


def test_a_worker_does_not_prolong_what_it_opened(worker: Make) -> None:
    """Its probe failed as well, and that is its own trouble perhaps: now another one tries, and everybody is glad."""
    sick, well, other = opened(worker, "web-1", "web-2", "web-3")
    later(15.0, sick, well, other)
    sick.pay(SILENCE)
    look(sick, well, other)
    assert (sick.rest, well.rest < 3.1) == (15.0, True)
    later(3.1, sick, well, other)
    well.pay(PAID)
    look(well, other, sick)
    assert [each.state for each in (sick, well, other)] == ["closed"] * 3


def test_two_workers_that_agree_prolong_it(worker: Make) -> None:
    """The opener's probe failed, then another's: the channel is down, and rests for everybody."""
    first, second, third = opened(worker, "web-1", "web-2", "web-3")
    later(15.0, first, second, third)
    first.pay(SILENCE)
    later(3.1, first, second, third)
    second.pay(SILENCE)
    look(first, second, third)
    assert third.rest > 14.0


def test_a_host_that_cries_wolf_is_not_followed_for_a_while(worker: Make) -> None:
    """Another host's probe refuted it: its next opening is its own trouble; after ten minutes it is believed again."""
    sick, well, other = opened(worker, "web-1", "web-2", "web-3")
    later(20.0, sick, well, other)
    well.pay(PAID)
    look(well, other, sick)
    sick.pay(SILENCE, times=3)
    look(sick, well, other)
    assert [each.state for each in (sick, well, other)] == ["open", "closed", "closed"]
    later(600.0, sick, well, other)
    sick.pay(PAID)
    sick.pay(SILENCE, times=3)
    look(sick, well, other)
    assert other.state == "open"

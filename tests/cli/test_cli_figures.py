"""What the journal's events say about a channel. Pure, so that minutes pass without waiting."""

from __future__ import annotations

import pytest

from payfallback._core import events as e
from payfallback.cli.figures import Figures, figures_of, whose
from payfallback.ports import Switch

NOW = 10_000.0
PROVIDERS = {"baitiao": "jdpay", "wechat": "wechatpay"}


def _charge(
    ago: float, verdict: str | None, option: str = "baitiao/12", cause: str = "", took: float = 0.5
) -> list[e.Event]:
    at = NOW - ago
    events: list[e.Event] = [
        e.Planned(at, 1, "A101", option, "jdpay/1//", "server"),
        e.Sending(at, 1, 1, "charge", at + 3.0),
    ]
    if verdict is not None:
        events.append(e.Seen(at + took, 1, "charge", verdict, 1, cause=cause))
    return events


def _figures(*logs: list[e.Event], stops: dict[str, Switch] | None = None, channel: str = "baitiao") -> Figures:
    found = figures_of(logs, now=NOW, providers=PROVIDERS, waiting={"baitiao": 2}, stops=stops or {})
    return next(each for each in found if each.channel == channel)


def test_a_working_channel() -> None:
    """Captured charges of the last five minutes are counted; older ones are not."""
    found = _figures(*[_charge(10.0 + place, "captured") for place in range(20)], _charge(400.0, "captured"))
    assert (found.state, found.asked, found.paid, found.failed, found.open) == ("ok", 20, 20, 0, 2)
    assert found.p95 == pytest.approx(0.5)


def test_a_refusal_is_an_answer() -> None:
    """Declines do not make a channel fail."""
    found = _figures(*[_charge(place, "declined", cause="credit_exhausted") for place in range(1, 9)])
    assert (found.state, found.paid, found.failed) == ("ok", 0, 0)


def test_silence_makes_a_channel_fail_since_its_last_good_answer() -> None:
    """Most charges unanswered: FAILING, with the causes and since when."""
    good = [_charge(200.0, "captured")]
    bad = [_charge(100.0 - place, "unknown", cause="timeout", took=3.0) for place in range(6)]
    found = _figures(*good, *bad)
    assert (found.state, found.since, found.p95) == ("FAILING", NOW - 100.0, 3.0)
    assert dict(found.why) == {"timeout": 6}


def test_a_worker_that_died_leaves_a_charge_without_an_answer() -> None:
    """A charge whose time is long up and whose answer nobody wrote has failed; one under way has not."""
    assert dict(_figures(_charge(60.0, None)).why) == {"no answer written": 1}
    assert _figures(_charge(1.0, None)).failed == 0


def test_passing_over_tells_of_an_open_circuit() -> None:
    """Workers that pass a channel over because its circuit is open make it FAILING, though nothing is asked."""
    passed: list[e.Event] = [e.Passed(NOW - 5.0, "baitiao/12", "circuit_open")]
    found = _figures(passed, passed)
    assert (found.state, found.circuit_open, found.passed_over, found.asked) == ("FAILING", NOW - 5.0, 2, 0)
    long_ago: list[e.Event] = [e.Passed(NOW - 200.0, "baitiao/12", "circuit_open")]
    assert _figures(long_ago).state == "quiet"


def test_a_stop_by_hand_goes_before_everything() -> None:
    """Whatever the figures say, a stopped channel is STOPPED, since the stop."""
    stop = Switch(channel="baitiao", reason="INC-1", actor="ops", at=NOW - 30.0)
    found = _figures(_charge(10.0, "captured"), stops={"baitiao": stop})
    assert (found.state, found.since, found.to_json()["stop"]["reason"]) == ("STOPPED", NOW - 30.0, "INC-1")


def test_a_few_failures_are_unsteady() -> None:
    """Between ten and fifty in a hundred."""
    logs = [_charge(place, "captured") for place in range(1, 9)]
    assert _figures(*logs, _charge(9.0, "unknown", cause="timeout")).state == "unsteady"


def test_a_channel_that_the_file_lost_is_shown_all_the_same() -> None:
    """What was asked in these minutes is shown, configured or not."""
    assert _figures(_charge(1.0, "captured", option="huabei/3"), channel="huabei").asked == 1


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ({"baitiao": "ok", "wechat": "ok"}, ""),
        ({"baitiao": "FAILING", "wechat": "ok"}, "jdpay's, not ours: wechat answers normally"),
        ({"baitiao": "FAILING", "wechat": "quiet"}, "not known: jdpay fails, and nothing else is known to answer"),
        ({"baitiao": "FAILING", "wechat": "FAILING"}, "perhaps ours: every provider fails"),
        ({"baitiao": "STOPPED", "wechat": "ok"}, ""),
    ],
)
def test_whose_it_is(states: dict[str, str], said: str) -> None:
    """One provider failing while another answers is that provider's; all failing may be ours."""
    told = whose(Figures(channel=name, provider=PROVIDERS[name], state=state) for name, state in states.items())
    assert told.startswith(said)
    assert bool(told) is bool(said)

"""Every state of a small world: all interleavings of two workers, with crashes and other troubles, up to a depth."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import test_planted_bugs as rules_broken
import test_planted_money_bugs as money_lost
import test_simulator_planted as planted

import payfallback as pf
from payfallback._core.events import Event, Opened, Planned, Seen, Sending
from payfallback.cli.app import run as payfallback
from payfallback.testing.exhaustive import KNOWN, TROUBLES, WORLDS, explore
from payfallback.testing.exhaustive.choices import Choice
from payfallback.testing.exhaustive.machine import Machine
from payfallback.testing.exhaustive.moving import make
from payfallback.testing.exhaustive.old_news import only_old_news
from payfallback.testing.exhaustive.state import State
from payfallback.testing.ledger import Ledger
from payfallback.testing.promises import check_promises
from payfallback.testing.simulator import Broken

Patch = pytest.MonkeyPatch

BUGS: dict[Callable[[Patch], None], tuple[str, int]] = {  # the world that shows it, and with how many troubles
    rules_broken.silence_is_not_sent: ("debit", 1),
    rules_broken.another_channel_while_unknown: ("debit", 1),
    rules_broken.another_channel_while_closing: ("debit", 1),
    rules_broken.sent_before_it_is_durable: ("debit", 0),
    rules_broken.never_sent_without_asking: ("debit", 1),
    rules_broken.charges_after_the_end: ("debit", 0),
    rules_broken.any_ok_closes: ("qr", 0),
    rules_broken.shown_codes_are_dead: ("qr", 0),
    rules_broken.surplus_is_kept: ("cancelled", 1),
    money_lost.a_cancelled_capture_wins: ("cancelled", 1),
    money_lost.a_cancel_is_forgotten: ("cancelled", 1),
    money_lost.the_winner_is_overwritten: ("cancelled", 1),
    planted.the_fence_is_ignored: ("debit", 1),
    planted.the_version_is_ignored: ("debit", 1),
    planted.a_lease_is_free_for_anybody: ("journal", 1),
    planted.a_notification_is_acknowledged_before_it_is_stored: ("refund", 0),
    planted.money_on_hold_is_taken_for_paid: ("hold", 0),
    planted.the_dead_are_not_watched: ("qr", 0),
}
DEPTH = 6  # moves within which each of them shows


def test_every_state_within_nine_moves_keeps_every_promise() -> None:
    """With one trouble anywhere, the search meets exactly these states, and from each recovery settles the order."""
    searched = explore("debit", 9, 1)
    assert searched.broken is None, str(searched.broken)
    assert (searched.states, searched.edges, searched.ends, searched.cut) == (640, 986, 13, 156)
    assert searched.beyond > searched.states
    assert len(searched.taken) == 19


def test_a_search_is_complete_when_nothing_is_cut() -> None:
    """Without troubles a held payment has few ways to go; all of them end, and the whole of them is searched."""
    searched = explore("hold", 60, 0)
    assert searched.broken is None, str(searched.broken)
    assert (searched.cut, searched.beyond) == (0, 0)
    assert searched.ends > 0


@pytest.mark.parametrize("world", WORLDS)
def test_each_small_world_keeps_every_promise_close_by(world: str) -> None:
    """All worlds, to a depth that a test run can pay for; `benchmarks/exhaustive.py` goes further."""
    searched = explore(world, 6, 1)
    assert searched.broken is None, str(searched.broken)
    assert searched.states > 50


@pytest.mark.parametrize("plant", BUGS, ids=lambda plant: plant.__name__)
def test_the_search_finds_a_planted_bug(plant: Callable[[Patch], None], monkeypatch: Patch) -> None:
    """A rule of the money path is broken, and the search shows a way of a few moves to a broken promise."""
    world, troubles = BUGS[plant]
    plant(monkeypatch)
    broken = explore(world, DEPTH, troubles).broken
    assert broken is not None, f"{plant.__name__} survived every state of {world!r} within {DEPTH} moves"
    assert len(broken.moves) <= DEPTH


def test_a_counterexample_is_told(monkeypatch: Patch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is broken, each move with who made it, the order's story, what the providers wrote, how to see it again."""
    rules_broken.another_channel_while_unknown(monkeypatch)
    arguments = ["simulate", "--exhaustive", "--world", "debit", "--depth", "8", "--troubles", "1"]
    assert payfallback(arguments) == 1
    told = capsys.readouterr().out
    for words in (
        "BROKEN  I1 A00001: 2 captures are held at one time",
        "w0  pay a",
        "w0  call/charge A0000101 on a  [",
        "order opened for 59.00 CNY",
        "captured A0000102 59.00 CNY",
        "again   payfallback simulate --exhaustive --world debit --depth 8 --troubles 1",
    ):
        assert words in told


def test_the_door_searches_all_worlds(capsys: pytest.CaptureFixture[str]) -> None:
    """One object for each world, and a last one with the sum."""
    assert payfallback(["simulate", "--exhaustive", "--depth", "4", "--troubles", "1", "--json"]) == 0
    *each, total = map(json.loads, capsys.readouterr().out.splitlines())
    assert [one["world"] for one in each] == list(WORLDS)
    assert total["states"] == sum(one["states"] for one in each) > 0
    assert (total["violations"], total["transitions"]) == (0, len(KNOWN))
    assert 0 < total["taken"] < len(KNOWN)


def test_a_world_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt name says which there are, in code and at the door."""
    with pytest.raises(pf.ProgrammingError, match="no small world 'debt'"):
        explore("debt")
    assert payfallback(["simulate", "--exhaustive", "--world", "debt"]) == 2
    assert "debit" in capsys.readouterr().err


def test_every_trouble_has_a_world() -> None:
    """No trouble of the vocabulary is never played, and no world names one that does not exist."""
    assert {trouble for world in WORLDS.values() for trouble in world.troubles} == set(TROUBLES)


def _held_again(asked_at: float) -> tuple[Event, ...]:
    """A hold that was closed, then "authorised", asked for at this moment, then a second charge."""
    amount = pf.Money(5900, "CNY")
    return (
        Opened(0.0, "A1", "", amount, 60.0, "switch"),
        Planned(0.0, 1, "A101", "a", "x", "server"),
        Sending(0.0, 1, 1, "charge", 3.0),
        Seen(1.0, 1, "charge", "authorised", 1),
        Sending(2.0, 1, 2, "close", 5.0),
        Seen(3.0, 1, "close", "closed", 2, named=True),
        Seen(4.0, 1, "query", "authorised", asked_at=asked_at),
        Planned(4.0, 2, "A102", "b", "y", "server"),
        Sending(4.0, 2, 1, "charge", 7.0),
    )


@pytest.mark.parametrize(("asked_at", "excused"), [(1.5, True), (3.5, False)])
def test_only_what_was_asked_before_the_close_is_old_news(asked_at: float, excused: bool) -> None:
    """Money that is held after its close was answered is a broken promise; what was asked before is not."""
    events, ledger = _held_again(asked_at), Ledger()
    found = [each for each in check_promises(ledger, {"|A1": events}, settled=False) if each.promise == "I3"]
    assert len(found) == 1
    assert only_old_news("I3", found[0].facts, "|A1", events, ledger, 9.0) is excused


# ---------------------------------------------------------------- what the search has found


def _begin(worker: int, call: int) -> Choice:
    return Choice("begin", worker, about=str(call))


def _played(way: list[Choice]) -> tuple[State, list[Broken]]:
    """The world of two debits after these moves, and what they broke."""
    machine = Machine(WORLDS["debit"])
    state, wrong = machine.first(2), []
    for choice in way:
        state, found = make(machine, state, choice)
        wrong += found
    return state, wrong


_DO = [Choice("do", 0), Choice("do", 1)]
_SEND = [Choice("send", 0), Choice("send", 1)]
_HEAR = [Choice("hear", 0), Choice("hear", 1)]
_REFUSED = [_begin(0, 0), _DO[0], Choice("send", 0, "refused", cost=1), _HEAR[0], Choice("time", how="pause", cost=1)]


def test_a_charge_is_not_sent_again_once_somebody_else_is_closing_it() -> None:
    """A payer whose connection was refused stands still until its lease is gone; another one asks and closes. When the
    first one wakes up it looks again, instead of sending a charge that can no longer be sent."""
    asks = [_begin(1, 1), _DO[1], _DO[1], _SEND[1], _HEAR[1], _DO[1]]
    closes = [_SEND[1], _HEAR[1], _SEND[1], _HEAR[1], _DO[1]]
    state, wrong = _played([*_REFUSED, *asks, *[_DO[0]] * 3, *closes])
    assert wrong == []
    assert state.workers[0].doing is None, "it still means to send it again"


def test_not_paid_is_not_said_from_what_was_read_before_a_pause() -> None:
    """A payer that lost the race for the order decides from what it reads then. It does not wait first, while another
    one charges the order, to say "not paid" of a paid one."""
    recovers = [Choice("recover", 1), _DO[1], _DO[0], _SEND[1], _HEAR[1], _DO[1], _DO[0], *[_DO[1]] * 3]
    state, wrong = _played([*_REFUSED, *recovers, _begin(1, 1), _DO[0]])
    assert wrong == []
    assert state.workers[0].doing is None, "it waits, and what it knows grows old"

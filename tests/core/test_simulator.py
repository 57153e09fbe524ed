"""The simulator: the core's flows on a heap of virtual time, held against the providers' own ledger."""

from __future__ import annotations

import json
import os

import pytest
import test_planted_bugs

import payfallback as pf
from payfallback.testing.simulator import CASES, GROUPS, WORDS, Finding, live, run_case, schedule, simulate
from payfallback.testing.simulator.life import play
from payfallback.testing.simulator.world import World

BUDGET = 800  # orders that every run of the tests simulates
FRESH = 200  # orders from a seed that nobody has seen
ON_DISK = 12  # orders over a real SQLite file


def _told(findings: tuple[Finding, ...]) -> str:
    return json.dumps([each.to_json() for each in findings], ensure_ascii=False, indent=1)


def test_the_budget_of_simulated_orders_breaks_no_promise() -> None:
    """Crashes, pauses, lost replies, late captures, forgeries, jumping clocks: nothing twice, nothing forgotten."""
    report = simulate(1, BUDGET)
    assert (report.violations, report.unresolved) == (0, 0), _told(report.findings)
    assert report.orders == BUDGET
    assert report.captures > BUDGET / 3


def test_a_fresh_seed_breaks_no_promise() -> None:
    """Orders that nobody has simulated before; `PAYFALLBACK_SEED` repeats the seed that is printed."""
    seed = int(os.environ.get("PAYFALLBACK_SEED") or int.from_bytes(os.urandom(4), "big") + 1_000_000)
    print(f"PAYFALLBACK_SEED={seed}")
    report = simulate(seed, FRESH)
    assert (report.violations, report.unresolved) == (0, 0), f"PAYFALLBACK_SEED={seed}: {_told(report.findings)}"


def test_worlds_on_a_real_file_break_no_promise() -> None:
    """The journal is a SQLite file that each process opens, and dies without closing; what it took is there."""
    report = simulate(1, ON_DISK, journal="sqlite")
    assert (report.violations, report.unresolved, report.orders) == (0, 0, ON_DISK), _told(report.findings)


@pytest.mark.parametrize("name", CASES)
def test_a_named_schedule_plays_what_it_says_and_breaks_no_promise(name: str) -> None:
    """Each schedule that breaks naive designs leaves the captures and refunds that its name means, and no violation."""
    report = run_case(name)
    assert (report.violations, report.unresolved) == (0, 0), _told(report.findings)


@pytest.mark.parametrize("seed", [3, 45, 100])
def test_a_seed_is_reproducible_to_the_event(seed: int) -> None:
    """The same seed gives the same steps, the same events in the journal and the same ledger."""
    lives = []
    for _ in range(2):
        shop, moves = schedule(seed)
        world = World(shop, str(seed), moves, trail=True)
        play(world)
        lives.append((world.scheduler.trail, world.ledger.entries(), [world.watch.events(key) for key in world.keys]))
    assert lives[0] == lives[1]
    assert lives[0][0]


def test_exactly_so_many_orders_are_played() -> None:
    """The last world has no more orders than were asked for."""
    assert [simulate(1, orders).orders for orders in range(1, 12)] == list(range(1, 12))


def test_random_days_use_the_whole_vocabulary() -> None:
    """Every kind of move and of trouble comes up by chance."""
    moves = [move for seed in range(600) for move in schedule(seed)[1]]
    assert {move.word for move in moves} == set(WORDS)


def test_only_the_asked_kinds_of_trouble_happen() -> None:
    """With some kinds chosen, nothing else goes wrong."""
    report = simulate(1, 60, groups=("clocks",))
    assert set(report.faults) <= {"jump", "paid_by_hand"}
    assert report.faults["jump"] > 0


def test_an_unknown_kind_of_trouble_is_refused() -> None:
    """A misspelt kind says which there are."""
    with pytest.raises(pf.ProgrammingError, match="weather"):
        simulate(1, 1, groups=("weather",))
    with pytest.raises(pf.ProgrammingError, match="memory or sqlite"):
        simulate(1, 1, journal="paper")
    with pytest.raises(pf.ProgrammingError, match="double"):
        run_case("duble-click")
    assert "crashes" in GROUPS


def test_a_violation_comes_with_a_short_schedule_and_its_story(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of the schedule still breaks the same promise, each of its moves is needed, and it is told."""
    test_planted_bugs.surplus_is_kept(monkeypatch)
    report = simulate(34, 12)
    assert report.violations
    finding = report.findings[0]
    assert 0 < len(finding.schedule) < finding.length
    assert any("captured too" in line for line in finding.story)
    assert "--seed" in finding.play
    seed = finding.play.split()[3]
    promise = finding.wrong[0].promise
    assert any(each.promise == promise for each in live(finding.shop, seed, finding.schedule).wrong)
    for place in range(len(finding.schedule)):
        less = (*finding.schedule[:place], *finding.schedule[place + 1 :])
        assert all(each.promise != promise for each in live(finding.shop, seed, less).wrong)

"""`payfallback simulate`: worlds from a seed, named schedules, and what a broken promise looks like."""

from __future__ import annotations

import json

import pytest

from payfallback._core import turns
from payfallback.cli.app import run as payfallback


def test_the_last_line_of_json_is_the_account(capsys: pytest.CaptureFixture[str]) -> None:
    """One object with the seed, the orders, the faults, the violations, what is unresolved, and the speed."""
    assert payfallback(["simulate", "--seed", "7", "--orders", "25", "--json"]) == 0
    account = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert account["seed"] == 7
    assert account["orders"] == 25
    assert account["faults"] == sum(account["faults_by_kind"].values()) > 0
    assert (account["violations"], account["unresolved"]) == (0, 0)
    assert account["seconds"] > 0 < account["orders_per_second"]


def test_the_same_seed_gives_the_same_account(capsys: pytest.CaptureFixture[str]) -> None:
    """Only the time it took differs."""
    accounts = []
    for _ in range(2):
        payfallback(["simulate", "--seed", "7", "--orders", "25", "--json"])
        account = json.loads(capsys.readouterr().out)
        accounts.append({name: given for name, given in account.items() if "second" not in name})
    assert accounts[0] == accounts[1]


def test_a_named_schedule_runs_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """`--cases` lists them, `--case` plays one."""
    assert payfallback(["simulate", "--cases"]) == 0
    assert "double-click" in capsys.readouterr().out
    assert payfallback(["simulate", "--case", "double-click", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["captures"] == 1


@pytest.mark.parametrize("wrong", [["--case", "duble-click"], ["--faults", "weather"], ["--orders", "0"]])
def test_what_does_not_exist_is_wrong_usage(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt name exits with 2 and says what there is."""
    assert payfallback(["simulate", *wrong]) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--world debit", "--world changes nothing without --exhaustive"),
        ("--depth 0", "--depth changes nothing without --exhaustive"),
        ("--troubles 1 --seed 2", "--troubles changes nothing without --exhaustive"),
        ("--exhaustive --seed 1", "--seed changes nothing with --exhaustive"),
        ("--exhaustive --depth 1 --journal memory", "--journal changes nothing with --exhaustive"),
        ("--exhaustive --case double-click", "--case changes nothing with --exhaustive"),
        ("--exhaustive --cases", "--cases changes nothing with --exhaustive"),
        ("--case double-click --seed 2", "--seed changes nothing with --case"),
        ("--case double-click --orders 1000", "--orders changes nothing with --case"),
        ("--case double-click --faults clocks", "--faults changes nothing with --case"),
        ("--case double-click --depth 3", "--depth changes nothing with --case"),
        ("--cases --steps", "--steps changes nothing with --cases"),
    ],
)
def test_what_would_change_nothing_is_refused(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is played, and one line says which option to leave out, or which one is missing."""
    assert payfallback(["simulate", *words.split()]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"payfallback: {said} (")
    assert told.err.count("\n") == 1


def test_what_belongs_together_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON and steps with a named schedule, on a real file; bounds with a search."""
    assert payfallback(["simulate", "--case", "double-click", "--journal", "sqlite", "--steps", "--json"]) == 0
    bounds = ["--world", "debit", "--depth", "2", "--troubles", "0", "--json"]
    assert payfallback(["simulate", "--exhaustive", *bounds]) == 0
    assert capsys.readouterr().err == ""


def test_a_broken_promise_exits_with_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is broken, how to play it again, the schedule that is left, the order's story."""
    monkeypatch.setattr(turns, "due", lambda *given, **named: None)
    assert payfallback(["simulate", "--case", "crash-between-record-and-send", "--steps"]) == 1
    told = capsys.readouterr().out
    for word in (
        "BROKEN",
        "again     payfallback simulate --case",
        "moves are enough",
        "order opened for",
        "append/opened",
    ):
        assert word in told

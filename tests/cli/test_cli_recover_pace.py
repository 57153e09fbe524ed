"""`recover` with more to do than the providers' query budgets allow at once: progress, and when it will be through."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_desk import Desk, at_a_terminal

from payfallback.cli.pace import Pace
from payfallback.results import Recovered

DUE = 150  # orders; a channel's budget is 100 questions at once, and 20 a second
SHOP = f"""
import time
import payfallback as pf


def found(attempt):
    return pf.Answer(verdict=pf.Verdict.CAPTURED, amount=attempt.amount)


def payments():
    acme = pf.wrap(found, query=found, reads=lambda attempt, said: said, account="acme/1")
    journal = "sqlite:///pace.db?allow_volatile=yes"
    return pf.Payments(**pf.channels({{"acme": acme}}), journal=journal, observer=lambda event, **_: None)


def take_over():
    with payments() as shop:
        for number in range({DUE}):
            order = pf.Order(f"PACE{{number:04}}", pf.Money.of("59.00", "CNY"))
            shop.adopt(order, "acme", f"OLD{{number:04}}", sent_at=time.time() - 60.0)
"""


@pytest.fixture
def backlog(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A shop that took over more open payments than it may ask about at once."""
    (tmp_path / "pace_shop.py").write_text(SHOP, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "pace_shop", raising=False)
    import pace_shop  # type: ignore[import-not-found]  # written a moment ago

    pace_shop.take_over()
    return desk


def test_progress_and_an_estimate_are_shown(backlog: Desk) -> None:
    """How many are done and left, how long that takes, and that the providers' query budget is what it waits for."""
    ended = backlog.run("recover", "--app", "pace_shop:payments", "--within", "60s")
    assert ended.code == 0
    first, *rounds, last = ended.out.splitlines()
    assert first == f"{DUE} orders due"
    shown = re.fullmatch(r"looked at (\d+), (\d+) left, about \d+ s, the query budget sets the pace", rounds[0])
    assert shown is not None, rounds
    assert int(shown[1]) + int(shown[2]) == DUE
    assert last.startswith(f"looked at {DUE} orders in ")


def test_the_estimate_is_there_for_programs(backlog: Desk) -> None:
    """As JSON each round says what is left and for how many seconds; the last object is the sum, with what is left."""
    ended = backlog.run("recover", "--app", "pace_shop:payments", "--within", "500ms", "--json")
    assert ended.objects[0]["left"] > 0
    assert ended.objects[0]["seconds_left"] > 0
    assert ended.json["looked"] + ended.json["left"] == DUE


def test_a_terminal_shows_the_estimate_beside_the_bar(backlog: Desk, tmp_path: Path) -> None:
    """Whoever waits for it sees when it will be through."""
    code, drawn = at_a_terminal("recover", "--app", "pace_shop:payments", "--within", "30s", folder=tmp_path)
    assert code == 0
    assert re.search(r"recovering .*about \d+ s, the query budget sets the pace", drawn)


TOGETHER = """
import os, threading, time
import payfallback as pf

both = threading.Barrier(2)


def found(attempt):
    both.wait(float(os.environ["WAITS"]))  # raises when nobody else asks meanwhile
    return pf.Answer(verdict=pf.Verdict.CAPTURED, amount=attempt.amount)


def payments():
    acme = pf.wrap(found, query=found, reads=lambda attempt, said: said, account="acme/1")
    journal = "sqlite:///together.db?allow_volatile=yes"
    return pf.Payments(**pf.channels({"acme": acme}), journal=journal, observer=lambda event, **_: None)


with payments() as shop:
    for number in range(2):
        order = pf.Order(f"PAIR{number:04}", pf.Money.of("59.00", "CNY"))
        shop.adopt(order, "acme", f"OLD{number:04}", sent_at=time.time() - 60.0)
"""


@pytest.mark.parametrize(
    ("options", "waits", "settled"), [(("--within", "60s"), 30, 2), (("--within", "1s", "--at-once", "1"), 0.2, 0)]
)
def test_orders_are_looked_at_side_by_side(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], waits: float, settled: int
) -> None:
    """Two questions are under way at once, so one that gets no answer holds up nobody; with `--at-once 1` they are
    asked in turn."""
    (tmp_path / "together_shop.py").write_text(TOGETHER, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "together_shop", raising=False)
    monkeypatch.setenv("WAITS", str(waits))
    ended = desk.run("recover", "--app", "together_shop:payments", "--json", *options)
    assert ended.json["settled"] == settled


# ---------------------------------------------------------------- the estimate


def paced(due: int, *rounds: tuple[float, dict[str, Any]]) -> Pace:
    """So many due at first; rounds, and how long each took."""
    pace = Pace(due)
    for seconds, counts in rounds:
        pace.add(Recovered(**counts), seconds)
    return pace


def test_nothing_left_takes_no_time() -> None:
    """And before anything was looked at there is no estimate."""
    assert paced(9, (2.0, {"looked": 9})).remaining == 0.0
    assert paced(5, (2.0, {"left": 5})).remaining is None


def test_who_stands_in_line_is_not_forgotten() -> None:
    """Orders that the budget put off in an earlier round still wait, until they had their turns."""
    first = (2.0, {"looked": 100, "held": 300})
    then = (2.0, {"looked": 40})
    pace = paced(400, first, then)
    assert (pace.looked, pace.waiting, pace.held) == (140, 260, True)
    assert pace.remaining == 260 * 4.0 / 140
    pace = paced(400, first, *[then] * 7)
    assert (pace.waiting, pace.remaining) == (20, 1.0)
    assert not paced(400, first, *[then] * 8).held


def test_a_line_that_others_served_is_left() -> None:
    """When nothing comes up any more for a while, it is not waited for."""
    pace = paced(400, (2.0, {"looked": 100, "held": 300}), *[(1.0, {})] * 4)
    assert not pace.stalled
    pace.add(Recovered(), 1.0)
    assert pace.stalled

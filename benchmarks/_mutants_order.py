"""A pytest plugin for `mutants.py`: the tests that killed a function's last mutants run first, within a budget of time.

mutmut forks for every mutant and hands the tests that reach its function to pytest, fastest first. That order is kept
for tests that never killed anything. `MUTANTS_KILLERS` names the file that remembers which test killed a mutant of what
function; `MUTANTS_BUDGET` is how many seconds of tests, by their measured durations, one mutant gets (0: all of them).
"""

from __future__ import annotations

import json
import os
import resource
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

TIMEOUT = 36  # what mutmut takes for a timeout among exit codes
CPU_SECONDS = 10  # of one test; the slowest takes a few
MEMORY = 4 << 30  # bytes: a loop that never ends must not take the machine with it
_inside = False  # the session of the likely killers
NOT_A_MUTANT = ("", "stats", "fail", "mutant_generation", "list_all_tests")


def _mutant() -> str:
    name = os.environ.get("MUTANT_UNDER_TEST", "")
    return "" if name in NOT_A_MUTANT else name


@cache
def _durations() -> dict[str, float]:
    """Seconds by test, as mutmut measured them on the code without mutants."""
    found: dict[str, float] = json.loads(Path("mutmut-stats.json").read_text(encoding="utf-8"))["duration_by_test"]
    return found


def _killers(function: str) -> tuple[list[str], list[str]]:
    """The tests that killed mutants of this function, the latest first; and of all, the most frequent first."""
    path = Path(os.environ["MUTANTS_KILLERS"])
    own: dict[str, None] = {}
    counts: dict[str, int] = {}
    for line in reversed(path.read_text(encoding="utf-8").splitlines() if path.exists() else []):
        where, _, test = line.partition("\t")
        counts[test] = counts.get(test, 0) + 1
        if where == function:
            own[test] = None
    return list(own), sorted(counts, key=counts.__getitem__, reverse=True)


def ordered(tests: list[str], function: str) -> tuple[list[str], list[str]]:
    """The tests that are likely to kill, and the others that the budget allows, fastest first."""
    own, everywhere = _killers(function)
    known = set(tests)
    likely = dict.fromkeys(test for test in (*own[:12], *everywhere[:24]) if test in known)
    left = float(os.environ.get("MUTANTS_BUDGET", "0")) or float("inf")
    others = []
    for test in tests:
        left -= _durations().get(test, 0.0)
        if left < 0.0:
            break
        if test not in likely:
            others.append(test)
    return list(likely), others


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Of the tests that were named one by one, run those that are likely to kill in a session of their own: collecting
    a thousand others takes longer than they do. Runs that are not of a mutant stay as they are."""
    global _inside
    mutant = _mutant()
    tests = [each for each in args if "::" in each]
    if not mutant or not tests or _inside:
        if not mutant and Path("mutmut-stats.json").exists():
            _durations()  # read once here, before the forks
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
    rest = [each for each in args if "::" not in each]
    likely, others = ordered(tests, mutant.rpartition("__mutmut_")[0])
    if likely:
        _inside = True
        code = int(pytest.main([*rest, *likely]))
        if code or not others:
            os._exit(code)
        _inside = False
    args[:] = [*rest, *others]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A test that computes without end is a mutant that was noticed."""
    if not _mutant():
        return (yield)
    signal.signal(signal.SIGPROF, lambda *_: os._exit(TIMEOUT))
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def pytest_runtest_logreport(report: Any) -> None:
    """Remember who killed it."""
    mutant = _mutant()
    if mutant and report.failed:
        with Path(os.environ["MUTANTS_KILLERS"]).open("a", encoding="utf-8") as killers:
            killers.write(f"{mutant.rpartition('__mutmut_')[0]}\t{report.nodeid}\n")

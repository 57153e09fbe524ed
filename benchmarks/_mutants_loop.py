"""Asks the tests, mutant by mutant: one session of pytest, and for each mutant a fork of it that ends at the first test
that notices. `mutants.py` runs it in the folder `mutants` that mutmut made, where the library is the changed one.

    python _mutants_loop.py WORK BUDGET AGAIN [FILE ...]

Collecting a thousand tests takes seconds, most tests milliseconds: so they are collected once.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pytest
from _mutants_tests import Tests

CORE = Path("src/payfallback/_core")
SURVIVED, KILLED, NO_TESTS, TIMEOUT = 0, 1, 33, 36  # as mutmut has them
ALIVE = (SURVIVED, NO_TESTS)
PROCESSOR, CLOCK = 2.0, 60.0  # seconds that one test may take, beside ten times what it takes without a mutant
BATCH = 50  # mutants between two writings of what came out
MEMORY = 4 << 30  # bytes: a loop that never ends must not take the machine with it
OPTIONS = ("-q", "-s", "--rootdir=.", "-p", "no:randomly", "-p", "no:cacheprovider", "--tb=native", "--assert=plain")


class Heard(NamedTuple):
    """How a fork ended, and the tests that it ran; the last one noticed, when one did."""

    code: int
    tests: list[str]


class Loop:
    """A pytest plugin that asks mutants of the collected tests instead of running the tests."""

    def __init__(self, work: Path, budget: float, again: bool, files: Sequence[str]) -> None:
        self.tests, self.work = Tests(work), work
        self.budget, self.again, self.files = budget, again, files
        self.items: dict[str, pytest.Item] = {}
        self.sound: set[str] = set()  # tests that pass in a fork as long as nothing is mutated

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Every mutant that is due."""
        metas = [each for each in sorted(CORE.glob("*.py.meta")) if not self.files or each.name[:-8] in self.files]
        due = {meta: {mutant: code for mutant, code in _codes(meta).items() if self._is_due(code)} for meta in metas}
        self.items = {item.nodeid: item for item in session.items}
        gc.freeze()
        for meta, mutants in due.items():
            self._file(meta, list(mutants.items()))
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The fork ends with the first test that fails."""
        if report.failed:
            os._exit(KILLED)

    def _is_due(self, code: int | None) -> bool:
        return code is None or (self.again and code in ALIVE)

    def _file(self, meta: Path, due: Sequence[tuple[str, int | None]]) -> None:
        begun = time.monotonic()
        for first in range(0, len(due), BATCH):
            codes: dict[str, int] = {}
            try:
                for mutant, code in due[first : first + BATCH]:
                    codes[mutant] = self._mutant(mutant, code)
            finally:  # also when somebody presses Ctrl-C
                _write(meta, codes)
                self.tests.save()
            left = sum(code in ALIVE for code in codes.values())
            asked, seconds = first + len(codes), time.monotonic() - begun
            print(
                f"{meta.name[:-5]}: {asked} of {len(due)} asked, {left} of the last {len(codes)} left, {seconds:.0f} s"
            )

    def _mutant(self, mutant: str, code: int | None) -> int:
        """Ask one mutant, and remember what it was asked. `code`: what came out before."""
        function, before = _function(mutant), self.tests.asked(mutant) if code is not None else set()
        while order := [self.items[test] for test in self.tests.ordered(function, before) if test in self.items]:
            said, ran = self._ask(mutant, order, self.budget)
            if said == SURVIVED:
                self.tests.survived(mutant, ran, before)
                return said
            if self._is_sound(ran[-1]):
                self.tests.killed(mutant, function, ran[-1])
                return said
        return NO_TESTS if code is None else code

    def _is_sound(self, test: str) -> bool:
        """Whether the test that noticed passes without a mutant. One that does not is asked no more."""
        if test not in self.sound:
            if self._ask("", [self.items[test]], 0.0).code != SURVIVED:
                print(f"not asked any more, it fails without a mutant: {self.items.pop(test).nodeid}")
                return False
            self.sound.add(test)
        return True

    def _ask(self, mutant: str, items: Sequence[pytest.Item], budget: float) -> Heard:
        reading, writing = os.pipe()
        if not (child := os.fork()):
            try:
                self._answer(mutant, items, budget, writing)
            finally:
                os._exit(KILLED)
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as told:
            ran = told.read().splitlines()
        return Heard(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), ran)

    def _answer(self, mutant: str, items: Sequence[pytest.Item], budget: float, telling: int) -> NoReturn:
        """In the fork: run these tests until one notices, or this many seconds of the processor are used."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in range(3):
            os.dup2(nowhere, standard)
        os.environ["MUTANT_UNDER_TEST"] = mutant
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
        for timer in (signal.SIGPROF, signal.SIGALRM):
            signal.signal(timer, lambda *_: os._exit(TIMEOUT))
        begun = time.process_time()
        for item, following in zip(items, (*items[1:], None), strict=True):
            if budget and time.process_time() - begun > budget:
                break
            os.write(telling, f"{item.nodeid}\n".encode())
            usual = 10 * self.tests.seconds(item.nodeid)
            signal.setitimer(signal.ITIMER_PROF, PROCESSOR + usual)
            signal.setitimer(signal.ITIMER_REAL, CLOCK + usual)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        os._exit(SURVIVED)


def _codes(meta: Path) -> dict[str, int | None]:
    codes: dict[str, int | None] = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    return codes


def _write(meta: Path, codes: Mapping[str, int]) -> None:
    kept = json.loads(meta.read_text(encoding="utf-8"))
    kept["exit_code_by_key"] |= codes
    meta.write_text(json.dumps(kept, indent=4), encoding="utf-8")


def _function(mutant: str) -> str:
    return mutant.rpartition("__mutmut_")[0]


def main(work: str, budget: str, again: str, *files: str) -> int:
    """One session over the tests that pyproject.toml names; the exit code is pytest's."""
    settings: dict[str, Any] = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
    os.environ["MUTANT_UNDER_TEST"] = ""
    folder = f"--basetemp={work}/temporary"
    loop = Loop(Path(work), float(budget), again == "again", files)
    return int(pytest.main([*OPTIONS, folder, *settings["pytest_add_cli_args_test_selection"]], plugins=[loop]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Killing the processes of a shop: crews that fork payers and recoverers, the faults of a phase, and the days after."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, Protocol

from processes_town import HERE, Town

TROUBLES: tuple[tuple[tuple[str, str, str], ...], ...] = (
    (),
    (("wechatpay", "reply_lost", "charge"),),
    (("jdpay", "slow:0.05", "*"),),
    (("jdpay", "http_503:processed", "charge"), ("wechatpay", "http_503", "*")),
    (("jdpay", "captured_late:1.5", "charge"),),
    (("wechatpay", "flapping", "*"),),
    (("jdpay", "hang:processed", "charge"),),
    (("wechatpay", "captured_late:1", "charge"), ("jdpay", "reply_lost", "*")),
    (("wechatpay", "hang", "*"),),
    (("jdpay", "flapping", "*"), ("wechatpay", "slow:0.1", "*")),
)
# How far recovery's clock goes on at each look, in seconds: the ages at which it looks at what is open, the end of
# every payment code, of every order (`pay_by`), the day after which a person is asked, and the end of the watch.
LOOKS = (6, 6, 10, 10, 20, 40, 60, 300, 900, 1200, 3600, 3600, 86400, 86400, 86400)


class Crew:
    """Whoever forks payers or recoverers of one shop: one at a time, told by a pipe and answering by another."""

    def __init__(self, jobs: IO[str], reports: IO[str]) -> None:
        self._jobs, self._reports = jobs, reports

    def ready(self) -> None:
        """Wait until it can be told something."""
        assert self._reports.readline() == "ready\n"

    def begin(self, **job: Any) -> None:
        """Give it a job."""
        self._jobs.write(json.dumps(job) + "\n")
        self._jobs.flush()

    def end(self) -> dict[str, Any]:
        """Wait for what the job came to."""
        ended: dict[str, Any] = json.loads(self._reports.readline())
        return ended

    def recover(self, town: Town, within: float = 10.0) -> dict[str, Any]:
        """One whole round of recovery, with every outcome delivered, in a process that nobody kills."""
        self.begin(role="recover", kill_after=None, within=within, ahead=town.ahead)
        report: dict[str, Any] = self.end()["report"]
        return report

    def leave(self) -> None:
        """Let go of it; it ends."""
        self._jobs.close()
        self._reports.close()


@contextmanager
def crews(town: Town, number: int, program: str = "processes_crew.py") -> Iterator[Sequence[Crew]]:
    """So many of them: copies of one process, which runs this program. Whoever ends badly fails the test."""
    script = [sys.executable, str(HERE / program), str(town.config), town.control.url, str(town.diary.path)]
    pipes = [(*os.pipe(), *os.pipe()) for _ in range(number - 1)]  # a job's two ends, a report's two ends
    theirs = [end for asked, _, _, told in pipes for end in (asked, told)]
    pairs = [f"{asked}:{told}" for asked, _, _, told in pipes]
    process = subprocess.Popen([*script, *pairs], stdin=-1, stdout=-1, text=True, pass_fds=theirs)
    for end in theirs:
        os.close(end)
    assert process.stdin is not None
    assert process.stdout is not None
    made = [Crew(process.stdin, process.stdout)]
    made += [Crew(os.fdopen(jobs, "w"), os.fdopen(reports)) for _, jobs, reports, _ in pipes]
    try:
        for crew in made:
            crew.ready()
        yield made
    finally:
        for crew in made:
            crew.leave()
        assert process.wait() == 0


def murder(
    chance: random.Random, town: Town, number: int, span: tuple[float, float] = (0.005, 0.08), **job: Any
) -> dict[str, Any]:
    """A job whose process is killed after 5 to 80 ms, or another span: mostly of work, sometimes of its life."""
    more = {"kill_after": chance.uniform(*span), "warm": chance.random() < 0.75, "ahead": town.ahead}
    return {"round": number, "seed": chance.getrandbits(32), **more, **job}


def trouble(town: Town, phase: int) -> None:
    """The faults of a phase, in place of the last one's."""
    town.control.clear()
    for provider, fault, operation in TROUBLES[phase % len(TROUBLES)]:
        town.control.fault(provider, fault, operation)


class Recovers(Protocol):
    """Whoever can recover in a process of its own."""

    def recover(self, town: Town, within: float = 10.0) -> dict[str, Any]:
        """One whole round of recovery, with every outcome delivered."""


def recover_everything(town: Town, recoverer: Recovers) -> None:
    """Lift every fault, and let another process finish what is open, as the next days would."""
    town.control.clear()
    for seconds in LOOKS:
        town.advance(seconds)
        look(town, recoverer)


def look(town: Town, recoverer: Recovers) -> None:
    """Recover until nothing is left that is due at this age."""
    for _ in range(20):
        report = recoverer.recover(town)
        assert report["failed"] == 0, report
        if not report["left"]:
            return
        town.advance(5.0)

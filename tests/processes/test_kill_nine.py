"""Payers that are killed with `kill -9` at any moment, on one file: nothing is captured twice, nothing is forgotten."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from processes_audit import Audit
from processes_town import HERE, Town

pytestmark = pytest.mark.slow

ROUNDS, A_PHASE = 200, 8
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
    """The process that forks payers or recoverers of one shop."""

    def __init__(self, town: Town) -> None:
        script = [str(HERE / "processes_crew.py"), str(town.config), town.control.url, str(town.diary.path)]
        self._process = subprocess.Popen([sys.executable, *script], stdin=-1, stdout=-1, text=True)
        assert self._line() == "ready\n"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def begin(self, **job: Any) -> None:
        """Give it a job."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()

    def end(self) -> dict[str, Any]:
        """Wait for what the job came to."""
        ended: dict[str, Any] = json.loads(self._line())
        return ended

    def leave(self) -> None:
        """End the process."""
        self._process.communicate()
        assert self._process.returncode == 0


@contextmanager
def crews(town: Town, number: int) -> Iterator[Sequence[Crew]]:
    """So many of them, each a process."""
    made = [Crew(town) for _ in range(number)]
    try:
        yield made
    finally:
        for crew in made:
            crew.leave()


def murder(chance: random.Random, town: Town, number: int, **job: Any) -> dict[str, Any]:
    """A job whose process is killed after 5 to 80 ms: mostly of work, sometimes of its life."""
    kill_after = chance.uniform(0.005, 0.08)
    more = {"kill_after": kill_after, "warm": chance.random() < 0.75, "ahead": town.ahead}
    return {"round": number, "seed": chance.getrandbits(32), **more, **job}


def trouble(town: Town, phase: int) -> None:
    """The faults of a phase, in place of the last one's."""
    town.control.clear()
    for provider, fault, operation in TROUBLES[phase % len(TROUBLES)]:
        town.control.fault(provider, fault, operation)


def recover_everything(town: Town) -> None:
    """Lift every fault, and let another process finish what is open, as the next two days would."""
    town.control.clear()
    with crews(town, 1) as (recoverer,):
        for seconds in LOOKS:
            town.advance(seconds)
            for _ in range(20):
                recoverer.begin(role="recover", kill_after=None, within=10.0, ahead=town.ahead)
                report = recoverer.end()["report"]
                assert report["failed"] == 0, report
                if not report["left"]:
                    break
                town.advance(5.0)


def nothing_lost_yet(audit: Audit) -> None:
    """Right after the kills, nothing recovered: whatever happened is written down, and somebody will look at it."""
    assert audit.broken == []
    assert audit.integrity == ["ok"]
    for wrong in (audit.unknown_captures, audit.forgotten, audit.wrong_sums, audit.paid_after_not_paid):
        assert wrong() == [], audit.story(wrong()[0])
    assert audit.promises(settled=False) == []


def all_is_well(audit: Audit) -> None:
    """After recovery: each order is paid once or not at all, the shop knows which, and surplus went back."""
    nothing_lost_yet(audit)
    ends = (audit.undecided, audit.twice, audit.neither_won_nor_back, audit.paid_without_capture, audit.untold)
    for wrong in ends:
        assert wrong() == [], audit.story(wrong()[0])
    assert audit.promises(settled=True) == []


def test_a_payer_killed_two_hundred_times(town: Town) -> None:
    """Killed before, in and after commits and requests, under every fault, a payer leaves nothing twice and nothing
    that recovery in another process does not finish."""
    seed = random.getrandbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with crews(town, 1) as (payer,):
        for number in range(ROUNDS):
            if number % A_PHASE == 0:
                trouble(town, number // A_PHASE)
                town.advance(5.0)
            payer.begin(role="pay", name="K", **murder(chance, town, number))
            assert payer.end()["killed"] == 9
    before = Audit(town)
    nothing_lost_yet(before)
    recover_everything(town)
    audit = Audit(town)
    all_is_well(audit)
    assert len(before.neither_won_nor_back()) >= 10  # captured, and the payer died before it knew
    day = audit.summary()
    assert (day["crashed"] >= 30, day["several attempts"] >= 10, day["surplus"] >= 1) == (True, True, True), day


def test_payers_and_a_recoverer_killed_together(town: Town) -> None:
    """Two payers and a recoverer on one file at once, each killed at its own moment, over and over."""
    seed = random.getrandbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with crews(town, 3) as (one, two, recoverer):
        for number in range(40):
            if number % 4 == 0:
                trouble(town, number // 4)
            town.advance(4.0)
            one.begin(role="pay", name="D", **murder(chance, town, number))
            two.begin(role="pay", name="D", **murder(chance, town, number))
            recoverer.begin(role="recover", **murder(chance, town, number))
            assert [crew.end()["killed"] for crew in (one, two, recoverer)] == [9, 9, 9]
    nothing_lost_yet(Audit(town))
    recover_everything(town)
    audit = Audit(town)
    all_is_well(audit)
    assert audit.summary()["crashed"] >= 10

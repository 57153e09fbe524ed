"""Rounds of killing: payers and recoverers with `kill -9`, their PostgreSQL server with an immediate shutdown.

A round is a piece of a bad day (everybody works, everybody is killed), a look at what that left, the days after with
recoverers that are killed too, and the verdict. Runs from `benchmarks/kills.py`, and for a few rounds in the tests.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from processes_audit import Audit
from processes_figures import Figures, shop
from processes_kills import LOOKS, Crew, crews, look, murder, trouble
from processes_town import Town
from processes_verdict import lost_so_far, verdict

from postgres_server import PostgresServer

PAYERS, RECOVERERS = 2, 2
A_PHASE = 3  # rounds under the same faults
SERVER_DIES_EVERY = 3  # rounds, on PostgreSQL
SHORT, LONG = (0.005, 0.12), (0.05, 0.9)  # seconds of a life; the long ones see their server go and come back
AGAIN = 0.3  # how often recovery itself is killed, at each of its looks


class Rounds:
    """One shop's rounds. `town`: running, under whatever journal. `server`: its PostgreSQL server, to be killed."""

    def __init__(self, town: Town, chance: random.Random, crew: Sequence[Crew], server: PostgresServer | None) -> None:
        self.town, self.chance, self.server = town, chance, server
        self.payers, self.recoverers = crew[:PAYERS], crew[PAYERS:]
        self.figures = Figures()
        self._away = 0

    def run(self, number: int) -> bool:
        """One round. Whether every promise was kept."""
        self.figures.rounds += 1
        if number % A_PHASE == 0:
            trouble(self.town, number // A_PHASE)
        server_dies = self.server is not None and number % SERVER_DIES_EVERY == 0
        self._bad_day(number, server_dies=server_dies)
        self._judge(lost_so_far, may_be_away=server_dies)
        self._days_after(server_dies=server_dies)
        audit = self._judge(verdict, may_be_away=server_dies)
        self.figures.counts = Counter(audit.summary())
        return not self.figures.violations

    def _bad_day(self, number: int, *, server_dies: bool) -> None:
        self.town.advance(4.0)
        span, name = LONG if server_dies else SHORT, "KP"[number % 2]
        for at, payer in enumerate(self.payers):
            warm = {} if at else {"warm": True}  # one of them has served somebody
            named = name if self.chance.random() < 0.5 else f"{name}{at}"  # the same orders as the other payer, or not
            payer.begin(role="pay", name=named, **murder(self.chance, self.town, number, span, **warm))
        for recoverer in self.recoverers:
            recoverer.begin(role="recover", **murder(self.chance, self.town, number, span))
        if server_dies:
            self._kill_server()
        self._count("payer", self.payers)
        self._count("recoverer", self.recoverers)

    def _count(self, kind: str, killed: Sequence[Crew]) -> None:
        self.figures.struck[kind] += [crew.end()["killed"] for crew in killed].count(9)

    def _kill_server(self) -> None:
        """In the middle of whatever everybody does; it comes back at once, or a moment later."""
        assert self.server is not None
        time.sleep(self.chance.uniform(0.0, 0.3))
        self.server.kill()
        self.figures.struck["server"] += 1
        time.sleep(self.chance.choice((0.0, 0.05, 0.2)))
        self.server.start()

    def _days_after(self, *, server_dies: bool) -> None:
        """Lift the faults, and let recovery finish everything. It is killed on the way, and carried on."""
        self.town.control.clear()
        again = self.chance.randrange(3) if server_dies else -1
        for at, seconds in enumerate(LOOKS):
            self.town.advance(seconds)
            if at == again or self.chance.random() < AGAIN:
                killed = self.chance.choice(self.recoverers)
                killed.begin(role="recover", **murder(self.chance, self.town, at))
                if at == again:
                    self._kill_server()
                self._count("recoverer in the days after", [killed])
            look(self.town, self.chance.choice(self.recoverers))

    def _judge(self, judge: Callable[[Audit], list[str]], *, may_be_away: bool) -> Audit:
        audit, seen = Audit(self.town), self._away
        self.figures.violations += judge(audit)
        if not may_be_away:
            self.figures.violations += [f"a journal that was there was called away: {why}" for why in audit.away[seen:]]
        self._away = len(audit.away)
        return audit


def some_rounds(folder: Path, kind: str, seed: int, rounds: int, first: int = 0) -> Figures:
    """So many rounds in one new shop, or fewer: the first broken promise ends it. `first`: the first one's number, by
    which faults and the server's end take turns."""
    chance = random.Random(seed)
    with shop(folder, kind) as (town, server), crews(town, PAYERS + RECOVERERS) as crew:
        day = Rounds(town, chance, crew, server)
        for number in range(first, first + rounds):
            if not day.run(number):
                break
        return day.figures

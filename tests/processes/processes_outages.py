"""Rounds of bad networks: two workers that live on, on machines of their own, while their wires fail.

A round: both serve and recover through the trouble; then the network is whole, both must serve at once, and finish all
that is open. Runs from `benchmarks/kills.py --network`, and once in the tests.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from processes_audit import Audit
from processes_figures import Figures
from processes_kills import LOOKS, look, trouble
from processes_network import Machine
from processes_town import Town
from processes_verdict import lost_so_far, verdict
from processes_weather import Weather

FRESH, TRIES = 3, 12  # orders that each worker must get paid when the network is whole again, of so many
CIRCUITS = 60.0  # seconds after which an open circuit lets somebody try again


class Outages:
    """Two workers' rounds in one town. `longest`: seconds that a trouble lasts at most."""

    def __init__(self, town: Town, machines: Sequence[Machine], chance: random.Random, longest: float) -> None:
        self.town, self.machines, self.chance = town, machines, chance
        self.weather = Weather(machines, chance, longest)
        self.figures = Figures(struck=self.weather.struck)
        self._stale = 0

    def run(self, number: int, seconds: float, *, faults: bool) -> bool:
        """One round, with trouble for so many seconds; with `faults` the providers fail as well. Whether every promise
        was kept."""
        self.figures.rounds += 1
        if faults:
            trouble(self.town, number)
        self._all("work", round=number, seed=self.chance.getrandbits(32), name="N")
        self.weather.blow(seconds)
        self._all("rest")
        self.town.control.clear()
        self.figures.violations += lost_so_far(Audit(self.town))
        self._serve(number)
        for at, age in enumerate(LOOKS):
            self.town.advance(age)
            look(self.town, self.machines[(number + at) % 2])
        audit = Audit(self.town)
        self.figures.violations += verdict(audit)
        counted = {"calls that found the journal away": len(audit.away), "first shoppers told pending": self._stale}
        self.figures.counts = Counter({**audit.summary(), **counted})
        return not self.figures.violations

    def _serve(self, number: int) -> None:
        """Whole again: both serve, each by itself. A shopper may meet a connection whose end was lost with the network;
        she is told that it is open, the next one has another."""
        self.town.advance(CIRCUITS)
        for machine in self.machines:
            orders = [f"SERVE{machine.name.upper()}{number:03}{n:02}" for n in range(TRIES)]
            machine.begin("serve", orders=orders, paid=FRESH, ahead=self.town.ahead)
        told = [machine.end()["told"] for machine in self.machines]
        for each in told:
            if list(each.values()).count("paid") < FRESH:
                self.figures.violations.append(f"not served: {each}\n{Audit(self.town).story(next(iter(each)))}")
        self._stale += sum(len(each) - FRESH for each in told)

    def _all(self, what: str, **job: object) -> None:
        for machine in self.machines:
            machine.begin(what, ahead=self.town.ahead, **job)
        for machine in self.machines:
            machine.end()

"""Many worlds from one seed, and what came of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from payfallback._values import changed, value
from payfallback.errors import ProgrammingError
from payfallback.testing.simulator.case import Case
from payfallback.testing.simulator.cases import CASES
from payfallback.testing.simulator.findings import Finding, examine
from payfallback.testing.simulator.life import Life, live
from payfallback.testing.simulator.moves import Move
from payfallback.testing.simulator.random_days import ALWAYS, GROUPS, mixed, random_day
from payfallback.testing.simulator.shops import Shop
from payfallback.testing.simulator.watch import Broken

YEAR = 365.25 * 86400.0
MOST_SHOWN = 3  # findings that are shrunk and told; the rest is counted
_CASE_EVERY = 5  # of so many worlds one plays a named case, with a random day around it

Schedule = tuple[Shop, tuple[Move, ...]]


@value
class Report:
    """What a simulation came to. `violations` counts worlds in which a promise was broken; `findings` shows the first.

    `unresolved`: orders still open when the faults had long stopped. `before_a_person`: orders that need one.
    `virtual_years`: how long the shops lived in all. `seconds`: how long it took; `cpu_seconds`: of one core.
    """

    seed: int
    orders: int
    worlds: int
    faults: dict[str, int]
    violations: int
    unresolved: int
    before_a_person: int
    captures: int
    refunds: int
    effects: int
    virtual_years: float
    seconds: float
    cpu_seconds: float
    findings: tuple[Finding, ...]

    @property
    def orders_per_second(self) -> float:
        """Of one core's own time, however busy the machine is."""
        return self.orders / self.cpu_seconds if self.cpu_seconds else 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "seed": self.seed,
            "orders": self.orders,
            "worlds": self.worlds,
            "faults": sum(self.faults.values()),
            "faults_by_kind": dict(sorted(self.faults.items())),
            "violations": self.violations,
            "unresolved": self.unresolved,
            "before_a_person": self.before_a_person,
            "captures": self.captures,
            "refunds": self.refunds,
            "effects": self.effects,
            "virtual_years": round(self.virtual_years, 3),
            "seconds": round(self.seconds, 3),
            "cpu_seconds": round(self.cpu_seconds, 3),
            "orders_per_second": round(self.orders_per_second, 1),
            "findings": [each.to_json() for each in self.findings],
        }


def schedule(seed: int, groups: Collection[str] = ()) -> Schedule:
    """The world of this seed: a random day, and in one of five a named case in its midst."""
    name = str(seed)
    day = random_day(name, groups)
    if groups or seed % _CASE_EVERY:
        return day
    case = list(CASES.values())[seed // _CASE_EVERY % len(CASES)]
    return mixed(day, (case.shop, case.moves), name)


def simulate(seed: int, orders: int, *, groups: Collection[str] = (), journal: str = "memory") -> Report:
    """Play worlds `seed`, `seed` + 1 ... until exactly that many orders were paid for, given up or refused.

    `groups`: the kinds of trouble (`GROUPS`); none: all. `journal`: memory, or sqlite for a real file. Raises
    `ProgrammingError` for a group or a journal that does not exist.
    """
    for group in groups:
        if group not in GROUPS or group in ALWAYS:
            known = ", ".join(name for name in GROUPS if name not in ALWAYS)
            raise ProgrammingError(f"{group!r} is no kind of trouble", hint=f"known: {known}")
    tally = _Tally()
    while tally.orders < orders:
        world = seed + tally.worlds
        shop, moves = schedule(world, groups)
        shop = changed(shop, orders=min(shop.orders, orders - tally.orders), journal=journal)
        found = partial(_found, world, groups, shop, moves)
        tally.add(live(shop, str(world), moves), found)
    return tally.report(seed)


def _found(
    world: int, groups: Collection[str], shop: Shop, moves: Sequence[Move], wrong: tuple[Broken, ...]
) -> Finding:
    more = f" --faults {','.join(groups)}" if groups else ""
    more += f" --journal {shop.journal}" if shop.journal != "memory" else ""
    again = f"payfallback simulate --seed {world} --orders {shop.orders}{more}"
    return examine(again, shop, str(world), moves, wrong)


def run_case(name: str, *, journal: str = "memory") -> Report:
    """Play one named schedule. Raises `ProgrammingError` for a name or a journal that does not exist."""
    from difflib import get_close_matches

    if name not in CASES:
        close = get_close_matches(name, CASES, n=1, cutoff=0.4)
        raise ProgrammingError(f"no case {name!r}", hint=f"did you mean {close[0]}?" if close else "see --cases")
    case, tally = CASES[name], _Tally()
    again = f"payfallback simulate --case {name}{f' --journal {journal}' if journal != 'memory' else ''}"
    shop = changed(case.shop, journal=journal)
    life = live(shop, name, case.moves)
    missed = _not_played(name, case, life)
    tally.add(life, lambda wrong: examine(again, shop, name, case.moves, wrong), missed)
    return tally.report(0)


def _not_played(name: str, case: Case, life: Life) -> tuple[Broken, ...]:
    """A case that no longer plays what its name says proves nothing, and is as bad as a broken promise."""
    if (life.captures, life.refunds) == (case.captures, case.refunds):
        return ()
    came, meant = f"{life.captures} captures, {life.refunds} refunds", f"{case.captures} and {case.refunds}"
    return (Broken("case", name, f"the ledger holds {came}; this schedule comes to {meant}"),)


class _Tally:
    """The sums."""

    def __init__(self) -> None:
        self.orders = self.worlds = self._violations = self._unresolved = self._person = 0
        self._captures = self._refunds = self._effects = 0
        self._virtual = 0.0
        self._struck: Counter[str] = Counter()
        self._findings: list[Finding] = []
        self._began = time.perf_counter(), time.process_time()

    def add(
        self, life: Life, examined: Callable[[tuple[Broken, ...]], Finding], missed: tuple[Broken, ...] = ()
    ) -> None:
        """One world more."""
        self.worlds += 1
        self.orders += life.orders
        self._unresolved += life.unresolved
        self._person += life.before_a_person
        self._captures += life.captures
        self._refunds += life.refunds
        self._effects += life.effects
        self._virtual += life.seconds
        self._struck.update(life.struck)
        wrong = (*life.wrong, *missed)
        if wrong:
            self._violations += 1
            if len(self._findings) < MOST_SHOWN:
                self._findings.append(examined(wrong))

    def report(self, seed: int) -> Report:
        """The account."""
        return Report(
            seed,
            self.orders,
            self.worlds,
            dict(self._struck),
            self._violations,
            self._unresolved,
            self._person,
            self._captures,
            self._refunds,
            self._effects,
            self._virtual / YEAR,
            time.perf_counter() - self._began[0],
            time.process_time() - self._began[1],
            tuple(self._findings),
        )

"""A simulator of shops, providers and shoppers on virtual time, from one seed: the third driver of the core's flows.

`simulate(seed, orders)` plays random worlds, `run_case(name)` a named schedule (`CASES`), `live(shop, seed, moves)`
one of your own, made of `Move`s. Loads none of the drivers, no thread and no event loop.
"""

from payfallback.testing.simulator.case import Case
from payfallback.testing.simulator.cases import CASES
from payfallback.testing.simulator.findings import Finding
from payfallback.testing.simulator.life import Life, live
from payfallback.testing.simulator.moves import WORDS, Move
from payfallback.testing.simulator.random_days import GROUPS
from payfallback.testing.simulator.shops import KINDS, Shop
from payfallback.testing.simulator.shrink import shortest
from payfallback.testing.simulator.simulation import Report, run_case, schedule, simulate
from payfallback.testing.simulator.watch import Broken

__all__ = [
    "CASES",
    "GROUPS",
    "KINDS",
    "WORDS",
    "Broken",
    "Case",
    "Finding",
    "Life",
    "Move",
    "Report",
    "Shop",
    "live",
    "run_case",
    "schedule",
    "shortest",
    "simulate",
]

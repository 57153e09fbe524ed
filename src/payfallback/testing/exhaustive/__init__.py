"""An exhaustive search of small worlds: one order, two channels, two workers, every interleaving and trouble.

`explore(name)` searches one of `WORLDS` with the core's own flows, the journal in memory and the fake providers, and
holds every state against the simulator's checkers: at each move, and after a recovery in peace from each state. It
ends with a `Searched`: how many states there are, what the bound cut, which transitions were taken, and the first way
to a broken promise, which is one of the shortest.
"""

from payfallback.testing.exhaustive.search import KNOWN, Searched, explore
from payfallback.testing.exhaustive.telling import Counterexample
from payfallback.testing.exhaustive.worlds import TROUBLES, WORLDS, ShopCall, SmallWorld

__all__ = [
    "KNOWN",
    "TROUBLES",
    "WORLDS",
    "Counterexample",
    "Searched",
    "ShopCall",
    "SmallWorld",
    "explore",
]

"""From a schedule that fails to the shortest one found that still fails in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from payfallback._values import changed
from payfallback.testing.simulator.life import live
from payfallback.testing.simulator.moves import Move
from payfallback.testing.simulator.shops import Shop

TRIES = 400  # schedules that are tried at most


def shortest(
    shop: Shop, seed: str, moves: Sequence[Move], promise: str, tries: int = TRIES
) -> tuple[Shop, tuple[Move, ...]]:
    """Take away what is not needed for `promise` to be broken: moves, then processes and orders.

    Greedy, from the last move to the first, until nothing more can go or `tries` schedules were tried.
    """
    search = _Search(seed, promise, tries)
    kept = tuple(moves)
    shorter = search.without_moves(shop, kept)
    while len(shorter) < len(kept):
        kept = shorter
        shorter = search.without_moves(shop, kept)
    return search.smaller(shop, kept), kept


class _Search:
    def __init__(self, seed: str, promise: str, tries: int) -> None:
        self._seed, self._promise, self._left = seed, promise, tries

    def fails(self, shop: Shop, moves: Sequence[Move]) -> bool:
        """Whether this schedule breaks the promise too; False when no more may be tried."""
        if self._left <= 0:
            return False
        self._left -= 1
        return any(each.promise == self._promise for each in live(shop, self._seed, moves).wrong)

    def without_moves(self, shop: Shop, moves: tuple[Move, ...]) -> tuple[Move, ...]:
        """Each move once, the last one first."""
        for place in reversed(range(len(moves))):
            shorter = (*moves[:place], *moves[place + 1 :])
            if self.fails(shop, shorter):
                moves = shorter
        return moves

    def smaller(self, shop: Shop, moves: tuple[Move, ...]) -> Shop:
        """With one order, and with one process, where that is enough."""
        steps: tuple[Callable[[Shop], Shop], ...] = (
            lambda each: changed(each, orders=1),
            lambda each: changed(each, processes=1),
        )
        for step in steps:
            less = step(shop)
            if less != shop and self.fails(less, moves):
                shop = less
        return shop

"""A named schedule, and the words in which schedules are written."""

from __future__ import annotations

from payfallback._values import value
from payfallback.testing.simulator.moves import Argument, Move
from payfallback.testing.simulator.shops import Shop

CARDS = Shop(("card", "card"))
CODES = Shop(("qr", "card"))
LINKS = Shop(("link", "card"))
NERVOUS = Shop(("card", "card"), health="nervous")
BUSY = Shop(("again", "card"), health="nervous", orders=4)
LEFT = "crash_inside"


@value
class Case:
    """A named schedule. `captures` and `refunds`: what the providers' ledger must hold at its end, which shows that the
    schedule plays what its name says."""

    story: str
    shop: Shop
    moves: tuple[Move, ...]
    captures: int
    refunds: int


def at(when: float, word: str, *args: Argument, process: int = 0) -> Move:
    """A move."""
    return Move(when, word, process, 0, args)


def pay(when: float = 0.0, choice: str = "a", consent: str = "a,b", within: float = 10.0, process: int = 0) -> Move:
    """A shopper pays."""
    return at(when, "pay", choice, consent, within, process=process)


def switch(when: float, choice: str = "b", within: float = 20.0, process: int = 0) -> Move:
    """A shopper takes another way."""
    return at(when, "switch", choice, "a,b", within, process=process)


def fault(channel: str, name: str, operation: str = "", times: float = 1.0, when: float = 0.0) -> Move:
    """A provider's trouble."""
    return at(when, "fault", channel, name, operation, times)

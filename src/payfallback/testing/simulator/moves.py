"""What a schedule is made of: moves, each at a moment of virtual time. A schedule is a value, so it can be cut down."""

from __future__ import annotations

from collections.abc import Mapping

from payfallback._values import value
from payfallback.errors import ProgrammingError

Argument = str | float

WORDS: Mapping[str, str] = {
    "pay": "a shopper pays: option, consent, seconds",
    "switch": "a shopper takes another way: option, consent, seconds",
    "cancel": "the shop gives the order up: seconds",
    "status": "the shop asks: 1 to ask the provider too",
    "refund": "the shop gives money back: refund id, minor units (0: all)",
    "edit": "the cart was changed and is paid under the same id: minor units added",
    "scan": "the shopper pays what was shown: oldest or newest",
    "look": "the shopper opens what was shown and does not pay",
    "refuse": "the shopper refuses in the provider's app",
    "recover": "one recovery of what is due",
    "deliver": "what was decided is told to the shop",
    "fault": "a provider's trouble: channel, fault, operation, times",
    "lift": "the providers' troubles end",
    "lie": "a provider takes the money of what it had called closed or refused",
    "stale": "a channel's next questions get an older answer: channel, times",
    "contradict": "a notification says what is not so, and who asks is told the truth: claim",
    "adopt": "other code of the shop has a payment open and hands it over: channel",
    "console": "the shop's staff use the provider's console: refund, capture or void, minor units (0: all)",
    "bill": "the shop holds the provider's bill of the day against its journal: channel",
    "post": "what becomes of notifications from now on: on, off, twice, early, late, shuffled",
    "forged": "a notification whose signature does not hold: channel",
    "foreign": "an authentic notification of another account for this order's number: channel",
    "crash": "the process dies, and another takes its place",
    "trap": "at the n-th effect like this: crash_before, crash_inside, crash_after, pause:S, full:S, interrupt",
    "pause": "the process stands still: seconds",
    "neighbour": "something else needs the processor, and everything comes late: seconds, by up to so many seconds",
    "fork": "the process forks: the child has a copy of its memory and none of its calls",
    "jump": "the process's clock is set wrong: seconds",
    "journal": "the process's journal is away, slow, unacknowledged or dead: mode, seconds",
    "health": "the process's health state is lost",
    "stop": "a channel is stopped by hand: channel, seconds",
}
"""The vocabulary, and what each word's arguments are."""


@value
class Move:
    """Something that happens at `at` (virtual seconds), in a process, to an order. Both are counted from 0."""

    at: float
    word: str
    process: int = 0
    order: int = 0
    args: tuple[Argument, ...] = ()

    def __post_init__(self) -> None:
        if self.word not in WORDS:
            raise ProgrammingError(f"{self.word!r} is no move", hint=f"known: {', '.join(WORDS)}")

    def __str__(self) -> str:
        said = " ".join(f"{each:g}" if isinstance(each, float) else each or "-" for each in self.args)
        return f"{self.at:9.3f}  p{self.process} o{self.order}  {self.word} {said}".rstrip()

    def text(self, place: int, default: str = "") -> str:
        """The argument at this place, as text."""
        return str(self.args[place]) if place < len(self.args) else default

    def number(self, place: int, default: float = 0.0) -> float:
        """The argument at this place, as a number."""
        return float(self.args[place]) if place < len(self.args) else default

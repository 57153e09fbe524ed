"""One state of a small world, as a value: everything that anything can follow from."""

from __future__ import annotations

from typing import Any

from payfallback._core.operations import Notice, Operation
from payfallback._values import value
from payfallback.testing.exhaustive.banks import BooksSheet
from payfallback.testing.exhaustive.sheets import NO_MARK, JournalSheet, LedgerSheet, ToldSheet, mark_of


@value
class Doing:
    """A call of the shop that a worker makes: the word, and what it is about (a channel, a notification)."""

    word: str
    about: Any = None
    account: str = ""


@value
class Heard:
    """One answer that a worker's flow got, and its clock then; with all that it had heard before."""

    before: Heard | None
    now: float
    wrong: float
    reply: Any


@value
class Worker:
    """One process of the shop.

    doing: its call; None: idle. begun: when. calls: how many it has begun. heard: every answer that its flow got, from
    which alone the flow's own state follows. effect: what the flow wants next. sent: whether that was begun, so that
    `reply` comes at `until`. steps: hundredths of a second that its clock is ahead within this moment. stands: it
    stands still. mark: of all that the flow knows.
    """

    doing: Doing | None = None
    begun: float = 0.0
    calls: int = 0
    heard: Heard | None = None
    effect: Any = None
    sent: bool = False
    reply: Any = None
    until: float = 0.0
    steps: int = 0
    stands: bool = False
    mark: bytes = NO_MARK


@value
class Flight:
    """A request that the network still has."""

    sent_at: float
    account: str
    operation: Operation


@value
class State:
    """Everything. `left`: troubles that may still happen. `calls`: which of the world's calls were not made yet.
    `letters`: notifications that nobody brought yet."""

    now: float
    journal: JournalSheet
    books: tuple[BooksSheet, ...]
    ledger: LedgerSheet
    told: ToldSheet
    workers: tuple[Worker, ...]
    calls: tuple[int, ...]
    left: int
    letters: tuple[tuple[str, Notice], ...] = ()
    flights: tuple[Flight, ...] = ()

    def mark(self) -> bytes:
        """Equal for states from which the same follows."""
        return mark_of(
            self.now,
            self.journal.mark,
            [each.mark for each in self.books],
            self.ledger.mark,
            self.told.mark,
            [(each.mark, each.sent, each.until, each.steps, each.stands, each.calls) for each in self.workers],
            self.calls,
            self.left,
            [notice.id for _, notice in self.letters],
            [(each.sent_at, each.operation.number) for each in self.flights],
        )

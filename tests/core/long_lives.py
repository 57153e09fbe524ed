"""Random days in the life of a shop, with months between them in which settled stories leave the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from money_shop import ORDER, Day

import payfallback as pf
from payfallback._core.events import Event
from payfallback._core.remains import LEAST_AGE
from payfallback._core.remnants import Archived, Ended, Returned
from payfallback._retention.books import Books
from payfallback._retention.going import Gone, let_go
from payfallback._retention.verify import Finding, verify
from payfallback._runtime.sync import Slot
from payfallback.storage import Held
from payfallback.testing import check_promises
from payfallback.testing.crash import Crashed
from payfallback.testing.lab import Lab

KEY = f"|{ORDER}"


def ask(submit: Any, *given: Any, **named: Any) -> Any:
    """Call a journal's method and wait."""
    slot = Slot()
    submit(*given, slot, **named)
    reply = slot.wait()
    if isinstance(reply, BaseException):
        raise reply
    return reply


class Keeper:
    """Looks after a lab's journal, and remembers the stories that it took out."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.books = Books(lab.client.journal, ask)
        self.stories: dict[str, tuple[Event, ...]] = {}

    def let_go(self, age: float = LEAST_AGE) -> Gone:
        """Take out what is older."""
        now = self.lab.clock.epoch()
        return let_go(self.books, now - age, now, write=self._keep)

    def _keep(self, orders: Sequence[Held], told: Mapping[str, float | None]) -> None:
        assert None not in told.values()
        for held in orders:
            self.stories[held.key] = self.whole(held.key)

    def whole(self, key: str) -> tuple[Event, ...]:
        """An order's story, as the archive and the journal tell it together."""
        remains = (Archived, Ended, Returned)
        later = [event for event in self.lab.events(key) if not isinstance(event, remains)]
        return (*self.stories.get(key, ()), *later)

    def findings(self) -> list[Finding]:
        """What `verify` finds, but for notifications that wait for a person."""
        return [each for each in verify(self.books) if each.damage]

    def broken(self) -> Sequence[object]:
        """What the providers' ledger proves to be broken, when nothing is open any more."""
        journal, lab = {key: self.whole(key) for key in lab_orders(self.lab)}, self.lab
        return check_promises(lab.ledger, journal, lab.results, lab.deliveries, outcomes=lab.outcomes)


def lab_orders(lab: Lab) -> Sequence[str]:
    """The journal's keys."""
    return lab.orders()


class LongDay(Day):
    """Some steps, months of silence, the stories go, and more steps: old codes are paid, old ids come back."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.gone = 0

    def live(self) -> list[object]:
        """Live through it; everything that was wrong."""
        with self.payments.lab(notices=self.random.choice(["on", "off", "twice"])) as lab:
            keeper = Keeper(lab)
            for _ in range(2):
                self._some_steps(lab)
                lab.steps.crash(10**9, "after")  # nobody dies in the months between
                self._look(keeper, "after some steps")
                self._months(lab)
                self._look(keeper, "months later")
                self._go(keeper)
            self._some_steps(lab)
            lab.steps.crash(10**9, "after")
            lab.settle()
            self._look(keeper, "at the end")
            self.wrong.extend(keeper.broken())
        return self.wrong

    def _some_steps(self, lab: Lab) -> None:
        for _ in range(self.random.randint(1, 6)):
            try:
                self._step(lab)
            except (pf.PayfallbackError, Crashed) as error:
                self.story.append(f"{lab.clock.monotonic():.1f} {type(error).__name__}")

    def _months(self, lab: Lab) -> None:
        """Recovery and delivery go on, mostly; sometimes nobody works at all."""
        if self.random.random() < 0.8:
            lab.settle()
        lab.advance(LEAST_AGE + self.random.choice([-3600.0, 1.0, 86400.0]))
        self.story.append(f"{lab.clock.monotonic():.1f} months later")

    def _go(self, keeper: Keeper) -> None:
        """Whatever is open stays as it is, and whatever goes is answered as before."""
        journal = keeper.lab.client.journal
        stored = ask(journal.load, KEY)
        before = keeper.lab.client.status(ORDER) if stored is not None else None
        gone = keeper.let_go()
        self.story.append(f"{keeper.lab.clock.monotonic():.1f} {gone}")
        self._look(keeper, "when stories had gone")
        if stored is None:
            return
        if not gone.gone and ask(journal.load, KEY) != stored:
            self.wrong.append("an order that stayed was touched")
        if gone.gone and stored.due is not None:
            self.wrong.append("an order that was due went")
        if keeper.lab.client.status(ORDER) != before:
            self.wrong.append(f"{before} became {keeper.lab.client.status(ORDER)}")
        self.gone += gone.gone

    def _look(self, keeper: Keeper, when: str) -> None:
        self.wrong.extend((when, each) for each in keeper.findings())

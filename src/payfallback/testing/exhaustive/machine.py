"""The parts of a small world: the journal, the flows of the workers, the fake providers, the ledger and the watch.

There is one set of parts, and each state's sheets are put on it before a move.
"""

from __future__ import annotations

from random import Random
from typing import Any

from payfallback._core.effects import Append, Load, Recall, Sleep
from payfallback._core.order import key_of
from payfallback._runtime.commits import commit_of
from payfallback._values import changed
from payfallback.model import Order
from payfallback.policy import Account, Capabilities
from payfallback.ports import Commit, Provider, Stored
from payfallback.results import Ack
from payfallback.testing.exhaustive.banks import SheetProvider
from payfallback.testing.exhaustive.choices import grid
from payfallback.testing.exhaustive.flows import STEP, Ended, Flows
from payfallback.testing.exhaustive.sheets import NO_MARK, SheetJournal, SheetLedger, SheetWatch, StandingClock, mark_of
from payfallback.testing.exhaustive.state import Doing, Heard, State, Worker
from payfallback.testing.exhaustive.worlds import SmallWorld
from payfallback.testing.simulator.link import gone
from payfallback.testing.simulator.post import Door, door_of
from payfallback.testing.simulator.process import Flow, Process, Task
from payfallback.testing.simulator.shops import policy_of
from payfallback.testing.simulator.watch import Broken
from payfallback.testing.simulator.world import AMOUNT

WORKERS = 2
ORDER = Order("A00001", AMOUNT)
KEY = key_of("", ORDER.id)
_CHANCE = Random(0)  # noqa: S311  # what happens here never depends on it
AHEAD = 0.5  # seconds: no worker takes so many steps within a moment that its clock is further ahead
_BROKEN_WORDS = frozenset({"lie", "wrong_amount"})


class Machine:
    """The parts of one small world."""

    def __init__(self, world: SmallWorld) -> None:
        self.world = world
        self.clock = StandingClock()
        self.ledger = SheetLedger()
        self.journal = SheetJournal(self.clock, KEY)
        lenient = not _BROKEN_WORDS.isdisjoint(world.troubles)
        self.watch = SheetWatch(self.ledger, self.journal, lenient=lenient, recorded=True)
        self.journal.mirror.blame = self.watch.find
        policy = policy_of(world.shop)
        self.banks = self._banks()
        self.accounts = {name: channel.account.id for name, channel in policy.channels.items()}
        doors = {account: Door(bank.account) for account, bank in self.banks.items()}
        parts: dict[str, Provider] = {name: self.banks[account] for name, account in self.accounts.items()}
        parts.update({door_of(account): door for account, door in doors.items()})
        self.processes = [Process(n, policy, parts, self.journal, self.clock) for n in range(WORKERS)]
        self.flows = Flows(self.processes, self.clock, ORDER, world.shop.names, doors)
        self._held: State | None = None

    def _banks(self) -> dict[str, SheetProvider]:
        products: dict[str, tuple[Account, dict[str, Capabilities]]] = {}
        for channel in policy_of(self.world.shop).channels.values():
            products.setdefault(channel.account.id, (channel.account, {}))[1][channel.product] = channel.capabilities
        return {key: SheetProvider(*given, self.clock, self.ledger) for key, given in products.items()}

    def first(self, troubles: int) -> State:
        """Nothing has happened yet."""
        books = tuple(bank.sheet() for bank in self.banks.values())
        calls = tuple(range(len(self.world.calls)))
        return State(
            0.0,
            self.journal.sheet(),
            books,
            self.ledger.sheet(),
            self.watch.sheet(),
            (Worker(),) * WORKERS,
            calls,
            troubles,
        )

    # ---------------------------------------------------------------- sheets

    def hold(self, state: State) -> None:
        """Put a state's sheets on the parts."""
        held = self._held
        self.clock.put(state.now, AHEAD)
        if held is None or held.journal is not state.journal:
            self.journal.put(state.journal)
        if held is None or held.ledger is not state.ledger:
            self.ledger.put(state.ledger)
        for n, bank in enumerate(self.banks.values()):
            if held is None or held.books[n] is not state.books[n]:
                bank.put(state.books[n])
        self.watch.put(state.told, ORDER.id)
        self._held = state

    def taken(self, state: State, **changes: Any) -> State:
        """The state with these changes; with `journal=True`, `banks=True` or `told=True` what these parts hold now."""
        if changes.pop("journal", False):
            changes["journal"] = self.journal.sheet()
        if changes.pop("banks", False):
            changes["books"] = tuple(bank.sheet() for bank in self.banks.values())
            changes["ledger"] = self.ledger.sheet()
            changes["letters"] = self._letters(state)
        if changes.pop("told", False):
            changes["told"] = self.watch.sheet()
        self._held = after = changed(state, **changes)
        return after

    def _letters(self, state: State) -> tuple[Any, ...]:
        letters = state.letters
        for account, bank in self.banks.items():
            if self.world.notices:
                letters += tuple((account, notice) for notice in bank.posted)
            bank.posted = []
        return letters

    def wrong(self) -> tuple[Broken, ...]:
        """What the watch has seen in this move."""
        return tuple(dict.fromkeys(self.watch.wrong))

    def reckoning(self, state: State) -> tuple[Broken, ...]:
        """Every promise over a state in which all is quiet and the shop has taken what it was told."""
        self.hold(state)
        if not state.journal.events:
            return ()
        self.watch.deliveries = list(state.journal.outcomes)
        self.watch.whole((KEY,), state.journal.outcomes, settled=True)
        return self.wrong()

    def stored(self, state: State) -> Stored | None:
        """The order as the journal holds it."""
        self.hold(state)
        got: list[Any] = []
        self.journal.load(KEY, got.append)
        found: Stored | None = got[0]
        return found

    # ---------------------------------------------------------------- workers

    def begin(self, state: State, number: int, doing: Doing, **changes: Any) -> State:
        """An idle worker begins a call."""
        calls = state.workers[number].calls + 1
        about = doing.about.id if doing.word == "notice" else str(doing.about)
        mark = mark_of(number, calls, doing.word, about, state.now)
        return self._on(changed(state, **changes), number, Worker(doing, state.now, calls, mark=mark))

    def resume(self, state: State, number: int, reply: Any, *, steps: int = 0) -> State:
        """A worker's flow gets an answer and goes on to what it wants next. `steps`: for how long it was underway."""
        old = state.workers[number]
        ahead = old.steps + steps
        heard = Heard(old.heard, state.now, ahead * STEP, reply)
        mark = mark_of(old.mark, state.now, ahead, self._mark_of(reply))
        return self._on(state, number, Worker(old.doing, old.begun, old.calls, heard, steps=ahead, mark=mark), old.mark)

    def _mark_of(self, reply: Any) -> object:
        if isinstance(reply, Stored):
            return self.journal.story, reply.fence, reply.owner, reply.lease_left, reply.due
        if isinstance(reply, tuple):
            return [self._mark_of(each) for each in reply]
        return reply

    def _on(self, state: State, number: int, worker: Worker, before: bytes = NO_MARK) -> State:
        onward = self.flows.onward(number, worker, before)
        for kept in onward.kept:
            self.journal.submit(
                Commit(key=kept.key, version=None, events=kept.events, due=kept.events[-1].at), _ignored
            )
        effect = onward.effect
        if type(effect) is Ended:
            self._told(number, worker, effect)
            worker = Worker(calls=worker.calls)
        elif type(effect) is Sleep:
            until = grid(state.now + worker.steps * STEP + effect.seconds)
            worker = changed(worker, effect=effect, sent=True, until=until)
        else:
            worker = changed(worker, effect=effect)
        return self.with_worker(state, number, worker, journal=bool(onward.kept), told=type(effect) is Ended)

    def with_worker(self, state: State, number: int, worker: Worker, **changes: Any) -> State:
        """The state with another worker in this place."""
        workers = (*state.workers[:number], worker, *state.workers[number + 1 :])
        return self.taken(state, workers=workers, **changes)

    def task(self, number: int, worker: Worker, run: Any = None) -> Task:
        """What the watch is told of a worker."""
        doing = worker.doing or Doing("")
        word = doing.about.word if doing.word == "call" else doing.word
        return Task(f"w{number}.{word}", word, self.processes[number], _no_flow(), run, None, _CHANCE)

    def _told(self, number: int, worker: Worker, ended: Ended) -> None:
        task = self.task(number, worker, ended.run)
        if ended.fell:
            self.watch.fell(task, ended.result)
            return
        self.watch.told(task, ended.result)
        doing = worker.doing
        if isinstance(ended.result, Ack) and ended.result.handled and doing is not None:
            self.watch.acknowledged(doing.account, doing.about)

    # ---------------------------------------------------------------- the journal

    def performed(self, effect: Any, how: str) -> Any:
        """What the journal answers to an effect. `how`: what goes wrong."""
        got: list[Any] = []
        if type(effect) is Append:
            if how != "away":
                self.journal.submit(commit_of(effect), got.append)
            return gone() if how else got[0]
        if type(effect) is Load:
            self.journal.load(effect.key, got.append)
        elif type(effect) is Recall:
            self.journal.recall(effect.subjects, got.append)
        else:
            getattr(self.journal, effect.method)(*effect.given, got.append)
        return got[0]


def _ignored(receipt: Any) -> None:
    """Evidence is never refused here."""


def _no_flow() -> Flow:
    yield from ()

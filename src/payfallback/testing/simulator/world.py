"""One world: a shop's processes, its providers, its shoppers and a schedule, from beginning to end."""

from __future__ import annotations

from collections import Counter as Count
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any

from payfallback._core.effects import Call
from payfallback._core.operations import Answer, Kind, Notice
from payfallback._core.order import key_of
from payfallback.errors import ProgrammingError
from payfallback.model import Money, Order
from payfallback.policy import Account, Capabilities
from payfallback.ports import Provider
from payfallback.taxonomy import Verdict
from payfallback.testing.faults import Faults
from payfallback.testing.simulator.bills import BillDoor
from payfallback.testing.simulator.clocks import WorldClock
from payfallback.testing.simulator.liar import Liar
from payfallback.testing.simulator.medium import Medium, WatchedJournal
from payfallback.testing.simulator.moves import Move
from payfallback.testing.simulator.old_code import Old
from payfallback.testing.simulator.post import Door, Post, door_of
from payfallback.testing.simulator.process import Flow, Process, Task
from payfallback.testing.simulator.scheduler import Scheduler
from payfallback.testing.simulator.shops import Shop, policy_of
from payfallback.testing.simulator.watch import Watch, WatchedLedger

AMOUNT = Money(5900, "CNY")
BREAKING = frozenset({"key_ignored", "wrong_amount", "close_refused"})  # faults that break what a provider declared
_ASKED = frozenset({Kind.QUERY, Kind.QUERY_REFUND})


class World:
    """Everything that a schedule plays in. Deterministic: the same shop, seed and moves give the same events."""

    def __init__(self, shop: Shop, seed: str, moves: Sequence[Move], *, trail: bool = False) -> None:
        self.shop, self.seed, self.moves = shop, seed, tuple(moves)
        self.clock = WorldClock()
        self.ledger = WatchedLedger()
        self.medium: Any = _medium(shop.journal, self.clock)
        self.faults = Faults(shop.names)
        lenient = any(move.word == "lie" or (move.word == "fault" and _word(move) in BREAKING) for move in moves)
        self.watch = Watch(self.ledger, self.medium, lenient=lenient, recorded=shop.autonomy != "observe")
        self.medium.mirror.blame = self.watch.find
        self.scheduler = Scheduler(self.clock, self.watch, self._spoilt)
        if trail:
            self.scheduler.trail = []
        self.policy = policy_of(shop)
        self.fakes = self._fakes()
        self.doors = {key: BillDoor(Door(fake.account), self.ledger, fake.ref_of) for key, fake in self.fakes.items()}
        self.channels = {name: channel.account.id for name, channel in self.policy.channels.items()}
        providers: dict[str, Provider] = {name: self.fakes[account] for name, account in self.channels.items()}
        providers.update({door_of(account): door for account, door in self.doors.items()})
        self.processes = [
            Process(number, self.policy, providers, self.medium, self.clock) for number in range(shop.processes)
        ]
        self.post = Post(self.clock, seed, self.doors, self.processes, self.start, self.watch.acknowledged)
        self.orders = [Order(f"A{number + 1:05}", AMOUNT) for number in range(shop.orders)]
        self.old: dict[str, Old] = {}
        self.begun: set[str] = set()
        self._stale: Count[str] = Count()
        self._older: dict[tuple[Any, ...], Answer] = {}
        self._started: Count[str] = Count()

    def _fakes(self) -> dict[str, Liar]:
        products: dict[str, tuple[Account, dict[str, Capabilities]]] = {}
        for channel in self.policy.channels.values():
            products.setdefault(channel.account.id, (channel.account, {}))[1][channel.product] = channel.capabilities
        return {
            key: Liar(
                account,
                capabilities,
                self.clock,
                self.ledger,
                self.faults,
                latency=self.shop.latency,
                skew=self.shop.skew,
                notify="all",
                on_notification=partial(self._announced, key),
            )
            for key, (account, capabilities) in products.items()
        }

    def _announced(self, account: str, notice: Notice) -> None:
        self.post.announce(account, notice)

    def start(
        self, word: str, process: Process, flow: Flow, done: Callable[[Any], None] | None = None, run: Any = None
    ) -> Task:
        """Let a process begin something."""
        kind = f"p{process.number}.{word}"
        self._started[kind] += 1
        name = f"{kind}{self._started[kind]}"
        chance = Random(f"{self.seed}/{name}")  # noqa: S311  # a simulation
        task = Task(name, word, process, flow, run, done, chance)
        self.scheduler.start(task)
        return task

    def is_ours(self, order: Order) -> bool:
        """Whether the library may be asked to pay it: not while only other code knows its payment."""
        self.begun.add(order.id)
        return order.id not in self.old or self.old[order.id].adopted

    # ---------------------------------------------------------------- stale answers

    def _spoilt(self, effect: Call, answer: Answer) -> Answer:
        """An answer from before, where this channel answers stale."""
        operation = effect.operation
        if operation.kind not in _ASKED or answer.verdict is Verdict.UNKNOWN:
            return answer
        which = (operation.kind, operation.number, operation.refund_number)
        older = self._older.setdefault(which, answer)
        if self._stale[effect.channel] > 0 and older is not answer:
            self._stale[effect.channel] -= 1
            self.scheduler.struck["stale"] += 1
            return older
        return answer

    def answer_stale(self, channel: str, times: int) -> None:
        """The next questions get what was said first."""
        self._stale[channel] = times

    def answer_truly(self) -> None:
        """No question gets an older answer any more."""
        self._stale.clear()

    # ---------------------------------------------------------------- what is there

    @property
    def keys(self) -> tuple[str, ...]:
        """The journal's keys of the orders that were opened."""
        keys = (key_of("", order.id) for order in self.orders)
        return tuple(key for key in keys if self.watch.events(key))

    def stored(self, key: str) -> Any:
        """An order as the medium holds it."""
        got: list[Any] = []
        self.medium.load(key, got.append)
        return got[0]

    def close(self) -> None:
        """It has ended."""
        self.medium.close()

    @property
    def struck(self) -> Mapping[str, int]:
        """What went wrong, by kind."""
        return self.scheduler.struck


def _medium(journal: str, clock: WorldClock) -> Medium:
    """Raises `ProgrammingError` for a journal that cannot be simulated."""
    if journal == "sqlite":
        from payfallback.testing.simulator.files import WatchedFile  # the one that needs a disk

        return WatchedFile(clock)
    if journal != "memory":
        raise ProgrammingError(f"no journal {journal!r} can be simulated", hint="memory or sqlite")
    return WatchedJournal(clock)


def _word(move: Move) -> str:
    return move.text(1).partition(":")[0]

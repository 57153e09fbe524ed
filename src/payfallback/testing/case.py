"""What the promise checkers look at, gathered once: the ledger by number, the journal by order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from payfallback._core.events import Event
from payfallback._values import value
from payfallback.results import Outcome, Result
from payfallback.testing.history import Attempt, History
from payfallback.testing.ledger import Arrival, Entry, Ledger

Pair = tuple[str, str]  # account id, number

PROMISES: Mapping[str, str] = {
    "I1": "at most one capture per order that is not refunded, surplus on its way back excepted",
    "I2": "nothing is sent before the intent to send it is durable",
    "I3": "the next channel is charged only after the previous attempt is dead on evidence",
    "I4": "at most one current attempt per order",
    "I5": "one winner; paid is said only for a capture that the provider holds and that nothing we sent can undo",
    "I6": "one number carries one order, amount and currency for ever",
    "I9": "surplus is refunded by itself, once, one refund number at a time",
    "I13": "what was paid equals the order's amount and currency, or a person looks at it",
    "I14": "when faults stop, everything is resolved or stands before a person",
    "I15": "every settled order is told to the shop, under one id",
    "I17": "evidence and requests belong to the account that the attempt records",
}


@value
class Violation:
    """A broken promise: which, for which order, and the facts that show it."""

    promise: str
    order_id: str
    facts: str

    def __str__(self) -> str:
        return f"{self.promise} order {self.order_id}: {self.facts} [{PROMISES[self.promise]}]"


class Case:
    """Everything the checks need, indexed once. Read only."""

    def __init__(
        self,
        ledger: Ledger,
        journal: Mapping[str, Sequence[Event]],
        results: Iterable[Result],
        delivered: Iterable[Outcome],
        outcomes: Iterable[Outcome] | None,
        *,
        settled: bool,
        surplus: bool,
    ) -> None:
        self.results, self.delivered = tuple(results), tuple(delivered)
        self.outcomes = None if outcomes is None else tuple(outcomes)
        self.settled, self.surplus = settled, surplus
        self.histories = {key: History(key, events) for key, events in journal.items()}
        self.planned: dict[Pair, list[tuple[History, Attempt]]] = {}
        self.accounts_of: dict[str, list[Pair]] = {}
        self.by_order_id: dict[str, list[History]] = {}
        for history in self.histories.values():
            self._index(history)
        self.entries: dict[Pair, list[Entry]] = {}
        self.entries_of: dict[str, list[Entry]] = {}
        self.arrivals: dict[Pair, list[Arrival]] = {}
        for entry in ledger.entries():
            self.entries.setdefault((entry.account, entry.number), []).append(entry)
            self.entries_of.setdefault(self._key(entry), []).append(entry)
        for arrival in ledger.arrivals():
            self.arrivals.setdefault((arrival.account, arrival.number), []).append(arrival)

    def order_id(self, key: str) -> str:
        """The shop's id of an order, as far as the journal knows it."""
        history = self.histories.get(key)
        return key if history is None else history.order_id

    def attempt(self, pair: Pair) -> tuple[History, Attempt] | None:
        """Who planned this number at this account."""
        found = self.planned.get(pair)
        return found[0] if found else None

    def elsewhere(self, pair: Pair) -> str:
        """The account for which this number was planned when it was not this one; or empty."""
        return next((account for account, _ in self.accounts_of.get(pair[1], ()) if account != pair[0]), "")

    def _index(self, history: History) -> None:
        self.by_order_id.setdefault(history.order_id, []).append(history)
        for attempt in history.attempts.values():
            self.planned.setdefault(attempt.key, []).append((history, attempt))
            self.accounts_of.setdefault(attempt.planned.number, []).append(attempt.key)

    def _key(self, entry: Entry) -> str:
        """The journal's key of the order that money moved for: by number, or else by what the provider was told."""
        found = self.attempt((entry.account, entry.number))
        if found is not None:
            return found[0].key
        named = self.by_order_id.get(entry.order_id, ())
        return named[0].key if len(named) == 1 else entry.order_id

"""A journal in memory, for tests, benchmarks and simulations: every rule of a durable one, and none of the safety."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import nsmallest
from itertools import islice
from threading import Lock
from typing import Any

from payfallback._core.events import Event, Seen
from payfallback._core.memory import Refusal
from payfallback.errors import ProgrammingError
from payfallback.journal._entries import Entry, Leads
from payfallback.journal._kept import Kept
from payfallback.journal._memory_archive import MemoryArchive
from payfallback.journal._rules import check_lease, checked_sort, closed, due_order, flaw, inbox_text, written
from payfallback.journal._sealing import Key, seal_of
from payfallback.journal.codec import without_secrets
from payfallback.ports import Clock, Commit, Done, Receipt, Stored, Summary, Switch
from payfallback.results import Outcome


class MemoryJournal:
    """Keeps everything in this process and calls `done` before returning. Safe for threads; a fork copies it.

    `clock` decides leases and what is due; without one, the system's. As in a durable journal, client secrets and
    app parameters are dropped unless a sealing key is given.
    """

    def __init__(self, clock: Clock | None = None, *, seal: Key | Sequence[Key] | None = None) -> None:
        self._now = time.time if clock is None else clock.epoch
        self._keeps_secrets = seal_of(seal) is not None
        self._lock = Lock()
        self._closed = False
        self._orders: dict[str, Entry] = {}
        self._open: dict[str, float] = {}
        self._numbers: dict[tuple[str, str], str] = {}
        self._found = Leads()
        self._told: set[str] = set()
        self._undelivered: dict[str, Outcome] = {}
        self._heard: dict[str, float] = {}
        self._inbox: dict[tuple[str, str], dict[tuple[str, str], None]] = {}
        self._switches: dict[str, Switch] = {}
        self._refusals = Kept()

    # ------------------------------------------------------------ orders

    def submit(self, commit: Commit, done: Done, *, may_block: bool = False) -> None:
        """`done(Receipt)`. `may_block` makes no difference here."""
        with self._lock:
            result = closed() if self._closed else flaw(commit) or self._append(commit)
        done(result)

    def _append(self, commit: Commit) -> Receipt:
        entry = self._orders.get(commit.key)
        conflict = self._conflict(commit, entry)
        if conflict:
            return Receipt(ok=False, conflict=conflict)
        if entry is None:
            entry = self._orders[commit.key] = Entry()
        entry.events += commit.events if self._keeps_secrets else _cleared(commit.events)
        if commit.numbers:
            self._index(commit.key, commit.numbers)
        if commit.version is None:
            return self._evidence(commit, entry)
        if commit.summary is not None:
            entry.columns = commit.summary
            if not commit.version:
                self._found.add(entry.order_id(commit.events[0]), commit.key)
        self._look_again(commit.key, entry, commit.due)
        for outcome in commit.outcomes:
            self._told.add(outcome.id)
            self._undelivered[outcome.id] = outcome
        return written(entry.gone + len(entry.events), self._lease(commit, entry))

    def _conflict(self, commit: Commit, entry: Entry | None) -> str:
        if commit.version is None:
            if entry is None:
                return "missing"
        elif entry is None:
            if commit.version:
                return "version"
        elif commit.version != entry.gone + len(entry.events):
            return "version"
        elif not self._may_decide(commit, entry):
            return "lease"
        for pair in commit.numbers:
            if self._numbers.get(pair, commit.key) != commit.key:
                return "number"
        for outcome in commit.outcomes:
            if outcome.id in self._told:
                return "outcome"
        return ""

    def _may_decide(self, commit: Commit, entry: Entry) -> bool:
        if commit.fence is None:
            return not entry.owner or entry.until <= self._now()
        return commit.fence == entry.fence and bool(entry.owner) and commit.owner in (entry.owner, "")

    def _lease(self, commit: Commit, entry: Entry) -> int:
        """Take, prolong or release; the number of the lease that the writer now holds, 0 for none."""
        if commit.take_lease is None:
            return commit.fence or 0 if commit.version else 0
        if not commit.take_lease:
            entry.owner, entry.until = "", 0.0
            return 0
        if commit.fence is None or entry.owner != commit.owner:
            entry.fence += 1
            entry.owner = commit.owner
        entry.until = self._now() + commit.take_lease
        return entry.fence

    def _evidence(self, commit: Commit, entry: Entry) -> Receipt:
        """Evidence makes somebody look sooner, never later, and leaves lease and summary to who decides."""
        if commit.due is not None and (entry.due is None or commit.due < entry.due):
            self._look_again(commit.key, entry, commit.due)
        return written(entry.gone + len(entry.events), 0)

    def _look_again(self, key: str, entry: Entry, due: float | None) -> None:
        entry.due = due
        if due is None:
            self._open.pop(key, None)
        else:
            self._open[key] = due

    def _index(self, key: str, numbers: tuple[tuple[str, str], ...]) -> None:
        for pair in numbers:
            self._numbers[pair] = key
            self._found.add(pair[1], key)

    def load(self, key: str, done: Done) -> None:
        """`done(Stored | None)`."""
        self._answer(done, lambda: self._orders[key].stored(key, self._now()) if key in self._orders else None)

    def find(self, text: str, done: Done) -> None:
        """`done(tuple[str, ...])`: keys of the orders with this order id, attempt number or provider reference."""
        self._answer(
            done, lambda: tuple(dict.fromkeys((*self._found.to(text), *((text,) if text in self._orders else ()))))
        )

    # ------------------------------------------------------------ recovery and listing

    def claim(self, owner: str, lease: float, limit: int, done: Done, *, key: str | None = None) -> None:
        """Take the lease of due orders whose lease is free, most overdue first: `done(tuple[Stored, ...])`."""
        self._answer(done, lambda: self._claim(owner, lease, limit, key))

    def _claim(self, owner: str, lease: float, limit: int, key: str | None) -> tuple[Stored, ...]:
        check_lease(owner, lease)
        return tuple(self._take(each, owner, lease) for _, each in self._free(limit, key))

    def _free(self, limit: int, key: str | None) -> Sequence[tuple[float, str]]:
        now = self._now()
        asked = [(0.0, key)] if key is not None else [(due, each) for each, due in self._open.items() if due <= now]
        return nsmallest(limit, [(due, each) for due, each in asked if self._is_free(each, now)])

    def _is_free(self, key: str, now: float) -> bool:
        entry = self._orders.get(key)
        return entry is not None and (not entry.owner or entry.until <= now)

    def _take(self, key: str, owner: str, lease: float) -> Stored:
        entry = self._orders[key]
        entry.fence += 1
        entry.owner, entry.until = owner, self._now() + lease
        return entry.stored(key, self._now())

    def count_due(self, done: Done) -> None:
        """`done(int)`: orders due now, leased or not."""
        self._answer(done, lambda: sum(due <= self._now() for due in self._open.values()))

    def due(self, limit: int, done: Done) -> None:
        """`done(tuple[DueOrder, ...])`: what `claim` would take now, most overdue first. Takes nothing."""
        fences, now = self._orders, self._now()
        self._answer(done, lambda: tuple(due_order(k, d, fences[k].fence, now) for d, k in self._free(limit, None)))

    def list(self, states: Sequence[str], limit: int, done: Done, *, sort: str = "since") -> None:
        """`done(tuple[Summary, ...])`; no states: all. Oldest first, largest first, or soonest due first."""
        self._answer(done, lambda: self._listed(states, limit, sort))

    def _listed(self, states: Sequence[str], limit: int, sort: str) -> tuple[Summary, ...]:
        rank = _RANKS[checked_sort(sort)]
        entries = [e for e in self._orders.values() if e.summary and (not states or e.summary.state in states)]
        return tuple(e.summary for e in sorted(entries, key=rank)[: max(0, limit)] if e.summary)

    def captured(self, account: str, start: float, end: float, after: str, limit: int, done: Done) -> None:
        """`done(tuple[Summary, ...])`: what this account captured in [start, end), by attempt number."""
        self._answer(done, lambda: self._captured(account, start, end, after, limit))

    def _captured(self, account: str, start: float, end: float, after: str, limit: int) -> tuple[Summary, ...]:
        paid = (e.summary for e in self._orders.values() if e.summary and e.summary.paid_at is not None)
        found = [s for s in paid if s.account == account and start <= (s.paid_at or 0.0) < end and s.number > after]
        return tuple(sorted(found, key=lambda s: s.number)[: max(0, limit)])

    # ------------------------------------------------------------ outcomes

    def undelivered(self, limit: int, done: Done, *, order_id: str | None = None) -> None:
        """`done(tuple[Outcome, ...])`, oldest first."""
        self._answer(done, lambda: tuple(islice(self._waiting(order_id), max(0, limit))))

    def _waiting(self, order_id: str | None) -> Iterator[Outcome]:
        return (each for each in self._undelivered.values() if order_id in (None, each.order_id))

    def delivered(self, outcome_id: str, done: Done) -> None:
        """`done(None)`; an outcome that is unknown or was delivered already stays as it is."""
        self._answer(done, lambda: self._hear(outcome_id))

    def _hear(self, outcome_id: str) -> None:
        if self._undelivered.pop(outcome_id, None) is not None:
            self._heard[outcome_id] = self._now()

    # ------------------------------------------------------------ inbox

    def keep(self, account: str, number: str, kind: str, body: Mapping[str, Any], done: Done) -> None:
        """`done(None)`: an authentic notification for a number nobody knows yet; the same one twice is kept once."""
        self._answer(done, lambda: self._keep((account, number), kind, body))

    def _keep(self, pair: tuple[str, str], kind: str, body: Mapping[str, Any]) -> None:
        self._inbox.setdefault(pair, {})[kind, inbox_text(body)] = None

    def kept(self, account: str, number: str, done: Done) -> None:
        """`done(tuple[Mapping[str, Any], ...])`: the bodies that the inbox holds for a number, oldest first."""
        self._answer(done, lambda: tuple(json.loads(text) for _, text in self._inbox.get((account, number), {})))

    # ------------------------------------------------------------ manual switches

    def stop_channel(self, switch: Switch, done: Done) -> None:
        """`done(None)`: record a manual stop; it replaces an earlier one of that channel."""
        self._answer(done, lambda: self._switches.update({switch.channel: switch}))

    def resume_channel(self, channel: str, actor: str, reason: str, done: Done) -> None:
        """`done(bool)`: whether it was stopped."""
        self._answer(done, lambda: self._holds(self._switches.pop(channel, None)))

    def _holds(self, switch: Switch | None) -> bool:
        return switch is not None and (switch.until is None or switch.until > self._now())

    def switches(self, done: Done) -> None:
        """`done(tuple[Switch, ...])`: the stops that hold now, by channel."""
        self._answer(done, lambda: tuple(s for _, s in sorted(self._switches.items()) if self._holds(s)))

    # ------------------------------------------------------------ memory of refusals

    def remember(self, refusals: Sequence[Refusal], done: Done) -> None:
        """`done(None)`: keep refusals until they are to be forgotten; bounded, the oldest go first."""
        self._answer(done, lambda: self._refusals.remember(refusals))

    def recall(self, subjects: Sequence[str], done: Done) -> None:
        """`done(tuple[Refusal, ...])`: what is kept of these subjects, by subject and as kept."""
        self._answer(done, lambda: self._refusals.recall(subjects, self._now()))

    def forget(self, subject: str, scope: str, done: Done) -> None:
        """`done(None)`: drop what is kept of a subject in one scope."""
        self._answer(done, lambda: self._refusals.forget(subject, scope))

    # ------------------------------------------------------------ all of them

    @property
    def archive(self) -> MemoryArchive:
        """The door for whoever looks after the journal as a whole."""
        known = (self._orders, self._numbers, self._found)
        return MemoryArchive(self._answer, self._now, *known, self._told, self._heard, self._inbox)

    def _answer(self, done: Done, work: Callable[[], Any]) -> None:
        with self._lock:
            try:
                result = closed() if self._closed else work()
            except ProgrammingError as problem:
                result = problem
        done(result)

    def close(self) -> None:
        """Later calls report `JournalUnavailable`."""
        with self._lock:
            self._closed = True


def _cleared(events: tuple[Event, ...]) -> tuple[Event, ...]:
    for event in events:
        if type(event) is Seen and event.action is not None:
            return tuple([without_secrets(each) for each in events])
    return events


_RANKS: dict[str, Callable[[Entry], Any]] = {
    "since": lambda entry: entry.summary and entry.summary.since,
    "amount": lambda entry: entry.summary and -entry.summary.amount,
    "due": lambda entry: (entry.due is None, entry.due or 0.0),
}

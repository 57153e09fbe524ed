"""Who watches: at every movement of money, every request and every answer to the shop, and over everything at the end.

Nothing here is shared with what decides: it reads the providers' ledger, the journal's events, and what was said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from payfallback._core.effects import Call
from payfallback._core.events import Asked, Event, Excess, Opened, Planned, Seen, Sending, Won
from payfallback._core.operations import Kind, Notice
from payfallback._core.order import key_of
from payfallback._values import value
from payfallback.errors import PayfallbackError
from payfallback.journal.memory import MemoryJournal
from payfallback.results import NotPaid, Outcome, Result
from payfallback.taxonomy import Verdict
from payfallback.testing.ledger import Entry, Ledger, holding
from payfallback.testing.promises import Violation, check_promises, check_result
from payfallback.testing.simulator.process import Task

MOST_REQUESTS = 400  # of one order over all its life: far above what any schedule needs (I14, bounded rates)
_SAME_MOMENT = 1e-6
_INTENT = frozenset({Kind.CHARGE, Kind.CLOSE, Kind.CAPTURE, Kind.REFUND})


@value
class Broken:
    """A broken promise: its name ("code": the library raised what it never should), the order, what shows it."""

    promise: str
    order_id: str
    facts: str

    def __str__(self) -> str:
        return f"{self.promise} {self.order_id}: {self.facts}"


class WatchedLedger(Ledger):
    """The providers' ledger; every movement is looked at when it happens."""

    def __init__(self) -> None:
        super().__init__()
        self.watch: Watch | None = None

    def record(self, entry: Entry) -> None:
        """Write it down, then look."""
        super().record(entry)
        if entry.what == "captured" and self.watch is not None:
            self.watch.moved(entry)


class Watch:
    """What was seen, and what was wrong with it. `lenient`: providers break their declarations in this schedule, so
    that a second capture at the same time must go back, and is no violation while it does."""

    def __init__(self, ledger: WatchedLedger, medium: MemoryJournal, *, lenient: bool, recorded: bool) -> None:
        self.ledger, self._medium = ledger, medium
        self._lenient, self._recorded = lenient, recorded
        self.lied: set[str] = set()  # orders whose provider took back a final answer: what was said of them was true
        self.wrong: list[Broken] = []
        self.results: list[Result] = []
        self.deliveries: list[Outcome] = []
        self._not_paid: list[tuple[int, int, NotPaid]] = []
        ledger.watch = self

    def of(self, order_id: str) -> Sequence[Event]:
        """What is durable of an order, by the shop's own id."""
        return self.events(key_of("", order_id))

    def events(self, key: str) -> Sequence[Event]:
        """What is durable of an order, by its key."""
        got: list[Any] = []
        self._medium.load(key, got.append)
        found: Sequence[Event] = got[0].events if got[0] is not None else ()
        return found

    def find(self, promise: str, order_id: str, facts: str) -> None:
        """Write a violation down."""
        self.wrong.append(Broken(promise, order_id, facts))

    # ---------------------------------------------------------------- at every step

    def moved(self, entry: Entry) -> None:
        """I1: at most one capture that is not refunded, at this very moment; known surplus is on its way back."""
        held = self.ledger.held(entry.order_id)
        if self._lenient or len(held) < 2 or self._may_be_two(entry.order_id):
            return
        surplus = self._surplus(entry.order_id)
        numbers = [each.number for each in held if each.number not in surplus]
        if len(numbers) > 1:
            self.find("I1", entry.order_id, f"{len(numbers)} captures are held at one time: {', '.join(numbers)}")

    def _may_be_two(self, order_id: str) -> bool:
        """After a cancel that refunds what was paid, the money is on its way back by the provider's own hand."""
        return any(type(each) is Sending and each.refunds for each in self.of(order_id))

    def _surplus(self, order_id: str) -> set[str]:
        events = self.of(order_id)
        numbers = {each.seq: each.number for each in events if type(each) is Planned}
        return {numbers[each.seq] for each in events if type(each) is Excess}

    def sends(self, task: Task, effect: Call) -> None:
        """I2: what is more than a question leaves only when its intent is durable. I16: recovery charges nothing."""
        operation = effect.operation
        if operation.kind not in _INTENT:
            return
        if operation.kind is Kind.CHARGE and task.word == "recover":
            self.find("I16", operation.order_id, f"{task.name} charges {operation.number} while recovering")
        if self._recorded and not self._intended(operation):
            what = f"{operation.kind.value} of {operation.number}"
            self.find("I2", operation.order_id, f"{task.name} sends the {what} without a durable intent")

    def _intended(self, operation: Any) -> bool:
        events = self.of(operation.order_id)
        seqs = {each.seq for each in events if type(each) is Planned and each.number == operation.number}
        what = (operation.kind.value, "merchant_refund") if operation.kind is Kind.REFUND else (operation.kind.value,)
        return any(type(each) is Sending and each.seq in seqs and each.what in what for each in events)

    def told(self, task: Task, result: Any) -> None:
        """I5: what is said is true when it is said. I2: a charge that was sent is never answered with an error."""
        if isinstance(result, PayfallbackError):
            if task.run is not None and task.run.sent and task.word in ("pay", "switch", "edit"):
                self.find("I2", task.run.key, f"{task.name} raised {type(result).__name__} after it had sent something")
        elif isinstance(result, Result):
            self.results.append(result)
            self._same_cart(task, result)
            for each in check_result(self.ledger, result):
                if not (self._being_returned(result) or result.order_id in self.lied):
                    self.find(each.promise, each.order_id, f"{task.name}: {each.facts}")
            if isinstance(result, NotPaid):
                order = result.order_id
                arrived, captured = self.ledger.arrivals(order, Kind.CHARGE), self.ledger.captures(order)
                self._not_paid.append((len(arrived), len(captured), result))

    def acknowledged(self, account: str, notice: Notice) -> None:
        """I2: a notification of a payment is acknowledged only when the journal has it, with its order or for later."""
        if notice.kind is not Kind.CHARGE or notice.answer.verdict is not Verdict.CAPTURED:
            return
        kept: list[Any] = []
        self._medium.kept(account, notice.number, kept.append)
        keys: list[Any] = []
        self._medium.find(notice.number, keys.append)
        known = [each for key in keys[0] for each in self.events(key)]
        if not kept[0] and not any(type(each) is Seen and each.verdict == "captured" for each in known):
            self.find("I2", notice.number, "its notification was acknowledged, and no evidence of it is durable")

    def _same_cart(self, task: Task, result: Result) -> None:
        """I6: whoever asks for another amount under the same id is refused, not answered."""
        opened = [each for each in self.of(result.order_id) if type(each) is Opened]
        asked = task.run.order.amount if task.run is not None and task.run.order is not None else None
        if asked is not None and opened and opened[0].amount != asked:
            self.find("I6", result.order_id, f"{task.name} asked for {asked}; the order is {opened[0].amount}")

    def _being_returned(self, result: Result) -> bool:
        """The shop's own refund of what was paid may overtake the answer to somebody else."""
        return any("M" in each.refund for each in self.ledger.refunds(result.order_id))

    def fell(self, task: Task, error: Exception) -> None:
        """The library raised what is none of its errors."""
        key = task.run.key if task.run is not None else ""
        self.find("code", key, f"{task.name} fell over {error!r}")

    # ---------------------------------------------------------------- at the end

    def whole(self, keys: Sequence[str], outcomes: Sequence[Outcome], *, settled: bool) -> None:
        """Every promise over everything that happened."""
        journal = {key: self.events(key) for key in keys}
        found = check_promises(
            self.ledger, journal, self.results, self.deliveries, outcomes=(*self.deliveries, *outcomes), settled=settled
        )
        for each in found:
            excused = self._only_old_news(each) or self._done_twice(each)
            if (self._recorded or each.promise != "I2") and not excused:
                self.find(each.promise, each.order_id, each.facts)
        for key, events in journal.items():
            self.wrong.extend((*_after_its_time(key, events), *_given_up(key, events)))
            requests = len(self.ledger.arrivals(_order_id(events)))
            if requests > MOST_REQUESTS:
                self.find("I14", key, f"{requests} requests were made for one order")
        if not self._lenient:
            self._paid_after_all()

    def _only_old_news(self, violation: Violation) -> bool:
        """An old answer, a late notification or evidence that was kept while the journal was away may be the last that
        the journal holds of an attempt. Whether money is still on hold is the ledger's to say."""
        last = violation.facts.endswith(" authorised") and "nor dead" in violation.facts
        return violation.promise == "I14" and last and not holding(self.ledger.entries(violation.order_id))

    def _done_twice(self, violation: Violation) -> bool:
        """A provider that ignored a key did one request twice under one number. No answer of its shows that, only its
        bill, and bills take no part here. That each request had an intent of its own is checked all the same."""
        if not self._lenient or violation.promise not in ("I1", "I5", "I9", "I13", "I14"):
            return False
        moved = [each for each in self.ledger.entries(violation.order_id) if each.what in ("captured", "refunded")]
        return len({(each.what, each.number, each.refund) for each in moved}) < len(moved)

    def _paid_after_all(self) -> None:
        """I5: after "certainly not charged" no request that had arrived by then may still capture."""
        for arrived, captured, result in self._not_paid:
            known = {each.number for each in self.ledger.arrivals(result.order_id, Kind.CHARGE)[:arrived]}
            for capture in self.ledger.captures(result.order_id)[captured:]:
                if capture.number in known:
                    self.find("I5", result.order_id, f"told not paid; {capture.number} was captured later")


def _order_id(events: Sequence[Event]) -> str:
    return next((each.order_id for each in events if type(each) is Opened), "")


def _after_its_time(key: str, events: Sequence[Event]) -> Iterator[Broken]:
    """I16: no charge is written down after `pay_by`."""
    opened = next((each for each in events if type(each) is Opened), None)
    adopted = {each.seq for each in events if type(each) is Planned and each.adopted}
    for each in events:
        if opened is None or type(each) is not Sending or each.what != "charge" or each.seq in adopted:
            continue
        if each.at > opened.pay_by + _SAME_MOMENT:
            yield Broken("I16", key, f"attempt {each.seq} was charged {each.at - opened.pay_by:.1f} s after pay_by")


def _given_up(key: str, events: Sequence[Event]) -> Iterator[Broken]:
    """I9: what the shop had given up before anybody knew it paid is not paid afterwards: the money goes back."""
    gone = next((n for n, each in enumerate(events) if type(each) is Asked and each.what == "cancel"), None)
    if gone is None or any(type(each) is Seen and each.verdict == "captured" for each in events[:gone]):
        return
    if any(type(each) is Won for each in events[gone:]):
        yield Broken("I9", key, "the order was given up, and an attempt won it afterwards")

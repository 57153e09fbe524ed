"""Who watches: at every movement of money, every request and every answer to the shop, and over everything at the end.

Nothing here is shared with what decides: it reads the providers' ledger, the journal's events, and what was said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from payfallback._core.effects import Call
from payfallback._core.events import Event, Excess, Opened, Planned, Seen, Sending
from payfallback._core.operations import Kind, Notice
from payfallback._core.order import key_of
from payfallback._values import value
from payfallback.bills import Reconciled
from payfallback.errors import PayfallbackError
from payfallback.results import NotPaid, Outcome, Result
from payfallback.taxonomy import Verdict
from payfallback.testing.ledger import Entry, Ledger, holding
from payfallback.testing.promises import check_promises, check_result
from payfallback.testing.simulator.excuses import excused
from payfallback.testing.simulator.process import Task
from payfallback.testing.simulator.reckoning import after_its_time, given_up, told_again

MOST_REQUESTS = 400  # of one order over all its life: far above what any schedule needs (I14, bounded rates)
_MONEY = frozenset({"captured", "refunded"})  # of either it is known that it was captured
_OF_DEATH = frozenset({"I3", "I4", "I8", "I14"})
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

    def __init__(self, ledger: WatchedLedger, medium: Any, *, lenient: bool, recorded: bool) -> None:
        self.ledger, self._medium = ledger, medium
        self.lenient, self._recorded = lenient, recorded
        self.lied: set[str] = set()  # orders whose provider took back a final answer: what was said of them was true
        self.misled: set[str] = set()  # orders of which a notification said what was not so
        self.by_hand: set[str] = set()  # orders of which staff gave money back: what was said of them was true
        self.billed: set[str] = set()  # orders that were captured when nobody watches any more: the bill knows
        self.wrong: list[Broken] = []
        self.read = False  # whether all bills were read
        self.unheard: set[str] = set()  # numbers about which the last question came to nothing, or to an old answer
        self.reported: set[str] = set()  # numbers of which a bill's reader told a person
        self.results: list[Result] = []
        self.deliveries: list[Outcome] = []
        self._not_paid: list[tuple[int, int, NotPaid]] = []
        ledger.watch = self

    def of(self, order_id: str) -> Sequence[Event]:
        """What is durable of an order, by the shop's own id."""
        return self.events(key_of("", order_id))

    def events(self, key: str) -> Sequence[Event]:
        """What is durable of an order, by its key."""
        found: Sequence[Event] = self._medium.mirror.events(key)
        return found

    def find(self, promise: str, order_id: str, facts: str) -> None:
        """Write a violation down. A false word about money, or an answer that is heard after staff gave it back, leaves
        evidence in the journal that nothing takes away: whether such an attempt is dead is then the ledger's to say."""
        order = order_id.rpartition("|")[2]
        if (
            promise in _OF_DEATH
            and "dead" in facts
            and (order in self.misled | self.by_hand or self.in_the_dark(order))
        ):
            return
        self.wrong.append(Broken(promise, order, facts))

    # ---------------------------------------------------------------- at every step

    def moved(self, entry: Entry) -> None:
        """I1: at most one capture that is not refunded, at this very moment; known surplus is on its way back."""
        held = self.ledger.held(entry.order_id)
        if self.lenient or len(held) < 2 or self._may_be_two(entry.order_id):
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
                if not (self._being_returned(result) or self._later(task, result) or result.order_id in self.lied):
                    self.find(each.promise, each.order_id, f"{task.name}: {each.facts}")
            if isinstance(result, NotPaid):
                order = result.order_id
                captured = len(self.ledger.captures(order))
                self._not_paid.append((self._arrived_before(task, order), captured, result))

    def answered(self, operation: Any, answer: Any, *, true: bool) -> None:
        """What a question came to."""
        if operation.kind is Kind.QUERY:
            heard = true and answer.verdict not in (Verdict.UNKNOWN, Verdict.NOT_SENT)
            (self.unheard.discard if heard else self.unheard.add)(operation.number)

    def in_the_dark(self, order_id: str) -> bool:
        """Whether a final answer was taken back, and the last question about it came to nothing true."""
        return order_id in self.lied and any(
            type(each) is Planned and each.number in self.unheard for each in self.of(order_id)
        )

    def acknowledged(self, account: str, notice: Notice) -> None:
        """I2: a notification of a payment is acknowledged only when the journal has it, with its order or for later."""
        if notice.kind is not Kind.CHARGE or notice.answer.verdict is not Verdict.CAPTURED:
            return
        kept: list[Any] = []
        self._medium.kept(account, notice.number, kept.append)
        keys: list[Any] = []
        self._medium.find(notice.number, keys.append)
        known = [each for key in keys[0] for each in self.events(key)]
        if not kept[0] and not any(type(each) is Seen and each.verdict in _MONEY for each in known):
            self.find("I2", notice.number, "its notification was acknowledged, and no evidence of it is durable")

    def _same_cart(self, task: Task, result: Result) -> None:
        """I6: whoever asks for another amount under the same id is refused, not answered."""
        opened = [each for each in self.of(result.order_id) if type(each) is Opened]
        asked = task.run.order.amount if task.run is not None and task.run.order is not None else None
        if asked is not None and opened and opened[0].amount != asked:
            self.find("I6", result.order_id, f"{task.name} asked for {asked}; the order is {opened[0].amount}")

    def _decided(self, task: Task, order_id: str) -> set[str]:
        """The numbers that were planned when the call's last commit was made. What another call began after that its
        answer does not speak of, however long the answer was on its way."""
        events = self.of(order_id)
        version = task.run.version if task.run is not None and self._recorded else len(events)
        return {each.number for each in events[:version] if type(each) is Planned}

    def _arrived_before(self, task: Task, order_id: str) -> int:
        known, arrivals = self._decided(task, order_id), self.ledger.arrivals(order_id, Kind.CHARGE)
        return next((n for n, each in enumerate(arrivals) if each.number not in known), len(arrivals))

    def _later(self, task: Task, result: Result) -> bool:
        """Whether all that is held is of attempts that began after this answer was decided."""
        held = (*self.ledger.held(result.order_id), *holding(self.ledger.entries(result.order_id)))
        known = self._decided(task, result.order_id)
        return isinstance(result, NotPaid) and all(each.number not in known for each in held)

    def _being_returned(self, result: Result) -> bool:
        """The shop's own refund of what was paid may overtake the answer to somebody else."""
        return result.order_id in self.by_hand or any(
            "M" in each.refund for each in self.ledger.refunds(result.order_id)
        )

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
            if (self._recorded or each.promise != "I2") and not excused(self, each):
                self.find(each.promise, each.order_id, each.facts)
        for key, events in journal.items():
            for promise, facts in (*after_its_time(events), *given_up(events), *told_again(events)):
                self.find(promise, key, facts)
            requests = len(self.ledger.arrivals(_order_id(events)))
            if requests > MOST_REQUESTS:
                self.find("I14", key, f"{requests} requests were made for one order")
        if not self.lenient:
            self._paid_after_all()

    def reconciled(self, report: Any) -> None:
        """I14: the bill of a day speaks of nothing that nobody knows, but where a provider broke its word or somebody
        used its console. What it does report for a person is remembered."""
        if not isinstance(report, Reconciled):
            self.find("I14", "", f"a bill could not be held against the journal: {report!r}")
            return
        for each in report.findings:
            if each.needs_person:
                self.reported.add(each.number)
                strange = each.order_id in (self.by_hand | self.misled | self.lied)
                if not (self.lenient or strange):
                    self.find("I14", each.order_id or each.number, f"its bill: {each.met} {each.amount}, {each.state}")

    def done_twice(self) -> None:
        """I14: what a provider did twice under one number its bill shows, and a person is told."""
        moved = [each for each in self.ledger.entries() if each.what in ("captured", "refunded")]
        once: set[tuple[str, str, str]] = set()
        for each in moved:
            which = (each.what, each.number, each.refund)
            if which in once and each.number not in self.reported:
                self.find("I14", each.order_id, f"{each.what} twice under {each.number}; the bill's reader told nobody")
            once.add(which)

    def _paid_after_all(self) -> None:
        """I5: after "certainly not charged" no request that had arrived by then may still capture."""
        for arrived, captured, result in self._not_paid:
            known = {each.number for each in self.ledger.arrivals(result.order_id, Kind.CHARGE)[:arrived]}
            for capture in self.ledger.captures(result.order_id)[captured:]:
                if capture.number in known:
                    self.find("I5", result.order_id, f"told not paid; {capture.number} was captured later")


def _order_id(events: Sequence[Event]) -> str:
    return next((each.order_id for each in events if type(each) is Opened), "")

"""After the day: the providers' books, the journal and what the shop was told, held against each other."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from queue import SimpleQueue
from typing import Any

from processes_town import PRICE, Town

import payfallback as pf
from payfallback._core.events import Excess, Planned, RefundAsked, Seen, Settled, Won
from payfallback._core.operations import Kind
from payfallback.journal import open_journal
from payfallback.ports import Stored
from payfallback.testing.ledger import Arrival, Entry, Ledger
from payfallback.testing.promises import check_promises

ENDED = ("paid", "expired", "cancelled")
LOGGED = ("charge", "close")  # the sandbox's log does not name a refund's own number


class Audit:
    """Everything that is known at one moment, read from the outside, with every process of the shop dead."""

    def __init__(self, town: Town) -> None:
        self.ledger, self.requests = town.control.ledger(), town.control.requests()
        self.told, self.delivered = town.diary.lines("told"), town.diary.lines("outcome")
        self.broken = [line["broken"] for line in town.diary.lines("broken")]
        self.clicks = town.diary.lines("click")
        self.unavailable = [line["unavailable"] for line in town.diary.lines("unavailable")]
        self.away = [line["away"] for line in town.diary.lines("away")]
        self.integrity = _integrity(town)
        self.stored = _read_journal(town)
        with town.payments() as payments:
            policy = payments.policy
            channels = {"jdpay": policy.channels["baitiao"], "wechatpay": policy.channels["wechat"]}
            self.accounts = {provider: channel.account.id for provider, channel in channels.items()}

    # ------------------------------------------------------------ the providers' books

    def held(self) -> Counter[str]:
        """Captures that were not wholly refunded, by number."""
        minor: Counter[str] = Counter()
        for entry in self.ledger:
            minor[entry["number"]] += entry["amount"] if entry["kind"] == "capture" else -entry["amount"]
        return Counter({number: left for number, left in minor.items() if left})

    def twice(self) -> list[str]:
        """Orders with more than one capture that is not refunded."""
        orders = Counter(number[:-2] for number in self.held())
        return [order for order, captures in orders.items() if captures > 1]

    def wrong_sums(self) -> list[str]:
        """Numbers that hold anything but the price: a capture twice under one number, or more refunded than taken."""
        return [number for number, minor in self.held().items() if minor != PRICE.minor]

    # ------------------------------------------------------------ the journal

    def unknown_captures(self) -> list[str]:
        """Numbers that took money and that no order of the journal ever planned."""
        planned = {event.number for order in self.stored for event in self.events(order) if isinstance(event, Planned)}
        return sorted({entry["number"] for entry in self.ledger} - planned)

    def events(self, order: str) -> tuple[Any, ...]:
        """An order's journal."""
        found = self.stored.get(order)
        return () if found is None else found.events

    def kinds(self, order: str) -> set[str]:
        """The outcomes that an order has."""
        return {event.kind for event in self.events(order) if isinstance(event, Settled)}

    def forgotten(self) -> list[str]:
        """Orders that are not over, or hold money that is not the winner's, and at which nobody will look again."""
        strays = {number[:-2] for number in self.held() if number != self._winner(number[:-2])}
        late = [order for order, stored in self.stored.items() if stored.due is None]
        return [order for order in late if order in strays or not self.kinds(order) & set(ENDED)]

    def _winner(self, order: str) -> str:
        events = self.events(order)
        seq = next((event.seq for event in events if isinstance(event, Won)), 0)
        return next((event.number for event in events if isinstance(event, Planned) and event.seq == seq), "")

    def undecided(self) -> list[str]:
        """Orders that have no outcome, and that do not stand before a person either."""
        return [order for order in self.stored if not self.kinds(order)]

    def neither_won_nor_back(self) -> list[str]:
        """Captures that are held, and are not the winner's of a paid order. Right after a kill: lost on their way."""
        return [number for number in self.held() if number != self._winner(number[:-2])]

    def open_and_captured(self) -> list[str]:
        """Orders that have no end, though the provider holds their money: one question would settle them."""
        held = {number[:-2] for number in self.held()}
        return [order for order in self.stored if order in held and not self.kinds(order) & set(ENDED)]

    # ------------------------------------------------------------ what the shop was told

    def told_and_gone(self) -> list[str]:
        """Orders of which the shop was told anything at all, and which the journal does not hold."""
        return sorted({line["order"] for line in (*self.told, *self.delivered)} - set(self.stored))

    def paid_and_forgotten(self) -> list[str]:
        """Orders that the shop was told are paid, by a number that is not their winner's, or that are not paid."""
        said = [line for line in self.told if line["told"] == "paid"]
        said += [line for line in self.delivered if line["kind"] == "paid"]
        return sorted({line["order"] for line in said if self._winner(line["order"]) != line["number"]})

    def sent_though_unavailable(self) -> list[str]:
        """Orders that were clicked once, were told `JournalUnavailable`, and that a provider was asked to charge."""
        clicks = Counter(line["click"] for line in self.clicks)
        charged = {line["number"][:-2] for line in self.requests if line["operation"] == "charge"}
        return sorted({each for each in self.unavailable if clicks[each] == 1 and each in charged})

    def paid_without_capture(self) -> list[str]:
        """Numbers by which the shop was told that it is paid, and that hold nothing; refunds it asked for aside."""
        held, wanted = self.held(), self._asked_back()
        said = {line["number"] for line in self.delivered if line["kind"] == "paid"}
        said |= {line["number"] for line in self.told if line["told"] == "paid"}
        return sorted(number for number in said if number not in held and number[:-2] not in wanted)

    def _asked_back(self) -> set[str]:
        return {order for order in self.stored if any(isinstance(each, RefundAsked) for each in self.events(order))}

    def paid_after_not_paid(self) -> list[str]:
        """Captures by an attempt that was already planned when somebody was told that nothing is open: by the time of
        the telling, or of the question when others clicked on that order as well. They may have planned it meanwhile.
        """
        taken = {entry["number"]: entry["at"] for entry in self.ledger if entry["kind"] == "capture"}
        wrong, clicks = [], Counter(line["click"] for line in self.clicks)
        for line in self.told:
            if line["told"] == "not_paid":
                by = line["at"] if clicks[line["order"]] <= 1 else line["since"]
                planned = [e for e in self.events(line["order"]) if isinstance(e, Planned) and e.at < by]
                wrong += [e.number for e in planned if taken.get(e.number, 0.0) > line["at"] + 0.01]
        return wrong

    def promises(self, *, settled: bool) -> list[str]:
        """What the library's own checkers, which share no code with its core, find in the books and the journal."""
        journal = {order: stored.events for order, stored in self.stored.items()}
        return [str(each) for each in check_promises(self._books(), journal, settled=settled) if each.promise != "I15"]

    def untold(self) -> list[str]:
        """Outcomes that were decided and never delivered."""
        told = {line["outcome"] for line in self.delivered}
        decided = {e.outcome_id: o for o in self.stored for e in self.events(o) if isinstance(e, Settled)}
        return [order for outcome, order in decided.items() if outcome not in told]

    def _books(self) -> Ledger:
        ledger, what = Ledger(), {"capture": "captured", "refund": "refunded"}
        for entry in self.ledger:
            ledger.record(
                Entry(
                    at=entry["at"],
                    what=what[entry["kind"]],  # type: ignore[arg-type]  # one of the two literals above
                    account=self.accounts[entry["provider"]],
                    number=entry["number"],
                    order_id=entry["number"][:-2],
                    amount=pf.Money(entry["amount"], entry["currency"]),
                    refund=entry["refund_number"],
                )
            )
        for arrival in self._arrivals():
            ledger.arrived(arrival)
        return ledger

    def _arrivals(self) -> Iterator[Arrival]:
        for line in self.requests:
            if line["operation"] in LOGGED and line["number"]:
                yield Arrival(
                    at=line["at"],
                    kind=Kind(line["operation"]),
                    account=self.accounts[line["provider"]],
                    number=line["number"],
                    order_id=line["number"][:-2],
                    amount=PRICE,
                    shop_at=line["at"] + 0.01,  # the sandbox keeps time by itself: NTP may move the machine's clock
                )

    def story(self, order_or_number: str) -> str:
        """What the journal and the books say about an order, for whoever has to find out why."""
        order = next((each for each in self.stored if order_or_number in (each, *self._numbers(each))), order_or_number)
        lines = [f"{event.at:.3f} {event}" for event in self.events(order)]
        lines += [f"{each['at']:.3f} {each}" for each in (*self.requests, *self.ledger) if each["number"][:-2] == order]
        return "\n".join([f"{order}, due {self.stored[order].due if order in self.stored else None}", *sorted(lines)])

    def _numbers(self, order: str) -> list[str]:
        return [event.number for event in self.events(order) if isinstance(event, Planned)]

    def summary(self) -> dict[str, int]:
        """What happened, for people."""
        counts: dict[str, int] = defaultdict(int, orders=len(self.stored), requests=len(self.requests))
        for order in self.stored:
            for kind in self.kinds(order) or {"open"}:
                counts[kind] += 1
            events = self.events(order)
            counts["several attempts"] += sum(isinstance(event, Planned) for event in events) > 1
            counts["surplus"] += sum(isinstance(event, Excess) for event in events)
            counts["crashed"] += any(isinstance(event, Seen) and event.source == "crash" for event in events)
        for entry in self.ledger:
            counts[entry["kind"]] += 1
        for line in self.told:
            counts[f"told {line['told']}"] += 1
        return dict(counts)


def _integrity(town: Town) -> list[str]:
    """What SQLite says of its file; a PostgreSQL server checks its own."""
    if not town.journal.exists():
        return ["ok"]
    with closing(sqlite3.connect(town.journal)) as connection:
        return [row[0] for row in connection.execute("PRAGMA integrity_check")]


def _read_journal(town: Town) -> dict[str, Stored]:
    """Every order, by its id."""
    journal = open_journal(town.journal_url)
    try:
        listed = ask(journal.list, (), 1_000_000)
        keys = [ask(journal.find, summary.order_id)[0] for summary in listed]
        stored = [ask(journal.load, key) for key in keys]
        return {summary.order_id: each for summary, each in zip(listed, stored, strict=True)}
    finally:
        journal.close()


def ask(submit: Any, *given: Any) -> Any:
    """Call a journal method and wait for what it reports."""
    came: SimpleQueue[Any] = SimpleQueue()
    submit(*given, came.put)
    told = came.get(timeout=30.0)
    if isinstance(told, BaseException):
        raise told
    return told

"""What the tests of the fakes share: accounts, operations, providers and short journals."""

from __future__ import annotations

from collections.abc import Iterable

from payfallback._core.events import Event, Opened, Planned, Seen, Sending, Settled, Won
from payfallback._core.operations import Answer, Kind, Notice, Operation
from payfallback.model import Money, Option
from payfallback.policy import Account, Capabilities
from payfallback.results import Outcome, Result
from payfallback.testing import Arrival, Entry, FakeProvider, Faults, Ledger, VirtualClock, check_promises

JD = Account(name="jd", provider="jdpay", merchant="110")
PRICE = Money(599900, "CNY")
T0 = 1_767_225_600.0


def operation(kind: Kind = Kind.CHARGE, number: str = "A1x01", **more: object) -> Operation:
    """An operation on channel `baitiao` for order A1."""
    given = {"option": Option("baitiao"), "product": "", "amount": PRICE, "order_id": "A1", **more}
    return Operation(kind=kind, number=number, **given)


class Scene:
    """A fake provider with its clock, ledger, faults, and the notifications it sent."""

    def __init__(self, can: Capabilities | None = None, **more: object) -> None:
        self.clock, self.ledger, self.faults = VirtualClock(T0), Ledger(), Faults(["baitiao", "wechat"])
        self.notices: list[Notice] = []
        more.setdefault("on_notification", self.notices.append)
        self.provider = FakeProvider(JD, can or Capabilities(), self.clock, self.ledger, self.faults, **more)

    def ask(self, kind: Kind = Kind.CHARGE, number: str = "A1x01", **more: object) -> Answer:
        """Make one call as the runtime does and read what comes back."""
        asked = operation(kind, number, **more)
        call = self.provider.call(asked)
        assert call is not None
        try:
            result = call()
        except Exception as error:  # noqa: BLE001  # the runtime hands `read` whatever was raised
            result = error
        return self.provider.read(asked, result)


# ---------------------------------------------------------------- hand-made histories


class Story:
    """A journal and a ledger written by hand: what a run could have left behind."""

    def __init__(self, order: str = "A1", amount: Money = PRICE) -> None:
        self.ledger, self.order, self.amount = Ledger(), order, amount
        self.events: list[Event] = [Opened(T0, order, "", amount, T0 + 1800, "switch")]
        self.delivered: list[Outcome] = []
        self.requests = 0

    def number(self, seq: int) -> str:
        """The number of an attempt."""
        return f"{self.order}x{seq:02}"

    def plan(self, seq: int, **more: object) -> Story:
        """The attempt gets its number."""
        given = {"number": self.number(seq), "option": "baitiao", "account": JD.id, "starts": "server", **more}
        self.events.append(Planned(T0, seq, **given))
        return self

    def send(self, seq: int, what: str = "charge", *, arrives: bool = True, **more: object) -> Story:
        """The intent, then (unless it is lost) the request at the provider."""
        self.requests += 1
        self.events.append(Sending(T0, seq, self.requests, what, T0 + 3, **more))
        if arrives:
            self.arrive(seq, Kind(what), refund=str(more.get("refund", "")))
        return self

    def arrive(self, seq: int, kind: Kind = Kind.CHARGE, **more: object) -> Story:
        """A request reaches the provider."""
        given = {"account": JD.id, "amount": self.amount, "shop_at": T0, "refund": "", **more}
        number, asked_for, refund = self.number(seq), given["amount"], given["refund"]
        self.ledger.arrived(
            Arrival(T0, kind, given["account"], number, self.order, asked_for, given["shop_at"], refund)
        )
        return self

    def book(
        self, seq: int, what: str = "captured", amount: Money | None = None, refund: str = "", **more: str
    ) -> Story:
        """Money moves at the provider."""
        account = more.get("account", JD.id)
        self.ledger.record(Entry(T0, what, account, self.number(seq), self.order, amount or self.amount, refund))
        return self

    def see(self, seq: int, what: str, verdict: str, **more: object) -> Story:
        """Evidence is written."""
        more.setdefault("request", self.requests)
        self.events.append(Seen(T0, seq, what, verdict, **more))
        return self

    def add(self, *events: Event) -> Story:
        """Any other event."""
        self.events += events
        return self

    def settle(self, kind: str, seq: int = 0, *, deliver: bool = True, name: str = "") -> Story:
        """An outcome is written and, unless told otherwise, delivered."""
        name = name or f"{self.order}-{kind}"
        self.events.append(Settled(T0, name, kind, seq))
        if deliver:
            self.delivered.append(Outcome(id=name, order_id=self.order, kind=kind, amount=self.amount, at=T0))
        return self

    def pay(self, seq: int) -> Story:
        """A whole good payment."""
        self.plan(seq).send(seq).book(seq)
        self.see(seq, "charge", "captured", minor=self.amount.minor, currency=self.amount.currency)
        self.add(Won(T0, seq))
        return self.settle("paid", seq)

    @property
    def journal(self) -> dict[str, tuple[Event, ...]]:
        """The journal as the checkers take it."""
        return {self.order: tuple(self.events)}


CAPTURED = {"minor": PRICE.minor, "currency": "CNY"}


def broken(story: Story, results: Iterable[Result] = (), **more: object) -> list[str]:
    """The promises that a story breaks, sorted."""
    found = check_promises(story.ledger, story.journal, results, story.delivered, **more)
    return sorted(each.promise for each in found)


def first(**planned: object) -> Story:
    """An attempt whose charge was sent, and no more."""
    return Story().plan(1, **planned).send(1)


def copy(story: Story) -> Story:
    """A story to write on; the tables above stay as they are."""
    made = Story()
    made.events, made.delivered, made.requests = list(story.events), list(story.delivered), story.requests
    for arrival in story.ledger.arrivals():
        made.ledger.arrived(arrival)
    for entry in story.ledger.entries():
        made.ledger.record(entry)
    return made

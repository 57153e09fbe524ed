"""Fake, faults, ledger and checkers together: a payer that breaks a rule is caught by the rule it breaks."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from fake_scenes import JD, PRICE, T0, Scene, operation

from payfallback._core.events import Died, Event, Excess, Opened, Planned, Seen, Sending, Settled, Won
from payfallback._core.operations import Answer, Kind
from payfallback.policy import Capabilities
from payfallback.results import Outcome
from payfallback.taxonomy import Verdict
from payfallback.testing import check_promises

CAN = Capabilities(close=True, close_names_trade=True)


@dataclass
class Payer:
    """Pays one order over two attempts, by hand. `closes`: whether it makes sure before it goes on; `writes`:
    whether it writes its intent down before it sends."""

    scene: Scene
    closes: bool = True
    writes: bool = True
    requests: int = 0
    events: list[Event] = field(default_factory=lambda: [Opened(T0, "A1", "", PRICE, T0 + 900, "switch")])

    def ask(self, seq: int, kind: Kind, **more: object) -> Answer:
        """Write down, send, write down what came back."""
        now = self.scene.clock.epoch()
        self.requests += 1
        if kind is not Kind.QUERY and (self.writes or kind is not Kind.CHARGE):
            refund = str(more.get("refund_number", ""))
            self.events.append(Sending(now, seq, self.requests, kind.value, now + 3, refund=refund))
        answer = self.scene.ask(kind, f"A1x0{seq}", **more)
        money = {"minor": answer.amount.minor, "currency": answer.amount.currency} if answer.amount else {}
        given = {"request": self.requests, "final": answer.final, "named": answer.named, **money}
        self.events.append(Seen(self.scene.clock.epoch(), seq, kind.value, answer.verdict.value, **given))
        return answer

    def pay(self) -> None:
        """Attempt after attempt until one is captured."""
        for seq in (1, 2):
            self.events.append(Planned(self.scene.clock.epoch(), seq, f"A1x0{seq}", "baitiao", JD.id, "server"))
            answer = self.ask(seq, Kind.CHARGE)
            if answer.verdict in (Verdict.UNKNOWN, Verdict.PENDING) and self.closes:
                answer = self.ask(seq, Kind.QUERY)
                while answer.verdict not in (Verdict.CAPTURED, Verdict.CLOSED):
                    answer = self.ask(seq, Kind.CLOSE)
            if answer.verdict is Verdict.CAPTURED:
                self.events += [Won(T0, seq), Settled(T0, "o1", "paid", seq)]
                return

    def broken(self, *, surplus: bool = True) -> set[str]:
        """The promises it broke."""
        told = [Outcome(id="o1", order_id="A1", kind="paid", amount=PRICE, at=T0)]
        found = check_promises(self.scene.ledger, {"A1": self.events}, (), told, surplus=surplus)
        return {each.promise for each in found}


@pytest.mark.parametrize(
    "fault", ["reply_lost", "malformed", "slow:5", "captured_late:40", "unsigned", "delivered_late:2"]
)
def test_a_careful_payer_keeps_its_promises(fault: str) -> None:
    """Who makes sure before going on pays once, whatever becomes of the first charge."""
    payer = Payer(Scene(CAN))
    payer.scene.faults.outage("baitiao", fault, operation="charge", times=1)
    payer.pay()
    payer.scene.clock.advance(100)
    assert payer.broken(surplus=False) == set()
    assert payer.scene.ledger.simultaneous("A1") == 1


@pytest.mark.parametrize("fault", ["reply_lost", "malformed", "unsigned", "slow:5"])
def test_a_hasty_payer_is_caught(fault: str) -> None:
    """Who goes on without proof captures twice, and the checkers say which promise that breaks."""
    payer = Payer(Scene(CAN), closes=False)
    payer.scene.faults.outage("baitiao", fault, operation="charge", times=1)
    payer.pay()
    payer.scene.clock.advance(100)
    assert payer.broken() == {"I1", "I3", "I14"}
    assert payer.scene.ledger.simultaneous("A1") == 2


def test_a_forgetful_payer_is_caught() -> None:
    """Who sends before writing is caught even when nothing went wrong."""
    payer = Payer(Scene(CAN), writes=False)
    payer.pay()
    assert payer.broken() == {"I2"}


def test_surplus_goes_back() -> None:
    """A stray capture that is recognised and refunded leaves no promise broken, but it was there for a moment."""
    payer = Payer(Scene(CAN))
    payer.scene.faults.outage("baitiao", "delivered_late:60", operation="charge", times=1)
    payer.events.append(Planned(T0, 1, "A1x01", "baitiao", JD.id, "server"))
    payer.ask(1, Kind.CHARGE)
    payer.events.append(Seen(T0, 1, "report", "closed", source="report"))  # a provider's word that was not true
    payer.events.append(Planned(T0, 2, "A1x02", "baitiao", JD.id, "server"))
    payer.ask(2, Kind.CHARGE)
    payer.events += [Won(T0, 2), Settled(T0, "o1", "paid", 2)]
    payer.scene.clock.advance(60)
    assert [each.number for each in payer.scene.notices] == ["A1x01"]
    assert {"I1", "I14"} <= payer.broken()
    payer.events.append(Excess(T0, 1, "late"))
    payer.ask(1, Kind.REFUND, refund_number="s1", refund_amount=PRICE)
    assert payer.broken() == set()
    assert payer.broken(surplus=False) == {"I1"}


def test_clock_jumps_break_no_promise() -> None:
    """The checkers do not mistake a wrong clock of the shop for a request sent before its intent."""
    payer = Payer(Scene(CAN))
    payer.scene.clock.jump_epoch(500)
    payer.events.append(Planned(payer.scene.clock.epoch(), 1, "A1x01", "baitiao", JD.id, "server"))
    exchange = payer.scene.provider.send(operation())
    payer.events.append(Sending(payer.scene.clock.epoch(), 1, 1, "charge", 0.0))
    payer.scene.clock.jump_epoch(-900)
    payer.scene.clock.advance(exchange.takes)
    payer.events += [Seen(T0, 1, "charge", "captured", request=1), Won(T0, 1), Settled(T0, "o1", "paid", 1)]
    assert payer.broken() == set()


def test_nothing_dies_by_a_word() -> None:
    """A death that is only claimed is held against the ledger."""
    payer = Payer(Scene(CAN))
    payer.events.append(Planned(T0, 1, "A1x01", "baitiao", JD.id, "server"))
    payer.ask(1, Kind.CHARGE)
    payer.events += [Died(T0, 1, "never_sent"), Settled(T0, "o1", "expired")]
    assert {"I3", "I14"} <= payer.broken()

"""The checkers that watch from outside: each sees what it is there for, and nothing where all is well."""

from __future__ import annotations

import pytest

import payfallback as pf
from payfallback._core.events import Asked, Event, HandedOver, Opened, Planned, Seen, Sending, Won
from payfallback.bills import Finding, Reconciled
from payfallback.ports import Commit, Receipt
from payfallback.testing.simulator.clocks import WorldClock
from payfallback.testing.simulator.medium import WatchedJournal, audit
from payfallback.testing.simulator.mirror import Mirror
from payfallback.testing.simulator.open_ends import open_ends
from payfallback.testing.simulator.reckoning import after_its_time, given_up, told_again
from payfallback.testing.simulator.watch import Watch, WatchedLedger

CNY = pf.Money(5900, "CNY")
OPENED = Opened(0.0, "A1", "", CNY, 300.0, "switch")
ASKED = Asked(0.0, "pay", "a", ("b",))
PLANNED = Planned(0.0, 1, "A0101", "a", "acc", "server")
SENT = Sending(0.0, 1, 1, "charge", 3.0)
PAID = Seen(1.0, 1, "charge", "captured", 1, minor=5900, currency="CNY")
REFUSED = Seen(1.0, 1, "charge", "declined", 1, final=True)
HEARD = Seen(2.0, 1, "notice", "captured", source="notify", minor=5900, currency="CNY")
BEGUN: tuple[Event, ...] = (OPENED, ASKED, PLANNED, SENT)


class Noted:
    """A mirror, and what it blamed."""

    def __init__(self) -> None:
        self.clock = WorldClock()
        self.mirror = Mirror(self.clock)
        self.blamed: list[str] = []
        self.mirror.blame = lambda promise, key, facts: self.blamed.append(promise)

    def commit(self, version: int | None, *events: Event, **more: object) -> None:
        """A commit that the medium took."""
        given = {"due": 10.0, **more}
        before = len(self.mirror.events("k"))
        taken = Receipt(ok=True, version=before + len(events), fence=1)
        self.mirror.committed(Commit(key="k", version=version, events=events, **given), taken)  # type: ignore[arg-type]  # a test's own words


def test_a_decision_over_an_old_state_is_seen() -> None:
    """I7: a commit that has not seen everything before it decides nothing; evidence may always come."""
    noted = Noted()
    noted.commit(0, *BEGUN)
    noted.commit(None, PAID)
    noted.commit(5, HEARD)
    assert noted.blamed == []
    noted.commit(5, Won(2.0, 1))
    assert noted.blamed == ["I7"]


def test_a_decision_without_the_lease_is_seen() -> None:
    """I7: while somebody holds the lease nobody else decides; when it has run out anybody may."""
    noted = Noted()
    noted.commit(0, *BEGUN, take_lease=10.0, owner="p0")
    noted.commit(4, PAID, owner="p1")
    assert noted.blamed == ["I7"]
    noted.clock.advance(11.0)
    noted.commit(5, Won(11.0, 1), owner="p1")
    assert noted.blamed == ["I7"]


def test_a_commit_of_which_a_part_is_gone_is_seen() -> None:
    """I2: what was acknowledged is there, all of it."""
    noted = Noted()
    noted.mirror.committed(Commit(key="k", version=0, events=BEGUN, due=10.0), Receipt(ok=True, version=3, fence=0))
    assert noted.blamed == ["I2"]


def test_an_order_that_nobody_would_look_at_again_is_seen() -> None:
    """I8: no time to look again, and an attempt is out."""
    noted = Noted()
    noted.commit(0, *BEGUN, due=None)
    assert noted.blamed == ["I8"]


def test_what_is_over_needs_no_further_look() -> None:
    """I8: the winner, what was never sent, and the dead past the time for which they are watched."""
    assert list(open_ends((*BEGUN, PAID, Won(1.0, 1)), 2.0, 0.0)) == []
    unsent = Seen(1.0, 1, "charge", "not_sent", 1)
    assert list(open_ends((*BEGUN, unsent), 2.0, 0.0)) == []
    assert "watched" in next(open_ends((*BEGUN, REFUSED), 2.0, 0.0))
    assert list(open_ends((*BEGUN, REFUSED), 7201.0, 0.0)) == []


def test_a_medium_that_lost_an_order_is_seen() -> None:
    """I2: at the end every order is held against what was acknowledged of it."""
    medium, blamed = WatchedJournal(WorldClock()), []
    medium.mirror.blame = lambda promise, key, facts: blamed.append(promise)
    medium.submit(Commit(key="k", version=0, events=BEGUN, due=10.0), lambda receipt: None)
    audit(medium)
    assert blamed == []
    medium._orders.clear()
    audit(medium)
    assert blamed == ["I2"]


def test_a_charge_after_its_time_is_seen() -> None:
    """I16: nothing is charged after `pay_by`."""
    late = Sending(301.0, 1, 2, "charge", 304.0)
    assert [promise for promise, _ in after_its_time((*BEGUN, late))] == ["I16"]
    assert list(after_its_time(BEGUN)) == []


def test_an_order_that_was_given_up_and_won_is_seen() -> None:
    """I9: the money goes back instead."""
    gone = Asked(0.5, "cancel")
    assert [promise for promise, _ in given_up((*BEGUN, gone, PAID, Won(1.0, 1)))] == ["I9"]
    assert list(given_up((*BEGUN, PAID, gone, Won(1.0, 1)))) == []


def test_a_notification_that_comes_again_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """I10: told once more the state is the same; a library that moved it would be seen."""
    from payfallback._core import fold, state

    told = (*BEGUN, PAID, HEARD)
    assert list(told_again(told)) == []
    assert [promise for promise, _ in told_again((HandedOver(0.0, 1),))] == ["code"]
    monkeypatch.setitem(state.TRANSITIONS[state.Status.CAPTURED], state.Fact.PAID, state.Status.SURPLUS)
    assert [promise for promise, _ in told_again((*BEGUN, HEARD))] == ["I10"]
    assert fold.fold(told).attempts[0].status is state.Status.SURPLUS


def test_a_bill_that_knows_what_nobody_knows_is_seen() -> None:
    """I14: a line for a person is a violation, unless the provider broke its word or somebody used its console."""
    watch = Watch(WatchedLedger(), WatchedJournal(WorldClock()), lenient=False, recorded=True)
    finding = Finding(met="unknown", number="A0101", amount=CNY, order_id="A1")
    report = Reconciled(channel="a", account="acc", day="2026-01-01", lines=1, counts={}, findings=(finding,))
    watch.reconciled(report)
    assert [each.promise for each in watch.wrong] == ["I14"]
    watch.by_hand.add("A1")
    watch.reconciled(report)
    assert len(watch.wrong) == 1

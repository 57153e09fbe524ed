"""What was decided and told (I5, I13, I15): each check bites on a bad history and is silent on a good one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from fake_scenes import CAPTURED, PRICE, T0, Story, broken, copy, first

from payfallback._core.events import Event, Excess, Won
from payfallback._core.operations import Kind
from payfallback.model import Money
from payfallback.results import Outcome, Paid, Result
from payfallback.testing import Ledger, PromiseBroken, assert_promises_kept


def test_i5_two_winners() -> None:
    """The winner is written once."""
    assert "I5" in broken(Story().pay(1).add(Won(T0, 1)))


def test_i5_a_winner_without_a_capture() -> None:
    """The ledger must hold what the journal calls won, and evidence must have been written before."""
    story = first().see(1, "charge", "captured", **CAPTURED).add(Won(T0, 1)).settle("paid", 1)
    assert broken(story) == ["I5"]
    blind = first().book(1).add(Won(T0, 1)).see(1, "query", "captured", **CAPTURED).settle("paid", 1)
    assert broken(blind) == ["I5"]
    assert broken(Story().add(Won(T0, 3)).settle("paid", 3)) == ["I5"]


def test_i5_a_winner_that_a_cancel_may_undo() -> None:
    """After a cancel that refunds was sent, the attempt cannot win, unless that cancel never left."""
    story = first().send(1, "close", refunds=True).see(1, "close", "unknown")
    undone = copy(story).book(1).see(1, "query", "captured", **CAPTURED).add(Won(T0, 1)).settle("paid", 1)
    assert broken(undone) == ["I5"]
    unsent = first().send(1, "close", arrives=False, refunds=True).see(1, "close", "not_sent").book(1)
    assert broken(unsent.see(1, "query", "captured", **CAPTURED).add(Won(T0, 1)).settle("paid", 1)) == []


def test_i5_told_paid() -> None:
    """`Paid` names the winner's number; a loser's, a stranger's, or nobody's is a lie."""
    good = Story().pay(1)
    told = Paid(order_id="A1", option="baitiao", amount=PRICE, number="A1x01")
    assert broken(good, [told]) == []
    assert broken(good, [Paid(order_id="A1", option="baitiao", amount=PRICE, number="A1x09")]) == ["I5"]
    fallen = first().see(1, "charge", "declined", final=True).pay(2)
    assert broken(fallen, [told]) == ["I5"]
    nobody = first().see(1, "charge", "declined", final=True)
    assert broken(nobody, [told]) == ["I5"]


def test_i13_told_another_amount() -> None:
    """What is told is the order's amount."""
    told = Paid(order_id="A1", option="baitiao", amount=Money(1, "CNY"), number="A1x01")
    assert broken(Story().pay(1), [told]) == ["I13"]


def test_i13_a_winner_with_another_amount() -> None:
    """Neither evidence nor ledger may show another amount or currency for the winner."""
    seen = first().book(1).see(1, "charge", "captured", minor=1, currency="CNY").add(Won(T0, 1)).settle("paid", 1)
    assert broken(seen) == ["I13"]
    money = first().book(1, "captured", Money(1, "CNY")).see(1, "charge", "captured", **CAPTURED)
    assert "I13" in broken(money.add(Won(T0, 1)).settle("paid", 1))


def test_i13_a_mismatch_stands_before_a_person() -> None:
    """Another amount than asked for is for a person, or goes back."""
    story = first().book(1, "captured", Money(1, "CNY")).see(1, "charge", "captured", minor=1, currency="CNY")
    assert "I13" in broken(copy(story))
    assert broken(copy(story).settle("needs_person", 1)) == []


def test_i14_surplus_and_winners_are_resolved() -> None:
    """An attempt that was captured is resolved when it is the winner or known surplus."""
    assert broken(Story().pay(1)) == []
    late = first().see(1, "charge", "declined", final=True).pay(2).book(1).see(1, "query", "captured", **CAPTURED)
    late.add(Excess(T0, 1, "late")).send(1, "refund", refund="s").book(1, "refunded", refund="s")
    assert broken(late) == []


def test_i15_every_outcome_is_delivered() -> None:
    """At the end each outcome was taken by the shop; while faults last it may still be on its way."""
    story = first().see(1, "charge", "declined", final=True).settle("expired", deliver=False)
    assert broken(story) == ["I15"]
    assert broken(story, settled=False) == []


def test_i15_delivered_twice_is_allowed() -> None:
    """At least once, under one id."""
    story = Story().pay(1)
    story.delivered *= 2
    assert broken(story) == []


def test_i15_one_id_per_decision() -> None:
    """Two outcomes of one kind, or one id for two decisions, would tell the shop twice."""
    assert "I15" in broken(Story().pay(1).settle("paid", 1, name="again"))
    assert "I15" in broken(Story().settle("expired", name="x").settle("cancelled", name="x"))
    twice = Story().settle("needs_person", 1, name="p1").settle("needs_person", 1, name="p2")
    assert broken(twice) == ["I15"]


def test_i15_a_winner_is_told() -> None:
    """The commit that writes the winner writes its outcome; an outcome of nobody is a lie."""
    assert broken(first().book(1).see(1, "charge", "captured", **CAPTURED).add(Won(T0, 1))) == ["I15"]
    assert broken(Story().settle("paid")) == ["I5"]


def test_i15_deliveries_that_nobody_decided() -> None:
    """The shop is told nothing that the journal did not decide, nor something else under its id."""
    story = Story().pay(1)
    story.delivered.append(Outcome(id="ghost", order_id="A1", kind="expired", amount=PRICE, at=T0))
    assert broken(story) == ["I15"]
    other = Story().pay(1)
    other.delivered.append(Outcome(id="A1-paid", order_id="A1", kind="expired", amount=PRICE, at=T0))
    assert broken(other) == ["I15"]


def test_i13_a_delivered_amount() -> None:
    """The shop is told the order's amount."""
    story = Story().pay(1)
    story.delivered = [Outcome(id="A1-paid", order_id="A1", kind="paid", amount=Money(1, "CNY"), at=T0)]
    assert broken(story) == ["I13"]


def test_i15_outcomes_are_written_with_their_decision() -> None:
    """The journal's outcomes and its events say the same."""
    story = Story().pay(1)
    assert broken(story, outcomes=story.delivered) == []
    assert broken(story, outcomes=[]) == ["I15"]
    ghost = Outcome(id="ghost", order_id="A1", kind="paid", amount=PRICE, at=T0)
    assert broken(story, outcomes=[*story.delivered, ghost]) == ["I15"]


class Lab:
    """The least that the assertion needs."""

    def __init__(self, story: Story) -> None:
        self.ledger: Ledger = story.ledger
        self.results: list[Result] = []
        self.outcomes = self.deliveries = story.delivered
        self._journal = story.journal

    def orders(self) -> Iterable[str]:
        """The journal's keys."""
        return self._journal

    def events(self, key: str) -> Sequence[Event]:
        """An order's journal."""
        return self._journal[key]


def test_the_assertion() -> None:
    """It is silent when all is well and raises with every violation, readable, when not."""
    assert_promises_kept(Lab(Story().pay(1)))
    bad = Story().pay(1).book(1).arrive(2)
    with pytest.raises(PromiseBroken, match="2 broken promise") as caught:
        assert_promises_kept(Lab(bad))
    assert [each.promise for each in caught.value.violations] == ["I1", "I2"]


def test_the_assertion_stays_readable() -> None:
    """Many violations are cut in the message, not in the value."""
    bad = Story().pay(1)
    for seq in range(2, 52):
        bad.arrive(seq, Kind.CHARGE)
    with pytest.raises(PromiseBroken, match="and 30 more") as caught:
        assert_promises_kept(Lab(bad))
    assert len(caught.value.violations) == 50

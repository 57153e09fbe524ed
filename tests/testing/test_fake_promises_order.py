"""The checkers that start from the journal: each bites on a bad history and is silent on a good one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from fake_scenes import PRICE, T0, Story

from payfallback._core.events import Died, Event, Excess, HandedOver, Won
from payfallback._core.operations import Kind
from payfallback.model import Money
from payfallback.results import Outcome, Paid, Result
from payfallback.testing import Ledger, PromiseBroken, assert_promises_kept, check_promises

CAPTURED = {"minor": PRICE.minor, "currency": "CNY"}


def broken(story: Story, results: Iterable[Result] = (), **more: object) -> list[str]:
    """The promises that a story breaks, sorted."""
    found = check_promises(story.ledger, story.journal, results, story.delivered, **more)
    return sorted(each.promise for each in found)


def first(**planned: object) -> Story:
    """An attempt whose charge was sent, and no more."""
    return Story().plan(1, **planned).send(1)


DEAD: dict[str, Story] = {
    "refused for good": first().see(1, "charge", "declined", final=True),
    "never connected": Story().plan(1).send(1, arrives=False).see(1, "charge", "not_sent"),
    "a retry refused for good": Story()
    .plan(1)
    .send(1, arrives=False)
    .see(1, "charge", "not_sent")
    .send(1)
    .see(1, "charge", "declined", final=True),
    "closed by name": first().send(1, "close").see(1, "close", "closed", named=True),
    "closed, and a query shows it": first().send(1, "close").see(1, "close", "accepted").see(1, "query", "closed"),
    "refused for good, says the query": first().see(1, "charge", "unknown").see(1, "query", "declined", final=True),
    "refused for good, says a notification": first().see(
        1, "charge", "declined", final=True, request=0, source="notify"
    ),
    "cancelled with a refund": first()
    .book(1)
    .see(1, "query", "captured")
    .send(1, "close", refunds=True)
    .book(1, "refunded", refund="close-1")
    .see(1, "close", "refunded", named=True),
    "never sent": Story().plan(1).send(1, arrives=False).add(Died(T0, 1, "never_sent")),
    "never exposed": first(starts="shopper").see(1, "charge", "unknown").add(Died(T0, 1, "not_exposed")),
    "not found, past its expiry": first(expires_at=T0 + 60)
    .see(1, "query", "not_found", provider_time=T0 + 70)
    .add(*Story().see(1, "query", "not_found", provider_time=T0 + 99).events[1:])
    .add(Died(T0, 1, "not_found")),
}

ALIVE: dict[str, Story] = {
    "silence": first(),
    "unknown": first().see(1, "charge", "unknown"),
    "pending": first().see(1, "charge", "pending"),
    "a refusal that is not final": first().see(1, "charge", "declined"),
    "a refusal of a resend while the first is unanswered": first().send(1).see(1, "charge", "declined", final=True),
    "an ok that names nothing": first().send(1, "close").see(1, "close", "accepted"),
    "a close that names nothing": first().send(1, "close").see(1, "close", "closed"),
    "not found": first().see(1, "query", "not_found").see(1, "query", "not_found"),
    "captured after it was closed": first()
    .send(1, "close")
    .see(1, "close", "closed", named=True)
    .see(1, "query", "captured"),
    "held after it was closed": first()
    .send(1, "close")
    .see(1, "close", "closed", named=True)
    .see(1, "query", "authorised"),
    "sent again after it was closed": first().send(1, "close").see(1, "close", "closed", named=True).send(1),
    "taken over from old code": Story().plan(1, adopted=True),
}


DEAD["captured, and surplus on its way back"] = (
    first()
    .book(1)
    .see(1, "query", "captured")
    .add(Excess(T0, 1, "cancelled"))
    .send(1, "refund", refund="s")
    .book(1, "refunded", refund="s")
)
DEAD["captured, and a refund of all of it was notified"] = (
    first()
    .book(1)
    .see(1, "query", "captured", **CAPTURED)
    .send(1, "close", refunds=True)
    .book(1, "refunded", refund="close-1")
    .see(1, "query_refund", "refunded", refund="close-1", minor=PRICE.minor, request=0, source="notify")
)
ALIVE["captured, and a part of it refunded"] = (
    first()
    .see(1, "query", "captured", **CAPTURED)
    .see(1, "query_refund", "refunded", refund="r", minor=5, request=0, source="notify")
)
ALIVE["called surplus without a capture"] = first().add(Excess(T0, 1, "late"))


def copy(story: Story) -> Story:
    """A story to write on; the tables above stay as they are."""
    made = Story()
    made.events, made.delivered, made.requests = list(story.events), list(story.delivered), story.requests
    for arrival in story.ledger.arrivals():
        made.ledger.arrived(arrival)
    for entry in story.ledger.entries():
        made.ledger.record(entry)
    return made


def apart(story: Story) -> Story:
    """The same, with the not-found answers at different times."""
    made = copy(story)
    events: list[Event] = []
    for n, event in enumerate(made.events):
        given = {name: getattr(event, name) for name in type(event).__value_fields__}
        events.append(type(event)(**{**given, "at": T0 + n / 1000}) if event.name == "seen" else event)
    made.events = events
    return made


@pytest.mark.parametrize("how", DEAD)
def test_i3_evidence_allows_the_next_channel(how: str) -> None:
    """After each kind of proof the next channel may be charged."""
    assert broken(apart(DEAD[how]).pay(2)) == []


@pytest.mark.parametrize("how", ALIVE)
def test_i3_no_evidence_no_next_channel(how: str) -> None:
    """Without proof the next charge breaks the promise, and an attempt left like this is not resolved."""
    assert "I3" in broken(apart(ALIVE[how]).pay(2), settled=False)
    assert "I14" in broken(apart(ALIVE[how]))


def test_i3_the_proof_must_come_first() -> None:
    """Evidence that was written after the next charge does not count."""
    story = first().plan(2).send(2).see(1, "charge", "declined", final=True, request=1)
    assert broken(story.see(2, "charge", "declined", final=True)) == ["I3"]


def test_i3_names_what_was_known() -> None:
    """The message says which attempts, and what the journal had seen by then."""
    story = first().see(1, "charge", "unknown").pay(2)
    (found,) = check_promises(story.ledger, story.journal, (), story.delivered, settled=False)
    for fact in ("I3 order A1", "attempt 2 (baitiao, A1x02)", "attempt 1 (baitiao, A1x01)", "charge unknown"):
        assert fact in str(found)


def test_i4_an_older_attempt_charged_again() -> None:
    """A resend of the attempt that was left, while the next one is out."""
    story = first().see(1, "charge", "declined", final=True).plan(2).send(2).send(1)
    assert "I4" in broken(story, settled=False)


@pytest.mark.parametrize(
    ("story", "why"),
    [
        (first().add(Died(T0, 1, "never_sent")), "arrived at the provider"),
        (first().add(Died(T0, 1, "not_exposed")), "without the shopper"),
        (first(starts="shopper").add(HandedOver(T0, 1), Died(T0, 1, "not_exposed")), "handed over"),
        (first(expires_at=T0).see(1, "query", "not_found", provider_time=T0 + 9).add(Died(T0, 1, "not_found")), "two"),
        (
            apart(first().see(1, "query", "not_found").see(1, "query", "not_found")).add(Died(T0, 1, "not_found")),
            "no absolute",
        ),
        (
            apart(
                first(expires_at=T0 + 60)
                .see(1, "query", "not_found", provider_time=T0 + 50)
                .see(1, "query", "not_found", provider_time=T0 + 59)
            ).add(Died(T0, 1, "not_found")),
            "provider's clock",
        ),
        (first().add(Died(T0, 1, "bored")), "no reason"),
    ],
)
def test_i3_deaths_are_borne_out(story: Story, why: str) -> None:
    """A declared death needs what it claims: nothing arrived, nothing was shown, or nothing can arrive any more."""
    (found,) = check_promises(story.ledger, story.journal)
    assert found.promise == "I3"
    assert why in found.facts


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

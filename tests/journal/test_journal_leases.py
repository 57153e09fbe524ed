"""Leases and fences: one decider at a time, and a stale one decides nothing."""

from __future__ import annotations

import pytest
from journal_cases import START, HandClock, add, ask, load, new, opened, seen, submit, won

from payfallback.errors import ProgrammingError
from payfallback.ports import Commit, Journal, Receipt

REFUSED = Receipt(ok=False, conflict="lease")


def test_creating_takes_the_lease(journal: Journal) -> None:
    """The first commit can take the lease; its number is 1."""
    assert submit(journal, new(owner="payer", take_lease=10)).fence == 1
    stored = load(journal)
    assert (stored.owner, stored.fence, stored.lease_left) == ("payer", 1, 10)


def test_who_holds_the_lease_decides(journal: Journal) -> None:
    """With the number of its lease a writer goes on; without one, or with another, it is refused."""
    submit(journal, new(owner="payer", take_lease=10))
    assert submit(journal, add(1, won())) == REFUSED
    assert submit(journal, add(1, won(), owner="other", take_lease=10)) == REFUSED
    assert submit(journal, add(1, won(), fence=2)) == REFUSED
    assert submit(journal, add(1, won(), fence=1)) == Receipt(ok=True, version=2, fence=1)


def test_a_lease_of_another_owner_is_not_mine(journal: Journal) -> None:
    """Knowing the number of a lease is not holding it."""
    submit(journal, new(owner="payer", take_lease=10))
    assert submit(journal, add(1, won(), fence=1, owner="other", take_lease=10)) == REFUSED


def test_an_expired_lease_can_be_taken(journal: Journal, clock: HandClock) -> None:
    """When its time is up anybody takes the lease, under the next number."""
    submit(journal, new(owner="payer", take_lease=10))
    clock.turn(9.999)
    assert submit(journal, add(1, owner="other", take_lease=10)) == REFUSED
    clock.turn(0.001)
    assert submit(journal, add(1, owner="other", take_lease=10)) == Receipt(ok=True, version=1, fence=2)


def test_a_zombie_is_fenced_off(journal: Journal, clock: HandClock) -> None:
    """A paused writer that wakes up after its lease was taken decides nothing, and may still add what it learned."""
    submit(journal, new(owner="payer", take_lease=10))
    clock.turn(10)
    submit(journal, add(1, owner="other", take_lease=10))
    assert submit(journal, add(1, won(), fence=1, owner="payer", take_lease=10)) == REFUSED
    assert submit(journal, add(None, seen())).ok


def test_an_expired_lease_that_nobody_took_goes_on(journal: Journal, clock: HandClock) -> None:
    """Nobody decided in between, so its holder may go on and prolong it under the same number."""
    submit(journal, new(owner="payer", take_lease=10))
    clock.turn(60)
    assert submit(journal, add(1, won(), fence=1, owner="payer", take_lease=10)).fence == 1
    assert load(journal).lease_left == 10


def test_the_same_owner_takes_a_new_number(journal: Journal, clock: HandClock) -> None:
    """Who comes without the number of the lease takes a new one, so an older self is fenced off as well."""
    submit(journal, new(owner="payer", take_lease=10))
    clock.turn(10)
    assert submit(journal, add(1, owner="payer", take_lease=10)).fence == 2
    assert submit(journal, add(1, won(), fence=1, owner="payer")) == REFUSED


def test_a_lease_is_prolonged(journal: Journal, clock: HandClock) -> None:
    """Prolonging keeps the number and starts the time anew."""
    submit(journal, new(owner="payer", take_lease=10))
    clock.turn(8)
    assert submit(journal, add(1, won(), fence=1, owner="payer", take_lease=10)).fence == 1
    assert load(journal).lease_left == 10


def test_a_lease_is_released(journal: Journal) -> None:
    """After a release the lease is free at once, and its number is worth nothing."""
    submit(journal, new(owner="payer", take_lease=10))
    assert submit(journal, add(1, won(), fence=1, take_lease=0)) == Receipt(ok=True, version=2)
    assert load(journal).lease_left == 0
    assert submit(journal, add(2, seen(), fence=1)) == REFUSED
    assert submit(journal, add(2, owner="other", take_lease=5)).fence == 2


def test_without_a_lease_anybody_decides(journal: Journal) -> None:
    """A free order is held together by its version alone."""
    submit(journal, new())
    assert submit(journal, add(1, won())) == Receipt(ok=True, version=2)
    assert submit(journal, add(1, won())).conflict == "version"


def test_the_version_is_compared_before_the_lease(journal: Journal) -> None:
    """A writer that is behind is told that it is behind."""
    submit(journal, new(owner="payer", take_lease=10))
    assert submit(journal, add(5, won())).conflict == "version"


# ---------------------------------------------------------------- claims


def test_due_orders_are_claimed_most_overdue_first(journal: Journal, clock: HandClock) -> None:
    """Recovery takes what has waited longest, as much as it asked for, and nothing that is not due."""
    for name, due in (("late", 5), ("later", 1), ("soon", 9), ("future", 60), ("settled", None)):
        submit(journal, new(name, due=None if due is None else START + due))
    clock.turn(10)
    claimed = ask(journal.claim, "recoverer", 30, 2)
    assert [each.key for each in claimed] == ["|later", "|late"]
    assert [each.key for each in ask(journal.claim, "recoverer", 30, 10)] == ["|soon"]
    assert ask(journal.claim, "another", 30, 10) == ()


def test_what_would_be_claimed_is_listed_and_not_taken(journal: Journal, clock: HandClock) -> None:
    """Whoever shares out the work sees what is due and free, most overdue first, and how often it was looked at."""
    for name, due in (("late", 5), ("later", 1), ("soon", 9), ("future", 60), ("settled", None)):
        submit(journal, new(name, due=None if due is None else START + due))
    submit(journal, new("held", due=START, owner="payer", take_lease=30))
    clock.turn(10)
    assert [(each.order_id, each.due - START) for each in ask(journal.due, 2)] == [("later", 1), ("late", 5)]
    assert [each.overdue for each in ask(journal.due, 2)] == [9, 5]
    assert ask(journal.due, 0) == ()
    assert [each.order_id for each in ask(journal.due, 10)] == ["later", "late", "soon"]
    ask(journal.claim, "recoverer", 30, 1)
    assert [each.fence for each in ask(journal.due, 10)] == [0, 0]
    clock.turn(30)
    assert {each.order_id: each.fence for each in ask(journal.due, 10)} == {"later": 1, "late": 0, "soon": 0, "held": 1}


def test_a_merchants_order_is_due_under_its_merchant(journal: Journal) -> None:
    """The key is taken apart at its first bar: an order id may hold one, a merchant never does."""
    submit(journal, Commit(key="north|A|1", version=0, events=(opened("A|1"),), due=START))
    assert [(each.merchant, each.order_id) for each in ask(journal.due, 10)] == [("north", "A|1")]


def test_a_claim_is_a_lease(journal: Journal, clock: HandClock) -> None:
    """What is claimed comes with its events and the number of its lease, and can be decided with it."""
    submit(journal, new(due=START))
    (claimed,) = ask(journal.claim, "recoverer", 30, 10)
    assert claimed == load(journal)
    assert (claimed.owner, claimed.fence, claimed.lease_left) == ("recoverer", 1, 30)
    assert submit(journal, add(1, won(), fence=claimed.fence, owner="recoverer", take_lease=0)).ok


def test_leased_orders_are_not_claimed(journal: Journal, clock: HandClock) -> None:
    """An order that somebody works on is left to them until their lease expires."""
    submit(journal, new(owner="payer", take_lease=10, due=START))
    assert ask(journal.claim, "recoverer", 30, 10) == ()
    clock.turn(10)
    assert [each.fence for each in ask(journal.claim, "recoverer", 30, 10)] == [2]


def test_one_order_is_claimed_by_its_key(journal: Journal) -> None:
    """A named order is claimed, due or not, unless it is leased or unknown."""
    submit(journal, new())
    submit(journal, new("A2", due=START))
    assert [each.key for each in ask(journal.claim, "recoverer", 30, 1, key="|A1")] == ["|A1"]
    assert ask(journal.claim, "another", 30, 1, key="|A1") == ()
    assert ask(journal.claim, "another", 30, 1, key="|A9") == ()


def test_what_is_due_is_counted_leased_or_not(journal: Journal, clock: HandClock) -> None:
    """The backlog is what should be looked at by now."""
    submit(journal, new("A1", due=START, owner="payer", take_lease=10))
    submit(journal, new("A2", due=START + 5))
    submit(journal, new("A3"))
    assert ask(journal.count_due) == 1
    clock.turn(5)
    assert ask(journal.count_due) == 2


@pytest.mark.parametrize(("owner", "lease"), [("", 10), ("recoverer", 0)])
def test_a_claim_needs_an_owner_and_time(journal: Journal, owner: str, lease: float) -> None:
    """A lease of nobody, or of no time, would protect nothing."""
    with pytest.raises(ProgrammingError):
        ask(journal.claim, owner, lease, 10)

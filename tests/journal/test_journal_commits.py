"""Compare and append: what every journal promises of a commit."""

from __future__ import annotations

import pytest
from journal_cases import ACCOUNT, START, add, ask, load, new, opened, outcome, planned, seen, submit, summary, won

from payfallback.errors import ProgrammingError
from payfallback.model import Money
from payfallback.ports import Commit, Journal, Receipt
from payfallback.results import Outcome
from payfallback.taxonomy import Cause


def test_a_new_order_is_there(journal: Journal) -> None:
    """The first commit of an order makes its events durable, in their order."""
    assert submit(journal, new("A1", opened(), planned())) == Receipt(ok=True, version=2)
    assert load(journal).events == (opened(), planned())


def test_an_unknown_order_is_nothing(journal: Journal) -> None:
    """Loading an order that nobody wrote gives None."""
    assert ask(journal.load, "|A1") is None


def test_an_order_is_created_once(journal: Journal) -> None:
    """Of two that create the same order the second is told so, and changes nothing."""
    submit(journal, new("A1", opened(minor=100)))
    assert submit(journal, new("A1", opened(minor=200))) == Receipt(ok=False, conflict="version")
    assert load(journal).events == (opened(minor=100),)


def test_events_are_appended(journal: Journal) -> None:
    """The version is the number of events."""
    submit(journal, new())
    assert submit(journal, add(1, planned(), seen())).version == 3
    assert submit(journal, add(3, won())).version == 4
    assert load(journal).events == (opened(), planned(), seen(), won())


@pytest.mark.parametrize("version", [2, 3])
def test_a_stale_version_decides_nothing(journal: Journal, version: int) -> None:
    """Who has not seen every event, or claims to have seen more, writes nothing."""
    submit(journal, new())
    assert submit(journal, add(version, won())) == Receipt(ok=False, conflict="version")
    assert load(journal).version == 1


def test_a_decision_about_an_unknown_order_is_refused(journal: Journal) -> None:
    """Only version 0 creates an order."""
    assert submit(journal, add(1, won())) == Receipt(ok=False, conflict="version")
    assert ask(journal.load, "|A1") is None


def test_evidence_is_never_refused(journal: Journal) -> None:
    """Whoever learns something writes it down, whatever the version and whoever holds the lease."""
    submit(journal, new(owner="payer", take_lease=10))
    assert submit(journal, add(None, seen("a"))) == Receipt(ok=True, version=2)
    assert submit(journal, add(None, seen("b"))).version == 3
    stored = load(journal)
    assert (stored.owner, stored.fence, stored.lease_left) == ("payer", 1, 10)


def test_evidence_of_an_unknown_order_is_refused(journal: Journal) -> None:
    """There is nothing to append it to; the inbox is the place for it."""
    assert submit(journal, add(None, seen())) == Receipt(ok=False, conflict="missing")


def test_evidence_makes_somebody_look_sooner_never_later(journal: Journal) -> None:
    """Evidence may bring a look forward; it neither postpones one nor ends the watch."""
    submit(journal, new(due=START + 60))
    for due, expected in ((START + 90, START + 60), (None, START + 60), (START + 30, START + 30)):
        submit(journal, add(None, seen(), due=due))
        assert load(journal).due == expected


def test_evidence_wakes_a_settled_order(journal: Journal) -> None:
    """A late capture of an order that nobody watches any more is looked at."""
    submit(journal, new(due=None))
    submit(journal, add(None, seen(), due=START))
    assert load(journal).due == START


def test_evidence_leaves_the_summary_alone(journal: Journal) -> None:
    """Its writer may know an old state of the order: what is shown is changed by decisions only."""
    submit(journal, new())
    submit(journal, add(None, seen(), summary=summary(state="paid")))
    assert [row.state for row in ask(journal.list, (), 10)] == ["sending"]


def test_a_decision_sets_when_to_look_again(journal: Journal) -> None:
    """`due` is replaced by every decision; None means that nothing is open."""
    submit(journal, new(due=START + 5))
    submit(journal, add(1, won(), due=None))
    assert load(journal).due is None


def test_a_number_leads_to_one_order(journal: Journal) -> None:
    """A second order that claims a number of the same account is refused, and nothing of it is written."""
    submit(journal, new("A1", numbers=((ACCOUNT, "N1"),)))
    taken = new("A2", numbers=((ACCOUNT, "N2"), (ACCOUNT, "N1")))
    assert submit(journal, taken) == Receipt(ok=False, conflict="number")
    assert ask(journal.load, "|A2") is None
    assert ask(journal.find, "N2") == ()


def test_a_number_may_be_named_again_by_its_order(journal: Journal) -> None:
    """The same provider reference in every answer is no conflict."""
    submit(journal, new(numbers=((ACCOUNT, "N1"),)))
    assert submit(journal, add(1, seen(), numbers=((ACCOUNT, "N1"), (ACCOUNT, "R1")))).ok
    assert submit(journal, add(None, seen(), numbers=((ACCOUNT, "R1"),))).ok


def test_accounts_have_their_own_numbers(journal: Journal) -> None:
    """The same number under two accounts is two attempts, and finding it finds both orders."""
    submit(journal, new("A1", numbers=(("one", "N1"),)))
    assert submit(journal, new("A2", numbers=(("two", "N1"),))).ok
    assert set(ask(journal.find, "N1")) == {"|A1", "|A2"}


def test_evidence_with_the_number_of_another_order_is_refused(journal: Journal) -> None:
    """A reference leads to one order, also when evidence brings it."""
    submit(journal, new("A1", numbers=((ACCOUNT, "R1"),)))
    submit(journal, new("A2"))
    assert submit(journal, add(None, seen(), order_id="A2", numbers=((ACCOUNT, "R1"),))).conflict == "number"
    assert load(journal, "A2").version == 1


def test_an_outcome_is_written_with_its_decision(journal: Journal) -> None:
    """A refused decision leaves no outcome; an accepted one leaves it whole."""
    told = Outcome(
        id="A1-refunded", order_id="A1", kind="refunded", amount=Money(1, "JPY"), at=START, merchant="m",
        option="baitiao/12", number="N", provider_ref="R", cause=Cause.LIMIT_GLITCH,
    )  # fmt: skip  # two lines say it
    submit(journal, new())
    submit(journal, add(7, won(), outcomes=(told,)))
    assert ask(journal.undelivered, 10) == ()
    submit(journal, add(1, won(), outcomes=(told,)))
    assert ask(journal.undelivered, 10) == (told,)


def test_an_outcome_is_written_once(journal: Journal) -> None:
    """An outcome's id is taken for ever, delivered or not."""
    submit(journal, new(outcomes=(outcome(),)))
    ask(journal.delivered, "A1-paid")
    assert submit(journal, add(1, won(), outcomes=(outcome(),))) == Receipt(ok=False, conflict="outcome")
    assert load(journal).version == 1


@pytest.mark.parametrize(
    "commit",
    [
        new(take_lease=10.0),
        add(-1, won()),
        add(0),
        add(None, seen(), outcomes=(outcome(),)),
        add(None, seen(), owner="payer", take_lease=10.0),
    ],
    ids=[
        "a lease of nobody",
        "a negative version",
        "an order without events",
        "evidence that decides",
        "evidence that leases",
    ],
)
def test_a_commit_that_cannot_be_meant_is_refused(journal: Journal, commit: Commit) -> None:
    """A commit that contradicts itself is a programmer's error, and nothing is written."""
    with pytest.raises(ProgrammingError):
        submit(journal, commit)
    assert ask(journal.load, "|A1") is None


def test_many_numbers_and_outcomes_in_one_commit(journal: Journal) -> None:
    """A commit carries as many as it needs, and outcomes keep their order."""
    numbers = tuple((ACCOUNT, f"N{n}") for n in range(5))
    outcomes = tuple(outcome(f"o{n}") for n in (3, 1, 2))
    submit(journal, new(numbers=numbers, outcomes=outcomes))
    assert ask(journal.find, "N4") == ("|A1",)
    assert [each.id for each in ask(journal.undelivered, 10)] == ["o3", "o1", "o2"]

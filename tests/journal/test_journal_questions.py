"""Listing, finding, outcomes, the inbox and manual switches: what every journal answers."""

from __future__ import annotations

import pytest
from journal_cases import ACCOUNT, START, HandClock, add, ask, new, outcome, submit, summary, won

from payfallback.errors import JournalUnavailable, ProgrammingError
from payfallback.ports import Journal, Switch


def test_an_order_is_found_by_whatever_names_it(journal: Journal) -> None:
    """By its order id, its key, an attempt's number and the provider's reference."""
    submit(journal, new(numbers=((ACCOUNT, "A101"),)))
    submit(journal, add(1, won(), numbers=((ACCOUNT, "2026R"),)))
    for text in ("A1", "|A1", "A101", "2026R"):
        assert ask(journal.find, text) == ("|A1",)
    assert ask(journal.find, "A10") == ()


def test_merchants_may_share_an_order_id(journal: Journal) -> None:
    """An order id that two merchants use leads to both orders."""
    for key in ("m1|A1", "m2|A1"):
        submit(journal, new().__class__(key=key, version=0, events=new().events, summary=summary()))
    assert set(ask(journal.find, "A1")) == {"m1|A1", "m2|A1"}


def test_orders_are_listed_by_state(journal: Journal) -> None:
    """States select, none selects all, and the limit holds."""
    for name, state in (("A1", "unknown"), ("A2", "paid"), ("A3", "unknown"), ("A4", "pending")):
        submit(journal, new(name, summary=summary(name, state)))
    assert {row.order_id for row in ask(journal.list, ("unknown", "pending"), 10)} == {"A1", "A3", "A4"}
    assert len(ask(journal.list, (), 10)) == 4
    assert len(ask(journal.list, ("unknown",), 1)) == 1
    assert ask(journal.list, ("unknown",), 0) == ()


@pytest.mark.parametrize(
    ("sort", "expected"), [("since", ["A2", "A3", "A1"]), ("amount", ["A3", "A1", "A2"]), ("due", ["A1", "A3", "A2"])]
)
def test_a_listing_is_sorted(journal: Journal, sort: str, expected: list[str]) -> None:
    """By age, oldest first; by amount, largest first; by the next look, soonest first."""
    for name, since, amount, due in (("A1", 3, 20, 5), ("A2", 1, 10, None), ("A3", 2, 30, 9)):
        columns = summary(name, since=START + since, amount=amount)
        submit(journal, new(name, summary=columns, due=None if due is None else START + due))
    assert [row.order_id for row in ask(journal.list, (), 10, sort=sort)] == expected


def test_an_unknown_sorting_is_refused(journal: Journal) -> None:
    """What cannot be sorted by is named."""
    with pytest.raises(ProgrammingError, match="cannot sort by 'colour'"):
        ask(journal.list, (), 10, sort="colour")


def test_a_summary_comes_back_as_it_was_given(journal: Journal) -> None:
    """Every column, the absent ones too."""
    full = summary(
        merchant="m", option="baitiao/12", account=ACCOUNT, number="N", provider_ref="R", cause="timeout",
        settled_at=START + 1.5, paid_at=0.0, refunded=3, needs_person=True, uncertain=True,
    )  # fmt: skip  # three lines say it
    submit(journal, new(summary=full))
    submit(journal, new("A2"))
    assert ask(journal.list, (), 10) == (full, summary("A2"))


def test_a_decision_without_a_summary_keeps_the_old_one(journal: Journal) -> None:
    """A commit that changes nothing to be shown need not repeat it."""
    submit(journal, new())
    submit(journal, add(1, won()))
    assert ask(journal.list, (), 10) == (summary(),)


def test_captures_are_listed_by_account_and_time_a_page_at_a_time(journal: Journal) -> None:
    """What a provider's bill of a day is held against: from the start to before the end, in the order of numbers."""
    for n, (account, paid) in enumerate([(ACCOUNT, 5), (ACCOUNT, 10), ("other", 5), (ACCOUNT, None), (ACCOUNT, 0)]):
        paid_at = None if paid is None else START + paid
        submit(journal, new(f"A{n}", summary=summary(f"A{n}", account=account, number=f"N{n}", paid_at=paid_at)))
    asked = (journal.captured, ACCOUNT, START, START + 10)
    assert [row.number for row in ask(*asked, "", 10)] == ["N0", "N4"]
    assert [row.number for row in ask(*asked, "", 1)] == ["N0"]
    assert [row.number for row in ask(*asked, "N0", 10)] == ["N4"]
    assert ask(*asked, "N4", 10) == ()


# ---------------------------------------------------------------- outcomes


def test_outcomes_wait_until_they_are_delivered(journal: Journal) -> None:
    """Oldest first, per order if wanted, and each until it is acknowledged."""
    submit(journal, new("A2", outcomes=(outcome("o2", "A2"),)))
    submit(journal, new("A1", outcomes=(outcome("o1", "A1"),)))
    assert [each.id for each in ask(journal.undelivered, 10)] == ["o2", "o1"]
    assert [each.id for each in ask(journal.undelivered, 1)] == ["o2"]
    assert [each.id for each in ask(journal.undelivered, 10, order_id="A1")] == ["o1"]
    assert ask(journal.delivered, "o2") is None
    assert [each.id for each in ask(journal.undelivered, 10)] == ["o1"]


def test_delivering_twice_is_delivering(journal: Journal) -> None:
    """An acknowledgement that comes twice, or for an unknown outcome, changes nothing."""
    submit(journal, new(outcomes=(outcome("o1"),)))
    for name in ("o1", "o1", "o9"):
        assert ask(journal.delivered, name) is None


# ---------------------------------------------------------------- inbox


def test_the_inbox_keeps_a_notification_once(journal: Journal) -> None:
    """The provider sends again until it is answered: the same body is kept once, whatever the order of its fields."""
    ask(journal.keep, ACCOUNT, "N1", "charge", {"amount": 1, "state": "paid"})
    ask(journal.keep, ACCOUNT, "N1", "charge", {"state": "paid", "amount": 1})
    ask(journal.keep, ACCOUNT, "N1", "charge", {"amount": 2, "text": "分期"})
    assert ask(journal.kept, ACCOUNT, "N1") == ({"amount": 1, "state": "paid"}, {"amount": 2, "text": "分期"})


def test_the_inbox_is_by_account_and_number(journal: Journal) -> None:
    """What was kept for another account or number is not given out."""
    ask(journal.keep, ACCOUNT, "N1", "charge", {"a": 1})
    assert ask(journal.kept, "other", "N1") == ask(journal.kept, ACCOUNT, "N2") == ()


@pytest.mark.parametrize("body", [{"body": "x" * 70_000}, {"body": b"bytes"}, {"body": float("nan")}])
def test_the_inbox_is_bounded(journal: Journal, body: dict[str, object]) -> None:
    """A notification that is too large, or is not JSON, is refused."""
    with pytest.raises(ProgrammingError):
        ask(journal.keep, ACCOUNT, "N1", "charge", body)
    assert ask(journal.kept, ACCOUNT, "N1") == ()


# ---------------------------------------------------------------- manual switches


def test_a_stopped_channel_stays_stopped(journal: Journal, clock: HandClock) -> None:
    """A stop without an end holds until it is lifted; lifting it twice says so."""
    stop = Switch(channel="baitiao", reason="INC-2291", actor="ops", at=START)
    ask(journal.stop_channel, stop)
    clock.turn(1e9)
    assert ask(journal.switches) == (stop,)
    assert ask(journal.resume_channel, "baitiao", "ops", "mended") is True
    assert ask(journal.resume_channel, "baitiao", "ops", "mended") is False
    assert ask(journal.switches) == ()


def test_a_stop_ends_at_its_time(journal: Journal, clock: HandClock) -> None:
    """A stop for an hour is over after an hour."""
    ask(journal.stop_channel, Switch(channel="baitiao", reason="r", actor="ops", at=START, until=START + 3600))
    clock.turn(3600)
    assert ask(journal.switches) == ()
    assert ask(journal.resume_channel, "baitiao", "ops", "mended") is False


def test_a_new_stop_replaces_the_old_one(journal: Journal) -> None:
    """One stop a channel; the channels are listed in order."""
    for channel, until in (("wechat", None), ("baitiao", START + 60), ("baitiao", START + 90)):
        ask(journal.stop_channel, Switch(channel=channel, reason="r", actor="ops", at=START, until=until))
    assert [(each.channel, each.until) for each in ask(journal.switches)] == [("baitiao", START + 90), ("wechat", None)]


# ---------------------------------------------------------------- closing


def test_a_closed_journal_answers_that_it_is_closed(journal: Journal) -> None:
    """Every call after `close` gets a typed error, and closing again is nothing."""
    submit(journal, new())
    journal.close()
    journal.close()
    calls = (
        lambda done: journal.submit(add(1, won()), done), lambda done: journal.load("|A1", done), journal.count_due,
        lambda done: journal.claim("recoverer", 10, 10, done), lambda done: journal.find("A1", done),
        lambda done: journal.undelivered(10, done), lambda done: journal.delivered("o1", done), journal.switches,
        lambda done: journal.list((), 10, done), lambda done: journal.kept(ACCOUNT, "N1", done),
        lambda done: journal.keep(ACCOUNT, "N1", "charge", {}, done),
        lambda done: journal.resume_channel("baitiao", "ops", "mended", done),
    )  # fmt: skip  # a list of doors
    for call in calls:
        with pytest.raises(JournalUnavailable, match="closed"):
            ask(call)

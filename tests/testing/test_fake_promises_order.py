"""One attempt at a time: what allows the next charge (I3, I4), and what each claimed death needs."""

from __future__ import annotations

import pytest
from fake_scenes import CAPTURED, PRICE, T0, Story, broken, copy, first

from payfallback._core.events import Died, Event, Excess, HandedOver
from payfallback.testing import check_promises

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
DEAD["all of it refunded, and the capture was never seen"] = (
    first()
    .book(1)
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

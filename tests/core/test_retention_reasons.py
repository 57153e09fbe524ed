"""Why a story stays: each reason by itself, though the columns of the journal would tell most of them as well."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import JournalThatFails, Scripted, captured, client, settle
from long_lives import ask
from money_shop import ORDER, order

import payfallback as pf
from payfallback._core import events as e
from payfallback._core.fold import fold
from payfallback._core.operations import Kind
from payfallback._core.order import Attempt, MerchantRefund, Record
from payfallback._core.remains import must_stay, unfinished
from payfallback._core.remnants import Archived, Ended, Returned
from payfallback._retention.books import Books
from payfallback._retention.going import reason_to_stay
from payfallback._retention.verify import verify
from payfallback.journal.memory import MemoryJournal
from payfallback.model import Money
from payfallback.storage import Held, Stored
from payfallback.testing import VirtualClock

FEN = 5900
MONEY: dict[str, Any] = {"minor": FEN, "currency": "CNY"}
REFUSED: tuple[e.Event, ...] = (
    e.Opened(0.0, "A1", "", Money(FEN, "CNY"), 1800.0, "switch"),
    e.Planned(0.0, 1, "A101", "a", "acc", "server"),
    e.Sending(0.0, 1, 1, "charge", 3.0),
    e.Seen(1.0, 1, "charge", "declined", 1, cause="declined", final=True),
)
PAID: tuple[e.Event, ...] = (
    *REFUSED,
    e.Planned(1.0, 2, "A102", "b", "acc", "server"),
    e.Sending(1.0, 2, 1, "charge", 3.0),
    e.Seen(2.0, 2, "charge", "captured", 1, **MONEY),
    e.Won(2.0, 2),
    e.Settled(2.0, "A1:paid", "paid", 2),
)
CAPTURED_TOO: tuple[e.Event, ...] = (
    *PAID,
    e.Seen(5.0, 1, "query", "captured", asked_at=4.0, **MONEY),
    e.Seen(7.0, 1, "query", "captured", asked_at=6.0, **MONEY),
)
SURPLUS: tuple[e.Event, ...] = (*CAPTURED_TOO, e.Excess(7.0, 1, "late"))
REFUNDING: tuple[e.Event, ...] = (*SURPLUS, e.Sending(8.0, 1, 2, "refund", 11.0, "A101R1", FEN))
REFUNDED: tuple[e.Event, ...] = (*REFUNDING, e.Seen(9.0, 1, "refund", "refunded", 2, refund="A101R1", **MONEY))
ASKED: tuple[e.Event, ...] = (*PAID, e.RefundAsked(8.0, "R1", 900))
SENT: tuple[e.Event, ...] = (*ASKED, e.Sending(8.0, 2, 0, "merchant_refund", 11.0, "R1", 900))
DONE: tuple[e.Event, ...] = (*SENT, e.Seen(9.0, 2, "merchant_refund", "refunded", refund="R1", minor=900))

GOES = {"paid": PAID, "a surplus that went back": REFUNDED, "a part was refunded": DONE}
STAYS = {
    "nothing was told": (REFUSED, "it is not settled"),
    "an attempt is open": ((*PAID[:6], PAID[-1]), "attempt 2 is sending"),
    "a contradiction": (CAPTURED_TOO[:-1], "attempt 1 is disputed"),
    "a second capture": (CAPTURED_TOO, "attempt 1 is captured and pays nothing"),
    "a surplus": (SURPLUS, "attempt 1 is surplus"),
    "a refund under way": (REFUNDING, "attempt 1 is refunding"),
    "a refund that was asked for": (ASKED, "refund R1 is asked"),
    "a refund that was sent": (SENT, "refund R1 is pending"),
    "a refund that bounced": (
        (*REFUNDED, e.Seen(20.0, 1, "query_refund", "refund_failed", refund="A101R1")), "a refund is in doubt",
    ),
    "a merchant's refund that bounced": (
        (*DONE, e.Seen(20.0, 2, "merchant_refund", "refund_failed", refund="R1")), "a refund is in doubt",
    ),
    "a person": ((*PAID, e.Settled(8.0, "A1:needs_person", "needs_person", 1)), "it needs, or needed, a person"),
    "a payment that was taken back": (
        (
            *PAID,
            e.Seen(5.0, 2, "query", "closed", asked_at=4.0),
            e.Seen(7.0, 2, "query", "closed", asked_at=6.0),
        ), "the provider takes back that it was paid",
    ),
    "nothing that ends it": (
        (*REFUSED, e.Settled(5.0, "A1:refunded", "refunded")), "it is neither paid, nor given up, nor expired",
    ),
}  # fmt: skip  # what, and why


@pytest.mark.parametrize("what", GOES)
def test_what_is_over_may_go(what: str) -> None:
    """Nothing of it is under way, and nobody was called."""
    assert must_stay(fold(GOES[what])) == ""


@pytest.mark.parametrize("what", STAYS)
def test_what_is_not_over_stays(what: str) -> None:
    """Whatever the columns say, the events have the last word."""
    events, why = STAYS[what]
    assert must_stay(fold(events)) == why


def held(events: tuple[e.Event, ...], **fields: float) -> Held:
    """An order as the journal hands it out."""
    stored = Stored(key="|A1", events=events, version=len(events), **fields)  # type: ignore[arg-type]  # passed through
    return Held(key="|A1", version=len(events), stored=stored)


def test_each_reason_is_counted_under_its_name() -> None:
    """A worker, an unheard outcome, youth, an open attempt, damage: whoever runs the command can look for it."""
    told: dict[str, float | None] = {"A1:paid": 2.5}
    assert reason_to_stay(held(PAID), told, 3.0) == ""
    assert reason_to_stay(held(PAID, lease_left=1.0), told, 3.0) == "somebody is at work on it"
    assert reason_to_stay(held(PAID), {"A1:paid": None}, 3.0) == "the shop has not heard its outcome"
    assert reason_to_stay(held(PAID), told, 2.0) == "something happened since"
    assert reason_to_stay(held(PAID), {"A1:paid": 3.0}, 3.0) == "something happened since"
    assert reason_to_stay(held(SURPLUS), told, 100.0) == "it is not finished"
    assert reason_to_stay(held((*PAID[1:], PAID[0])), told, 100.0) == "it is damaged"
    assert reason_to_stay(Held(key="|A1", version=1, stored=None), told, 100.0) == "it cannot be read"


@pytest.mark.parametrize("events", [SURPLUS, REFUNDING, ASKED, SENT, CAPTURED_TOO])
def test_money_on_its_way_is_unfinished(events: tuple[e.Event, ...]) -> None:
    """So `verify` finds such an order forgotten when nobody is to look at it."""
    assert unfinished(fold(events))


# What a record holds that does not outlive its story, and why nothing can follow from it any more.
DROPPED = {
    Record: {
        "attempts": "each has an event of its own", "refunds": "each has an event of its own",
        "ref": "a hash of the shopper", "route": "nothing is tried any more", "choice": "nothing is tried any more",
        "consent": "nothing is tried any more", "passed": "nothing is tried any more",
    },
    Attempt: {
        "code": "the provider's words", "text": "the provider's words", "open": "an ended attempt waits for no answer",
        "sending_until": "nothing is out", "answered_at": "nothing is sent again",
        "resendable": "nothing is sent again", "retry_after": "nothing is sent again",
        "action": "nothing is shown any more",
        "provider_time": "only the death of a silent attempt needs it", "not_found": "only such a death needs it",
        "not_found_at": "only such a death needs it", "not_found_past": "only such a death needs it",
        "seen": "counts looks", "close_sent_at": "nothing is closed again", "capture_sent_at": "nothing is held",
        "disputed_at": "set anew by a contradiction", "refund_lost": "no refund is under way",
    },
    MerchantRefund: {"lost": "no refund is under way", "reason": "free text of the shop, sent once"},
}  # fmt: skip  # two columns
RENAMED = {"changed_at": "at"}


@pytest.mark.parametrize("kind", DROPPED, ids=lambda kind: kind.__name__)
def test_nothing_is_dropped_unawares(kind: type) -> None:
    """Every field of a record stays when its story goes, or stands in the list above; a new field has to choose."""
    stands = {Record: Archived, Attempt: Ended, MerchantRefund: Returned}[kind]
    kept = {RENAMED.get(name, name) for name in kind.__slots__ if name not in DROPPED[kind]}
    assert kept == set(stands.__slots__) - (set() if kind is not Record else {"at", "events"})


def test_an_observed_sale_is_whole_once_it_is_written() -> None:
    """The journal was away while the shop sold: what is written later is found by its id as well, and recovery settles
    it."""
    clock = VirtualClock()
    journal = JournalThatFails(MemoryJournal(clock))
    payments = client({"a": Scripted("a").on(Kind.CHARGE, captured())}, clock, journal, autonomy="observe")
    journal.away = True
    assert isinstance(payments.pay(order(), "a"), pf.Paid)
    journal.repair()
    with pytest.raises(pf.UnknownOrder):
        payments.status("another")
    books = Books(journal.inner, ask)
    assert list(verify(books)) == []
    assert payments.trace(ORDER).order_id == ORDER
    settle(payments, clock, 60.0)
    assert list(verify(books)) == []

"""What a bill's line proves and tells: the attempt it speaks of, the refund it speaks of, and what is written down."""

from __future__ import annotations

import pytest
from core_world import (
    FIRST,
    QR,
    SILENCE,
    JournalThatFails,
    captured,
    pending,
    says,
    settle,
)
from money_shop import AMOUNT, ORDER, order
from told_bills import NOON, BilledShop, back, paid, yuan

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.bills import Finding
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock

CLOSED = says(pf.Verdict.CLOSED, named=True)
SECOND, REFUND = f"{ORDER}02", f"{FIRST}R1"
MISSING = ("missing", ORDER, "")  # the journal says captured on that day, and these short bills do not


def sold() -> BilledShop:
    """Paid on channel `a`, and the shop knows."""
    shop = BilledShop()
    shop.first.on(Kind.CHARGE, captured())
    assert isinstance(shop.pay(), pf.Paid)
    assert shop.told() == ["paid"]
    return shop


def left_for(choice: str) -> BilledShop:
    """Channel `a` was closed, and another one pays the order."""
    shop = BilledShop(refund=True, query_refund=True)
    shop.first.on(Kind.CHARGE, pending(action=QR)).on(Kind.QUERY, pending()).on(Kind.CLOSE, CLOSED)
    shop.second.on(Kind.CHARGE, captured())
    shop.third.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    shop.pay()
    shop.payments.switch(order(), choice, within=2.0)
    return shop


def going_back() -> BilledShop:
    """The closed channel was paid after all: its refund is on its way, and the provider does not say more."""
    shop = left_for("b")
    shop.first.on(Kind.QUERY, captured())
    shop.first.on(Kind.REFUND, says(pf.Verdict.ACCEPTED)).on(Kind.QUERY_REFUND, SILENCE)
    shop.payments.report("a", FIRST, captured())
    settle(shop.payments, shop.clock, 60.0)
    assert [each.refund_number for each in shop.first.of(Kind.REFUND)] == [REFUND]
    return shop


def test_a_finding_names_the_line_and_the_attempt() -> None:
    """Number, amount, row, order, refund, and where the very attempt stands, not another one of the order."""
    shop = left_for("b")
    (found,) = shop.findings(paid(row=7))
    assert found == Finding(met="learned", number=FIRST, amount=AMOUNT, row=7, order_id=ORDER, state="disputed")
    line = back("X1", yuan("9.00"), number=SECOND, row=8)
    found, _ = shop.findings(line, channel="b")
    assert (found.met, found.number, found.amount, found.row) == ("refund_unknown", SECOND, yuan("9.00"), 8)
    assert (found.order_id, found.refund, found.state) == (ORDER, "X1", "captured")


def test_a_capture_of_the_bill_is_the_payment() -> None:
    """The order is paid with the reference and at the time that the bill has, and the story says who said so. What else
    stands in a bill does not change when it was paid."""
    shop = BilledShop()
    shop.first.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    shop.pay()
    assert shop.read(paid(provider_ref="T-9", at=NOON + 1.0)) == [("learned", ORDER, "captured")]
    shop.counts(back("X1", yuan("9.00"), at=NOON + 60.0))
    result = shop.payments.status(ORDER)
    assert isinstance(result, pf.Paid)
    assert (result.number, result.provider_ref, result.paid_at) == (FIRST, "T-9", NOON + 1.0)
    assert shop.story()[-4:] == [
        "attempt 1: the provider's bill says: captured [bill]",
        "attempt 1 pays the order",
        "outcome for the shop: paid",
        "attempt 1: the provider's bill says: refunded [bill]",
    ]


def test_a_line_without_our_number_is_found_by_the_providers_reference() -> None:
    """UnionPay's refunds name the trade by its query id: of two attempts under one account it is the one with that
    reference; a reference of another account, or of no attempt, is nobody's here."""
    shop = left_for("c")
    shop.payments.report("a", FIRST, pending(provider_ref="T-1"))
    shop.payments.report("c", SECOND, captured(provider_ref="T-2"))
    line, other = (back("X1", yuan("9.00"), number="", provider_ref=reference) for reference in ("T-2", "T-3"))
    assert shop.read(line, channel="b") == [("unknown", "", "")]
    assert shop.read(paid(SECOND), line, other) == [("refund_unknown", ORDER, "captured"), ("unknown", "", "")]


def test_a_number_of_another_account_is_nobodys_here() -> None:
    """Two accounts of a provider have a bill each: what one of them says of the other's number proves nothing."""
    shop = BilledShop()
    shop.first.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    shop.pay()
    assert shop.read(paid(), channel="b") == [("unknown", "", "")]
    assert isinstance(shop.payments.status(ORDER), pf.Pending)


def test_a_line_is_taken_as_evidence_of_its_own_attempt() -> None:
    """Two attempts under one account, the first of which nobody has a reference of: the second one pays the order."""
    shop = left_for("c")
    assert shop.read(paid(SECOND)) == [("learned", ORDER, "captured")]
    result = shop.payments.status(ORDER)
    assert isinstance(result, pf.Paid)
    assert (result.option, result.number) == ("c", SECOND)


def test_an_amount_that_a_person_looks_at_already_stays_a_difference() -> None:
    """The provider itself says another amount: whatever the bill has, it is no match."""
    shop = BilledShop()
    other = captured(yuan("58.00"))
    shop.first.on(Kind.CHARGE, other).on(Kind.QUERY, other)
    shop.pay()
    settle(shop.payments, shop.clock, 60.0)
    for amount in (yuan("58.00"), AMOUNT):
        assert shop.read(paid(amount=amount)) == [("amount_differs", ORDER, "manual")]


def test_a_refund_of_a_surplus_is_known_by_its_number() -> None:
    """On its way in the bill as here: a match. Done in the bill: learned, and from then on a match of that amount."""
    shop = going_back()
    assert shop.counts(paid(), back(REFUND, done=False)) == {"matched": 2}
    assert shop.read(back(REFUND)) == [("refund_learned", ORDER, "refunded")]
    assert shop.counts(paid(), back(REFUND)) == {"matched": 2}
    assert shop.read(back(REFUND, yuan("58.00"))) == [("amount_differs", ORDER, "refunded")]
    settle(shop.payments, shop.clock, 7200.0)
    assert len(shop.first.of(Kind.REFUND)) == 1


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("refund", ["console-1", ""])
def test_another_refund_than_ours_is_for_a_person(refund: str, done: bool) -> None:
    """Of a part, while our own refund is on its way: whoever made it, the journal did not ask for it."""
    shop = going_back()
    for _ in range(2):
        assert shop.read(back(refund, yuan("9.00"), done=done)) == [("refund_unknown", ORDER, "refunding")]


def test_a_refund_without_a_number_of_an_order_without_refunds_is_for_a_person() -> None:
    """Neither has a number: that makes it none of ours."""
    shop = sold()
    assert shop.read(back("", done=False)) == [("refund_unknown", ORDER, "captured"), MISSING]


def test_a_refund_of_somebody_else_ends_the_order_when_it_is_done() -> None:
    """Somebody gave all of it back in the provider's console. While the bill says that it is on its way, the order is
    paid; when the bill says that it is done, the shop hears it. Each is written down once."""
    shop = sold()
    for _ in range(2):
        assert shop.read(back("X1", done=False)) == [("refund_unknown", ORDER, "captured"), MISSING]
    assert isinstance(shop.payments.status(ORDER), pf.Paid)
    assert shop.read(back("X1")) == [("refund_unknown", ORDER, "refunded"), MISSING]
    assert shop.told() == ["refunded"]
    assert shop.counts(back("X1"))["matched"] == 1
    assert shop.story()[-3:] == [
        "attempt 1: the provider's bill says: accepted [bill]",
        "attempt 1: the provider's bill says: refunded [bill]",
        "outcome for the shop: refunded",
    ]


def test_each_refund_of_somebody_else_is_written_down_once() -> None:
    """Two parts under two numbers are two facts, however often the bill is read."""
    shop = sold()
    for _ in range(2):
        shop.counts(back("X1", yuan("9.00")), back("X2", yuan("8.00"), row=3))
    said = "attempt 1: the provider's bill says: refunded [bill]"
    assert [line for line in shop.story() if "bill" in line] == [said, said]


def test_a_contradiction_that_is_asked_about_is_learned_once() -> None:
    """The provider said closed, its bill says paid: the same bill read again, before anybody asked, is no news."""
    shop = left_for("b")
    assert shop.read(paid()) == [("learned", ORDER, "disputed")]
    assert shop.read(paid()) == [("contradicted", ORDER, "disputed")]


def test_a_payment_that_the_bill_names_by_the_providers_id_is_not_missing() -> None:
    """Its line has no number of ours: it is found by the provider's reference, and told under our number."""
    shop = BilledShop()
    shop.first.on(Kind.CHARGE, captured(provider_ref="T-1", paid_at=NOON))
    shop.pay()
    assert shop.counts(paid("", provider_ref="T-1")) == {"matched": 1}
    (told,) = shop.findings(paid("", yuan("1.00"), provider_ref="T-1"))
    assert (told.met, told.number) == ("amount_differs", FIRST)


def test_a_journal_that_is_away_says_so_itself() -> None:
    """Nothing is decided, and the error has the journal's own words."""
    clock = VirtualClock(epoch=NOON)
    journal = JournalThatFails(MemoryJournal(clock))
    shop = BilledShop(journal)
    shop.first.on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    shop.pay()
    journal.away = True
    with pytest.raises(pf.JournalUnavailable, match="the disk is full"):
        shop.read(paid())

"""The checkers that start from the money: each bites on a bad history and is silent on a good one."""

from __future__ import annotations

import pytest
from fake_scenes import JD, PRICE, T0, Story, broken

from payfallback._core.events import Died, Excess, Opened, RefundAsked, Sending, Won
from payfallback._core.operations import Kind
from payfallback.model import Money
from payfallback.results import NotPaid, Paid, Pending
from payfallback.testing import PROMISES, check_promises, check_result


def lost_then_paid() -> Story:
    """Attempt 1 declined for good, attempt 2 paid."""
    story = Story().plan(1).send(1).see(1, "charge", "declined", final=True)
    return story.pay(2)


def surplus(*, back: bool = True) -> Story:
    """Attempt 1 was closed by name, attempt 2 paid, and then attempt 1 was captured after all."""
    story = Story().plan(1).send(1).send(1, "close").see(1, "close", "closed", named=True)
    story.pay(2).book(1).see(1, "query", "captured", minor=PRICE.minor, currency="CNY").add(Excess(T0, 1, "late"))
    story.send(1, "refund", refund="s1")
    return story.book(1, "refunded", refund="s1").see(1, "refund", "refunded", refund="s1") if back else story


@pytest.mark.parametrize("story", [Story().pay(1), lost_then_paid(), surplus()])
def test_silent_on_good_histories(story: Story) -> None:
    """A payment, a fallback and a surplus that went back break nothing."""
    assert check_promises(story.ledger, story.journal, (), story.delivered, outcomes=story.delivered) == []


def test_i1_two_captures_left() -> None:
    """Two captures at the end are one too many; while faults last one may still be on its way back."""
    assert broken(surplus(back=False)) == ["I1", "I9"]
    assert broken(surplus(back=False), settled=False) == []


def test_i1_names_the_facts() -> None:
    """The violation says which captures are held, of which number, amount and account."""
    story = surplus(back=False)
    (first, _) = check_promises(story.ledger, story.journal, (), story.delivered)
    for fact in ("I1 order A1:", "2 captures", "A1x01", "A1x02", "5999.00 CNY", JD.id, PROMISES["I1"]):
        assert fact in str(first)


def test_i1_not_even_for_a_moment() -> None:
    """With providers that keep to what they declare, a second capture is a violation although it went back."""
    assert broken(surplus(), surplus=False) == ["I1"]
    assert broken(lost_then_paid(), surplus=False) == []


def test_i1_surplus_that_stands_before_a_person() -> None:
    """A surplus that cannot go back is allowed to stand before a person, the winner's capture beside it."""
    assert broken(surplus(back=False).settle("needs_person", 1)) == []


def test_i1_two_captures_under_one_number() -> None:
    """A provider that charged the same number twice holds two captures."""
    assert "I1" in broken(Story().pay(1).book(1))


def test_i2_a_number_that_was_never_planned() -> None:
    """A charge arrived that the journal knows nothing about; a question would be harmless."""
    assert broken(Story().pay(1).arrive(2)) == ["I2"]
    assert broken(Story().pay(1).arrive(2, Kind.QUERY)) == []


@pytest.mark.parametrize("kind", [Kind.CHARGE, Kind.CLOSE, Kind.CAPTURE, Kind.REFUND])
def test_i2_more_requests_than_intents(kind: Kind) -> None:
    """Each request needs an intent of its own, a repeated one and every other kind too."""
    assert broken(Story().pay(1).arrive(1, kind)) == ["I2"]


def test_i2_an_intent_written_afterwards() -> None:
    """An intent that is younger than the request came too late."""
    story = Story().plan(1).send(1, arrives=False).arrive(1, shop_at=T0 - 1)
    story.book(1).see(1, "charge", "captured", minor=PRICE.minor, currency="CNY").add(Won(T0, 1)).settle("paid", 1)
    assert broken(story) == ["I2"]


def test_i2_an_intent_may_be_lost_on_the_way() -> None:
    """An intent without a request is what a crash leaves behind, and an adopted payment was sent by others."""
    assert broken(Story().plan(1).send(1, arrives=False).see(1, "charge", "not_sent")) == []
    adopted = Story().plan(1, adopted=True).arrive(1).book(1)
    adopted.see(1, "query", "captured", minor=PRICE.minor, currency="CNY").add(Won(T0, 1)).settle("paid", 1)
    assert broken(adopted) == []


def test_i2_events_of_an_attempt_without_a_number() -> None:
    """A send or a death of an attempt that was never planned is a broken journal."""
    assert broken(Story().pay(1).add(Died(T0, 7, "never_sent"))) == ["I2"]


def test_i6_another_amount_under_one_number() -> None:
    """The same number with two amounts, or another amount than the order's."""
    story = (
        Story()
        .plan(1)
        .send(1, arrives=False)
        .arrive(1, amount=Money(1, "CNY"))
        .see(1, "charge", "declined", final=True)
    )
    assert broken(story) == ["I6"]


def test_i6_one_number_for_two_attempts() -> None:
    """A number is given once."""
    story = Story().plan(1).send(1).see(1, "charge", "declined", final=True).plan(2, number="A1x01")
    assert broken(story) == ["I6"]


def test_i6_an_order_opened_twice() -> None:
    """One order id with two amounts."""
    story = Story().pay(1)
    assert broken(story.add(Opened(T0, "A1", "", Money(1, "CNY"), T0, "switch"))) == ["I6"]


def test_i6_a_refund_number_keeps_its_amount() -> None:
    """The same refund number with two amounts."""
    story = (
        surplus()
        .send(1, "refund", arrives=False, refund="s1")
        .arrive(1, Kind.REFUND, refund="s1", amount=Money(5, "CNY"))
    )
    assert broken(story) == ["I6"]


def test_i9_more_went_back_than_came() -> None:
    """A surplus is refunded once."""
    assert broken(surplus().book(1, "refunded", refund="s2")) == ["I9"]


def test_i9_a_second_refund_number_while_the_first_is_open() -> None:
    """A refund is retried under its own number until it was refused for good."""
    story = surplus(back=False).see(1, "refund", "unknown", refund="s1").send(1, "refund", refund="s2")
    assert "I9" in broken(story, settled=False)
    fair = surplus(back=False).see(1, "refund", "refund_failed", refund="s1").send(1, "refund", refund="s2")
    assert broken(fair, settled=False) == []


def test_i5_the_winner_keeps_its_money() -> None:
    """The winner's money goes back only as far as the shop asked."""
    story = Story().pay(1).send(1, "refund", refund="m1").book(1, "refunded", Money(100, "CNY"), "m1")
    assert broken(story) == ["I5"]
    assert broken(story.add(RefundAsked(T0, "m1", 100))) == []


def test_i2_the_merchants_refund_is_sent_under_a_number_made_for_it() -> None:
    """The journal keeps the merchant's id, the provider gets a number: each request still needs its intent."""
    story = Story().pay(1).add(RefundAsked(T0, "m1", 100))
    story.add(Sending(T0, 1, 0, "merchant_refund", T0 + 3, "m1", 100)).arrive(1, Kind.REFUND, refund="A1x01M1")
    story.book(1, "refunded", Money(100, "CNY"), "A1x01M1")
    assert broken(story) == []
    assert broken(story.arrive(1, Kind.REFUND, refund="A1x01M2")) == ["I2"]


def test_i14_money_that_the_journal_does_not_know() -> None:
    """Captured, believed dead, and forgotten."""
    story = Story().plan(1).send(1).see(1, "charge", "declined", final=True).book(1)
    assert broken(story) == ["I14"]
    assert broken(story, settled=False) == []
    assert broken(story.settle("needs_person", 1)) == []


def test_i14_money_in_no_journal_at_all() -> None:
    """A capture of an order that was never opened."""
    assert broken(Story().pay(1).book(9)) == ["I1", "I14"]


def test_i14_money_left_on_hold() -> None:
    """An authorisation that nobody captured or voided."""
    story = Story().plan(1).send(1).book(1, "authorised").see(1, "charge", "authorised")
    story.send(1, "close").see(1, "close", "closed", named=True)
    assert broken(story) == ["I14"]
    assert broken(story.book(1, "closed")) == []


def test_i17_a_request_at_another_account() -> None:
    """A number asked for at an account that it was not planned for."""
    assert broken(Story().pay(1).arrive(1, Kind.QUERY, account="jdpay/999//production")) == ["I17"]


def test_i17_an_attempt_without_an_account() -> None:
    """Every attempt records whose it is."""
    story = Story().plan(1, account="").send(1, arrives=False).see(1, "charge", "not_sent")
    assert broken(story) == ["I17"]


def test_two_merchants_may_use_the_same_order_id() -> None:
    """Orders of one id are told apart by their numbers and accounts, and not taken for one order paid twice."""
    other = "jdpay/222//production"
    one, two = Story().pay(1), Story().plan(1, account=other).send(1, arrives=False)
    one.arrive(1, account=other).book(1, account=other)
    two.see(1, "charge", "captured", minor=PRICE.minor, currency="CNY").add(Won(T0, 1)).settle("paid", 1, name="two")
    journal = {"m1/A1": one.events, "m2/A1": two.events}
    assert check_promises(one.ledger, journal, (), [*one.delivered, *two.delivered]) == []
    assert one.ledger.simultaneous("A1") == 2


def test_what_is_told_is_true_when_it_is_told() -> None:
    """`Paid` needs a capture of that number and amount that is held; `NotPaid` needs nothing held at all."""
    paid = Paid(order_id="A1", option="baitiao", amount=PRICE, number="A1x01")
    refused = NotPaid(order_id="A1")
    held, hold, nothing = Story().book(1), Story().book(1, "authorised"), Story()
    gone = Story().book(1).book(1, "refunded", refund="r")
    wrong = Story().book(1, "captured", Money(1, "CNY"))
    assert check_result(held.ledger, paid) == check_result(nothing.ledger, refused) == []
    assert check_result(gone.ledger, refused) == check_result(held.ledger, Pending(order_id="A1")) == []
    for ledger, result in (
        (nothing.ledger, paid),
        (gone.ledger, paid),
        (wrong.ledger, paid),
        (held.ledger, refused),
        (hold.ledger, refused),
    ):
        assert [each.promise for each in check_result(ledger, result)] == ["I5"]

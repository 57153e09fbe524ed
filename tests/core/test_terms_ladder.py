"""The ladder inside a channel: other terms before another channel, as far as the refusal and the shopper allow."""

from __future__ import annotations

import pytest
from core_world import SILENCE, captured
from credit_shop import PRICE, CreditShop, refused

import payfallback as pf
from payfallback._core.operations import Kind

TERM = refused(pf.Cause.TERM_NOT_SUPPORTED)
PAID = captured(PRICE)


def test_a_term_that_is_not_offered_leads_to_the_next_one() -> None:
    """12 instalments refused, 6 refused, 3 taken: the channel is not left."""
    shop = CreditShop(TERM, TERM, PAID)
    result = shop.pay("A1")
    assert isinstance(result, pf.Paid)
    assert (result.option, shop.charged()) == ("baitiao/3", ["baitiao/12", "baitiao/6", "baitiao/3"])
    assert result.switched_from == ("baitiao/12", "baitiao/6")


def test_the_ladder_ends_in_full_and_then_the_channel_is_left() -> None:
    """Every term refused and full payment too: only then the next channel."""
    shop = CreditShop(TERM)
    assert shop.pay("A1").option == "wechat"
    assert shop.charged() == ["baitiao/12", "baitiao/6", "baitiao/3", "baitiao/full", "wechat"]


def test_only_the_steps_that_were_agreed_to_are_taken() -> None:
    """Nobody who agreed to 3 instalments is charged in 6, or in full."""
    shop = CreditShop(TERM)
    assert shop.pay("A1", consent=["baitiao/3", "wechat"]).option == "wechat"
    assert shop.charged() == ["baitiao/12", "baitiao/3", "wechat"]


def test_without_consent_the_other_terms_are_offered() -> None:
    """The page gets what is left, in the route's order, and nothing else is charged."""
    shop = CreditShop(TERM)
    result = shop.pay("A1", consent=())
    assert isinstance(result, pf.NotPaid)
    assert result.alternatives == ("baitiao/6", "baitiao/3", "baitiao/full", "wechat", "card")
    assert shop.charged() == ["baitiao/12"]


def test_goods_that_cannot_be_paid_in_instalments_are_paid_in_full() -> None:
    """Another number of instalments would not help: the ladder jumps to its last step."""
    shop = CreditShop(refused(pf.Cause.ITEM_NOT_ELIGIBLE), PAID)
    assert shop.pay("A1").option == "baitiao/full"
    assert shop.charged() == ["baitiao/12", "baitiao/full"]


@pytest.mark.parametrize(
    "cause",
    [
        pf.Cause.CREDIT_EXHAUSTED,
        pf.Cause.LIMIT_REDUCED,
        pf.Cause.OVERDUE,
        pf.Cause.ACCOUNT_FROZEN,
        pf.Cause.MAINTENANCE,
        pf.Cause.MERCHANT_NOT_ENABLED,
        pf.Cause.DOWN_PAYMENT_REQUIRED,
    ],
    ids=lambda cause: cause.value,
)
def test_a_refusal_that_terms_do_not_mend_leaves_the_channel_at_once(cause: pf.Cause) -> None:
    """The credit is as exhausted in six instalments as in twelve: the other steps are passed over, and not offered."""
    shop = CreditShop(refused(cause))
    assert shop.pay("A1", ref="").option == "wechat"
    assert shop.charged() == ["baitiao/12", "wechat"]
    assert shop.passed("A1") == [(f"baitiao/{terms}", "refused_recently") for terms in (6, 3, "full")]
    assert shop.pay("A2", ref="", consent=()).alternatives == ("wechat", "card")


def test_a_refusal_without_a_reason_may_have_been_about_the_term() -> None:
    """The provider keeps its reason to itself, and the shopper agreed to the other terms: they are tried."""
    shop = CreditShop(refused(pf.Cause.DECLINED), PAID)
    assert shop.pay("A1").option == "baitiao/6"


def test_a_step_of_the_ladder_waits_for_the_death_of_the_one_before() -> None:
    """A refusal that is not stated to be final is closed first; while that is uncertain no other term is charged."""
    shop = CreditShop(refused(pf.Cause.TERM_NOT_SUPPORTED, final=False), PAID)
    shop.baitiao.on(Kind.QUERY, SILENCE).on(Kind.CLOSE, SILENCE)
    assert isinstance(shop.pay("A1"), pf.Pending)
    assert shop.charged() == ["baitiao/12"]


def test_an_explicit_choice_is_tried_again_whatever_it_was_refused_for() -> None:
    """The shopper has repaid and clicks the same button: what they choose is theirs to choose."""
    shop = CreditShop(refused(pf.Cause.CREDIT_EXHAUSTED), PAID)
    assert isinstance(shop.pay("A1", ref="", consent=()), pf.NotPaid)
    assert shop.pay("A1", "baitiao/6", ref="").option == "baitiao/6"


@pytest.mark.parametrize("autonomy", ["observe", "retry", "offer"])
def test_below_switch_no_step_is_taken_by_itself(autonomy: str) -> None:
    """The ladder is a fallback like any other."""
    shop = CreditShop(TERM, autonomy=autonomy)
    assert isinstance(shop.pay("A1"), pf.NotPaid)
    assert shop.charged() == ["baitiao/12"]

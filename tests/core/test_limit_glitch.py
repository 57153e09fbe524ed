"""A limit that reads absurdly low: asked again shortly, not believed at once, and not the shopper's trouble when many
see it."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import captured
from credit_shop import PRICE, CreditShop, plans, refused, shop_of, yuan

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.policy import CircuitPolicy, CreditPolicy

PAID = captured(PRICE)
HALF_A_YUAN = refused(pf.Cause.CREDIT_EXHAUSTED, limit=yuan("0.50"))
TIMES = {"surge_shoppers": 3, "surge_window": 60.0}


def attempts(shop: CreditShop) -> list[tuple[str, float]]:
    """What Baitiao was charged for, and when."""
    first = shop.baitiao.of(Kind.CHARGE)[0].now
    return [(each.option.id, round(each.now - first, 3)) for each in shop.baitiao.of(Kind.CHARGE)]


def test_a_glitch_is_asked_about_again_shortly() -> None:
    """The same terms under a new number, a second later; when the limit is back, the shopper never left the channel."""
    shop = CreditShop(HALF_A_YUAN, PAID)
    result = shop.pay("A1")
    assert isinstance(result, pf.Paid)
    assert (result.option, attempts(shop)) == ("baitiao/12", [("baitiao/12", 0.0), ("baitiao/12", 1.0)])
    assert len({each.number for each in shop.baitiao.of(Kind.CHARGE)}) == 2


def test_a_glitch_that_stays_leaves_the_channel() -> None:
    """Asked twice, then the next channel: other terms would meet the same limit."""
    shop = CreditShop(HALF_A_YUAN)
    assert shop.pay("A1").option == "wechat"
    assert shop.charged() == ["baitiao/12", "baitiao/12", "wechat"]


def test_a_glitch_is_not_remembered_of_the_shopper() -> None:
    """The next order starts on the same channel."""
    shop = CreditShop(HALF_A_YUAN, HALF_A_YUAN, PAID)
    result = shop.pay("A1", consent=())
    assert isinstance(result, pf.NotPaid)
    assert result.cause is pf.Cause.LIMIT_GLITCH
    assert shop.pay("A2", None).option == "baitiao/12"


@pytest.mark.parametrize(
    "answer",
    [
        refused(pf.Cause.CREDIT_EXHAUSTED, limit=yuan("1.00")),
        refused(pf.Cause.LIMIT_REDUCED, limit=yuan("0.00")),
        refused(pf.Cause.OVERDUE, limit=yuan("0.50")),
        refused(pf.Cause.CREDIT_EXHAUSTED),
    ],
    ids=["a small limit", "none at all", "another reason", "no limit told"],
)
def test_what_is_no_glitch_is_believed(answer: pf.Answer) -> None:
    """Refused once, and the channel is left."""
    shop = CreditShop(answer)
    assert shop.pay("A1").option == "wechat"
    assert len(shop.baitiao.of(Kind.CHARGE)) == 1


def test_there_must_be_time_to_ask_again() -> None:
    """With less than a second left the next channel is taken at once."""
    shop = CreditShop(HALF_A_YUAN)
    assert shop.pay("A1", within=1.2).option == "wechat"
    assert shop.charged() == ["baitiao/12", "wechat"]


@pytest.mark.parametrize(("autonomy", "asked"), [("observe", 1), ("retry", 2), ("offer", 2)])
def test_asking_again_is_a_retry(autonomy: str, asked: int) -> None:
    """It needs no consent, since it is what the shopper chose; `observe` leaves it at one."""
    shop = CreditShop(HALF_A_YUAN, autonomy=autonomy)
    assert isinstance(shop.pay("A1", consent=()), pf.NotPaid)
    assert len(shop.baitiao.of(Kind.CHARGE)) == asked


def test_a_glitch_that_is_not_final_is_closed_before_it_is_asked_again() -> None:
    """While the first number may still be charged there is no second."""
    shop = CreditShop(refused(pf.Cause.CREDIT_EXHAUSTED, final=False, limit=yuan("0.50")), PAID)
    shop.baitiao.on(Kind.CLOSE, pf.Answer(verdict=pf.Verdict.CLOSED, named=True))
    assert isinstance(shop.pay("A1"), pf.Paid)
    kinds = [each.kind for each in shop.baitiao.asked if each.kind is not Kind.QUERY]
    assert kinds == [Kind.CHARGE, Kind.CLOSE, Kind.CHARGE]


# ---------------------------------------------------------------- many shoppers at once


def shop_in_trouble(answer: Any, **more: Any) -> CreditShop:
    """Three shoppers in a minute are a surge; a circuit that opens after two failures in a row."""
    return CreditShop(
        answer, credit=CreditPolicy(**TIMES), channel={"circuit": CircuitPolicy(failures_in_a_row=2)}, **more
    )


def test_one_shopper_is_no_surge() -> None:
    """However often they try."""
    shop = shop_in_trouble(HALF_A_YUAN)
    for n in range(6):
        shop.pay(f"A{n}", "baitiao/12", consent=())
    assert shop.surges() == []
    assert shop.options("B1")["baitiao/12"].available


def test_many_shoppers_with_a_glitch_count_against_the_channel() -> None:
    """It is told once, and the circuit opens: what many see at once is the provider's trouble."""
    shop = shop_in_trouble(HALF_A_YUAN)
    for n in range(4):
        shop.pay(f"A{n}", "baitiao/12", ref=f"u{n}", consent=())
    assert shop.surges() == [("baitiao", "limit_glitch")]
    assert shop.options("B1")["baitiao/12"].reason is pf.Cause.CIRCUIT_OPEN


@pytest.mark.parametrize("cause", [pf.Cause.LIMIT_REDUCED, pf.Cause.RISK_REJECTED], ids=lambda cause: cause.value)
def test_other_surges_are_a_warning(cause: pf.Cause) -> None:
    """Many reduced limits, or refusals for risk, are told; the channel works all the same."""
    shop = shop_in_trouble(refused(cause))
    for n in range(6):
        shop.pay(f"A{n}", "baitiao/12", ref=f"u{n}", consent=())
    assert shop.surges() == [("baitiao", cause.value)]
    assert shop.options("B1", ref="u9")["baitiao/12"].available


def test_a_surge_is_many_at_once() -> None:
    """Three shoppers over an hour are three shoppers."""
    shop = shop_in_trouble(HALF_A_YUAN)
    for n in range(5):
        shop.pay(f"A{n}", "baitiao/12", ref=f"u{n}", consent=())
        shop.clock.advance(40.0)
    assert shop.surges() == []


def test_pages_see_a_surge_too() -> None:
    """Limits that pre-checks read count like those of refusals, before anybody clicked."""
    shop = shop_of(
        plans(limit=yuan("0.50")),
        credit=CreditPolicy(**TIMES),
        channel={"circuit": CircuitPolicy(failures_in_a_row=2)},
    )
    for n in range(4):
        shop.options(ref=f"u{n}")
    assert shop.surges() == [("baitiao", "limit_glitch")]
    assert shop.options(ref="u9")["baitiao/12"].reason is pf.Cause.CIRCUIT_OPEN

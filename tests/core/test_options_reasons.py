"""Why a page is told that an option is not open: the channel, the order, the shopper, or the route."""

from __future__ import annotations

import json
from typing import Any

from core_world import SILENCE
from credit_shop import PRICE, TOLD, asked, refused, shop_of, yuan

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.model import Option
from payfallback.policy import Route, When
from payfallback.ports import Switch


def test_a_channel_that_is_shut_is_not_asked() -> None:
    """An open circuit, and a channel stopped by hand: health says so, and the shopper reads no reason of ours."""
    shop = shop_of(TOLD)
    shop.baitiao.on(Kind.CHARGE, SILENCE)
    for n in range(5):
        shop.pay(f"A{n}", consent=(), within=0.2)
    done: list[object] = []
    shop.payments.journal.stop_channel(Switch(channel="wechat", reason="fees", actor="ops", at=0.0), done.append)
    shop.clock.advance(2.0)
    page = shop.options("B1")
    assert (page["baitiao/12"].reason, page["baitiao/12"].checked) == (pf.Cause.CIRCUIT_OPEN, "health")
    assert page["wechat"].reason is pf.Cause.CHANNEL_STOPPED
    assert page["wechat"].text == page["baitiao/6"].text
    assert asked(shop) == 0


def test_what_this_order_was_refused_for() -> None:
    """The other terms are as closed as the one that was tried; the shopper reads why."""
    shop = shop_of(TOLD)
    shop.baitiao.on(Kind.CHARGE, refused(pf.Cause.CREDIT_EXHAUSTED))
    shop.pay("A1", ref="", consent=())
    page = shop.options("A1", ref="")
    assert {page[f"baitiao/{terms}"].reason for terms in (12, 6, 3, "full")} == {pf.Cause.CREDIT_EXHAUSTED}
    assert page["baitiao/12"].text
    assert page["wechat"].available


def test_what_is_remembered_of_the_shopper() -> None:
    """A recent refusal closes the channel without saying which; one for risk closes that channel alone."""
    for cause, reason in (
        (pf.Cause.OVERDUE, pf.Cause.REFUSED_RECENTLY),
        (pf.Cause.RISK_REJECTED, pf.Cause.RISK_REJECTED),
    ):
        shop = shop_of(TOLD)
        shop.baitiao.on(Kind.CHARGE, refused(cause))
        shop.pay("A1", consent=())
        page = shop.options("A2")
        assert page["baitiao/3"].reason is reason
        assert page["wechat"].available
        assert shop.options("A3", ref="u2")["baitiao/3"].available
    assert "overdue" not in json.dumps([each.text for each in page.values()])


def test_what_is_never_taken_by_itself_says_so() -> None:
    """It is available, and the shop knows that only the shopper's own choice takes it."""
    shop = shop_of(TOLD, route={"always_ask": (Option("baitiao", 0), Option("card"))})
    page = shop.options()
    asks = [each.option for each in page.values() if each.reason is pf.Cause.NOT_CONSENTED]
    assert asks == ["baitiao/full", "card"]
    assert all(each.available for each in page.values())


def test_why_an_order_does_not_get_the_options_of_another_route() -> None:
    """For this category, region, merchant, time or amount the plan is not offered: told after the route's own options.
    What is sold elsewhere, in another currency or a store, is not spoken of."""
    credit = (Option("baitiao", 12), Option("wechat"))
    when = When(
        at_least=yuan("100.00"), at_most=yuan("9000.00"), categories=("phones",), regions=("sh",), merchants=("m1",)
    )
    store = Route(name="store", order=(Option("card"),), when=When(attributes={"place": "store"}))
    shop = shop_of(TOLD)
    last = Route(name="last", order=(Option("wechat"), Option("baitiao", 0)))
    policy = pf.Policy(
        channels=shop.policy.channels, routes=(Route(name="credit", order=credit, when=when), store, last)
    )
    providers = {"baitiao": shop.baitiao, "wechat": shop.wechat, "card": shop.card}
    payments = pf.Payments(policy, providers, clock=shop.clock, sleep=shop.clock.sleep)

    def reason(price: pf.Money = PRICE, **facts: Any) -> pf.Cause | None:
        given = {"categories": ("phones",), "region": "sh", "merchant": "m1", **facts}
        told = payments.options(pf.Order("A1", price, **given)).options
        shown = [each.option for each in told]
        assert shown in (["baitiao/12", "wechat"], ["wechat", "baitiao/full", "baitiao/12"])
        return next(each.reason for each in told if each.option == "baitiao/12")

    assert reason() is None
    assert reason(categories=("gold",)) is pf.Cause.ITEM_NOT_ELIGIBLE
    assert reason(region="xz") is pf.Cause.REGULATORY
    assert reason(merchant="m2") is pf.Cause.MERCHANT_NOT_ENABLED
    assert reason(yuan("99.99")) is pf.Cause.TERM_NOT_SUPPORTED
    page = payments.options(pf.Order("A1", PRICE)).options
    assert [each.available for each in page] == [True, True, False]
    payments.close()

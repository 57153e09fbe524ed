"""What a page is told before the click: plans and their fees, limits, and what the shopper was shown before."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import jsonschema
import pytest
from core_world import SILENCE, captured, pending
from credit_shop import PRICE, TOLD, asked, plan, plans, refused, shop_of, yuan

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.policy import CreditPolicy
from payfallback.ports import Done
from payfallback.schema import results_schema

QR = pf.Qr("https://pay.example/1")


# ---------------------------------------------------------------- plans


def test_a_page_shows_what_each_plan_costs_and_who_pays_its_fee() -> None:
    """Every term with its sums as the provider tells them; what it does not tell is left out."""
    page = shop_of(TOLD).options()
    twelve, six, three = (page[f"baitiao/{terms}"] for terms in (12, 6, 3))
    assert (twelve.each, twelve.first, twelve.fee, twelve.total) == tuple(
        map(yuan, ("520.00", "520.00", "240.00", "6239.00"))
    )
    assert [each.fee_by for each in (twelve, six, three)] == ["shopper", "merchant", ""]
    assert three.first is None
    assert {each.checked for each in (twelve, six, three)} == {"provider"}
    assert all(each.available for each in page.values())
    assert page["wechat"].checked == "no"


def test_a_provider_may_say_itself_who_bears_the_fee() -> None:
    """Its word counts before the sums."""
    told = pf.Plan(terms=12, fee=yuan("60.00"), total=yuan("6059.00"), fee_by="merchant")
    assert shop_of(plans(told)).options()["baitiao/12"].fee_by == "merchant"


def test_a_term_without_a_plan_is_not_offered() -> None:
    """The provider lists no such plan for this amount."""
    page = shop_of(plans(plan(12))).options(locale="en")
    assert page["baitiao/12"].available
    six = page["baitiao/6"]
    assert (six.available, six.checked, six.reason) == (False, "provider", pf.Cause.TERM_NOT_SUPPORTED)
    assert six.text
    assert page["baitiao/full"].available


@pytest.mark.parametrize("told", [SILENCE, RuntimeError("down"), refused(pf.Cause.MAINTENANCE)])
def test_a_failed_pre_check_takes_nothing_away(told: Any) -> None:
    """Every option is available and says that nobody checked it; for a moment the provider is left alone."""
    shop = shop_of(told)
    for _ in range(3):
        page = shop.options()
        assert all(each.available and each.checked == "no" for each in page.values())
    assert asked(shop) == 1
    shop.clock.advance(6.0)
    shop.options()
    assert asked(shop) == 2


def test_a_callable_that_hangs_does_not_hold_the_page_up() -> None:
    """A sync callable cannot be interrupted, and is not waited for: the page comes in its time."""
    free = threading.Event()
    shop = shop_of(lambda operation: free.wait(30) and TOLD)
    started = time.monotonic()
    page = shop.options(within=0.05)
    assert time.monotonic() - started < 15.0
    free.set()
    assert all(each.available and each.checked == "no" for each in page.values())


def test_no_time_means_no_question() -> None:
    """A page that cannot wait asks nobody."""
    shop = shop_of(TOLD)
    assert shop.options(within=0.0)["baitiao/12"].checked == "no"
    assert asked(shop) == 0


def test_plans_are_asked_for_once_in_a_while() -> None:
    """For as long as configured, one shopper and one amount are one question; then it is asked again."""
    shop = shop_of(TOLD, credit=CreditPolicy(plans_for=30.0))
    for order_id in ("A1", "A2", "A3"):
        shop.options(order_id)
    assert asked(shop) == 1
    shop.options("A4", price=yuan("100.00"))
    shop.options("A5", ref="u2")
    assert asked(shop) == 3
    shop.clock.advance(31.0)
    for n in range(6):
        shop.options(f"B{n}", price=yuan(f"{n + 1}00.00"))
    assert asked(shop) == 9


def test_what_is_asked_with_inputs_and_no_name_is_not_used_for_others() -> None:
    """A callable may have looked at the shopper: without a reference nobody can tell whose answer it was."""
    shop = shop_of(TOLD)
    shop.options(ref="", card="fp1")
    shop.options(ref="", card="fp1")
    assert asked(shop) == 2


def test_a_pre_check_knows_whom_it_asks_for() -> None:
    """It gets the shopper's reference and inputs, the amount, and what is left of the page's time."""
    shop = shop_of(TOLD)
    shop.options(card="fp1", within=0.25)
    (operation,) = shop.baitiao.of(Kind.PLANS)
    assert (operation.ref, dict(operation.inputs), operation.amount) == ("u1", {"card": "fp1"}, PRICE)
    assert 0.0 < operation.timeout <= 0.25


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("limit", "reason"),
    [("5999.00", None), ("5998.99", pf.Cause.CREDIT_EXHAUSTED), ("0.00", pf.Cause.LIMIT_REDUCED)],
)
def test_a_limit_that_does_not_carry_the_amount(limit: str, reason: pf.Cause | None) -> None:
    """All terms need it, paying in full by the same credit as well; a sufficient one says that it was checked."""
    page = shop_of(plans(limit=yuan(limit))).options()
    states = [page[f"baitiao/{terms}"] for terms in (12, 6, 3, "full")]
    assert [each.reason for each in states] == [reason] * 4
    assert [each.available for each in states] == [reason is None] * 4
    assert page["wechat"].available


def test_a_limit_that_cannot_be_true_is_asked_again_before_it_is_believed() -> None:
    """0.50 yuan: offered the first time; asked again shortly; shown as a glitch when it stays; gone when it goes."""
    shop = shop_of(plans(limit=yuan("0.50")), plans(limit=yuan("0.50")), plans(limit=yuan("8000.00")))
    first = shop.options()["baitiao/full"]
    assert (first.available, first.reason, first.text) == (True, pf.Cause.LIMIT_GLITCH, "")
    shop.clock.advance(2.0)
    second = shop.options()["baitiao/full"]
    assert (second.available, second.reason) == (False, pf.Cause.LIMIT_GLITCH)
    assert second.text
    shop.clock.advance(2.0)
    third = shop.options()["baitiao/full"]
    assert (third.available, third.reason, third.checked) == (True, None, "provider")


def test_what_is_absurd_is_the_operators_to_say() -> None:
    """With another threshold 0.50 yuan is believed."""
    shop = shop_of(plans(limit=yuan("0.50")), credit=CreditPolicy(implausible_below="0.10"))
    assert shop.options()["baitiao/full"].reason is pf.Cause.CREDIT_EXHAUSTED


# ---------------------------------------------------------------- the shopper comes back


def test_what_was_shown_can_be_shown_again() -> None:
    """The QR code of the live attempt stands beside its option, until it is paid."""
    shop = shop_of(TOLD, declares={"starts": "shopper"})
    shop.baitiao.on(Kind.CHARGE, pending(action=QR)).on(Kind.QUERY, pending())
    assert isinstance(shop.pay("A1", "baitiao/6", within=1.0), pf.ActionRequired)
    page = shop.options("A1")
    assert (page["baitiao/6"].open, page["baitiao/12"].open) == (QR, None)
    assert shop.options("A2")["baitiao/6"].open is None
    assert shop.options("A1", price=yuan("1.00"))["baitiao/6"].open is None
    shop.payments.report("baitiao", "00A101", captured(PRICE))
    assert shop.options("A1")["baitiao/6"].open is None


def test_a_journal_that_is_away_takes_nothing_away() -> None:
    """Before the click nothing depends on it."""
    shop = shop_of(TOLD)
    journal: Any = shop.payments.journal

    def away(key: object, done: Done) -> None:
        done(pf.JournalUnavailable("the disk is gone"))

    journal.load = journal.recall = away
    assert all(each.available for each in shop.options().values())


# ---------------------------------------------------------------- as JSON


@pytest.mark.parametrize(
    ("locale", "label", "full"),
    [("zh-CN", "京东白条 分12期", "京东白条 不分期"), ("en", "JD Baitiao, 12 instalments", "JD Baitiao, in full")],
)
def test_labels_name_the_channel_and_its_terms(locale: str, label: str, full: str) -> None:
    """In the shopper's language, where the configuration has a name in it."""
    page = shop_of(TOLD, channel={"label": {"zh-CN": "京东白条", "en": "JD Baitiao"}}).options(locale=locale)
    assert (page["baitiao/12"].label, page["baitiao/full"].label, page["wechat"].label) == (label, full, "wechat")


def test_the_json_is_what_its_schema_says() -> None:
    """With plans, refusals and a live action in it."""
    shop = shop_of(TOLD, declares={"starts": "shopper"})
    shop.baitiao.on(Kind.CHARGE, pending(action=QR)).on(Kind.QUERY, pending())
    shop.wechat.on(Kind.CHARGE, refused(pf.Cause.OVERDUE))
    shop.pay("A0", "wechat", consent=())
    shop.pay("A1", "baitiao/6", within=1.0)
    told = shop.payments.options(pf.Order("A1", PRICE), shopper=shop.shopper("u1")).to_json()
    schema = results_schema()
    jsonschema.validate(json.loads(json.dumps(told)), {**schema["$defs"]["Options"], "$defs": schema["$defs"]})
    (six,) = [each for each in told["options"] if each["option"] == "baitiao/6"]
    assert (six["open"]["kind"], six["fee_by"], six["total"]["text"]) == ("qr", "merchant", "5999.00 CNY")


@pytest.mark.anyio
async def test_the_awaited_door_says_the_same() -> None:
    """Sync and async callables; a page's time is kept by both."""
    shop = shop_of(TOLD)
    providers = {"baitiao": shop.baitiao, "wechat": shop.wechat, "card": shop.card}
    payments = pf.AsyncPayments(shop.policy, providers, clock=shop.clock)
    order = pf.Order("A9", PRICE)
    told = await payments.options(order, shopper=shop.shopper("u1"), locale="en")
    assert told == shop.payments.options(order, shopper=shop.shopper("u1"), locale="en")
    shop.clock.advance(3600.0)
    free = threading.Event()
    shop.baitiao.on(Kind.PLANS, lambda operation: free.wait(30) and TOLD)
    late = await payments.options(order, within=0.05)
    free.set()
    assert all(each.available and each.checked == "no" for each in late.options)
    await payments.aclose()

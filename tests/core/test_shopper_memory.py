"""What is remembered of a shopper: refusals that will not change soon, refusals for risk, and for how long."""

from __future__ import annotations

from pathlib import Path

import pytest
from core_world import captured, on_file, pending
from credit_shop import KEY, PRICE, CreditShop, refused, yuan

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.policy import REMEMBERED, MemoryPolicy
from payfallback.ports import Done
from payfallback.testing import VirtualClock

OVERDUE = refused(pf.Cause.OVERDUE)
RISK = refused(pf.Cause.RISK_REJECTED)
PAID = captured(PRICE)
SOFT = [cause for cause in REMEMBERED if cause is not pf.Cause.RISK_REJECTED]


@pytest.mark.parametrize("cause", SOFT, ids=lambda cause: cause.value)
def test_the_next_order_starts_elsewhere_until_it_is_forgotten(cause: pf.Cause) -> None:
    """The channel that refused is passed over for as long as its cause says, and is tried again afterwards."""
    shop = CreditShop(refused(cause))
    shop.pay("A1")
    shop.clock.advance(REMEMBERED[cause] - 60.0)
    assert shop.pay("A2", None).option == "wechat"
    assert shop.charged() == ["baitiao/12", "wechat", "wechat"]
    shop.clock.advance(120.0)
    shop.pay("A3", None)
    assert shop.charged()[3:] == ["baitiao/12", "wechat"]


def test_nobody_is_sent_elsewhere_without_consent() -> None:
    """Passing over is no leave to charge another way: it is offered, and nothing was sent."""
    shop = CreditShop(OVERDUE)
    shop.pay("A1", consent=())
    result = shop.pay("A2", None, consent=())
    assert isinstance(result, pf.NotPaid)
    assert (result.cause, result.alternatives) == (pf.Cause.REFUSED_RECENTLY, ("wechat", "card"))
    assert shop.charged() == ["baitiao/12"]


def test_what_the_shopper_chooses_is_tried() -> None:
    """They may have repaid a minute ago; and when it works, what was remembered is forgotten."""
    shop = CreditShop(OVERDUE, PAID)
    shop.pay("A1", consent=())
    assert shop.pay("A2", "baitiao/6").option == "baitiao/6"
    assert shop.pay("A3", None).option == "baitiao/12"


@pytest.mark.parametrize("told_by", ["a notification", "a question", "recovery"])
def test_a_payment_that_is_only_heard_of_clears_what_was_remembered(told_by: str) -> None:
    """Baitiao's captures come after the call: whoever brings the news, the shopper can pay there again."""
    shop = CreditShop(OVERDUE, pending(action=pf.Qr("https://pay.example/1")), PAID, declares={"starts": "shopper"})
    shop.pay("A1", consent=())
    shop.baitiao.on(Kind.QUERY, pending())
    assert isinstance(shop.pay("A2", "baitiao/6", within=1.0), pf.ActionRequired)
    shop.baitiao.on(Kind.QUERY, PAID)
    if told_by == "a notification":
        shop.payments.report("baitiao", "00A201", PAID)
    elif told_by == "a question":
        shop.payments.status("A2", ask=True)
    else:
        shop.clock.advance(60.0)
        shop.payments.recover()
    assert isinstance(shop.payments.status("A2"), pf.Paid)
    assert shop.pay("A3", None, consent=["wechat"]).option == "baitiao/12"


def test_other_shoppers_and_other_merchants_are_not_touched() -> None:
    """It is remembered for one shopper of one merchant."""
    shop = CreditShop(OVERDUE, PAID)
    shop.pay("A1", consent=(), merchant="m1")
    assert shop.pay("A2", None, ref="u2", merchant="m1").option == "baitiao/12"
    assert shop.pay("A3", None, merchant="m2").option == "baitiao/12"
    assert shop.pay("A4", None, merchant="m1").option == "wechat"


def test_exhausted_credit_says_nothing_about_a_smaller_order() -> None:
    """599 yuan may still fit; the same amount, or more, would not."""
    shop = CreditShop(refused(pf.Cause.CREDIT_EXHAUSTED))
    shop.pay("A1", consent=())
    shop.pay("A2", None, price=yuan("599.00"), consent=())
    shop.pay("A3", None, price=yuan("6000.00"), consent=())
    assert [each.order_id for each in shop.baitiao.of(Kind.CHARGE)] == ["A1", "A2"]


@pytest.mark.parametrize("cause", [pf.Cause.TERM_NOT_SUPPORTED, pf.Cause.ITEM_NOT_ELIGIBLE, pf.Cause.DECLINED])
def test_a_refusal_of_the_order_is_not_remembered_of_the_shopper(cause: pf.Cause) -> None:
    """The goods, the term or a reason that nobody gave say nothing about the next order."""
    shop = CreditShop(refused(cause), PAID)
    shop.pay("A1", consent=())
    assert shop.pay("A2", None).option == "baitiao/12"


def test_the_operator_decides_what_is_kept_and_how_long() -> None:
    """A cause that is not kept is not remembered; another one as long as it is written."""
    keep = {pf.Cause.OVERDUE: 10.0}
    shop = CreditShop(refused(pf.Cause.CREDIT_SCORE), OVERDUE, PAID, memory=MemoryPolicy(keep=keep))
    shop.pay("A1", consent=())
    shop.pay("A2", None, consent=())
    assert shop.pay("A3", None).option == "wechat"
    shop.clock.advance(11.0)
    assert shop.pay("A4", None).option == "baitiao/12"


def test_a_refusal_that_a_notification_brings_is_remembered_too() -> None:
    """Whoever brings the evidence: the shopper is known by the hash that the order keeps."""
    shop = CreditShop(pf.Answer(verdict=pf.Verdict.PENDING, provider_ref="R1"), PAID)
    shop.pay("A1", within=1.0)
    shop.payments.report("baitiao", "00A101", OVERDUE)
    assert shop.pay("A2", None).option == "wechat"


# ---------------------------------------------------------------- a refusal for risk


def test_a_refusal_for_risk_follows_the_shopper() -> None:
    """In the next orders that channel is not asked again, not even by choice, and nothing else is tried by itself."""
    shop = CreditShop(RISK)
    shop.pay("A1")
    for order_id, choice in (("A2", "baitiao/12"), ("A3", None)):
        result = shop.pay(order_id, choice)
        assert isinstance(result, pf.NotPaid)
        assert (result.cause, result.alternatives) == (pf.Cause.RISK_REJECTED, ())
    assert shop.charged() == ["baitiao/12"]


def test_after_a_refusal_for_risk_only_the_choice_is_charged() -> None:
    """Another way that the shopper chooses is tried; when it is refused there is no falling back, and no offer."""
    shop = CreditShop(RISK)
    shop.wechat.on(Kind.CHARGE, refused(pf.Cause.CREDIT_EXHAUSTED))
    shop.pay("A1")
    result = shop.pay("A2", "wechat")
    assert (result.cause, result.alternatives) == (pf.Cause.CREDIT_EXHAUSTED, ())
    assert shop.payments.status("A2").alternatives == ()
    assert shop.charged() == ["baitiao/12", "wechat"]


def test_a_refusal_for_risk_holds_for_its_order_without_any_memory() -> None:
    """Of a shopper whom nobody knows: the same order is not shopped around in a second call either."""
    shop = CreditShop(RISK, PAID)
    shop.wechat.on(Kind.CHARGE, refused(pf.Cause.CREDIT_EXHAUSTED))
    shop.pay("A1", ref="")
    assert shop.pay("A1", "baitiao/6", ref="").cause is pf.Cause.RISK_REJECTED
    result = shop.pay("A1", "wechat", ref="")
    assert (result.cause, result.alternatives) == (pf.Cause.CREDIT_EXHAUSTED, ())
    assert shop.payments.status("A1").alternatives == ()
    assert shop.charged() == ["baitiao/12", "wechat"]
    assert shop.pay("A2", ref="").option == "baitiao/12"


def test_a_refusal_for_risk_is_forgotten_after_its_time() -> None:
    """It follows the shopper for a while, not for ever."""
    shop = CreditShop(RISK, PAID)
    shop.pay("A1")
    shop.clock.advance(REMEMBERED[pf.Cause.RISK_REJECTED] + 1.0)
    assert shop.pay("A2").option == "baitiao/12"


def test_a_route_may_allow_to_shop_around_risk() -> None:
    """Then it is remembered like any other refusal: the next order starts elsewhere, and a choice is tried."""
    shop = CreditShop(RISK, route={"shop_around_risk": True})
    assert shop.pay("A1").option == "wechat"
    assert shop.pay("A2", None).option == "wechat"
    shop.pay("A3", "baitiao/12", consent=())
    assert shop.charged() == ["baitiao/12", "wechat", "wechat", "baitiao/12"]


# ---------------------------------------------------------------- where it is kept


def test_it_survives_the_process_and_holds_no_reference(tmp_path: Path) -> None:
    """Another process of the shop knows it; the file knows neither who the shopper nor which card it was."""
    first = CreditShop(OVERDUE, journal=on_file(tmp_path))
    first.card.on(Kind.CHARGE, refused(pf.Cause.DECLINED, network="visa:05"))
    first.pay("A1", ref="alice@shop.example", card="fp_4242424242424242", consent=["card"])
    first.payments.close()
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"overdue" in written
    assert b"network:visa" in written
    assert b"alice" not in written
    assert b"4242" not in written
    second = CreditShop(PAID, journal=on_file(tmp_path))
    assert second.pay("A2", None, ref="alice@shop.example").option == "wechat"
    second.payments.close()


class Amnesia(MemoryJournal):
    """A journal that cannot read what it remembers, and keeps nothing more."""

    def recall(self, subjects: object, done: Done) -> None:
        """Nothing comes."""
        done(pf.JournalUnavailable("the disk is gone"))

    def remember(self, refusals: object, done: Done) -> None:
        """Nothing stays."""
        done(pf.JournalUnavailable("the disk is full"))


def test_without_memory_everybody_is_a_stranger() -> None:
    """A memory that cannot be read or written stops no payment."""
    shop = CreditShop(OVERDUE, PAID, journal=Amnesia)
    shop.pay("A1", consent=())
    assert shop.pay("A2", None).option == "baitiao/12"


def test_without_a_key_nothing_is_remembered() -> None:
    """A plain hash of a reference would be personal data: without a key of the shop's own there is none."""
    shop, clock = CreditShop(OVERDUE, PAID), VirtualClock()
    providers = {"baitiao": shop.baitiao, "wechat": shop.wechat, "card": shop.card}
    keyless = pf.Payments(shop.policy, providers, MemoryJournal(clock), clock=clock, sleep=clock.sleep)
    keyless.pay(pf.Order("A1", PRICE), shopper=pf.Shopper(ref="u1"))
    assert isinstance(keyless.pay(pf.Order("A2", PRICE), shopper=pf.Shopper(ref="u1")), pf.Paid)


@pytest.mark.anyio
async def test_the_awaited_door_remembers_too(tmp_path: Path) -> None:
    """The same memory, on disk, through tasks."""
    shop = CreditShop(OVERDUE, PAID)
    providers = {"baitiao": shop.baitiao, "wechat": shop.wechat, "card": shop.card}
    journal = on_file(tmp_path)(shop.clock)
    async with pf.AsyncPayments(shop.policy, providers, journal, clock=shop.clock, ref_key=KEY) as payments:
        await payments.pay(pf.Order("A1", PRICE), shopper=pf.Shopper(ref="u1"))
        second = await payments.pay(pf.Order("A2", PRICE), consent=["wechat"], shopper=pf.Shopper(ref="u1"))
        other = await payments.pay(pf.Order("A3", PRICE), consent=["wechat"], shopper=pf.Shopper(ref="u2"))
    assert isinstance(second, pf.Paid)
    assert isinstance(other, pf.Paid)
    assert (second.option, other.option) == ("wechat", "baitiao/12")

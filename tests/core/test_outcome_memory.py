"""Memory of shoppers and cards: whom it asks about, what it keeps and of whom, and when nothing of it may be lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from core_world import SILENCE, captured, pending
from credit_shop import PRICE, CreditShop, refused

import payfallback as pf
from payfallback._core.memory import Refusal
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.policy import MemoryPolicy
from payfallback.ports import Done, Switch
from payfallback.testing import VirtualClock

OVERDUE = refused(pf.Cause.OVERDUE)
DECLINED = refused(pf.Cause.DECLINED)
STOLEN = refused(pf.Cause.DECLINED, network="visa:43")  # the networks forbid another try for good
SOFT = refused(pf.Cause.DECLINED, network="visa:51")
PAID = captured(PRICE)
OTHER_INPUTS = {"": {"code": "134512345678901234"}}


class Noted(MemoryJournal):
    """A journal in memory that notes whom it is asked about, and what it is told to remember."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.asked: list[tuple[str, ...]] = []
        self.told: list[Refusal] = []

    def recall(self, subjects: Sequence[str], done: Done) -> None:
        """What is kept of them."""
        self.asked.append(tuple(subjects))
        super().recall(subjects, done)

    def remember(self, refusals: Sequence[Refusal], done: Done) -> None:
        """Keep them."""
        self.told.extend(refusals)
        super().remember(refusals, done)


class Forgetful(MemoryJournal):
    """A journal whose memory of shoppers and cards cannot be read."""

    def recall(self, subjects: Sequence[str], done: Done) -> None:
        """Nothing comes."""
        done(pf.JournalUnavailable("the disk is gone"))


def noted(*baitiao: Any, **more: Any) -> tuple[CreditShop, Noted]:
    """A shop, and what its journal is asked and told."""
    shop = CreditShop(*baitiao, journal=Noted, **more)
    journal = shop.payments.journal
    assert isinstance(journal, Noted)
    return shop, journal


def switch(shop: CreditShop, order_id: str, choice: str, *consent: str) -> pf.Result:
    """The shopper u1 asks for another way."""
    return shop.payments.switch(pf.Order(order_id, PRICE), choice, consent=consent, shopper=shop.shopper("u1"))


# ---------------------------------------------------------------- who is asked about


def test_nobody_is_asked_about_who_is_not_known() -> None:
    """A shopper without reference and card costs the journal no question."""
    shop, journal = noted()
    assert isinstance(shop.pay("A1", ref=""), pf.Paid)
    assert isinstance(shop.payments.pay(pf.Order("A2", PRICE)), pf.Paid)
    assert journal.asked == []


def test_who_only_observes_asks_about_nobody() -> None:
    """`observe` passes nothing over, so it has no use for what is remembered."""
    shop, journal = noted(autonomy="observe")
    assert isinstance(shop.pay("A1", card="fp1"), pf.Paid)
    assert journal.asked == []


@pytest.mark.parametrize(
    ("ref", "news"), [("u1", pending()), ("u1", OVERDUE), ("", PAID)], ids=["open", "refused", "paid by a stranger"]
)
def test_only_a_payment_that_clears_somebody_reads_the_memory(ref: str, news: pf.Answer) -> None:
    """Of a notification that is no payment, or of nobody who is known, nothing can be forgotten."""
    shop, journal = noted(pf.Answer(verdict=pf.Verdict.PENDING, provider_ref="R1"))
    shop.baitiao.on(Kind.QUERY, SILENCE)
    shop.pay("A1", ref=ref, consent=(), within=1.0)
    journal.asked.clear()
    shop.payments.report("baitiao", "00A101", news)
    assert journal.asked == []


def test_a_payment_is_heard_of_although_the_memory_cannot_be_read() -> None:
    """The notification is taken in, and the order is paid."""
    shop = CreditShop(pf.Answer(verdict=pf.Verdict.PENDING, provider_ref="R1"), journal=Forgetful)
    shop.baitiao.on(Kind.QUERY, SILENCE)
    shop.pay("A1", consent=(), within=1.0)
    assert isinstance(shop.payments.report("baitiao", "00A101", PAID), pf.Paid)


def test_an_order_that_began_with_a_stranger_knows_who_pays_it_now() -> None:
    """They logged in before they switched: what is remembered of them holds for what is tried then."""
    shop = CreditShop(OVERDUE, PAID)
    shop.pay("A1", consent=())
    shop.card.on(Kind.CHARGE, DECLINED)
    shop.wechat.on(Kind.CHARGE, DECLINED)
    shop.pay("A2", "card", ref="", consent=())
    switch(shop, "A2", "wechat", "baitiao/12")
    assert shop.charged() == ["baitiao/12", "card", "wechat"]


# ---------------------------------------------------------------- of whom something is kept


@pytest.mark.parametrize(
    ("choice", "answer", "card"),
    [("baitiao/12", OVERDUE, ""), ("card", STOLEN, ""), ("card", DECLINED, "fp1"), ("card", DECLINED, "")],
    ids=["no reference", "no card", "no network", "neither"],
)
def test_a_refusal_of_nobody_is_not_kept(choice: str, answer: pf.Answer, card: str) -> None:
    """Without a reference, a card or a network there is nobody whom it could be held against."""
    shop, journal = noted(answer)
    shop.card.on(Kind.CHARGE, answer)
    shop.pay("A1", choice, ref="", card=card, consent=())
    assert journal.told == []


def test_shoppers_who_name_no_card_share_none() -> None:
    """A card is declined for good whose shopper gave other inputs only: the next shopper's card is tried."""
    shop = CreditShop()
    shop.card.on(Kind.CHARGE, STOLEN, PAID)
    told = [
        shop.payments.pay(pf.Order(name, PRICE), "card", shopper=pf.Shopper(ref=ref, inputs=OTHER_INPUTS))
        for name, ref in (("A1", "u1"), ("A2", "u2"))
    ]
    assert [type(each) for each in told] == [pf.NotPaid, pf.Paid]


def test_a_card_that_is_given_for_its_channel_alone_is_known() -> None:
    """The networks' rules hold wherever in the inputs the card stands."""
    shop = CreditShop()
    shop.card.on(Kind.CHARGE, STOLEN, PAID)
    shopper = pf.Shopper(ref="u1", inputs={"card": {"card": "fp1"}})
    shop.payments.pay(pf.Order("A1", PRICE), "card", shopper=shopper)
    assert shop.payments.pay(pf.Order("A2", PRICE), "card", shopper=shopper).cause is pf.Cause.REFUSED_RECENTLY
    assert len(shop.card.of(Kind.CHARGE)) == 1


# ---------------------------------------------------------------- what is kept closes


def test_a_refusal_for_the_term_that_is_kept_closes_that_term_only() -> None:
    """The operator keeps a cause that speaks of the term: the next order is tried with another one."""
    keep = {pf.Cause.TERM_NOT_SUPPORTED: 100.0}
    shop = CreditShop(refused(pf.Cause.TERM_NOT_SUPPORTED), PAID, memory=MemoryPolicy(keep=keep))
    shop.pay("A1", consent=())
    assert shop.pay("A2", None).option == "baitiao/6"


def test_a_refusal_is_kept_for_less_than_a_second_too() -> None:
    """`keep` is what the operator wrote."""
    shop = CreditShop(OVERDUE, PAID, memory=MemoryPolicy(keep={pf.Cause.OVERDUE: 0.5}))
    shop.pay("A1", consent=())
    assert shop.pay("A2", None).option == "wechat"


def test_a_channel_without_terms_is_passed_over_too() -> None:
    """What WeChat refused is remembered of WeChat, and is not offered either."""
    shop = CreditShop(DECLINED)
    shop.wechat.on(Kind.CHARGE, OVERDUE, PAID)
    shop.pay("A1", "wechat", consent=())
    told = [shop.pay("A2", "baitiao/full", consent=["wechat"]), shop.payments.status("A2")]
    assert [(each.status, "wechat" in each.alternatives) for each in told] == [("not_paid", False)] * 2
    assert shop.pay("A3", "baitiao/full", consent=["wechat", "card"]).option == "card"


def test_a_declined_card_hides_no_refusal_of_its_shopper() -> None:
    """Both are remembered, and both hold."""
    shop = CreditShop(OVERDUE)
    shop.card.on(Kind.CHARGE, SOFT)
    shop.pay("A1", "card", card="fp1", consent=["baitiao/12"])
    assert shop.pay("A2", None, card="fp1", consent=["wechat"]).option == "wechat"
    assert shop.charged() == ["card", "baitiao/12", "wechat"]


def test_a_forbidden_retry_is_not_made_although_the_memory_cannot_be_read() -> None:
    """A card declined for good a moment ago is not tried again at another acquirer in the same call."""
    shop = CreditShop(journal=Forgetful, declares={"card": ("fingerprint", "card")})
    shop.card.on(Kind.CHARGE, STOLEN)
    shop.pay("A1", "card", card="fp1", consent=["baitiao/full", "wechat"])
    assert shop.charged() == ["card", "wechat"]


def test_a_refusal_that_is_found_out_first_hides_no_older_ones() -> None:
    """Who switches learns that the open charge was refused, and still passes over what refused last time."""
    shop = CreditShop(SILENCE)
    shop.wechat.on(Kind.CHARGE, OVERDUE, PAID)
    shop.card.on(Kind.CHARGE, DECLINED)
    shop.pay("A1", "wechat", consent=())
    shop.baitiao.on(Kind.QUERY, SILENCE)
    assert isinstance(shop.pay("A2", consent=(), within=1.0), pf.Pending)
    shop.baitiao.on(Kind.QUERY, refused(pf.Cause.CREDIT_SCORE))
    switch(shop, "A2", "card", "wechat")
    assert shop.charged() == ["wechat", "baitiao/12", "card"]


def test_in_observe_a_choice_is_charged_whatever_was_refused_before() -> None:
    """The shop's own flow goes on as it was: not even a refusal for risk keeps the next click away."""
    shop = CreditShop(refused(pf.Cause.RISK_REJECTED), PAID, autonomy="observe")
    shop.pay("A1")
    assert shop.pay("A1", "baitiao/6").option == "baitiao/6"


def test_when_to_come_back_is_not_said_of_another_trouble() -> None:
    """The chosen channel was stopped by hand: no rule of the card networks says when that is over."""
    shop = CreditShop(OVERDUE)
    shop.card.on(Kind.CHARGE, STOLEN)
    shop.pay("A1", consent=())
    shop.pay("A2", "card", card="fp1", consent=())
    shop.payments.journal.stop_channel(Switch(channel="wechat", reason="fees", actor="ops", at=0.0), lambda _: None)
    shop.clock.advance(2.0)
    for consent in ((), ("card",)):
        result = shop.pay("A3", "wechat", card="fp1", consent=consent)
        assert isinstance(result, pf.NotPaid)
        assert (result.cause, result.retry_after) == (pf.Cause.CHANNEL_STOPPED, None)

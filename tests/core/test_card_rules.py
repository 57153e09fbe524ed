"""The card networks' retry rules: what may never be tried again, what only later, and how often at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from core_world import captured
from credit_shop import PRICE, CreditShop, refused

import payfallback as pf
from payfallback._core.cards import NEVER, WAITS
from payfallback._core.memory import Refusal
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.policy import CardPolicy
from payfallback.ports import Done
from payfallback.providers.code_table import code_table

DAY = 86400.0
PAID = captured(PRICE)


def declined(network: str) -> pf.Answer:
    """A card's decline with the network's own code."""
    return refused(pf.Cause.DECLINED, network=network)


def shop_of(*answers: Any, **policy: Any) -> CreditShop:
    """A shop whose card channel answers so."""
    shop = CreditShop(**policy)
    shop.card.on(Kind.CHARGE, *answers)
    return shop


def buy(shop: CreditShop, order_id: str, card: str = "fp1", **more: Any) -> pf.Result:
    """Pay with a card, by choice."""
    return shop.pay(order_id, "card", card=card, consent=(), **more)


@pytest.mark.parametrize("network", sorted(NEVER))
def test_some_codes_forbid_the_card_for_good(network: str) -> None:
    """Not by choice, not for another shopper, not in a year: our own gate says no, and nothing is sent."""
    shop = shop_of(declined(network), PAID)
    buy(shop, "A1")
    shop.clock.advance(365 * DAY)
    result = buy(shop, "A2", ref="u2")
    assert isinstance(result, pf.NotPaid)
    assert (result.cause, len(shop.card.of(Kind.CHARGE))) == (pf.Cause.REFUSED_RECENTLY, 1)
    assert isinstance(buy(shop, "A3", "another card"), pf.Paid)


@pytest.mark.parametrize(("network", "wait"), WAITS.items())
def test_an_advice_to_wait_is_kept(network: str, wait: float) -> None:
    """Mastercard says when: not a minute sooner, and then again."""
    shop = shop_of(declined(network), PAID)
    buy(shop, "A1")
    shop.clock.advance(wait - 60.0)
    result = buy(shop, "A2")
    assert isinstance(result, pf.NotPaid)
    assert result.retry_after == pytest.approx(60.0)
    shop.clock.advance(61.0)
    assert isinstance(buy(shop, "A3"), pf.Paid)


@pytest.mark.parametrize(
    ("network", "limit", "period"),
    [
        ("visa:05", {"visa": 3}, 30 * DAY),
        ("visa:a:b", {"visa": 3}, 30 * DAY),
        ("mastercard:none", {"mastercard": 3}, 30 * DAY),
    ],
)
def test_a_card_is_declined_only_so_often(network: str, limit: dict[str, int], period: float) -> None:
    """Beyond the configured number of declines the card rests, until the first of them is old enough."""
    shop = shop_of(declined(network), cards=CardPolicy(**limit))
    for n in range(5):
        buy(shop, f"A{n}")
        shop.clock.advance(2 * DAY)
    assert len(shop.card.of(Kind.CHARGE)) == 3
    shop.clock.advance(period - 10 * DAY + 1.0)
    buy(shop, "B1")
    assert len(shop.card.of(Kind.CHARGE)) == 4
    buy(shop, "B2")
    assert len(shop.card.of(Kind.CHARGE)) == 4


def test_the_limits_are_the_conservative_ones() -> None:
    """15 in 30 days satisfies both of Visa's published limits; Mastercard's are 35 in 30 days and 10 in one."""
    assert CardPolicy() == CardPolicy(visa=15, mastercard=35, mastercard_daily=10)
    for network, most in (("visa:05", 15), ("mastercard:none", 10)):
        shop = shop_of(declined(network))
        for n in range(most + 3):
            buy(shop, f"A{n}")
        assert len(shop.card.of(Kind.CHARGE)) == most
    shop.clock.advance(DAY)
    assert isinstance(buy(shop, "B1"), pf.NotPaid)
    assert len(shop.card.of(Kind.CHARGE)) == 11


class Noting(MemoryJournal):
    """A journal that notes for how many seconds it is to keep what it hears of a card."""

    lasts: tuple[float, ...] = ()

    def remember(self, refusals: Sequence[Refusal], done: Done) -> None:
        """`done(None)`."""
        self.lasts = tuple(each.until - each.at for each in refusals if each.subject.startswith("card:"))
        super().remember(refusals, done)


@pytest.mark.parametrize(("network", "kept"), [("visa:05", 30 * DAY), ("visa:04", 5 * 365 * DAY)])
def test_a_decline_is_kept_no_longer_than_its_rule_needs(network: str, kept: float) -> None:
    """For the 30 days that the networks count; for the life of a card where that card is never to be tried again."""
    shop = shop_of(declined(network), journal=Noting)
    buy(shop, "A1")
    assert isinstance(shop.payments.journal, Noting)
    assert shop.payments.journal.lasts == (kept,)


def test_a_decline_that_is_told_twice_is_one_decline() -> None:
    """The answer, its notification and that again: one try of one card."""
    shop = shop_of(declined("visa:05"), PAID, cards=CardPolicy(visa=2))
    buy(shop, "A1")
    for _ in range(3):
        shop.payments.report("card", "00A101", declined("visa:05"))
    assert isinstance(buy(shop, "A2"), pf.Paid)


def test_a_stricter_limit_counts_what_was_declined_before() -> None:
    """With three allowed where five were: it rests until only two are left in the period."""
    before = shop_of(declined("visa:05"), cards=CardPolicy(visa=5))
    for n in range(5):
        buy(before, f"A{n}")
        before.clock.advance(2 * DAY)
    after = shop_of(PAID, cards=CardPolicy(visa=3), journal=lambda clock: before.payments.journal)
    after.clock.advance(31 * DAY)  # that of day 0 is too old now; those of days 2, 4, 6 and 8 are not
    result = buy(after, "B1")
    assert isinstance(result, pf.NotPaid)
    assert result.retry_after == 3 * DAY  # when only those of days 6 and 8 are left
    after.clock.advance(3 * DAY)
    assert isinstance(buy(after, "B2"), pf.Paid)


def test_another_code_is_no_rule() -> None:
    """A decline that may be tried again is tried again, and one whose network is not known counts for nobody."""
    shop = shop_of(declined("visa:51"), declined(""), PAID)
    assert [type(buy(shop, f"A{n}")) for n in range(3)] == [pf.NotPaid, pf.NotPaid, pf.Paid]


def test_the_rule_follows_the_card_to_another_channel() -> None:
    """The same card behind a second acquirer is the same card: a fallback to it would be a forbidden retry."""
    shop = shop_of(declined("visa:14"), declares={"card": ("fingerprint", "card")})
    shop.pay("A1", "card", card="fp1", consent=["baitiao/full", "wechat"])
    assert shop.charged() == ["card", "wechat"]
    assert isinstance(buy(shop, "A2"), pf.NotPaid)
    assert [shop.options(card="fp1")[option].reason for option in ("card", "baitiao/full")] == [
        pf.Cause.REFUSED_RECENTLY
    ] * 2
    assert shop.options(card="fp2")["card"].available


@pytest.mark.parametrize("network", ["visa", "mastercard"])
def test_the_rules_agree_with_the_tables_of_codes(network: str) -> None:
    """What the rules forbid or delay stands in the table that `payfallback codes` prints, as a stated refusal."""
    table = code_table(network)
    rows = {row.code: row for row in table.rows()}
    ruled = {each.partition(":")[2] for each in (*NEVER, *WAITS) if each.startswith(network)}
    assert ruled <= set(rows)
    assert all(rows[code].stated and rows[code].verdict is pf.Verdict.DECLINED for code in ruled)
    if network == "visa":
        assert ruled == {code for code, row in rows.items() if row.operation == "category 1"}
    else:
        waits = {
            code: row.meaning for code, row in rows.items() if "retry after" in row.meaning or "72h" in row.meaning
        }
        assert {f"mastercard:{code}" for code in waits} == set(WAITS)
        fees = {f"mastercard:{code}" for code, row in rows.items() if "fee if retried" in row.meaning}
        assert fees == {each for each in NEVER if each.startswith("mastercard")}

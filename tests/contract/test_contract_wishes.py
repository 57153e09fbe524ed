"""What a provider cannot be asked for is refused in words, and never sent as something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from contract_world import WAYS, Shop, Way

import payfallback as pf
from payfallback._values import changed
from sandbox_time import SandboxTime

WITHOUT_TERMS = [way for way in WAYS if "/" not in way.option]


@pytest.mark.parametrize("way", WITHOUT_TERMS, ids=lambda way: way.option)
def test_nobody_who_chose_instalments_is_charged_in_full(shop: Shop, way: Way) -> None:
    """Terms on a product that has none: nothing is sent, the event says why, and so does the story."""
    mine, told = shop.payments._built, []

    def hears(event: str, /, **fields: Any) -> None:
        if event == "provider.request_not_built":
            told.append((fields["channel"], fields["why"]))

    channel = changed(shop.payments.policy.channels[way.channel], terms=(12,))
    wrong = changed(shop.payments.policy, channels={way.channel: channel}, routes=())
    ticking = SandboxTime(shop.sandbox)
    providers = {way.channel: mine.providers[way.channel]}
    with pf.Payments(wrong, providers, clock=ticking, sleep=ticking.sleep, observer=hears) as payments:
        order = pf.Order(f"T{way.channel.replace('_', '')[:8]}", pf.Money.of("120.00", "CNY"))
        shopper = pf.Shopper(ref="s1", return_url="https://shop.example/back", inputs={way.channel: way.inputs})
        result = payments.pay(order, f"{way.channel}/12", shopper=shopper)
        assert isinstance(result, pf.NotPaid)
        assert told[0][0] == way.channel
        assert "cannot be asked for" in told[0][1]
        assert any("cannot be asked for" in line.text for line in payments.trace(order.id).lines)
    assert shop.sandbox.captures(order.id) == []


def test_a_page_needs_somewhere_to_come_back_to(shop: Shop) -> None:
    """UnionPay's page without the shop's own: nothing is sent, and the story says what was missing."""
    order = pf.Order("NOWHERE1", pf.Money.of("12.00", "CNY"))
    result = shop.payments.pay(order, "unionpay", shopper=pf.Shopper(ip="203.0.113.9"))
    assert isinstance(result, pf.NotPaid)
    assert result.cause is pf.Cause.INPUT_MISSING
    assert "needs a page of the shop to come back to" in shop.story(order)


def test_the_story_says_which_amount_was_heard(shop: Shop, tmp_path: Path) -> None:
    """A capture of another amount than the order's stands in the story with both."""
    way = next(each for each in WAYS if each.channel == "wechat_code")
    shop.sandbox.fault(way.provider, "wrong_amount", operation="charge")
    order, _ = shop.pay(way)
    assert ", but of 128.01 CNY, not 128.00 CNY" in shop.story(order)

"""What comes after paying, for every provider: refunds under every fault, and notifications of every kind."""

from __future__ import annotations

import pytest
from contract_world import AMOUNT, WAYS, Shop, Way

import payfallback as pf
from payfallback.testing.sandbox.registry import ENTRIES

ONE_EACH = list({way.provider: way for way in WAYS}.values())
NOTIFYING = list({way.provider: way for way in WAYS if way.notifies}.values())
FAULTS = ("http_503", "http_503:processed", "hang:processed", "reply_lost", "flapping", "malformed", "unsigned")
PART = pf.Money.of("28.00", "CNY")


def paid(shop: Shop, way: Way) -> pf.Order:
    """An order that was paid this way. A hasty shop on a busy machine may miss an answer, and is paid another time."""
    stories = []
    for _ in range(5):
        order, told = shop.pay(way)
        if isinstance(told, pf.ActionRequired):
            shop.shopper_pays(told)
        if isinstance(shop.payments.status(order.id, ask=True), pf.Paid):
            return order
        stories.append(shop.story(order))
    raise AssertionError("\n".join(stories))


def test_every_provider_of_the_sandbox_is_met() -> None:
    """A provider that joins the registry joins the contract."""
    assert {way.provider for way in WAYS} == set(ENTRIES)


@pytest.mark.parametrize("operation", ["refund", "query_refund"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.option)
def test_a_refund_happens_once_whatever_goes_wrong(shop: Shop, way: Way, fault: str, operation: str) -> None:
    """Asked for twice under one id, with the provider failing: the money goes back once, and the shop can say so."""
    order = paid(shop, way)
    shop.sandbox.fault(way.provider, fault, operation=operation, times=2)
    shop.payments.refund(order.id, "r-1", PART, within=3.0)
    shop.payments.refund(order.id, "r-1", PART, within=3.0)
    shop.sandbox.clear()
    for seconds in (5.0, 60.0, 3600.0, 7200.0):
        shop.sandbox.advance(seconds)
        shop.payments.recover()
    state = shop.payments.refund(order.id, "r-1", PART).state
    if state == "pending" and not way.absence and fault in ("http_503", "flapping"):
        assert shop.held(order) == AMOUNT.minor  # nothing can prove that the request never arrived: for a person
        return
    assert state == "done", shop.story(order)
    assert shop.held(order) == AMOUNT.minor - PART.minor
    assert isinstance(shop.payments.status(order.id), pf.Paid)


@pytest.mark.parametrize("way", ONE_EACH, ids=lambda way: way.provider)
def test_a_refund_of_everything_ends_as_refunded(shop: Shop, way: Way) -> None:
    """All of it went back: the outcome says so, and the order is not called paid any more."""
    order = paid(shop, way)
    shop.payments.refund(order.id, "r-1")
    for seconds in (5.0, 60.0, 3600.0):
        shop.sandbox.advance(seconds)
        shop.payments.recover()
    shop.deliver()
    assert shop.outcomes(order) == ["paid", "refunded"], shop.story(order)
    assert shop.held(order) == 0
    assert not isinstance(shop.payments.status(order.id), pf.Paid)


@pytest.mark.parametrize("mode", ["on", "twice"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.option)
def test_a_notification_settles_what_nobody_asked_about(shop: Shop, way: Way, mode: str) -> None:
    """The reply was lost and no question goes through: the provider's own notification pays the order, once."""
    for fault in ("query", "close"):
        shop.sandbox.fault(way.provider, "http_503", operation=fault)
    if not way.local:
        shop.sandbox.fault(
            way.provider, "captured_late:1" if way.provider == "stripe" else "reply_lost", operation="charge", times=1
        )
    shop.sandbox.notifications(way.provider, mode)
    order, told = shop.pay(way, within=6.0)
    if isinstance(told, pf.ActionRequired):
        shop.shopper_pays(told)
    elif way.inputs and way.notifies:
        shop.sandbox.advance(2.0)
        shop.wait_for_notice(order, 2 if mode == "twice" else 1)
        assert isinstance(shop.payments.status(order.id), pf.Paid), shop.story(order)
    shop.sandbox.clear()


@pytest.mark.parametrize("way", NOTIFYING, ids=lambda way: way.provider)
def test_a_forged_notification_is_refused(shop: Shop, way: Way) -> None:
    """A signature that does not hold proves nothing: refused in the provider's form, and nothing is learned from it."""
    shop.sandbox.notifications(way.provider, "forged")
    shop.sandbox.fault(way.provider, "http_503", operation="query")
    before = len(shop.noticed)
    order, told = shop.pay(way, within=6.0)
    if isinstance(told, pf.ActionRequired):
        shop.shopper_pays(told)
    shop.wait_until_refused(way, before)
    assert order.id not in [known for known, *_ in shop.noticed[before:]]

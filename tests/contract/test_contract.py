"""One contract for every provider: whatever goes wrong, what is told is true, at most one capture stays, and it ends.

Every fault of the vocabulary meets every operation that it has a form for, on every way to pay that the sandbox has.
"""

from __future__ import annotations

import pytest
from contract_world import AMOUNT, WAYS, Shop, Way

import payfallback as pf
from payfallback.testing.sandbox.faults import FORMS

pytestmark = pytest.mark.slow  # hundreds of orders over real HTTP

FAULTS = (
    *("http_503", "http_503:processed", "hang", "hang:processed", "reply_lost", "rate_limited:0.5", "flapping"),
    *("malformed", "unsigned", "unsigned:wrong", "captured_late:20", "declined:credit_exhausted", "appears_late:20"),
    *("wrong_amount", "key_ignored", "close_refused"),
)
OPERATIONS = ("create", "charge", "query", "close")
CASES = [
    pytest.param(way, fault, operation, id=f"{way.option}-{fault}-{operation}")
    for way in WAYS
    for fault in FAULTS
    for operation in OPERATIONS
    if operation in FORMS[fault.partition(":")[0]] and (operation != "create" or way.provider == "stripe")
]
OTHER = {way.option: Way("wechat_code", "wechatpay", {"code": "134567890123450001"}) for way in WAYS}
OTHER["wechat"] = OTHER["wechat_code"] = Way("alipay_code", "alipay", {"code": "281234567890120001"})

# What an answer of the provider can prove when a fault meets the charge itself; what is not here proves nothing.
PROVES = {
    "rate_limited": {"declined", "unknown"},
    "captured_late": {"pending"},
    "declined": {"declined", "pending", "unknown", "closed"},
    "appears_late": {"captured", "pending"},
    "wrong_amount": {"captured", "pending"},
    "key_ignored": {"captured", "pending"},
    "flapping": {"unknown", "captured", "pending"},
}


@pytest.mark.parametrize(("way", "fault", "operation"), CASES)
def test_the_contract(shop: Shop, way: Way, fault: str, operation: str) -> None:
    """Told the truth at once, at most one capture held at any time, and settled when the faults are over."""
    shop.sandbox.fault(way.provider, fault, operation=operation)
    if operation in ("query", "close"):  # something must be open to be asked about and closed
        shop.sandbox.fault(way.provider, "reply_lost", operation="charge", times=1)
    order, told = shop.pay(way, consent=(OTHER[way.option],))
    if operation == "charge" and not way.local:
        expected = PROVES.get(fault.partition(":")[0], {"unknown"})
        assert set(shop.verdicts(order.id, "charge")[:1]) <= expected, shop.story(order)
    assert isinstance(told, pf.Paid) <= (shop.held(order) == AMOUNT.minor)
    assert isinstance(told, pf.NotPaid) <= (shop.held(order) == 0)
    ended = shop.finish(order, told)
    assert shop.most_held(order) <= 1, shop.story(order)
    told_of = [each for each in shop.outcomes(order) if each != "needs_person"]
    wrong = fault == "wrong_amount" and not told_of
    if wrong or (not way.absence and not told_of):
        assert not isinstance(ended, pf.Paid)
        assert shop.outcomes(order) == ["needs_person"], shop.story(order)
        assert wrong or shop.held(order) == 0
        return
    assert shop.held(order) == (AMOUNT.minor if isinstance(ended, pf.Paid) else 0), shop.story(order)
    assert told_of in (["paid"], ["expired"]), shop.story(order)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.option)
def test_a_provider_that_refuses_connections_is_left_at_once(shop: Shop, way: Way) -> None:
    """Nothing was sent: the next channel is charged, and the first has nothing in its books."""
    other = OTHER[way.option]
    shop.sandbox.fault(way.provider, "refused")
    order, told = shop.pay(way, consent=(other,))
    assert set(shop.verdicts(order.id, "create", "charge")[:1]) <= {"not_sent"}
    assert isinstance(told, pf.Paid)
    assert told.option == other.option
    assert shop.finish(order, told) == told
    assert shop.held(order) == AMOUNT.minor

"""The faults of what a provider does with money: late, refused, hidden, twice, or not closed."""

from __future__ import annotations

import httpx
import pytest
from sandbox_operations import NEW, OPEN, PAID, Merchant

from payfallback.testing.sandbox import Sandbox

both = pytest.mark.parametrize("provider", ["jdpay", "wechatpay"])


@both
def test_captured_late(sandbox: Sandbox, merchant: Merchant, provider: str) -> None:
    """A payment code is in process, then paid, without anyone doing anything."""
    sandbox.fault(provider, "captured_late:30", operation="charge", times=1)
    assert merchant.charge(NEW).status_code == 200
    assert (merchant.stands(NEW), sandbox.captures(NEW)) == ("paying", [])
    sandbox.advance(31)
    assert (merchant.stands(NEW), len(sandbox.captures(NEW))) == ("paid", 1)


@both
def test_captured_late_after_the_shopper_paid(sandbox: Sandbox, merchant: Merchant, provider: str) -> None:
    """A shopper who pays a QR code waits for the provider; a close in between comes in time."""
    sandbox.fault(provider, "captured_late:30", operation="charge", times=2)
    merchant.open("LATE0101")
    merchant.open("LATE0102")
    for number in ("LATE0101", "LATE0102"):
        assert sandbox.pay(provider, number) == "processing"
        assert merchant.stands(number) == "paying"
    assert merchant.good(merchant.close("LATE0102"))
    sandbox.advance(31)
    assert (merchant.stands("LATE0101"), merchant.stands("LATE0102")) == ("paid", "closed")
    assert [entry.number for entry in sandbox.captures("LATE01")] == ["LATE0101"]


@both
def test_a_reply_can_be_lost_and_the_capture_late(sandbox: Sandbox, merchant: Merchant, provider: str) -> None:
    """Faults combine: no answer at all, and the money moves while nobody looks."""
    sandbox.fault(provider, "captured_late:30", operation="charge", times=1)
    sandbox.fault(provider, "reply_lost", operation="charge", times=1)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        merchant.charge(NEW)
    assert sandbox.captures(NEW) == []
    sandbox.advance(31)
    assert len(sandbox.captures(NEW)) == 1


@both
def test_refunds_can_be_late(sandbox: Sandbox, merchant: Merchant, provider: str) -> None:
    """A refund is in process, then done; the books show it only then."""
    sandbox.fault(provider, "captured_late:30", operation="refund", times=1)
    assert merchant.good(merchant.send("refund"))
    assert len(sandbox.refunds(PAID)) == 1
    sandbox.advance(31)
    assert [entry.amount for entry in sandbox.refunds(PAID)] == [1, 100]


@both
@pytest.mark.parametrize("cause", ["credit_exhausted", "risk_rejected", "not_activated", "limit_glitch"])
def test_declined(sandbox: Sandbox, merchant: Merchant, provider: str, cause: str) -> None:
    """A payment code is refused, by a code where the provider has one, else by the state of the trade."""
    sandbox.fault(provider, f"declined:{cause}", operation="charge", times=1)
    merchant.charge(NEW)
    assert (merchant.stands(NEW), sandbox.captures(NEW)) == ("failed", [])


def test_declined_speaks_wechat_pays_codes(sandbox: Sandbox, merchant: Merchant) -> None:
    """Causes that WeChat Pay has a code for are refused by it when the order is made, and no order exists."""
    with Merchant(sandbox, "wechatpay") as wechat:
        for cause, code in (("risk_rejected", "RULE_LIMIT"), ("account_frozen", "ACCOUNT_ERROR")):
            sandbox.fault("wechatpay", f"declined:{cause}", operation="native", times=1)
            response = wechat.open(NEW)
            assert (response.status_code, response.json()["code"], wechat.stands(NEW)) == (403, code, "unknown")


@both
def test_a_decline_on_the_page(sandbox: Sandbox, merchant: Merchant, provider: str) -> None:
    """A cause without a code of its own refuses the shopper on the page; JD then counts the trade as failed."""
    sandbox.fault(provider, "declined:not_activated", operation="charge", times=1)
    assert merchant.good(merchant.open(NEW))
    assert sandbox.pay(provider, NEW) == {"jdpay": "refused", "wechatpay": "open"}[provider]
    assert (merchant.stands(NEW), sandbox.captures(NEW)) == (
        {"jdpay": "failed", "wechatpay": "open"}[provider],
        [],
    )


@both
def test_a_refund_can_be_declined(sandbox: Sandbox, merchant: Merchant, provider: str) -> None:
    """The provider will not refund; nothing goes back."""
    sandbox.fault(provider, "declined:merchant_config", operation="refund", times=1)
    response = merchant.send("refund")
    if provider == "jdpay":
        assert merchant.client.read(response.content)["status"] == "2"
    else:
        assert (response.status_code, response.json()["code"]) == (403, "NOTENOUGH")
    assert len(sandbox.refunds(PAID)) == 1


@both
def test_appears_late(sandbox: Sandbox, merchant: Merchant, provider: str) -> None:
    """The money moved, and for a while the provider denies that it knows the number."""
    sandbox.fault(provider, "appears_late:30", operation="charge", times=1)
    assert merchant.charge(NEW).status_code == 200
    assert (merchant.stands(NEW), len(sandbox.captures(NEW))) == ("unknown", 1)
    sandbox.advance(31)
    assert merchant.stands(NEW) == "paid"


@both
def test_queries_can_be_blind(sandbox: Sandbox, merchant: Merchant, provider: str) -> None:
    """On queries the same fault hides every young trade."""
    sandbox.fault(provider, "appears_late:30", operation="query")
    assert merchant.stands(PAID) == "unknown"
    sandbox.advance(31)
    assert merchant.stands(PAID) == "paid"


def test_a_reverse_that_overtakes_a_hidden_charge_kills_nothing(sandbox: Sandbox) -> None:
    """WeChat Pay acknowledges the reverse of a number that it does not show yet, and keeps the money."""
    with Merchant(sandbox, "wechatpay") as wechat:
        sandbox.fault("wechatpay", "appears_late:30", operation="charge", times=1)
        wechat.charge(NEW)
        assert wechat.client.reverse(NEW).status_code == 200
        sandbox.advance(31)
        assert (wechat.stands(NEW), sandbox.held(NEW)) == ("paid", 599900)


@both
def test_key_ignored(sandbox: Sandbox, merchant: Merchant, provider: str) -> None:
    """The same number is charged again, and the books show both captures."""
    sandbox.fault(provider, "key_ignored", operation="charge")
    for _ in range(2):
        assert merchant.good(merchant.charge(NEW))
    assert [entry.number for entry in sandbox.captures(NEW)] == [NEW, NEW]
    assert len({entry.provider_ref for entry in sandbox.captures(NEW)}) == 2
    sandbox.clear()
    assert not merchant.good(merchant.charge(NEW))


@both
def test_key_ignored_on_refunds(sandbox: Sandbox, merchant: Merchant, provider: str) -> None:
    """The same refund number gives money back twice."""
    sandbox.fault(provider, "key_ignored", operation="refund")
    for _ in range(2):
        assert merchant.good(merchant.send("refund"))
    assert [entry.amount for entry in sandbox.refunds(PAID)] == [1, 100, 100]


@both
def test_close_refused(sandbox: Sandbox, merchant: Merchant, provider: str) -> None:
    """The provider will not close, and the order can still be paid."""
    sandbox.fault(provider, "close_refused")
    assert not merchant.good(merchant.close(OPEN))
    if provider == "wechatpay":
        assert merchant.client.reverse(PAID).json()["code"] == "TRADE_ERROR"
    assert sandbox.pay(provider, OPEN) == "paid"

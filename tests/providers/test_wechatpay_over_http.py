"""The WeChat Pay adapter against the sandbox's WeChat Pay: two implementations that share no code."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from over_http import Checkout, Endpoint, RealClock

from payfallback._core.operations import Kind
from payfallback.model import AppParams, Qr, Redirect
from payfallback.policy import Account
from payfallback.providers.keys import Key
from payfallback.providers.wechatpay import WechatPay
from payfallback.taxonomy import Cause, Verdict
from payfallback.testing.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for this file."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def adapter(sandbox: Sandbox) -> WechatPay:
    """The adapter with the sandbox's keys."""
    keys = sandbox.credentials["wechatpay"]
    return WechatPay(
        Account(name="wx", provider="wechatpay", merchant=keys["mchid"], app=keys["appid"]),
        sign=[Key(keys["serial"], keys["private_key"])],
        verify=[Key(keys["platform_public_key_id"], keys["platform_public_key"])],
        secrets=[keys["apiv3_key"]],
        base_url=sandbox.wechatpay_url,
        clock=RealClock(),
        options={"device_ip": "198.51.100.7"},
    )


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client of this machine only."""
    with httpx.Client(trust_env=False) as client:
        yield client


def checkout(adapter: WechatPay, http: httpx.Client, number: str, product: str = "native", **more: Any) -> Checkout:
    """One attempt."""
    given = {"expires_at": time.time() + 120, "notify_url": "http://127.0.0.1:9/notify", **more}
    return Checkout(adapter, http, product, number, **given)


@pytest.mark.parametrize(
    ("product", "more", "kind"),
    [
        ("native", {}, Qr),
        ("app", {}, AppParams),
        ("h5", {"ip": "203.0.113.9"}, Redirect),
        ("jsapi", {"inputs": {"openid": "oUpF8uMuAJO"}}, AppParams),
    ],
)
def test_what_the_shopper_pays_with(
    adapter: WechatPay, http: httpx.Client, product: str, more: dict[str, Any], kind: type
) -> None:
    """Each product returns its artefact, and the same request again is the same order."""
    attempt = checkout(adapter, http, f"WXA{product}1", product, **more)
    answer = attempt(Kind.CHARGE)
    assert (answer.verdict, type(answer.action)) == (Verdict.PENDING, kind)
    assert attempt(Kind.CHARGE).verdict is Verdict.PENDING
    assert attempt(Kind.QUERY).verdict is Verdict.PENDING


def test_paid_and_refunded(sandbox: Sandbox, adapter: WechatPay, http: httpx.Client) -> None:
    """Created, paid by the shopper, told, captured, refunded: each step as both sides see it."""
    with Endpoint(adapter) as endpoint:
        attempt = checkout(adapter, http, "WXB0001", notify_url=endpoint.url)
        attempt(Kind.CHARGE)
        assert sandbox.pay("wechatpay", "WXB0001") == "paid"
        told, asked = endpoint.notices.get(timeout=30), attempt(Kind.QUERY)
        assert (told.number, told.answer.amount) == ("WXB0001", asked.amount)
        assert told.answer.verdict is asked.verdict is Verdict.CAPTURED
        assert asked.account == adapter.account.id
        assert attempt(Kind.CLOSE).verdict is Verdict.CAPTURED
        assert attempt(Kind.QUERY_REFUND, refund_number="WXB0001R1").verdict is Verdict.NOT_FOUND
        for kind in (Kind.REFUND, Kind.REFUND, Kind.QUERY_REFUND):
            assert attempt(kind, refund_number="WXB0001R1").verdict is Verdict.REFUNDED
        back = endpoint.notices.get(timeout=30)
        assert (back.kind, back.refund_number) == (Kind.REFUND, "WXB0001R1")
    assert (sandbox.held("WXB0001"), len(sandbox.refunds("WXB0001"))) == (0, 1)


def test_closed(sandbox: Sandbox, adapter: WechatPay, http: httpx.Client) -> None:
    """A close is taken, the query after it names the trade closed, and the number is over."""
    attempt = checkout(adapter, http, "WXC0001")
    attempt(Kind.CHARGE)
    assert attempt(Kind.CLOSE).verdict is Verdict.ACCEPTED
    assert (attempt(Kind.QUERY).verdict, attempt(Kind.QUERY).named) == (Verdict.CLOSED, True)
    assert sandbox.pay("wechatpay", "WXC0001") == "closed"
    again = attempt(Kind.CHARGE)
    assert (again.verdict, again.final) == (Verdict.DECLINED, True)


def test_not_found(adapter: WechatPay, http: httpx.Client) -> None:
    """A number that never arrived is not found, by WeChat Pay's clock; reversing it says "taken" all the same."""
    attempt = checkout(adapter, http, "WXD0001", "codepay", inputs={"code": "130061098828009406"})
    answer = attempt(Kind.QUERY)
    assert answer.verdict is Verdict.NOT_FOUND
    assert answer.provider_time is not None
    assert attempt(Kind.CLOSE).verdict is Verdict.ACCEPTED


def test_payment_codes(sandbox: Sandbox, adapter: WechatPay, http: httpx.Client) -> None:
    """A code pays, waits for its password until it is reversed, or is refused for good."""
    paid, waits, refused = (
        checkout(adapter, http, f"WXE000{place}", "codepay", inputs={"code": f"13006109882800{digits}"})
        for place, digits in enumerate(("9406", "9901", "9902"))
    )
    assert paid(Kind.CHARGE).verdict is Verdict.CAPTURED
    assert paid(Kind.CLOSE).verdict is Verdict.ACCEPTED
    assert sandbox.held("WXE0000") == 0
    assert waits(Kind.CHARGE).cause is Cause.AWAITING_SHOPPER
    assert waits(Kind.CLOSE).verdict is Verdict.ACCEPTED
    assert waits(Kind.QUERY).verdict is Verdict.CLOSED
    answer = refused(Kind.CHARGE)
    assert (answer.verdict, answer.final, answer.code) == (Verdict.DECLINED, True, "NOTENOUGH")


@pytest.mark.parametrize("fault", ["http_503", "malformed", "unsigned"])
def test_faults_prove_nothing(sandbox: Sandbox, adapter: WechatPay, http: httpx.Client, fault: str) -> None:
    """Whatever goes wrong after a charge arrived, it is unknown."""
    attempt = checkout(adapter, http, f"WXF{fault}", "codepay", inputs={"code": "130061098828009406"})
    sandbox.fault("wechatpay", fault, operation="charge", times=1)
    assert attempt(Kind.CHARGE).verdict is Verdict.UNKNOWN


def test_rate_limited(sandbox: Sandbox, adapter: WechatPay, http: httpx.Client) -> None:
    """A limited request was not processed; it may be sent again after the wait."""
    sandbox.fault("wechatpay", "rate_limited:3", operation="charge", times=1)
    answer = checkout(adapter, http, "WXG0001")(Kind.CHARGE)
    assert (answer.verdict, answer.cause, answer.final) == (Verdict.DECLINED, Cause.RATE_LIMITED, False)
    assert answer.resendable
    assert answer.retry_after

"""wechatpayv3, a client that knows nothing of us, our adapter, and our sandbox: three that must agree on one order."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from over_http import Checkout, Endpoint, RealClock
from wechatpayv3 import WeChatPay, WeChatPayType

from payfallback._core.operations import Kind
from payfallback.model import AppParams
from payfallback.policy import Account
from payfallback.providers.keys import Key
from payfallback.providers.wechatpay import WechatPay
from payfallback.taxonomy import Verdict
from payfallback.testing.sandbox import Sandbox
from wechat_sdk import wechat_sdk

WHOLE = {"total": 599900, "currency": "CNY"}
CODE = "130061098828009406"
TILL = {"device_ip": "198.51.100.7", "store_info": {"out_id": "1"}}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for this file."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def sdk(sandbox: Sandbox) -> WeChatPay:
    """wechatpayv3 with the sandbox's keys: it verifies every answer that says yes."""
    return wechat_sdk(sandbox)


@pytest.fixture
def adapter(sandbox: Sandbox) -> WechatPay:
    """Our adapter, the same merchant."""
    keys = sandbox.credentials["wechatpay"]
    return WechatPay(
        Account(name="wx", provider="wechatpay", merchant=keys["mchid"], app=keys["appid"]),
        sign=[Key(keys["serial"], keys["private_key"])],
        verify=[Key(keys["platform_public_key_id"], keys["platform_public_key"])],
        secrets=[keys["apiv3_key"]],
        base_url=sandbox.url("wechatpay"),
        clock=RealClock(),
        options={"device_ip": TILL["device_ip"]},
    )


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client of this machine only."""
    with httpx.Client(trust_env=False) as client:
        yield client


def ours(adapter: WechatPay, http: httpx.Client, number: str, product: str = "native", **more: Any) -> Checkout:
    """An attempt of our adapter's."""
    given = {"expires_at": time.time() + 120, "notify_url": "http://127.0.0.1:9/notify", **more}
    return Checkout(adapter, http, product, number, **given)


def theirs(answer: tuple[int, str | bytes], status: int = 200) -> Mapping[str, Any]:
    """What the SDK got."""
    code, text = answer
    assert code == status, text
    return json.loads(text) if text else {}


def test_the_sdk_pays_by_code_and_both_see_it(
    sandbox: Sandbox, sdk: WeChatPay, adapter: WechatPay, http: httpx.Client
) -> None:
    """A code that wechatpayv3 charged is captured to our adapter too; what it refunds, ours finds refunded."""
    paid = sdk.pay("壶", "WXI0001", WHOLE, payer={"auth_code": CODE}, scene_info=TILL, pay_type=WeChatPayType.CODEPAY)
    assert theirs(paid)["trade_state"] == "SUCCESS"
    attempt = ours(adapter, http, "WXI0001", "codepay")
    asked = attempt(Kind.QUERY)
    assert (asked.verdict, asked.amount) == (Verdict.CAPTURED, attempt.given.amount)
    back = sdk.refund("WXI0001R1", {"refund": 599900, **WHOLE}, out_trade_no="WXI0001")
    assert theirs(back)["status"] == "SUCCESS"
    assert theirs(sdk.query_refund("WXI0001R1"))["status"] == "SUCCESS"
    assert attempt(Kind.QUERY_REFUND, refund_number="WXI0001R1").verdict is Verdict.REFUNDED
    assert sandbox.held("WXI0001") == 0


def test_the_sdk_reverses_and_ours_sees_it_closed(
    sandbox: Sandbox, sdk: WeChatPay, adapter: WechatPay, http: httpx.Client
) -> None:
    """A code that waits for its password is reversed by wechatpayv3 and closed to us."""
    waits = {"auth_code": "130061098828009901"}
    sdk.pay("壶", "WXI0002", WHOLE, payer=waits, scene_info=TILL, pay_type=WeChatPayType.CODEPAY)
    assert theirs(sdk.codepay_reverse("WXI0002"))["out_trade_no"] == "WXI0002"
    answer = ours(adapter, http, "WXI0002", "codepay")(Kind.QUERY)
    assert (answer.verdict, answer.named) == (Verdict.CLOSED, True)


def test_we_charge_and_the_sdk_asks_and_refunds(
    sandbox: Sandbox, sdk: WeChatPay, adapter: WechatPay, http: httpx.Client
) -> None:
    """What our adapter charged and refunded, wechatpayv3 finds: state, amount, refund."""
    attempt = ours(adapter, http, "WXI0003")
    attempt(Kind.CHARGE)
    assert theirs(sdk.query(out_trade_no="WXI0003"))["trade_state"] == "NOTPAY"
    sandbox.pay("wechatpay", "WXI0003")
    asked = theirs(sdk.query(out_trade_no="WXI0003"))
    assert (asked["trade_state"], asked["amount"]["total"]) == ("SUCCESS", 599900)
    assert attempt(Kind.REFUND, refund_number="WXI0003R1").verdict is Verdict.REFUNDED
    assert theirs(sdk.query_refund("WXI0003R1"))["amount"]["refund"] == 599900


def test_we_close_and_the_sdk_sees_it_closed(
    sandbox: Sandbox, sdk: WeChatPay, adapter: WechatPay, http: httpx.Client
) -> None:
    """A close of either is a close to both."""
    attempt = ours(adapter, http, "WXI0004")
    attempt(Kind.CHARGE)
    attempt(Kind.CLOSE)
    assert theirs(sdk.query(out_trade_no="WXI0004"))["trade_state"] == "CLOSED"
    sdk.pay("壶", "WXI0005", WHOLE, notify_url="http://127.0.0.1:9/notify")
    assert sdk.close("WXI0005")[0] == 204
    assert ours(adapter, http, "WXI0005")(Kind.QUERY).verdict is Verdict.CLOSED


def test_both_read_the_same_notifications(
    sandbox: Sandbox, sdk: WeChatPay, adapter: WechatPay, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A payment's and a refund's notification: verified and decrypted by both, to the same order."""
    read: list[Mapping[str, Any]] = []
    notification = adapter.notification

    def both(headers: Mapping[str, str], body: bytes, query: str) -> Any:
        read.append(sdk.callback({name.title(): text for name, text in headers.items()}, body))
        return notification(headers, body, query)

    monkeypatch.setattr(adapter, "notification", both)
    with Endpoint(adapter) as endpoint:
        attempt = ours(adapter, http, "WXI0006", notify_url=endpoint.url)
        attempt(Kind.CHARGE)
        sandbox.pay("wechatpay", "WXI0006")
        paid = endpoint.notices.get(timeout=30)
        attempt(Kind.REFUND, refund_number="WXI0006R1")
        back = endpoint.notices.get(timeout=30)
    assert [told["event_type"] for told in read] == ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"]
    assert read[0]["resource"]["out_trade_no"] == paid.number
    assert read[1]["resource"]["out_refund_no"] == back.refund_number
    assert (paid.answer.verdict, back.answer.verdict) == (Verdict.CAPTURED, Verdict.REFUNDED)


@pytest.mark.parametrize(
    ("product", "more", "lines", "signature"),
    [
        ("app", {}, ("appid", "timestamp", "noncestr", "prepayid"), "sign"),
        ("jsapi", {"inputs": {"openid": "oUpF8uMuAJO"}}, ("appId", "timeStamp", "nonceStr", "package"), "paySign"),
    ],
)
def test_the_second_signature_is_the_sdks(
    sdk: WeChatPay,
    adapter: WechatPay,
    http: httpx.Client,
    product: str,
    more: dict[str, Any],
    lines: tuple[str, ...],
    signature: str,
) -> None:
    """What the shop's app or WeChat's bridge is handed is signed as wechatpayv3 signs it."""
    action = ours(adapter, http, f"WXI{product}7", product, **more)(Kind.CHARGE).action
    assert isinstance(action, AppParams)
    assert action.params[signature] == sdk.sign([action.params[line] for line in lines])


def test_an_app_order_names_its_merchant(sdk: WeChatPay, adapter: WechatPay, http: httpx.Client) -> None:
    """The app's parameters carry the merchant and the fixed package that WeChat's SDK wants."""
    action = ours(adapter, http, "WXI0008", "app")(Kind.CHARGE).action
    assert isinstance(action, AppParams)
    assert (action.params["partnerid"], action.params["package"]) == (adapter.account.merchant, "Sign=WXPay")
    assert theirs(sdk.query(out_trade_no="WXI0008"))["trade_type"] == "APP"

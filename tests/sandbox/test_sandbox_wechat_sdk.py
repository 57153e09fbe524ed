"""The sandbox is WeChat Pay enough for wechatpayv3, an SDK that knows nothing of it."""

from __future__ import annotations

import json

import pytest
from sandbox_shop import Shop
from wechatpayv3 import WeChatPay

from payfallback.testing.sandbox import Sandbox
from wechat_sdk import wechat_sdk


@pytest.fixture
def sdk(sandbox: Sandbox) -> WeChatPay:
    """wechatpayv3, pointed at the sandbox."""
    return wechat_sdk(sandbox)


def test_the_sdk_pays_queries_closes_and_refunds(sandbox: Sandbox, sdk: WeChatPay) -> None:
    """wechatpayv3 completes a native payment, verifying every answer, and reads the notification."""
    with Shop() as shop:
        code, text = sdk.pay("耳机", "A100101", {"total": 599900, "currency": "CNY"}, notify_url=shop.url)
        assert (code, json.loads(text)["code_url"][:9]) == (200, "weixin://")
        assert json.loads(sdk.query(out_trade_no="A100101")[1])["trade_state"] == "NOTPAY"
        sandbox.pay("wechatpay", "A100101")
        assert json.loads(sdk.query(out_trade_no="A100101")[1])["trade_state"] == "SUCCESS"
        notification = shop.next()
        told = sdk.callback(notification.headers, notification.body)
    assert (told["event_type"], told["resource"]["out_trade_no"]) == ("TRANSACTION.SUCCESS", "A100101")
    assert told["resource"]["amount"]["total"] == 599900

    assert sdk.close("A100101")[0] == 400
    amount = {"refund": 599900, "total": 599900, "currency": "CNY"}
    code, text = sdk.refund("R1", amount, out_trade_no="A100101")
    assert (code, json.loads(text)["status"]) == (200, "SUCCESS")
    assert json.loads(sdk.query_refund("R1")[1])["status"] == "SUCCESS"
    assert sandbox.held() == 0

    sdk.pay("耳机", "A100102", {"total": 100, "currency": "CNY"}, notify_url=shop.url)
    assert sdk.close("A100102")[0] == 204
    assert json.loads(sdk.query(out_trade_no="A100102")[1])["trade_state"] == "CLOSED"


def test_the_sdk_notices_a_forgery(sandbox: Sandbox, sdk: WeChatPay) -> None:
    """An answer under another key fails the SDK's own check."""
    sdk.pay("耳机", "A100101", {"total": 1}, notify_url="http://127.0.0.1:9/notify")
    sandbox.fault("wechatpay", "unsigned:wrong", operation="query")
    with pytest.raises(Exception, match="failed to verify the signature"):
        sdk.query(out_trade_no="A100101")

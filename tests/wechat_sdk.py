"""wechatpayv3, a client that knows nothing of this library, as the sandbox's merchant."""

from __future__ import annotations

from wechatpayv3 import WeChatPay, WeChatPayType

from payfallback.testing.sandbox import Sandbox


def wechat_sdk(sandbox: Sandbox) -> WeChatPay:
    """The SDK with the sandbox's keys and address; it verifies every answer that says yes."""
    known = sandbox.credentials["wechatpay"]
    client = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=known["mchid"],
        private_key=known["private_key"],
        cert_serial_no=known["serial"],
        apiv3_key=known["apiv3_key"],
        appid=known["appid"],
        public_key=known["platform_public_key"],
        public_key_id=known["platform_public_key_id"],
        timeout=(5, 5),
    )
    client._core._gate_way = sandbox.url("wechatpay")
    client._core._proxy = {"http": ""}
    return client

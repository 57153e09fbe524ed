"""WeChat Pay's place in the sandbox."""

from __future__ import annotations

from payfallback.testing.sandbox.entry import Entry, Parts
from payfallback.testing.sandbox.exchange import Provider
from payfallback.testing.sandbox.notices import Announcer
from payfallback.testing.sandbox.wechatpay.keys import make_keys
from payfallback.testing.sandbox.wechatpay.notice import Announcements
from payfallback.testing.sandbox.wechatpay.provider import WeChatPay


def _build(parts: Parts) -> tuple[Provider, Announcer]:
    wechat = WeChatPay(parts.keys, parts.bank, parts.clock, parts.mint, parts.page)
    key = parts.keys.credentials["apiv3_key"]
    return wechat, Announcements(key, wechat.owner, wechat.signed, parts.clock, parts.mint)


ENTRY = Entry(
    name="wechatpay",
    words={"zh": "微信支付", "en": "WeChat Pay"},
    port=8702,
    make_keys=make_keys,
    build=_build,
    refusals_are_final=False,  # the order stays open for another try
)

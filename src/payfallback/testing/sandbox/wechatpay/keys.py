"""WeChat Pay's test keys: the merchant's certificate key, the platform's key pair, and the APIv3 key."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from payfallback.testing.sandbox.keys import Credentials, KeyFolder
from payfallback.testing.sandbox.mint import Mint


@dataclass(frozen=True, slots=True)
class WeChatKeys:
    """`merchant` signs requests, `platform` answers."""

    credentials: Credentials
    merchant: RSAPrivateKey = field(repr=False)
    platform: RSAPrivateKey = field(repr=False)


def make_keys(folder: KeyFolder, mint: Mint) -> WeChatKeys:
    """Made at first, read afterwards."""
    private, merchant = folder.key_pair("wechatpay_private_key")
    platform, public = folder.provider("wechatpay_platform_key", "wechatpay_platform_public_key")
    credentials = Credentials(
        mchid=folder.text("wechatpay_mchid", lambda: "19" + mint.digits(8)),
        appid=folder.text("wechatpay_appid", lambda: "wx" + mint.raw(8).hex()),
        private_key=private,
        serial=folder.text("wechatpay_serial", lambda: mint.raw(20).hex().upper()),
        platform_public_key=public,
        platform_public_key_id=folder.text("wechatpay_platform_public_key_id", lambda: f"PUB_KEY_ID_{mint.digits(24)}"),
        apiv3_key=folder.text("wechatpay_apiv3_key", lambda: mint.text(32)),
    )
    return WeChatKeys(credentials, merchant, platform)

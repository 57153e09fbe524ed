"""What a prepaid order is opened with, under the merchant's second signature: WeChat's bridge in a page, or its app.

Names and the lines that are signed: wechatpay-java (JsapiServiceExtension), pay.weixin.qq.com 4012265144 (app); agreed
with wechatpayv3 in the tests.
"""

from __future__ import annotations

from payfallback.model import AppParams
from payfallback.policy import Account
from payfallback.providers._wechatpay_sign import Signer


def for_bridge(signer: Signer, account: Account, prepay: str, now: int, nonce: str) -> AppParams:
    """For a page or mini program inside WeChat (JSAPI): hand it to the bridge as it is."""
    package = f"prepay_id={prepay}"
    return AppParams(
        {
            "appId": account.app,
            "timeStamp": str(now),
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": signer.sign(account.app, str(now), nonce, package),
        }
    )


def for_app(signer: Signer, account: Account, prepay: str, now: int, nonce: str) -> AppParams:
    """For the shop's own app, which opens WeChat with its SDK."""
    return AppParams(
        {
            "appid": account.app,
            "partnerid": account.merchant,
            "prepayid": prepay,
            "package": "Sign=WXPay",
            "noncestr": nonce,
            "timestamp": str(now),
            "sign": signer.sign(account.app, str(now), nonce, prepay),
        }
    )

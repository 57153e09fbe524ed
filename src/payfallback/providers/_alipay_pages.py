"""Alipay's pages (电脑网站支付, 手机网站支付): an address that the app signs and the shopper's browser opens.

v3 has no operation that answers with a page. The official v3 SDK makes such an address of the v2 gateway by itself
(GenericExecuteApi, `pageExecute`), and so does this module: the fields but `sign`, sorted, joined as `name=text&...`,
are signed with RSA2. Nothing reaches Alipay before the address is opened, so what is sent for a charge is a question:
whether the number is still unused. Fields: AlipayTradePagePayModel and AlipayTradeWapPayModel of the official SDKs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

from payfallback._core.operations import Answer, Kind, Operation
from payfallback._values import changed
from payfallback.model import Redirect
from payfallback.policy import Account
from payfallback.providers._alipay_products import PAGES
from payfallback.providers._alipay_requests import encode, local, order
from payfallback.providers._alipay_sign import Signer
from payfallback.taxonomy import Cause, Verdict

_PAGE = ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY")
_WAP = ("alipay.trade.wap.pay", "QUICK_WAP_WAY")


def is_page(operation: Operation) -> bool:
    """Whether this is the charge of a page."""
    return operation.kind is Kind.CHARGE and operation.product in PAGES


def shown(answer: Answer, link: Callable[[], str], *, trusted: bool) -> Answer:
    """A page's charge, from what the question about its number proved. The page is shown for an unused number and for
    an unpaid trade; a trade that is further is told as it is. An absence that is not `trusted` proves nothing."""
    if answer.verdict is Verdict.NOT_FOUND and not trusted:
        words = "not found, and not signed: the page is not shown (option redirect_needs)"
        return changed(answer, verdict=Verdict.UNKNOWN, text=words)
    if answer.verdict is Verdict.NOT_FOUND:  # no refusal of this charge: its code and words would read like one
        answer = changed(answer, verdict=Verdict.PENDING, cause=Cause.AWAITING_SHOPPER, code="", text="")
    waits = answer.verdict is Verdict.PENDING and answer.cause is Cause.AWAITING_SHOPPER
    return changed(answer, action=Redirect(link())) if waits else answer


def address(
    operation: Operation, account: Account, options: Mapping[str, str], signer: Signer, base: str, now: float
) -> str:
    """Where the shopper pays this order, until it expires. It holds no secret; whoever has it can only pay."""
    method, product_code = _WAP if operation.product.endswith("wap") else _PAGE
    asked = {**order(operation, options), "product_code": product_code}
    if options["store_id"]:
        asked["store_id"] = options["store_id"]
    if method == _WAP[0]:
        asked["seller_id"] = account.merchant
        if operation.return_url:
            asked["quit_url"] = operation.return_url
    fields = {
        "app_id": account.app,
        "method": method,
        "format": "json",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": local(now),
        "version": "1.0",
        "app_cert_sn": signer.app_serial,
        "alipay_root_cert_sn": signer.root_serial,
        "app_auth_token": options["app_auth_token"],
        "notify_url": operation.notify_url,
        "return_url": operation.return_url,
        "biz_content": encode(asked).decode(),
    }
    filled = sorted((name, text) for name, text in fields.items() if text)
    sign = signer.sign("&".join(f"{name}={text}" for name, text in filled).encode())
    return f"{base}/gateway.do?{urlencode([*filled, ('sign', sign)], quote_via=quote)}"

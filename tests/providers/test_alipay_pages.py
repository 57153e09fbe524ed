"""Alipay's pages: the address that the shopper's browser opens, and what the question about its number proves."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from alipay.aop.api.util.SignatureUtils import get_sign_content, verify_with_rsa
from alipay_counterpart import (
    ACCOUNT,
    NOW,
    PAID,
    alipay,
    answered,
    bare,
    certificate_pem,
    operation,
    public_pem,
    unsigned,
)

from payfallback._core.operations import Answer, Kind
from payfallback._core.safety import leavable
from payfallback.errors import MoneyInvalid, UnknownOption
from payfallback.model import Money, Redirect
from payfallback.taxonomy import Cause, Verdict

UNUSED = {"code": "ACQ.TRADE_NOT_EXIST", "message": "交易不存在", "links": []}
BACK = "https://shop.example/back?order=A-1001&lang=zh"
PAGES = ["page", "wap", "huabei_page", "huabei_wap"]


def terms_of(product: str) -> int | None:
    """Huabei is asked for instalments."""
    return 6 if product.startswith("huabei") else None


def charged(product: str = "page", said: Any = None, options: dict[str, str] | None = None, **more: Any) -> Answer:
    """A page's charge, when Alipay answers the question about its number like this; an unused number otherwise."""
    asked = operation(product=product, **{"terms": terms_of(product), **more})
    return alipay(options=options).read(asked, answered(UNUSED, 400) if said is None else said)


def fields(answer: Answer) -> dict[str, str]:
    """The parameters of the address that the shopper is sent to."""
    assert isinstance(answer.action, Redirect)
    parts = urlsplit(answer.action.url)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "openapi.alipay.com", "/gateway.do")
    pairs = parse_qsl(parts.query, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def said_of_the_order(answer: Answer) -> Any:
    """The order as the address carries it."""
    return json.loads(fields(answer)["biz_content"])


def test_a_page_for_computers() -> None:
    """The shopper of an unused number is sent to the page, with an absolute end and the shop's two addresses."""
    answer = charged(expires_at=NOW + 120, notify_url="https://shop.example/notify/ali", return_url=BACK)
    assert (answer.verdict, answer.cause, answer.code) == (Verdict.PENDING, Cause.AWAITING_SHOPPER, "")
    given = fields(answer)
    assert given.pop("sign")
    assert said_of_the_order(answer) == {
        "out_trade_no": "A100101",
        "total_amount": "5999.00",
        "subject": "壶",
        "time_expire": "2025-11-12 00:02:00",
        "product_code": "FAST_INSTANT_TRADE_PAY",
    }
    del given["biz_content"]
    assert given == {
        "app_id": ACCOUNT.app,
        "method": "alipay.trade.page.pay",
        "format": "json",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": "2025-11-12 00:00:00",
        "version": "1.0",
        "notify_url": "https://shop.example/notify/ali",
        "return_url": BACK,
    }


def test_a_page_for_phones() -> None:
    """On a phone the seller is named, and who gives up on the page comes back to the shop."""
    answer = charged("wap", return_url=BACK, options={"store_id": "NJ_001", "product_code": "QR_CODE_OFFLINE"})
    assert fields(answer)["method"] == "alipay.trade.wap.pay"
    told = said_of_the_order(answer)
    assert (told["product_code"], told["seller_id"], told["quit_url"]) == ("QUICK_WAP_WAY", ACCOUNT.merchant, BACK)
    assert told["store_id"] == "NJ_001"
    assert "seller_id" not in said_of_the_order(charged("page"))


@pytest.mark.parametrize("product", ["huabei_page", "huabei_wap"])
def test_instalments_on_a_page(product: str) -> None:
    """Huabei's instalments go with the order."""
    answer = charged(product, terms=12, options={"huabei_seller_percent": "100"})
    told = said_of_the_order(answer)["extend_params"]
    assert told == {"hb_fq_num": "12", "hb_fq_seller_percent": "100"}
    with pytest.raises(UnknownOption, match=product):
        alipay().request(operation(product=product, terms=4))


@pytest.mark.parametrize("product", PAGES)
@pytest.mark.parametrize("options", [{}, {"app_auth_token": "202207BB"}])
def test_the_official_sdk_verifies_the_address(product: str, options: dict[str, str]) -> None:
    """Everything in the address but the signature is signed, as the official SDK joins and checks it."""
    given = fields(charged(product, options=options, title="a+b %25 壶&c", return_url=BACK))
    sign = given.pop("sign")
    assert verify_with_rsa(bare(public_pem("app")), get_sign_content(given).encode(), sign)
    assert given.get("app_auth_token", "") == options.get("app_auth_token", "")


def test_certificate_mode() -> None:
    """In certificate mode the address names the app's certificate and Alipay's root, under the signature."""
    options = {"app_cert": certificate_pem("app", 1234567890), "root_cert": certificate_pem("root1", 11)}
    given = fields(charged(options=options))
    request = alipay(options=options).request(operation(product="page"))
    assert given["app_cert_sn"] in request.headers["authorization"]
    assert given["alipay_root_cert_sn"] == request.headers["alipay-root-cert-sn"]
    sign = given.pop("sign")
    assert verify_with_rsa(bare(public_pem("app")), get_sign_content(given).encode(), sign)


def test_what_is_sent_for_a_charge_is_a_question() -> None:
    """Nothing about the order reaches Alipay before the shopper opens the page: the charge asks about its number."""
    charge = alipay().request(operation(product="wap", notify_url="https://shop.example/n", return_url=BACK))
    assert charge.url == "https://openapi.alipay.com/v3/alipay/trade/query"
    assert json.loads(charge.body) == {"out_trade_no": "A100101", "query_options": ["fund_bill_list"]}
    with pytest.raises(MoneyInvalid, match="CNY"):
        alipay().request(operation(product="page", amount=Money(100, "USD")))


def test_an_unpaid_trade_is_shown_again() -> None:
    """A trade that the shopper opened and left is still to be paid on the page."""
    waiting = {"out_trade_no": "A100101", "trade_no": "T1", "trade_status": "WAIT_BUYER_PAY", "total_amount": "5999.00"}
    answer = charged(said=answered(waiting))
    assert (answer.verdict, answer.cause) == (Verdict.PENDING, Cause.AWAITING_SHOPPER)
    assert isinstance(answer.action, Redirect)


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (PAID, Verdict.CAPTURED),
        ({**PAID, "trade_status": "TRADE_CLOSED"}, Verdict.REFUNDED),
        ({"out_trade_no": "A100101", "trade_status": "TRADE_CLOSED", "total_amount": "5999.00"}, Verdict.CLOSED),
        ({**PAID, "additional_status": "SELLER_NOT_RECEIVED"}, Verdict.PENDING),
        ({**PAID, "trade_status": "TRADE_DREAMT"}, Verdict.UNKNOWN),
    ],
)
def test_a_trade_that_is_further_is_told_as_it_is(body: dict[str, Any], verdict: Verdict) -> None:
    """What was paid, ended or cannot be read under this number is not shown again."""
    answer = charged(said=answered(body))
    assert (answer.verdict, answer.action) == (verdict, None)
    assert answer.amount == (Money(599900, "CNY") if verdict in (Verdict.CAPTURED, Verdict.REFUNDED) else None)


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (unsigned(UNUSED, 400), Cause.AWAITING_PROVIDER),
        (answered(UNUSED, 400, key="app"), Cause.AWAITING_PROVIDER),
        (answered({"code": "invalid-app-id"}, 400), Cause.MERCHANT_CONFIG),
        (answered({"code": "app-call-limited"}, 429), Cause.RATE_LIMITED),
        (answered({"code": "ACQ.SYSTEM_ERROR"}, 500), Cause.PROVIDER_ERROR),
        (answered({}, 202), Cause.PROVIDER_ERROR),
        (unsigned(b"<html>502</html>", 502), Cause.PROVIDER_ERROR),
    ],
    ids=["unsigned", "signed by somebody else", "wrong app", "too many", "broken", "accepted", "an HTML page"],
)
def test_without_an_authentic_answer_nothing_is_shown(said: Any, cause: Cause) -> None:
    """A question that failed shows no page and proves nothing, also not that this charge was refused."""
    answer = charged(said=said)
    assert (answer.verdict, answer.action, answer.final, answer.cause) == (Verdict.UNKNOWN, None, False, cause)


def test_a_merchant_may_do_without_the_signature() -> None:
    """With `redirect_needs = "answer"`, Alipay's "not found" is enough to show the page; other silences are not."""
    options = {"redirect_needs": "answer"}
    assert isinstance(charged(said=unsigned(UNUSED, 400), options=options).action, Redirect)
    for said in (unsigned(UNUSED, 200), unsigned(PAID, 200), unsigned({"code": "invalid-app-id"}, 400)):
        assert (charged(said=said, options=options).verdict) is Verdict.UNKNOWN


@pytest.mark.parametrize("product", PAGES)
def test_what_a_page_declares(product: str) -> None:
    """Nothing moves before the shopper opens it, so it is dead at once while it was not shown; shown, it expires."""
    declared = alipay().capabilities(product)
    assert leavable(declared)
    assert (declared.starts, declared.leaves, declared.resend) == ("shopper", False, None)
    assert (declared.expiry, declared.expiry_default, declared.not_found_after) == (True, 120.0, 15.0)
    assert (declared.close, declared.close_refunds) == (True, False)
    assert any("time_expire" in each for each in declared.assumptions)
    assert any("instalments" in each for each in declared.assumptions) == product.startswith("huabei")
    assert alipay().takes_terms(product, terms_of(product))
    assert not alipay().takes_terms(product, 4)


@pytest.mark.parametrize("product", PAGES)
def test_a_page_is_closed_and_asked_about_like_a_qr_code(product: str) -> None:
    """Closing ends what is unpaid; a query and a refund go by the merchant's own number."""
    adapter, asked = alipay(), {"product": product, "terms": terms_of(product)}
    paths = [adapter.request(operation(kind, **asked)).url for kind in (Kind.CLOSE, Kind.QUERY)]
    assert [each.rpartition("/")[2] for each in paths] == ["close", "query"]
    assert adapter.read(operation(Kind.QUERY, **asked), answered(UNUSED, 400)).verdict is Verdict.NOT_FOUND


def test_the_address_holds_no_secret() -> None:
    """Whoever sees the address can pay the order and nothing else: no key is in it."""
    answer = charged()
    assert isinstance(answer.action, Redirect)
    assert "PRIVATE" not in answer.action.url
    assert set(fields(answer)) == {
        *("app_id", "method", "format", "charset", "sign_type", "timestamp", "version", "biz_content", "sign")
    }

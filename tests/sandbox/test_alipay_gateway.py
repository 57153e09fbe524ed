"""Alipay's gateway as the sandbox speaks it: pages that the shopper's browser opens, and the same trades as v3."""

from __future__ import annotations

import json

import httpx
import pytest
from sandbox_alipay_client import ASKS, CODE, AlipayMerchant, at, status

from payfallback.testing.sandbox import Sandbox

BACK = "http://127.0.0.1:9/back?order=1"


@pytest.mark.parametrize("kind", ["page", "wap"])
def test_a_page_begins_when_it_is_opened(sandbox: Sandbox, ali: AlipayMerchant, kind: str) -> None:
    """Making the address tells Alipay nothing; opening it makes the trade and leads to the cashier, and back."""
    link = ali.link(kind, "A100101", sent={"return_url": BACK})
    assert status(ali.query("A100101")) == "ACQ.TRADE_NOT_EXIST"
    opened = ali.opens(link)
    assert (opened.status_code, opened.headers["location"].startswith(sandbox.control_url)) == (302, True)
    assert status(ali.query("A100101")) == "WAIT_BUYER_PAY"
    cashier = httpx.get(opened.headers["location"], trust_env=False)
    assert all(text in cashier.text for text in ("耳机", "¥5,999.00", "http://127.0.0.1:9/back?order=1"))
    httpx.post(opened.headers["location"], data={"do": "pay"}, trust_env=False)
    assert status(ali.query("A100101")) == "TRADE_SUCCESS"
    assert [entry.number for entry in sandbox.captures()] == ["A100101"]


def test_a_form_posted_by_the_browser_opens_a_page_too(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """Some shops post the fields from a hidden form; part of them may stand in its address."""
    given = {**ali.order("A100101"), "product_code": "FAST_INSTANT_TRADE_PAY"}
    fields = ali.parameters("page.pay", given)
    charset = fields.pop("charset")
    opened = ali.http.post(f"{ali.url}/gateway.do?charset={charset}", data=fields)
    assert opened.status_code == 302
    assert sandbox.pay("alipay", "A100101") == "paid"


def test_a_page_may_be_opened_again_until_it_is_over(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """A shopper who left comes back to the same trade; what is paid or closed is not opened again."""
    link = ali.link("page", "A100101")
    assert [ali.opens(link).status_code for _ in range(2)] == [302, 302]
    assert sandbox.refuse("alipay", "A100101", "credit_exhausted") == "open"
    assert sandbox.pay("alipay", "A100101") == "paid"
    assert "ACQ.TRADE_HAS_SUCCESS" in ali.opens(link).text
    closed = ali.link("page", "A100102")
    ali.opens(closed)
    ali.close("A100102")
    assert "ACQ.TRADE_HAS_CLOSE" in ali.opens(closed).text
    assert "ACQ.CONTEXT_INCONSISTENT" in ali.opens(ali.link("page", "A100102", "1.00")).text
    assert len(sandbox.captures()) == 1


def test_a_page_ends_with_its_absolute_expiry(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """After time_expire neither an address that nobody has opened works, nor one that somebody has."""
    until = at(sandbox.now + 90)
    fresh, opened = (ali.link("wap", number, time_expire=until) for number in ("A100101", "A100102"))
    ali.opens(opened)
    sandbox.advance(91)
    for link in (fresh, opened):
        assert "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR" in ali.opens(link).text
    assert status(ali.query("A100101")) == "ACQ.TRADE_NOT_EXIST"
    assert status(ali.query("A100102")) == "TRADE_CLOSED"
    assert (sandbox.pay("alipay", "A100102"), sandbox.captures()) == ("closed", [])


def test_an_address_that_somebody_changed(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """An address with another amount, without its signature or of another app shows why, and makes no trade."""
    link = ali.link("page", "A100101")
    assert "invalid-signature" in ali.opens(link.replace("5999.00", "0.01")).text
    assert "missing-signature" in ali.opens(link.partition("&sign=")[0]).text
    assert "invalid-app-id" in ali.opens(link.replace(ali.known["app_id"], "2014072300007148")).text
    assert status(ali.query("A100101")) == "ACQ.TRADE_NOT_EXIST"
    assert sandbox.captures() == []


def test_a_page_is_a_product_of_its_own(ali: AlipayMerchant) -> None:
    """Each page has its product code, and wap may name the seller."""
    assert "ACQ.INVALID_PARAMETER" in ali.opens(ali.link("page", "A100101", product_code="QUICK_WAP_WAY")).text
    assert "ACQ.INVALID_RECEIVE_ACCOUNT" in ali.opens(ali.link("wap", "A100101", seller_id="2088000000000000")).text
    assert ali.opens(ali.link("wap", "A100101", seller_id=ali.known["seller_id"])).status_code == 302


def test_both_doors_lead_to_the_same_trades(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """What was charged at the gateway is asked about, refunded and cancelled through v3, and the other way round."""
    order = {**ali.order("A100101"), "scene": "bar_code", "auth_code": CODE}
    paid = ali.told(ali.ask("pay", order))
    assert (paid["code"], "gmt_payment" in paid) == ("10000", True)
    assert status(ali.query("A100101")) == "TRADE_SUCCESS"
    asked = {"out_trade_no": "A100101", "out_request_no": "R1"}
    assert ali.refund("A100101", "1.00", under="R1").json()["fund_change"] == "Y"
    assert ali.told(ali.ask("fastpay.refund.query", asked))["refund_status"] == "REFUND_SUCCESS"
    assert ali.told(ali.ask("cancel", {"out_trade_no": "A100101"}))["action"] == "refund"
    ali.opens(ali.told(ali.ask("precreate", ali.order("A100102")))["qr_code"])
    assert ali.told(ali.ask("close", {"out_trade_no": "A100102"}))["trade_no"]
    assert ali.told(ali.ask("query", {"out_trade_no": "A100102"}))["trade_status"] == "TRADE_CLOSED"
    assert ali.told(ali.ask("refund", {"out_trade_no": "A100102", "refund_amount": "1"}))["code"] == "40004"
    assert sandbox.held() == 0


def test_a_password_that_is_waited_for_has_a_code_of_its_own(ali: AlipayMerchant) -> None:
    """The gateway says 10003 while the shopper types."""
    order = {**ali.order("A100101"), "scene": "bar_code", "auth_code": ASKS}
    assert [ali.told(ali.ask("pay", order))["code"] for _ in range(2)] == ["10003", "10003"]


def test_a_business_error_is_signed(ali: AlipayMerchant) -> None:
    """40004 carries the business's own code."""
    told = ali.told(ali.ask("query", {"out_trade_no": "A100109"}))
    assert (told["code"], told["sub_code"]) == ("40004", "ACQ.TRADE_NOT_EXIST")
    assert ali.told(ali.ask("query", "[]"))["sub_code"] == "ACQ.INVALID_PARAMETER"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"sign_type": "RSA"}, "isv.invalid-signature"),
        ({"charset": "gbk"}, "isv.invalid-signature"),
        ({"timestamp": "yesterday"}, "isv.invalid-timestamp"),
        ({"timestamp": at(0)}, "isv.invalid-timestamp"),
        ({"app_id": "2014072300007148"}, "isv.invalid-app-id"),
        ({"app_auth_token": "202207BB"}, "aop.invalid-app-auth-token"),
        ({"app_cert_sn": "0" * 32}, "isv.app-cert-not-exist"),
        ({"method": "alipay.trade.dream"}, "isv.invalid-method"),
    ],
    ids=repr,
)
def test_what_the_gateway_itself_refuses_is_not_signed(ali: AlipayMerchant, more: dict[str, str], code: str) -> None:
    """Such an answer is an error_response, and proves nothing."""
    answer = ali.ask("query", {"out_trade_no": "A100101"}, **more)
    assert (answer.status_code, json.loads(answer.text)["error_response"]["sub_code"]) == (200, code)


def test_gateway_requests_without_a_signature(ali: AlipayMerchant) -> None:
    """A request that nobody signed, or somebody else, is refused."""
    fields = ali.parameters("query", {"out_trade_no": "A100101"})
    for sign, code in (("", "isv.missing-signature"), ("AAAA", "isv.invalid-signature")):
        answer = ali.http.get(f"{ali.url}/gateway.do", params={**fields, "sign": sign})
        assert json.loads(answer.text)["error_response"]["sub_code"] == code

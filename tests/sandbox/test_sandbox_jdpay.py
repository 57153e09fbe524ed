"""JD Pay V2 as the sandbox speaks it, met by a merchant written apart from it."""

from __future__ import annotations

import re

import httpx
import pytest
from sandbox_jd_client import JdMerchant, trade_time

from payfallback.testing.sandbox import Sandbox


def status(jd: JdMerchant, number: str) -> str:
    """The status of a charge, in JD's numbers."""
    return jd.read(jd.query(number).content)["status"]


def failed(jd: JdMerchant, response: httpx.Response) -> str:
    """The failure code, when the body carries nothing that could be trusted."""
    answer = jd.read(response.content)
    assert answer.keys() == {"code", "genuine"}
    return answer["code"]


def test_a_qr_order_is_paid_by_the_shopper_and_not_before(sandbox: Sandbox, jd: JdMerchant) -> None:
    """A QR order moves no money until the shopper pays on the page that its code leads to."""
    answer = jd.read(jd.qr("A100101").content)
    assert (answer["genuine"], answer["tradeNum"], answer["amount"]) == ("yes", "A100101", "599900")
    assert answer["expireTime"] == "120"
    assert (status(jd, "A100101"), sandbox.captures()) == ("0", [])

    assert httpx.get(answer["qrCode"], trust_env=False).status_code == 200
    assert sandbox.pay("jdpay", "A100101") == "paid"
    paid = jd.read(jd.query("A100101").content)
    assert (paid["genuine"], paid["status"], paid["payType"]) == ("yes", "2", "1")
    assert [(entry.number, entry.amount) for entry in sandbox.captures("A1001")] == [("A100101", 599900)]


def test_jd_signs_over_the_xml_header_that_it_sends(jd: JdMerchant) -> None:
    """JD spells the XML header in two ways, and its signature holds over the one that came."""
    for answer, header in ((jd.qr("A100101"), "?>"), (jd.query("A100101"), " ?>")):
        read = jd.read(answer.content)
        assert read["genuine"] == "yes"
        assert read["xml"].startswith(f'<?xml version="1.0" encoding="UTF-8"{header}<jdpay>')


def test_a_payment_code_pays_at_once(sandbox: Sandbox, jd: JdMerchant) -> None:
    """A payment code takes the money while the request runs."""
    answer = jd.read(jd.code("A100101", note="A-1001").content)
    assert (answer["status"], answer["amount"], answer["note"]) == ("2", "599900", "A-1001")
    assert len(sandbox.captures("A-1001")) == 1


def test_a_payment_code_may_ask_for_the_password(sandbox: Sandbox, jd: JdMerchant) -> None:
    """A code ending in 9901 stays in process until the shopper pays on the page."""
    assert jd.read(jd.code("A100101", token="1234567890129901").content)["status"] == "1"
    assert sandbox.captures() == []
    assert sandbox.pay("jdpay", "A100101") == "paid"
    assert status(jd, "A100101") == "2"


def test_a_password_that_never_comes_ends_the_payment(sandbox: Sandbox, jd: JdMerchant) -> None:
    """A payment code lives for a minute; after it the trade has failed and cannot be paid."""
    jd.code("A100101", token="1234567890129901")
    sandbox.advance(61)
    assert status(jd, "A100101") == "3"
    assert sandbox.pay("jdpay", "A100101") == "refused"
    assert sandbox.captures() == []


def test_a_payment_code_may_be_refused(sandbox: Sandbox, jd: JdMerchant) -> None:
    """A code ending in 9902 is refused: JD has no code for why, the trade just failed."""
    assert jd.read(jd.code("A100101", token="1234567890129902").content)["status"] == "3"
    assert (status(jd, "A100101"), sandbox.captures()) == ("3", [])


@pytest.mark.parametrize("charge", ["qr", "code"])
def test_a_number_is_used_once(sandbox: Sandbox, jd: JdMerchant, charge: str) -> None:
    """JD takes a second request under one number for a second payment, and refuses it."""
    getattr(jd, charge)("A100101")
    assert failed(jd, getattr(jd, charge)("A100101")) == "SANDBOX_DUPLICATE_TRADE"
    sandbox.pay("jdpay", "A100101")
    sandbox.pay("jdpay", "A100101")
    assert len(sandbox.captures()) == 1


def test_an_expired_order_cannot_be_paid(sandbox: Sandbox, jd: JdMerchant) -> None:
    """Past tradeTime + expireTime the trade is closed and the page takes no money."""
    jd.qr("A100101", expire=60)
    sandbox.advance(61)
    assert sandbox.pay("jdpay", "A100101") == "closed"
    assert (status(jd, "A100101"), sandbox.captures()) == ("4", [])


def test_a_charge_that_arrives_after_its_expiry_is_refused(jd: JdMerchant) -> None:
    """The expiry counts from the merchant's tradeTime, so a request that was long on its way is refused."""
    assert failed(jd, jd.qr("A100101", expire=60, tradeTime=trade_time(-61))) == "SANDBOX_EXPIRED"
    assert failed(jd, jd.query("A100101")) == "SANDBOX_TRADE_NOT_FOUND"


def test_revoking_an_unpaid_order_closes_it(sandbox: Sandbox, jd: JdMerchant) -> None:
    """What was revoked before it was paid can never be paid."""
    jd.qr("A100101")
    answer = jd.read(jd.revoke("A100101").content)
    assert (answer["genuine"], answer["oTradeNum"], answer["status"]) == ("yes", "A100101", "1")
    assert status(jd, "A100101") == "4"
    assert sandbox.pay("jdpay", "A100101") == "closed"
    assert sandbox.captures() == []


def test_revoking_a_paid_order_refunds_it_once(sandbox: Sandbox, jd: JdMerchant) -> None:
    """Revoking what was paid gives the money back, however often it is asked."""
    jd.code("A100101")
    for under in ("V1", "V1", "V2"):
        answer = jd.read(jd.revoke("A100101", under=under).content)
        assert (answer["genuine"], answer["tradeNum"], answer["tradeType"], answer["status"]) == (
            "yes",
            under,
            "2",
            "1",
        )
    assert [entry.refund_number for entry in sandbox.refunds("A100101")] == ["V1"]
    assert (sandbox.held(), status(jd, "A100101")) == (0, "4")


def test_revoking_what_jd_does_not_know_proves_nothing(jd: JdMerchant) -> None:
    """Revoking an unknown number is a failure without a signature."""
    assert failed(jd, jd.revoke("A100101")) == "SANDBOX_TRADE_NOT_FOUND"


def test_refunds_add_up_to_the_payment_and_no_further(sandbox: Sandbox, jd: JdMerchant) -> None:
    """Partial refunds are taken until the payment is used up; one number refunds once."""
    jd.code("A100101")
    assert failed(jd, jd.refund("A100101", 600000)) == "SANDBOX_OVER_REFUND"
    for _ in range(2):
        assert jd.read(jd.refund("A100101", 100000, under="R1").content)["status"] == "1"
    assert failed(jd, jd.refund("A100101", 1, under="R1")) == "SANDBOX_DUPLICATE_TRADE"
    assert failed(jd, jd.refund("A100101", 599900, under="R2")) == "SANDBOX_OVER_REFUND"
    assert jd.read(jd.refund("A100101", 499900, under="R3").content)["status"] == "1"
    assert [entry.amount for entry in sandbox.refunds("A100101")] == [100000, 499900]
    assert sandbox.held() == 0


def test_what_was_not_paid_is_not_refunded(jd: JdMerchant) -> None:
    """A refund of an open order is refused."""
    jd.qr("A100101")
    assert failed(jd, jd.refund("A100101")) == "SANDBOX_NOT_PAID"


def test_refunds_can_be_asked_for_in_both_ways(jd: JdMerchant) -> None:
    """queryRefund lists the refunds of a trade; query with tradeType 1 tells of one."""
    jd.code("A100101")
    jd.refund("A100101", 100000, under="R1")
    jd.refund("A100101", 200000, under="R2")
    listed = jd.read(jd.query_refund("A100101").content)
    assert listed["genuine"] == "yes"
    assert listed["xml"].count("<refund>") == 2
    one = jd.ask("query", tradeNum="R2", oTradeNum="A100101", tradeType=1)
    assert (one["genuine"], one["amount"], one["status"], one["tradeType"]) == ("yes", "200000", "1", "1")


def test_plans_follow_the_declared_formula(jd: JdMerchant) -> None:
    """3, 6, 12 and 24 instalments at 0.5 % each, whose parts add up to the total."""
    xml = jd.read(jd.plans(599900).content)["xml"]
    blocks = [jd_fields(block) for block in xml.split("<billsInfo>")[1:]]
    assert [block["plan"] for block in blocks] == ["3", "6", "12", "24"]
    for block in blocks:
        first, later, total, terms = (int(block[name]) for name in ("firstPay", "laterPay", "total", "plan"))
        assert first + later * (terms - 1) == total == 599900 + int(block["fee"])
    assert blocks[2]["fee"] == "35994"


def jd_fields(xml: str) -> dict[str, str]:
    """The innermost elements of an XML text."""
    return dict(re.findall(r"<(\w+)>([^<>]*)</\1>", xml))


@pytest.mark.parametrize("amount", [9999, 5000001])
def test_amounts_out_of_bounds_have_no_plans(jd: JdMerchant, amount: int) -> None:
    """Below 100 and above 50,000 yuan nothing is offered, and an order with instalments is refused."""
    answer = jd.read(jd.plans(amount).content)
    assert (answer["genuine"], "billsInfo>" in answer["xml"].replace("billsInfoList>", "")) == ("yes", False)
    assert failed(jd, jd.qr("A100101", amount, installmentNum=12)) == "SANDBOX_TERM"
    assert jd.read(jd.qr("A100102", amount).content)["code"] == "000000"


def test_the_shopper_may_leave_or_be_refused(sandbox: Sandbox, jd: JdMerchant) -> None:
    """Leaving JD's page leaves the trade open; a refusal there ends it."""
    jd.qr("A100101")
    assert sandbox.refuse("jdpay", "A100101") == "open"
    assert sandbox.refuse("jdpay", "A100101", "credit_exhausted") == "refused"
    assert status(jd, "A100101") == "3"


def test_bad_requests_get_an_unsigned_failure(jd: JdMerchant) -> None:
    """A wrong signature, a wrong key, a missing field, a foreign merchant, garbage: a code and no proof."""
    url, fields = (
        f"{jd.url}/service/query",
        {"version": "V2.0", "merchant": jd.merchant, "tradeNum": "A1", "tradeType": 0},
    )
    forged = jd.envelope(fields, signature=jd.sign("another text"))
    foreign = jd.envelope(fields).replace(f"<merchant>{jd.merchant}".encode(), b"<merchant>110000000000")
    bodies = {
        "SANDBOX_SIGN": forged,
        "SANDBOX_MERCHANT": foreign,
        "SANDBOX_PARAM": jd.envelope({name: fields[name] for name in ("version", "merchant", "tradeNum")}),
        "SANDBOX_XML": b'<?xml version="1.0" encoding="UTFR8"?><jdpay></jdpay>',
        "SANDBOX_DECRYPT": jd.envelope(fields).replace(b"<encrypt>", b"<encrypt>AAAA"),
    }
    assert {code: failed(jd, jd.http.post(url, content=body)) for code, body in bodies.items()} == {
        c: c for c in bodies
    }


@pytest.mark.parametrize(
    "field",
    [{"currency": "USD"}, {"tradeTime": "20261332"}, {"tradeTime": "20261332101010"}, {"expireTime": "soon"}],
)
def test_fields_of_another_form_are_refused(jd: JdMerchant, field: dict[str, str]) -> None:
    """Another currency, a time that is none, words for numbers: nothing is created."""
    given = {"tradeName": "x", "tradeTime": trade_time(), "amount": 1, "currency": "CNY", "orderType": 0}
    response = jd.post("uniorder", tradeNum="A100101", notifyUrl="http://127.0.0.1:9/notify", **(given | field))
    assert failed(jd, response) == "SANDBOX_PARAM"
    assert failed(jd, jd.query("A100101")) == "SANDBOX_TRADE_NOT_FOUND"


@pytest.mark.parametrize(("number", "amount"), [("A-1001", 1), ("A" * 33, 1), ("A100101", 0), ("A100101", "1.5")])
def test_numbers_and_amounts_are_checked(jd: JdMerchant, number: str, amount: object) -> None:
    """Numbers are up to 32 digits and letters, amounts whole fen above 0."""
    assert failed(jd, jd.code(number, amount)) == "SANDBOX_PARAM"


def test_a_revoke_names_the_trade_and_its_amount(jd: JdMerchant) -> None:
    """A revoke of another amount, or under the number of another trade's refund, is refused."""
    jd.code("A100101")
    jd.code("A100102")
    assert failed(jd, jd.revoke("A100101", 1)) == "SANDBOX_AMOUNT"
    jd.refund("A100102", under="R1")
    assert failed(jd, jd.revoke("A100101", under="R1")) == "SANDBOX_DUPLICATE_TRADE"
    assert failed(jd, jd.post("query", tradeNum="R1", oTradeNum="A100101", tradeType=1)) == "SANDBOX_TRADE_NOT_FOUND"
    assert failed(jd, jd.post("query", tradeNum="R1", tradeType=3)) == "SANDBOX_PARAM"


def test_xml_that_reaches_for_entities_is_not_read(jd: JdMerchant) -> None:
    """A document type is refused before anything in it is looked at."""
    bomb = b'<!DOCTYPE jdpay [<!ENTITY a "aaaa">]><jdpay><version>&a;</version></jdpay>'
    assert failed(jd, jd.http.post(f"{jd.url}/service/query", content=bomb)) == "SANDBOX_XML"


def test_bodies_are_bounded(jd: JdMerchant) -> None:
    """A request beyond 64 KiB is not read."""
    assert jd.http.post(f"{jd.url}/service/query", content=b"x" * 70000).status_code == 413


def test_the_cashier_form_leads_to_the_page(sandbox: Sandbox, jd: JdMerchant) -> None:
    """saveOrder, posted by the shopper's browser, sends it on to the page where it pays."""
    fields = {
        "tradeNum": "A100101",
        "tradeName": "耳机",
        "tradeTime": trade_time(),
        "amount": "599900",
        "currency": "CNY",
        "orderType": "0",
        "notifyUrl": "http://127.0.0.1:9/notify",
        "callbackUrl": "http://127.0.0.1:9/back",
        "userId": "u1",
    }
    plain = {"version": "V2.0", "merchant": jd.merchant, **fields}
    signature = jd.sign("&".join(f"{name}={plain[name]}" for name in sorted(plain)))
    form = {"version": "V2.0", "merchant": jd.merchant, "sign": signature}
    form |= {name: jd.lock(value) for name, value in fields.items()}
    response = jd.http.post(f"{jd.url}/jdpay/saveOrder", data=form)
    assert response.status_code == 302
    page = httpx.get(response.headers["location"], trust_env=False).text
    assert "http://127.0.0.1:9/back" in page
    assert sandbox.pay("jdpay", "A100101") == "paid"
    form["amount"] = jd.lock("1")
    assert failed(jd, jd.http.post(f"{jd.url}/jdpay/saveOrder", data=form)) == "SANDBOX_SIGN"

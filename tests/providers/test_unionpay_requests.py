"""What UnionPay is sent: each product's charge, queries, reversals and refunds, signed as ACP 5.1.0 wants it."""

from __future__ import annotations

import pytest
from unionpay_counterpart import (
    ACCOUNT,
    CERT_ID,
    MERCHANT,
    NOW,
    NUMBER,
    QUERY_ID,
    TIME,
    StoppedClock,
    merchant_signed,
    operation,
    posted,
    private_pem,
    unionpay,
)

from payfallback._core.operations import Kind
from payfallback.errors import ConfigError, InputMissing, MoneyInvalid, NumberInvalid, UnknownOption
from payfallback.model import Money
from payfallback.providers.keys import Key

ALWAYS = {
    "version": "5.1.0",
    "encoding": "UTF-8",
    "signMethod": "01",
    "accessType": "0",
    "merId": MERCHANT,
    "certId": CERT_ID,
}
CONSUMED = {**ALWAYS, "txnType": "01", "orderId": NUMBER, "txnTime": TIME, "txnAmt": "599900", "currencyCode": "156"}


def sent(kind: Kind = Kind.CHARGE, product: str = "code", **more: object) -> tuple[str, dict[str, str]]:
    """Where a request goes and what it says; its signature was checked."""
    options = more.pop("options", None)
    request = unionpay(options=options).request(operation(kind, product, **more))  # type: ignore[arg-type]  # test data
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded;charset=UTF-8"
    fields = posted(request)
    assert merchant_signed(fields)
    return request.url, {name: text for name, text in fields.items() if name != "signature"}


def test_a_payment_code() -> None:
    """A payment code is charged in the back, under the number and the time that were journalled."""
    url, fields = sent(notify_url="https://shop.example/n", options={"term_id": "49000002"})
    assert url == "https://gateway.95516.com/gateway/api/backTransReq.do"
    assert fields == {
        **CONSUMED,
        "txnSubType": "06",
        "bizType": "000000",
        "channelType": "08",
        "backUrl": "https://shop.example/n",
        "qrNo": "6227520738923344502",
        "termId": "49000002",
    }


def test_a_token() -> None:
    """A token's consumption names the token and who asked for it."""
    url, fields = sent(product="token")
    assert url.endswith("/backTransReq.do")
    assert fields == {
        **CONSUMED,
        "txnSubType": "01",
        "bizType": "000902",
        "channelType": "07",
        "accType": "01",
        "backUrl": "http://www.specialUrl.com",
        "tokenPayData": "{token=6235240000020837064&trId=62000000001}",
    }


def test_a_token_in_instalments() -> None:
    """Instalments are another sub-type, and their number has two digits."""
    _, fields = sent(product="token", terms=6)
    assert (fields["txnSubType"], fields["instalTransInfo"]) == ("03", "{numberOfInstallments=06}")


def test_an_app() -> None:
    """For an app UnionPay is asked for a tn, with the time until which it can be paid."""
    url, fields = sent(product="app", expires_at=NOW + 900, title="壶 {a=b}&c")
    assert url.endswith("/appTransReq.do")
    assert fields == {
        **CONSUMED,
        "txnSubType": "01",
        "bizType": "000201",
        "channelType": "08",
        "backUrl": "http://www.specialUrl.com",
        "payTimeout": "20251112001500",
        "riskRateInfo": "{commodityName=壶  a b  c}",
    }


def test_a_page_is_asked_about_first() -> None:
    """The form is the browser's to post; what the library sends for it is a question about its number."""
    url, fields = sent(product="front", return_url="https://shop.example/back")
    assert url.endswith("/queryTrans.do")
    assert fields == {
        **ALWAYS,
        "txnType": "00",
        "txnSubType": "00",
        "bizType": "000201",
        "orderId": NUMBER,
        "txnTime": TIME,
    }


def test_a_question() -> None:
    """A trade is found by merchant, number and time; nothing of the shopper goes along."""
    for product, biz_type in (("code", "000000"), ("token", "000902"), ("app", "000201")):
        url, fields = sent(Kind.QUERY, product, inputs={})
        assert url.endswith("/queryTrans.do")
        assert fields["bizType"] == biz_type
        assert (fields["txnType"], fields["orderId"], fields["txnTime"]) == ("00", NUMBER, TIME)


def test_the_time_of_an_adopted_payment() -> None:
    """A payment that other code sent is asked about by the time at which it was sent."""
    _, fields = sent(Kind.QUERY, memo={}, sent_at=NOW - 60)
    assert fields["txnTime"] == "20251111235900"


def test_a_reversal() -> None:
    """A payment code's charge is reversed under its own number and time."""
    url, fields = sent(Kind.CLOSE)
    assert url.endswith("/backTransReq.do")
    expected = {"txnType": "99", "txnSubType": "01", "bizType": "000000", "channelType": "08"}
    assert fields == {**ALWAYS, **expected, "orderId": NUMBER, "txnTime": TIME}


@pytest.mark.parametrize("product", ["front", "app", "token"])
def test_what_cannot_be_reversed(product: str) -> None:
    """Only payment codes have a reversal; the others are never closed."""
    with pytest.raises(ConfigError):
        sent(Kind.CLOSE, product)


def test_a_refund() -> None:
    """A refund is a trade of its own that names the one it gives back."""
    back = {"refund_number": "A1001001R1", "refund_amount": Money(1, "CNY"), "provider_ref": QUERY_ID}
    url, fields = sent(Kind.REFUND, **back)
    assert url.endswith("/backTransReq.do")
    expected = {"txnType": "04", "txnSubType": "00", "bizType": "000000", "channelType": "08", "currencyCode": "156"}
    assert fields == {
        **ALWAYS,
        **expected,
        "orderId": "A1001001R1",
        "txnTime": TIME,
        "txnAmt": "1",
        "backUrl": "http://www.specialUrl.com",
        "origQryId": QUERY_ID,
    }


def test_a_refund_of_a_trade_whose_query_id_is_not_known() -> None:
    """Then the trade is named by its own number and time."""
    _, fields = sent(Kind.REFUND, refund_number="A1001001R1")
    assert (fields["origOrderId"], fields["origTxnTime"], fields["txnAmt"]) == (NUMBER, TIME, "599900")
    assert "origQryId" not in fields


def test_a_refund_sent_again_keeps_its_time() -> None:
    """Number and time are a refund's key: the same refund never gets another time."""
    adapter = unionpay(StoppedClock(NOW + 86400))
    first = operation(Kind.REFUND, refund_number="A1001001R1", now=NOW + 86400)
    assert posted(adapter.request(first))["txnTime"] == "20251113000000"
    again = operation(Kind.REFUND, refund_number="A1001001R1", now=NOW + 86400, refund_sent_at=NOW + 300)
    assert posted(adapter.request(again))["txnTime"] == "20251112000500"


def test_a_question_about_a_refund() -> None:
    """A refund is asked about under its own number and time; without its time it cannot be found."""
    _, fields = sent(Kind.QUERY_REFUND, refund_number="A1001001R1", refund_sent_at=NOW + 300)
    assert (fields["txnType"], fields["orderId"], fields["txnTime"]) == ("00", "A1001001R1", "20251112000500")
    with pytest.raises(InputMissing):
        sent(Kind.QUERY_REFUND, refund_number="A1001001R1")


def test_what_is_journalled() -> None:
    """The time that belongs to a trade's key is kept before the charge is sent."""
    assert unionpay().memo(operation(memo={})) == {"txnTime": TIME}


@pytest.mark.parametrize("code", ["", "62 27", "qr.95516.com", "1" * 21])
def test_no_payment_code(code: str) -> None:
    """What is no payment code is not sent."""
    with pytest.raises(InputMissing) as error:
        sent(inputs={"code": code})
    assert code == "" or code not in str(error.value)


def test_no_token() -> None:
    """A token cannot bring fields of its own."""
    for token in ("", "1&trId=2", "{a}"):
        with pytest.raises(InputMissing):
            sent(product="token", inputs={"token": token})


def test_other_money_and_numbers() -> None:
    """Only CNY is taken, only a token takes instalments, and a refund's number must fit."""
    with pytest.raises(MoneyInvalid):
        sent(amount=Money(100, "USD"))
    for product in ("code", "front", "app"):
        with pytest.raises(UnknownOption):
            sent(product=product, terms=6)
    with pytest.raises(NumberInvalid):
        sent(Kind.REFUND, refund_number="R-1")
    with pytest.raises(ConfigError):
        sent(Kind.PLANS)


def test_options_that_cannot_be_right() -> None:
    """Unknown options and values, secrets, key ids that are no certId: refused when the account is configured."""
    for options in ({"paid_by": "hope"}, {"channel_type": "06"}, {"colour": "red"}):
        with pytest.raises(ConfigError):
            unionpay(options=options)
    with pytest.raises(ConfigError):
        unionpay(secrets=["s"])
    with pytest.raises(ConfigError):
        unionpay(sign=[Key("2026", private_pem("merchant")), Key("0x1046", private_pem("merchant"))])


def test_a_telephone_and_another_business() -> None:
    """The page's channel and the business type follow the merchant's agreement."""
    url, fields = sent(Kind.QUERY, "front", options={"biz_type": "000202"})
    assert (url.rsplit("/", 1)[1], fields["bizType"]) == ("queryTrans.do", "000202")


def test_the_address_is_configurable() -> None:
    """UnionPay's test system, or a sandbox, is another base address."""
    adapter = unionpay(base_url="https://gateway.test.95516.com/")
    assert adapter.request(operation()).url == "https://gateway.test.95516.com/gateway/api/backTransReq.do"
    assert adapter.account == ACCOUNT


def test_nothing_secret_shows() -> None:
    """Neither the request nor the operation shows what the shopper gave."""
    asked = operation()
    shown = repr(unionpay().request(asked)) + repr(asked)
    assert "6227520738923344502" not in shown

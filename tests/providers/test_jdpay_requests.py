"""What JD Pay is asked: the fields of each operation, as JD opens them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from jdpay_counterpart import NOW, decrypt, jdpay, operation

from payfallback._core.operations import Kind, Operation
from payfallback.errors import ConfigError, InputMissing, MoneyInvalid, NumberInvalid, UnknownOption
from payfallback.model import Money
from payfallback.providers.jdpay import JdPay


def opened(given: Operation, adapter: JdPay | None = None) -> tuple[str, Mapping[str, str]]:
    """The path of a request, and the fields as JD reads them."""
    request = (adapter or jdpay()).request(given)
    text = decrypt(re.findall("<encrypt>(.*)</encrypt>", request.body.decode())[0])
    return request.url.rsplit("/", 1)[1], dict(re.findall(r"<(\w+)>([^<]*)</\1>", text))


def fields(given: Operation, adapter: JdPay | None = None) -> Mapping[str, str]:
    """Without what every request carries."""
    return {k: v for k, v in opened(given, adapter)[1].items() if k not in ("version", "merchant", "sign")}


def test_baitiao_in_twelve() -> None:
    """Twelve instalments are an order on JD's cashier with `installmentNum`, an expiry in seconds and a notify URL."""
    path, sent = opened(operation(terms=12, expires_at=NOW + 120.9, ref="u1", ip="203.0.113.9"))
    assert path == "uniorder"
    assert {**sent, "sign": ""} == {
        "version": "V2.0",
        "merchant": "110224535",
        "sign": "",
        "device": "0001",
        "tradeNum": "A100101",
        "tradeName": "Kettle &amp; &lt;cup&gt;",
        "tradeTime": "20251112000000",
        "amount": "599900",
        "currency": "CNY",
        "orderType": "0",
        "notifyUrl": "https://shop.example/notify/baitiao",
        "ip": "203.0.113.9",
        "userId": "u1",
        "tradeType": "QR",
        "expireTime": "120",
        "installmentNum": "12",
    }


@pytest.mark.parametrize("terms", [0, None])
def test_in_full(terms: int | None) -> None:
    """In full, no number of instalments is sent."""
    assert "installmentNum" not in fields(operation(terms=terms))


def test_a_payment_code() -> None:
    """A payment code is charged at once; it has no expiry and no instalments to send."""
    given = operation(product="baitiao_code", terms=0, inputs={"code": "256325698547854785"}, expires_at=NOW + 60)
    path, sent = opened(given)
    assert (path, sent["token"], sent["device"]) == ("fkmPay", "256325698547854785", "0001")
    assert not {"expireTime", "installmentNum", "tradeType", "orderType"} & set(sent)


def test_a_payment_code_cannot_ask_for_instalments() -> None:
    """Nobody who agreed to twelve instalments is charged in full: fkmPay carries no number of instalments."""
    given = operation(product="baitiao_code", terms=12, inputs={"code": "256325698547854785"})
    with pytest.raises(UnknownOption, match="12 instalments"):
        jdpay().request(given)
    assert not jdpay().takes_terms("baitiao_code", 12)
    assert jdpay().takes_terms("baitiao", 12)
    assert not jdpay().takes_terms("jdpay", 3)


def test_a_missing_payment_code() -> None:
    """Without its payment code a charge is not built."""
    with pytest.raises(InputMissing, match="payment code"):
        jdpay().request(operation(product="jdpay_code"))


def test_a_query() -> None:
    """A payment is asked about by its own number."""
    assert opened(operation(Kind.QUERY))[0] == "query"
    assert fields(operation(Kind.QUERY)) == {"tradeNum": "A100101", "tradeType": "0"}


def test_a_close_is_a_revoke_under_a_number_of_its_own() -> None:
    """JD's revoke is a trade that names the payment; the same attempt is always revoked under the same number."""
    assert opened(operation(Kind.CLOSE))[0] == "revoke"
    assert fields(operation(Kind.CLOSE)) == {
        "tradeNum": "A100101C",
        "oTradeNum": "A100101",
        "amount": "599900",
        "currency": "CNY",
        "tradeTime": "20251112000000",
    }


def test_a_refund() -> None:
    """A refund names the payment, its own number, its amount and where to tell of it."""
    given = operation(Kind.REFUND, refund_number="A100101R1", refund_amount=Money(100, "CNY"), reason="late")
    assert opened(given)[0] == "refund"
    assert fields(given) == {
        "tradeNum": "A100101R1",
        "oTradeNum": "A100101",
        "amount": "100",
        "currency": "CNY",
        "tradeTime": "20251112000000",
        "notifyUrl": "https://shop.example/notify/baitiao",
        "note": "late",
    }


def test_a_refund_number_that_does_not_fit() -> None:
    """A refund number outside JD's alphabet is refused, never changed."""
    with pytest.raises(NumberInvalid):
        jdpay().request(operation(Kind.REFUND, refund_number="refund-1"))


def test_asking_about_refunds() -> None:
    """Refunds are asked about by the payment's number."""
    given = operation(Kind.QUERY_REFUND, refund_number="A100101R1")
    assert opened(given)[0] == "queryRefund"
    assert fields(given) == {"oTradeNum": "A100101", "tradeType": "1"}


def test_plans_are_asked_under_another_number() -> None:
    """Asking for plans never uses up the number of a payment."""
    assert opened(operation(Kind.PLANS, terms=12))[0] == "queryBaiTiaoFQ"
    assert fields(operation(Kind.PLANS, terms=12)) == {"tradeNum": "Q0123456789abcdef01234567", "amount": "599900"}


def test_the_memo_keeps_the_time_and_the_key() -> None:
    """What is journalled before sending holds no personal data, and a resent request repeats its time."""
    given = operation(memo={}, inputs={"code": "256325698547854785"})
    memo = jdpay().memo(given)
    assert memo == {"tradeTime": "20251112000000", "key": "2026"}
    assert fields(operation(memo=memo, now=NOW + 500))["tradeTime"] == "20251112000000"


def test_the_merchants_agreements_are_passed_on() -> None:
    """Fields whose values are between JD and the merchant come from the account's options; credit ones only for
    credit."""
    adapter = jdpay(options={"preProduct": "agreed", "bizTp": "b", "order_type": "1", "device": "till7"})
    sent = fields(operation(), adapter)
    assert (sent["preProduct"], sent["bizTp"], sent["orderType"], sent["device"]) == ("agreed", "b", "1", "till7")
    assert "preProduct" not in fields(operation(product="jdpay"), adapter)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"amount": Money(100, "USD")}, MoneyInvalid),
        ({"product": "huabei"}, ConfigError),
        ({"kind": Kind.CAPTURE}, ConfigError),
    ],
)
def test_what_jd_does_not_have(more: dict[str, Any], error: type[Exception]) -> None:
    """Another currency, product or operation is refused before anything is sent."""
    given = {"kind": Kind.CHARGE, **more}
    with pytest.raises(error):
        jdpay().request(operation(given.pop("kind"), **given))


def test_another_address() -> None:
    """A base URL, with or without a slash at its end, leads to the same services."""
    adapter = jdpay(base_url="http://127.0.0.1:8000/")
    assert adapter.request(operation()).url == "http://127.0.0.1:8000/service/uniorder"


def test_requests_do_not_show_secrets() -> None:
    """Headers and body of a request stay out of its `repr`."""
    assert "encrypt" not in repr(jdpay().request(operation()))

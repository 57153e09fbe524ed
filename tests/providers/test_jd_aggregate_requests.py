"""What JD's aggregate payment is asked."""

from __future__ import annotations

from typing import Any

import pytest
from jd_aggregate_counterpart import (
    SECRET,
    aggregate,
    opened,
    operation,
)
from jdpay_counterpart import NOW, StoppedClock

from payfallback._core.operations import Kind
from payfallback.errors import ConfigError, InputMissing, MoneyInvalid, NumberInvalid
from payfallback.model import Money
from payfallback.policy import Account
from payfallback.providers.jdpay_aggregate import JdPayAggregate


def test_a_payment_code() -> None:
    """A code is charged with its tool, its amount in fen, and the time until which JD may take it."""
    request = aggregate().request(operation(expires_at=NOW + 60))
    assert request.url == "https://apipayx.jd.com/m/pay"
    assert opened(request.body) == {
        "version": "V3.0",
        "businessCode": "AGGRE",
        "merchantNo": "110826750",
        "systemId": "SYS1",
        "outTradeNo": "A100101",
        "amount": 599900,
        "currency": "RMB",
        "productName": "壶 & cup",
        "authCode": "183456789012345678",
        "piType": "JDPAY",
        "outTradeIp": "203.0.113.1",
        "virtualType": "00",
        "deadlineTime": "20251112000100",
        "deviceInfo": '{"type":"DT01","ip":"203.0.113.1","imei":"0001"}',
        "notifyUrl": "https://shop.example/notify/agg",
    }


@pytest.mark.parametrize(("product", "tool"), [("wechat_code", "WX"), ("alipay_code", "ALIPAY")])
def test_other_wallets(product: str, tool: str) -> None:
    """The product says whose payment code it is."""
    assert opened(aggregate().request(operation(product=product)).body)["piType"] == tool


def test_a_qr_code() -> None:
    """One order, one code: asked for at JD's other address, with its life in seconds."""
    request = aggregate().request(operation(product="qr", expires_at=NOW + 120.5))
    inside = opened(request.body)
    assert request.url == "https://payx.jd.com/getScanUrl"
    assert (inside["version"], inside["amount"], inside["expireTime"]) == ("V1.0.0", "599900", "120")
    assert inside["successNotifyUrl"] == "https://shop.example/notify/agg"


def test_questions_and_refunds() -> None:
    """A payment is asked about by its own number, a refund by the refund's."""
    asked = aggregate().request(operation(Kind.QUERY))
    back = aggregate().request(operation(Kind.REFUND, refund_number="R1", refund_amount=Money(100, "CNY"), reason="r"))
    asked_back = aggregate().request(operation(Kind.QUERY_REFUND, refund_number="R1"))
    assert (asked.url[-10:], opened(asked.body)["outTradeNo"]) == ("querytrade", "A100101")
    assert {**opened(back.body), "url": back.url[-8:]}.items() >= {
        "url": "m/refund",
        "outTradeNo": "A100101",
        "outRefundNo": "R1",
        "amount": 100,
        "tradeRemark": "r",
    }.items()
    assert (asked_back.url[-11:], opened(asked_back.body)["outRefundNo"]) == ("queryrefund", "R1")


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"inputs": {}}, InputMissing),
        ({"amount": Money(100, "USD")}, MoneyInvalid),
        ({"product": "baitiao"}, ConfigError),
        ({"kind": Kind.CLOSE}, ConfigError),
        ({"kind": Kind.REFUND, "refund_number": "R-1"}, NumberInvalid),
    ],
)
def test_what_cannot_be_asked(more: dict[str, Any], error: type[Exception]) -> None:
    """What JD would refuse, or has no address for, is refused before anything is sent."""
    with pytest.raises(error):
        aggregate().request(operation(**more))


def test_a_code_needs_the_tills_address() -> None:
    """Without the till's address a code is not charged."""
    with pytest.raises(InputMissing, match="till"):
        aggregate(options={"device_ip": ""}).request(operation())


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"options": {"md5_key": " "}}, "MD5 key"),
        ({"secrets": []}, "3DES key"),
        ({"secrets": ["c2hvcnQ="]}, "24 bytes"),
        ({"options": {"colour": "red"}}, "colour"),
    ],
)
def test_accounts_that_cannot_be_right(more: dict[str, Any], what: str) -> None:
    """A missing or odd key is found when the account is made, and is not echoed."""
    with pytest.raises(ConfigError, match=what) as error:
        aggregate(**more)
    assert "c2hvcnQ" not in str(error.value)


def test_the_system_id_belongs_to_the_account() -> None:
    """The account names merchant and system, so evidence of another system proves nothing."""
    with pytest.raises(ConfigError, match="systemId"):
        JdPayAggregate(
            Account(name="a", provider="jdpay_aggregate", merchant="1"), secrets=[SECRET], clock=StoppedClock()
        )

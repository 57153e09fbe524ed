"""Alipay's requests, byte for byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from alipay_counterpart import ACCOUNT, NOW, alipay, operation

from payfallback._core.operations import Kind
from payfallback._values import changed
from payfallback.errors import ConfigError, InputMissing, MoneyInvalid, NumberInvalid, UnknownOption
from payfallback.model import Money, Option
from payfallback.ports import HttpRequest, Wire

CODE = {"code": "28763443825664394"}


def sent(*, options: dict[str, str] | None = None, **more: Any) -> HttpRequest:
    """The request for an operation."""
    return alipay(options=options).request(operation(**more))


def said(**more: Any) -> Any:
    """The JSON of a request."""
    return json.loads(sent(**more).body)


def test_an_order_code() -> None:
    """A QR code is made for a yuan amount, an absolute end in Beijing time, and the seller that the account names."""
    request = sent(expires_at=NOW + 120.9, notify_url="https://shop.example/notify/ali")
    assert (request.method, request.url) == ("POST", "https://openapi.alipay.com/v3/alipay/trade/precreate")
    assert request.body.decode() == (
        '{"out_trade_no":"A100101","total_amount":"5999.00","subject":"壶","time_expire":"2025-11-12 00:02:01",'
        '"seller_id":"2088101117955611","notify_url":"https://shop.example/notify/ali"}'
    )
    assert request.headers["content-type"] == "application/json"


def test_a_payment_code() -> None:
    """A payment code is charged at once; a face scanner's code goes with its own scene."""
    request = sent(product="code", inputs=CODE, ip="203.0.113.9")
    assert request.url == "https://openapi.alipay.com/v3/alipay/trade/pay"
    assert json.loads(request.body) == {
        "out_trade_no": "A100101",
        "total_amount": "5999.00",
        "subject": "壶",
        "seller_id": ACCOUNT.merchant,
        "business_params": {"mc_create_trade_ip": "203.0.113.9"},
        "scene": "bar_code",
        "auth_code": "28763443825664394",
    }
    assert said(product="code", inputs={"code": "fp0123"})["scene"] == "security_code"


@pytest.mark.parametrize(("product", "inputs"), [("huabei_qr", {}), ("huabei_code", CODE)])
@pytest.mark.parametrize(("percent", "bears"), [(None, "0"), ("100", "100")])
def test_instalments(product: str, inputs: dict[str, str], percent: str | None, bears: str) -> None:
    """Huabei's instalments and who bears their fee go with the charge; the shopper does unless the shop says so."""
    options = {"huabei_seller_percent": percent} if percent else None
    body = said(product=product, inputs=inputs, terms=12, options=options)
    assert body["extend_params"] == {"hb_fq_num": "12", "hb_fq_seller_percent": bears}


@pytest.mark.parametrize(
    ("product", "taken", "refused"),
    [
        ("code", [None, 0], [3, 12]),
        ("qr", [None, 0], [6]),
        ("huabei_code", [3, 6, 12], [None, 0, 9, 24]),
        ("huabei_qr", [3, 6, 12], [None, 0, 1]),
    ],
)
def test_terms(product: str, taken: list[int | None], refused: list[int | None]) -> None:
    """Huabei takes 3, 6 or 12 instalments and nothing else; the others are paid in full."""
    adapter = alipay()
    assert [adapter.takes_terms(product, terms) for terms in taken + refused] == [True] * len(taken) + [False] * len(
        refused
    )
    for terms in refused:
        with pytest.raises(UnknownOption, match=product):
            adapter.request(operation(product=product, terms=terms, inputs=CODE))


@pytest.mark.parametrize(
    ("kind", "product", "path", "body"),
    [
        (Kind.QUERY, "qr", "query", {"out_trade_no": "A100101", "query_options": ["fund_bill_list"]}),
        (Kind.CLOSE, "qr", "close", {"out_trade_no": "A100101"}),
        (Kind.CLOSE, "huabei_qr", "close", {"out_trade_no": "A100101"}),
        (Kind.CLOSE, "code", "cancel", {"out_trade_no": "A100101"}),
        (Kind.CLOSE, "huabei_code", "cancel", {"out_trade_no": "A100101"}),
        (
            Kind.QUERY_REFUND,
            "qr",
            "fastpay/refund/query",
            {"out_trade_no": "A100101", "out_request_no": "A100101R1"},
        ),
    ],
)
def test_asking_and_ending(kind: Kind, product: str, path: str, body: dict[str, Any]) -> None:
    """A charge by payment code is cancelled, one by QR code closed; both by the merchant's own number."""
    request = sent(kind=kind, product=product, refund_number="A100101R1", terms=3 if "huabei" in product else None)
    assert request.url == f"https://openapi.alipay.com/v3/alipay/trade/{path}"
    assert json.loads(request.body) == body


def test_a_refund() -> None:
    """A refund goes under its own number, in yuan; without an amount all of it goes back. Nothing else is sent:
    Alipay warns that unknown fields may refund twice."""
    body = said(kind=Kind.REFUND, refund_number="A100101R1", refund_amount=Money(101, "CNY"), reason="壶 broken")
    assert body == {
        "out_trade_no": "A100101",
        "out_request_no": "A100101R1",
        "refund_amount": "1.01",
        "refund_reason": "壶 broken",
    }
    assert said(kind=Kind.REFUND, refund_number="A100101R1")["refund_amount"] == "5999.00"


def test_what_the_account_adds() -> None:
    """The store, the till and the agreed product go with every charge when the account names them."""
    options = {"store_id": "NJ_001", "terminal_id": "T1", "operator_id": "yx_001", "product_code": "QR_CODE_OFFLINE"}
    assert options.items() <= said(options=options).items()
    assert "store_id" not in said(kind=Kind.QUERY, options=options)


@pytest.mark.parametrize(
    ("title", "subject"),
    [("a/b=c&d", "a b c d"), ("", "A1001"), ("/", "A100101"), ("壶" * 100, "壶" * 85), ("a\nb", "a b")],
)
def test_titles(title: str, subject: str) -> None:
    """Characters that Alipay refuses become spaces, and a title is cut at a character's edge."""
    assert said(title=title)["subject"] == subject


def test_another_address() -> None:
    """Alipay's test system, or a sandbox on this machine."""
    adapter = alipay(base_url="https://openapi-sandbox.dl.alipaydev.com/")
    request = adapter.request(operation(Kind.QUERY))
    assert request.url == "https://openapi-sandbox.dl.alipaydev.com/v3/alipay/trade/query"


def test_what_cannot_be_asked() -> None:
    """Another currency, a missing payment code, an impossible refund number: refused before anything is sent."""
    adapter = alipay()
    with pytest.raises(MoneyInvalid, match="CNY"):
        adapter.request(operation(amount=Money(100, "USD")))
    with pytest.raises(InputMissing, match="code"):
        adapter.request(operation(product="code", inputs={"code": " "}))
    with pytest.raises(NumberInvalid, match="refund"):
        adapter.request(operation(Kind.REFUND, refund_number="R-1"))
    for kind in (Kind.CAPTURE, Kind.PLANS):
        with pytest.raises(ConfigError, match=kind.value):
            adapter.request(operation(kind))
    with pytest.raises(ConfigError, match="huabei_qr"):
        adapter.request(operation(product="app"))


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"options": {"hb": "1"}}, "no option 'hb'"),
        ({"options": {"huabei_seller_percent": "50"}}, "huabei_seller_percent"),
        ({"options": {"paid_by": "hope"}}, "paid_by"),
        ({"options": {"redirect_needs": "nothing"}}, "redirect_needs"),
        ({"options": {"app_cert": "x"}}, "both"),
        ({"secrets": ["s"]}, "no shared secret"),
        ({"sign": []}, "sign"),
        ({"verify": []}, "verify"),
    ],
)
def test_an_account_that_cannot_work(given: dict[str, Any], match: str) -> None:
    """What cannot be right is found when the adapter is made."""
    with pytest.raises(ConfigError, match=match):
        alipay(**given)


def test_the_adapter_is_a_wire() -> None:
    """It has what the runtime asks for, needs an app, and keeps nothing about a charge but its number."""
    adapter = alipay()
    assert isinstance(adapter, Wire)
    assert adapter.memo(operation()) == {}
    with pytest.raises(ConfigError, match="app_id"):
        type(adapter)(changed(ACCOUNT, app=""), sign=[], verify=[], clock=adapter._clock)


def test_nothing_secret_shows() -> None:
    """A request's headers and body are not in its `repr`."""
    shown = repr(sent(product="code", inputs=CODE, option=Option("ali")))
    assert "28763443825664394" not in shown
    assert "sign=" not in shown

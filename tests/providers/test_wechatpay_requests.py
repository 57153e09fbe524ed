"""What WeChat Pay is asked, as exact bytes."""

from __future__ import annotations

from typing import Any

import pytest
from wechatpay_counterpart import NOW, SERIAL, operation, wechatpay

from payfallback._core.operations import Kind
from payfallback.errors import ConfigError, InputMissing, MoneyInvalid, NumberInvalid
from payfallback.model import Money

HOST = "https://api.mch.weixin.qq.com"
OURS = '"appid":"wxd678efh567hg6787","mchid":"1900000109"'
CHARGED = '"description":"壶","out_trade_no":"A100101"'


def asked(kind: Kind = Kind.CHARGE, product: str = "native", options: Any = None, **more: Any) -> tuple[str, str, str]:
    """Method, target and body of a request."""
    request = wechatpay(options=options).request(operation(kind, product, **more))
    return request.method, request.url.removeprefix(HOST), request.body.decode()


def test_native() -> None:
    """A native order carries its absolute expiry in Beijing time, whole seconds."""
    assert asked(expires_at=NOW + 120.9) == (
        "POST",
        "/v3/pay/transactions/native",
        f'{{{OURS},{CHARGED},"time_expire":"2025-11-12T00:02:00+08:00",'
        '"notify_url":"https://shop.example/notify/wechat","amount":{"total":599900,"currency":"CNY"}}',
    )


def test_jsapi() -> None:
    """A JSAPI order names the shopper's openid."""
    method, target, body = asked(product="jsapi", inputs={"openid": "oUpF8"})
    assert (method, target) == ("POST", "/v3/pay/transactions/jsapi")
    assert body.endswith('"amount":{"total":599900,"currency":"CNY"},"payer":{"openid":"oUpF8"}}')


def test_h5() -> None:
    """An H5 order names the shopper's address and the kind of page."""
    _, target, body = asked(product="h5", ip="203.0.113.9", options={"h5_type": "iOS"})
    assert target == "/v3/pay/transactions/h5"
    assert body.endswith('"scene_info":{"payer_client_ip":"203.0.113.9","h5_info":{"type":"iOS"}}}')


def test_codepay() -> None:
    """A payment code is charged with the till's scene, without expiry and without a notify URL."""
    inputs = {"code": "130061098828009406"}
    options = {"device_ip": "198.51.100.7", "device_id": "till7", "store_out_id": "A1111"}
    assert asked(product="codepay", inputs=inputs, options=options, expires_at=NOW + 60) == (
        "POST",
        "/v3/pay/transactions/codepay",
        f'{{{OURS},{CHARGED},"amount":{{"total":599900,"currency":"CNY"}},"payer":{{"auth_code":"130061098828009406"}},'
        '"scene_info":{"device_ip":"198.51.100.7","device_id":"till7","store_info":{"out_id":"A1111"}}}',
    )


@pytest.mark.parametrize("more", [{"ip": "198.51.100.7"}, {"inputs": {"code": "1", "device_ip": "198.51.100.7"}}])
def test_the_address_of_the_till(more: dict[str, Any]) -> None:
    """The till's address comes with the payment where the account does not tell it."""
    assert '"device_ip":"198.51.100.7"' in asked(product="codepay", **{"inputs": {"code": "1"}, **more})[2]


def test_query() -> None:
    """A payment is asked about by the merchant's number; characters that a path cannot hold are quoted."""
    assert asked(Kind.QUERY) == ("GET", "/v3/pay/transactions/out-trade-no/A100101?mchid=1900000109", "")
    assert asked(Kind.QUERY, number="A-1_0*1|x")[1].split("?")[0].endswith("/A-1_0*1%7Cx")


def test_close() -> None:
    """What the shopper starts is closed."""
    target = "/v3/pay/transactions/out-trade-no/A100101/close"
    assert asked(Kind.CLOSE) == ("POST", target, '{"mchid":"1900000109"}')


def test_reverse() -> None:
    """A payment code is reversed; WeChat Pay refuses to close it."""
    target = "/v3/pay/transactions/out-trade-no/A100101/reverse"
    assert asked(Kind.CLOSE, "codepay") == ("POST", target, f"{{{OURS}}}")


def test_refund() -> None:
    """A refund names its own amount beside the order's total."""
    more = {"refund_number": "A100101R1", "refund_amount": Money(100, "CNY"), "reason": "late"}
    assert asked(Kind.REFUND, **more) == (
        "POST",
        "/v3/refund/domestic/refunds",
        '{"out_trade_no":"A100101","out_refund_no":"A100101R1","reason":"late",'
        '"notify_url":"https://shop.example/notify/wechat",'
        '"amount":{"refund":100,"total":599900,"currency":"CNY"}}',
    )


def test_query_refund() -> None:
    """A refund is asked about by its own number."""
    target = "/v3/refund/domestic/refunds/A100101R1"
    assert asked(Kind.QUERY_REFUND, refund_number="A100101R1") == ("GET", target, "")


def test_a_long_title_is_cut_at_a_characters_edge() -> None:
    """WeChat Pay counts bytes: 127 of them hold 42 Chinese characters."""
    assert f'"description":"{"壶" * 42}"' in asked(title="壶" * 200)[2]
    assert '"description":"A1001"' in asked(title="")[2]


@pytest.mark.parametrize(("product", "missing"), [("jsapi", "openid"), ("codepay", "payment code"), ("h5", "address")])
def test_missing_inputs(product: str, missing: str) -> None:
    """A charge is not built without what its product needs of the shopper; the error names it."""
    with pytest.raises(InputMissing, match=missing):
        asked(product=product)


def test_a_payment_code_without_a_till() -> None:
    """WeChat Pay wants to know where a payment code was read."""
    with pytest.raises(InputMissing, match="till"):
        asked(product="codepay", inputs={"code": "130061098828009406"})


@pytest.mark.parametrize(
    ("kind", "more", "error"),
    [
        (Kind.CHARGE, {"amount": Money(100, "HKD")}, MoneyInvalid),
        (Kind.CHARGE, {"product": "facepay"}, ConfigError),
        (Kind.PLANS, {}, ConfigError),
        (Kind.CAPTURE, {}, ConfigError),
        (Kind.REFUND, {"refund_number": "R 1"}, NumberInvalid),
    ],
)
def test_what_wechat_pay_does_not_have(kind: Kind, more: dict[str, Any], error: type[Exception]) -> None:
    """Another currency, product, operation or refund number is refused before anything is sent."""
    with pytest.raises(error):
        asked(kind, **more)


def test_memo_and_headers() -> None:
    """The memo tells which key signed; a GET has no content type, and nothing shows the signature."""
    assert wechatpay().memo(operation(inputs={"openid": "o"})) == {"key": SERIAL}
    request = wechatpay().request(operation(Kind.QUERY))
    assert "content-type" not in request.headers
    assert request.headers["accept"] == "application/json"
    assert "signature" not in repr(request)


def test_another_address() -> None:
    """A base URL leads to the same paths, which are signed without it."""
    request = wechatpay(base_url="http://127.0.0.1:8000/").request(operation())
    assert request.url == "http://127.0.0.1:8000/v3/pay/transactions/native"

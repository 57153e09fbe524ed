"""What WeChat Pay's answers prove: trades, refunds, closes, and the products' capabilities."""

from __future__ import annotations

import json
from typing import Any

import pytest
from wechatpay_counterpart import ACCOUNT, NOW, PAID, answered, operation, wechatpay

from payfallback._core.operations import Answer, Kind
from payfallback._core.safety import leavable
from payfallback._values import changed
from payfallback.errors import ConfigError
from payfallback.model import Money, Qr, Redirect
from payfallback.taxonomy import Cause, Verdict


def said(body: Any, kind: Kind = Kind.QUERY, product: str = "native", status: int = 200, **more: Any) -> Answer:
    """What is proven when WeChat Pay says this, signed."""
    return wechatpay().read(operation(kind, product, **more), answered(body, status))


def test_paid() -> None:
    """A capture is of the order's total, discounts of the platform included, at the time and under the ids it names."""
    answer = said(PAID)
    assert (answer.verdict, answer.amount, answer.number) == (Verdict.CAPTURED, Money(599900, "CNY"), "A100101")
    assert (answer.account, answer.provider_ref, answer.paid_at) == (ACCOUNT.id, "4200002345", 1762876862.0)
    assert answer.provider_time == NOW


@pytest.mark.parametrize(
    "amount",
    [
        None,
        {},
        {"total": "599900"},
        {"total": True},
        {"total": 5999.0},
        {"total": -1},
        {"total": 10**15},
        {"payer_total": 599900, "currency": "CNY"},
        {"total": 599900, "currency": "USD"},
    ],
)
def test_paid_without_an_amount_that_can_be_read_is_not_known(amount: Any) -> None:
    """ "Paid" alone proves nothing: the total has to be held against the order's."""
    assert said({**PAID, "amount": amount}).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("state", "verdict", "named"),
    [
        ("REFUND", Verdict.REFUNDED, True),
        ("NOTPAY", Verdict.PENDING, False),
        ("USERPAYING", Verdict.PENDING, False),
        ("ACCEPT", Verdict.PENDING, False),
        ("CLOSED", Verdict.CLOSED, True),
        ("REVOKED", Verdict.CLOSED, True),
        ("PAYERROR", Verdict.DECLINED, False),
        ("PAID", Verdict.UNKNOWN, False),
        (7, Verdict.UNKNOWN, False),
    ],
)
def test_states(state: Any, verdict: Verdict, named: bool) -> None:
    """Each state proves what the provider states; a failed payment's handling is inferred, so it is never final."""
    answer = said({**PAID, "trade_state": state})
    assert (answer.verdict, answer.named, answer.final) == (verdict, named, False)


@pytest.mark.parametrize("status", [200, 202])
def test_a_payment_code_waits_for_the_password(status: int) -> None:
    """While the shopper types a password, WeChat Pay answers 202 with the trade."""
    answer = said({**PAID, "trade_state": "USERPAYING"}, Kind.CHARGE, "codepay", status)
    assert (answer.verdict, answer.cause) == (Verdict.PENDING, Cause.AWAITING_SHOPPER)
    assert said(PAID, Kind.CHARGE, "codepay", status).verdict is Verdict.CAPTURED


def test_what_the_shopper_pays_with() -> None:
    """Native shows a QR code; H5 sends the browser on, and back to the shop's page."""
    assert said({"code_url": "weixin://wxpay/bizpayurl?pr=1"}, Kind.CHARGE).action == Qr(
        "weixin://wxpay/bizpayurl?pr=1"
    )
    link = {"h5_url": "https://wx.tenpay.com/checkmweb?prepay_id=wx1"}
    assert said(link, Kind.CHARGE, "h5").action == Redirect("https://wx.tenpay.com/checkmweb?prepay_id=wx1")
    back = said(link, Kind.CHARGE, "h5", return_url="https://shop.example/s?o=1").action
    assert back == Redirect(f"{link['h5_url']}&redirect_url=https%3A%2F%2Fshop.example%2Fs%3Fo%3D1")


@pytest.mark.parametrize(
    ("product", "body"),
    [
        ("native", {}),
        ("native", {"code_url": "two words"}),
        ("h5", {"h5_url": "javascript:alert(1)"}),
        ("jsapi", {"prepay_id": "a&b"}),
        ("jsapi", {"prepay_id": 7}),
    ],
)
def test_nothing_to_pay_with(product: str, body: Any) -> None:
    """An answer without a usable link or id is not taken for an order."""
    answer = said(body, Kind.CHARGE, product)
    assert (answer.verdict, answer.action) == (Verdict.UNKNOWN, None)


def test_a_close_is_taken_but_names_nothing() -> None:
    """204 says nothing of the trade, and a reverse answers the same for a number it does not know: a query decides."""
    assert said(None, Kind.CLOSE, status=204).verdict is Verdict.ACCEPTED
    reversed_ = {"appid": ACCOUNT.app, "mchid": ACCOUNT.merchant, "out_trade_no": "A100101"}
    answer = said(reversed_, Kind.CLOSE, "codepay")
    assert (answer.verdict, answer.named, answer.number) == (Verdict.ACCEPTED, False, "A100101")


def test_another_merchants_trade_is_named_as_such() -> None:
    """Whose trade an answer speaks of is told, so that the core refuses another account's."""
    assert said({**PAID, "mchid": "1"}).account == changed(ACCOUNT, merchant="1").id
    assert said({**PAID, "appid": "wx1"}).account == changed(ACCOUNT, app="wx1").id


REFUND = {
    "refund_id": "50000000382019052709732678859",
    "out_refund_no": "A100101R1",
    "transaction_id": "4200002345",
    "out_trade_no": "A100101",
    "user_received_account": "招商银行信用卡0403",
    "status": "SUCCESS",
    "amount": {"total": 599900, "refund": 100, "payer_total": 589900, "payer_refund": 100, "currency": "CNY"},
}


@pytest.mark.parametrize(
    ("state", "verdict", "cause", "amount"),
    [
        ("SUCCESS", Verdict.REFUNDED, None, Money(100, "CNY")),
        ("PROCESSING", Verdict.PENDING, Cause.AWAITING_PROVIDER, None),
        ("CLOSED", Verdict.REFUND_FAILED, None, None),
        ("ABNORMAL", Verdict.PENDING, Cause.REFUND_STUCK, None),
        ("GONE", Verdict.UNKNOWN, Cause.UNRECOGNISED, None),
    ],
)
@pytest.mark.parametrize("kind", [Kind.REFUND, Kind.QUERY_REFUND])
def test_refunds(kind: Kind, state: str, verdict: Verdict, cause: Cause | None, amount: Money | None) -> None:
    """A refund that is stuck is mended by hand under the same number, so it stays open and a person is told."""
    answer = said({**REFUND, "status": state}, kind, refund_number="A100101R1")
    assert (answer.verdict, answer.cause, answer.amount, answer.number) == (verdict, cause, amount, "A100101")
    assert "0403" not in answer.text


def test_another_refund_proves_nothing() -> None:
    """An answer about another refund number is not taken for this one's."""
    answer = said(REFUND, Kind.REFUND, refund_number="A100101R2")
    assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, Cause.CONTRADICTION)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        json.dumps(PAID).replace("{", '{"trade_state":"NOTPAY",', 1).encode(),
        b'{"amount":NaN}',
        json.dumps({**PAID, "out_trade_no": "\ud800"}).encode(),
        json.dumps({**PAID, "out_trade_no": "x" * 100}).encode(),
        b'{"a":' * 20000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_odd_json_proves_nothing(body: bytes) -> None:
    """Repeated names, other shapes and deep nesting are UNKNOWN even when signed."""
    assert said(body).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("product", ["native", "h5", "jsapi", "codepay"])
def test_what_wechat_pay_declares(product: str) -> None:
    """Documented timings are values: ask after 5 s, reverse not before 15 s, close advised after 5 minutes."""
    declared = wechatpay().capabilities(product)
    assert leavable(declared)
    assert (declared.query_after, declared.refund_until) == (5.0, 365 * 86400.0)
    assert not declared.close_names_trade
    if product == "codepay":
        assert (declared.starts, declared.close_after, declared.close_until) == ("server", 15.0, 7 * 86400.0)
        assert (declared.close_refunds, declared.resend, declared.lives) == (True, None, 60.0)
        assert (declared.expiry_default, declared.not_found_after, declared.inputs) == (60.0, 15.0, ("code",))
    else:
        assert (declared.starts, declared.close_after, declared.close_advised_after) == ("shopper", 0.0, 300.0)
        assert (declared.close_refunds, declared.leaves, declared.expiry) == (False, False, True)
        assert (declared.expiry_min, declared.not_found_after) == (60.0, None)


def test_a_product_nobody_knows() -> None:
    """A misspelt product is refused with those that exist."""
    with pytest.raises(ConfigError, match="codepay"):
        wechatpay().capabilities("micropay")


def test_a_refund_of_no_trade_proves_nothing() -> None:
    """A refund has to name the payment that it gives back."""
    nameless = {name: found for name, found in REFUND.items() if name != "out_trade_no"}
    assert said(nameless, Kind.REFUND, refund_number="A100101R1").verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("time", ["2025-11-12T00:01:02", "2025-13-12T00:01:02+08:00", "x" * 60, 7])
def test_a_time_that_is_none(time: Any) -> None:
    """A payment whose time cannot be read is a payment all the same."""
    answer = said({**PAID, "success_time": time})
    assert (answer.verdict, answer.paid_at) == (Verdict.CAPTURED, None)

"""What Alipay's answers prove: trades, payment codes, cancels, closes, refunds, and the products' capabilities."""

from __future__ import annotations

import json
from typing import Any

import pytest
from alipay_counterpart import NOW, PAID, alipay, answered, operation

from payfallback._core.operations import Answer, Kind
from payfallback._core.safety import leavable
from payfallback.errors import ConfigError
from payfallback.model import Money, Qr
from payfallback.taxonomy import Cause, Verdict

NUMBERS = {"out_trade_no": "A100101", "trade_no": "2013112011001004330000121536"}
UNPAID = {**NUMBERS, "trade_status": "TRADE_CLOSED", "total_amount": "5999.00"}


def said(body: Any, kind: Kind = Kind.QUERY, product: str = "qr", status: int = 200, **more: Any) -> Answer:
    """What is proven when Alipay says this, signed."""
    options = more.pop("options", None)
    return alipay(options=options).read(operation(kind, product, **more), answered(body, status))


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    """A body without some of its fields."""
    return {name: found for name, found in body.items() if name not in names}


def test_paid() -> None:
    """A capture is of the trade's total, discounts of the platform included, at the time that the trade names."""
    answer = said(PAID)
    assert (answer.verdict, answer.amount, answer.number) == (Verdict.CAPTURED, Money(599900, "CNY"), "A100101")
    assert (answer.provider_ref, answer.paid_at) == ("2013112011001004330000121536", 1762876862.0)
    assert answer.provider_time == NOW
    assert "159" not in answer.text


@pytest.mark.parametrize("total", [5999, 5999.0, "5999", "5999.0", "5999.00"])
def test_amounts_as_alipay_writes_them(total: Any) -> None:
    """The models say text and the documents show numbers; both are read without going through floats."""
    assert said({**PAID, "total_amount": total}).amount == Money(599900, "CNY")


@pytest.mark.parametrize("total", [None, "", "5,999.00", "5999.001", "-1", "1e5", "NaN", True, [], {}, "9" * 20])
def test_paid_without_an_amount_that_can_be_read_is_not_known(total: Any) -> None:
    """ "Paid" alone proves nothing: the total has to be held against the order's."""
    assert said({**PAID, "total_amount": total}).verdict is Verdict.UNKNOWN
    assert said({**PAID, "trans_currency": "USD"}).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("WAIT_BUYER_PAY", Verdict.PENDING),
        ("TRADE_SUCCESS", Verdict.CAPTURED),
        ("TRADE_FINISHED", Verdict.CAPTURED),
        ("TRADE_PENDING", Verdict.UNKNOWN),
        ("", Verdict.UNKNOWN),
        (7, Verdict.UNKNOWN),
    ],
)
def test_states(state: Any, verdict: Verdict) -> None:
    """Each state proves what Alipay states; one that it does not list proves nothing."""
    assert said({**PAID, "trade_status": state}).verdict is verdict


@pytest.mark.parametrize("held", [{"additional_status": "SELLER_NOT_RECEIVED"}, {"credit_pay_mode": "creditAdvanceV2"}])
def test_paid_but_not_received(held: dict[str, str]) -> None:
    """Money that the shopper gave and the seller has not got, or owes for later, is no capture yet."""
    answer = said({**PAID, **held})
    assert (answer.verdict, answer.cause, answer.amount) == (Verdict.PENDING, Cause.AWAITING_PROVIDER, None)


def test_closed_unpaid() -> None:
    """A closed trade without a trace of money was never paid."""
    for body in (UNPAID, {**UNPAID, "fund_bill_list": [], "buyer_pay_amount": "0.00", "receipt_amount": 0.0}):
        answer = said(body)
        assert (answer.verdict, answer.named, answer.amount) == (Verdict.CLOSED, True, None)


@pytest.mark.parametrize(
    "trace",
    [
        {"send_pay_date": "2025-11-12 00:01:02"},
        {"gmt_payment": "2025-11-12 00:01:02"},
        {"fund_bill_list": [{"fund_channel": "PCREDIT", "amount": "5999.00"}]},
        {"buyer_pay_amount": 0.01},
        {"receipt_amount": "5999.00"},
        {"point_amount": "1"},
    ],
)
def test_closed_after_it_was_paid(trace: dict[str, Any]) -> None:
    """The same state stands for a full refund: a trade that shows money was paid, and gave all of it back."""
    answer = said({**UNPAID, **trace})
    assert (answer.verdict, answer.named, answer.amount) == (Verdict.REFUNDED, True, Money(599900, "CNY"))


def test_a_trade_without_its_number_proves_nothing() -> None:
    """An answer has to name the trade it is about."""
    for body in (without(PAID, "out_trade_no"), {**PAID, "out_trade_no": "A&B"}, {**UNPAID, "out_trade_no": 7.5}):
        assert said(body).verdict is Verdict.UNKNOWN


def test_an_order_code() -> None:
    """The shopper scans the QR code that was made."""
    answer = said({"out_trade_no": "A100101", "qr_code": "https://qr.alipay.com/bavh4wjlxf12tper3a"}, Kind.CHARGE)
    assert answer.action == Qr("https://qr.alipay.com/bavh4wjlxf12tper3a")
    assert (answer.verdict, answer.cause, answer.number) == (Verdict.PENDING, Cause.AWAITING_SHOPPER, "A100101")


@pytest.mark.parametrize("code", [None, "", "two words", "javascript:alert(1)", "https://x/" + "y" * 1001, 7])
def test_nothing_to_scan(code: Any) -> None:
    """An answer without a usable QR code is not taken for an order."""
    answer = said({"out_trade_no": "A100101", "qr_code": code}, Kind.CHARGE)
    assert (answer.verdict, answer.action) == (Verdict.UNKNOWN, None)


DONE = {**NUMBERS, "total_amount": "5999.00", "receipt_amount": "5999.00", "gmt_payment": "2025-11-12 00:01:02"}


def test_a_payment_code_that_was_charged() -> None:
    """Alipay may roll such a payment back, so it is open until a query shows it; the account may decide otherwise."""
    answer = said(DONE, Kind.CHARGE, "code")
    assert (answer.verdict, answer.cause, answer.amount) == (Verdict.PENDING, Cause.AWAITING_PROVIDER, None)
    assert answer.provider_ref == NUMBERS["trade_no"]
    trusting = said(DONE, Kind.CHARGE, "code", options={"paid_by": "answer"})
    assert (trusting.verdict, trusting.amount) == (Verdict.CAPTURED, Money(599900, "CNY"))
    assert trusting.paid_at == 1762876862.0


@pytest.mark.parametrize("paid_by", ["query", "answer"])
@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (NUMBERS, Verdict.PENDING),
        (without(DONE, "gmt_payment"), Verdict.PENDING),
        (without(DONE, "total_amount"), Verdict.PENDING),
        ({**DONE, "credit_pay_mode": "creditAdvanceV2"}, Verdict.PENDING),
        (without(DONE, "out_trade_no"), Verdict.UNKNOWN),
        ({}, Verdict.UNKNOWN),
    ],
)
def test_a_payment_code_that_waits(body: dict[str, Any], verdict: Verdict, paid_by: str) -> None:
    """While the shopper types a password there is a trade without a time of payment."""
    assert said(body, Kind.CHARGE, "huabei_code", terms=3, options={"paid_by": paid_by}).verdict is verdict


@pytest.mark.parametrize(
    ("more", "verdict", "named"),
    [
        ({"retry_flag": "N", "action": "close"}, Verdict.CLOSED, True),
        ({"retry_flag": "N", "action": "refund"}, Verdict.REFUNDED, True),
        ({"retry_flag": "N"}, Verdict.ACCEPTED, False),
        ({"action": "undo"}, Verdict.ACCEPTED, False),
        ({"retry_flag": "Y"}, Verdict.UNKNOWN, False),
        ({"retry_flag": "Y", "action": "close"}, Verdict.UNKNOWN, False),
    ],
)
def test_a_cancel(more: dict[str, str], verdict: Verdict, named: bool) -> None:
    """A cancel refunds what was paid and says so; an "ok" without `action` found no trade, and proves nothing."""
    answer = said({**NUMBERS, **more}, Kind.CLOSE, "code")
    assert (answer.verdict, answer.named, answer.resendable) == (verdict, named, verdict is Verdict.UNKNOWN)
    assert said(more, Kind.CLOSE, "code").verdict is Verdict.UNKNOWN


def test_a_close() -> None:
    """A close that answers with both numbers closed this unpaid trade; with less it only took the request."""
    answer = said(NUMBERS, Kind.CLOSE)
    assert (answer.verdict, answer.named, answer.number) == (Verdict.CLOSED, True, "A100101")
    assert said({"out_trade_no": "A100101"}, Kind.CLOSE).verdict is Verdict.ACCEPTED
    assert said({}, Kind.CLOSE).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ({**NUMBERS, "fund_change": "Y", "refund_fee": "1.01"}, Verdict.REFUNDED),
        ({**NUMBERS, "fund_change": "Y", "refund_fee": 88.88}, Verdict.REFUNDED),
        ({**NUMBERS, "fund_change": "Y"}, Verdict.REFUNDED),
        ({**NUMBERS, "fund_change": "N", "refund_fee": "1.01"}, Verdict.ACCEPTED),
        (NUMBERS, Verdict.ACCEPTED),
        ({**NUMBERS, "fund_change": "Y", "refund_fee": "1.00"}, Verdict.UNKNOWN),
        ({"fund_change": "Y"}, Verdict.UNKNOWN),
    ],
)
def test_a_refund(body: dict[str, Any], verdict: Verdict) -> None:
    """Only money that moved is a refund; the sum of all refunds is never less than this one."""
    answer = said(body, Kind.REFUND, refund_number="A100101R1", refund_amount=Money(101, "CNY"))
    assert (answer.verdict, answer.amount) == (verdict, None)


FOUND = {**NUMBERS, "out_request_no": "A100101R1", "refund_amount": 1.01, "refund_status": "REFUND_SUCCESS"}


@pytest.mark.parametrize(
    ("body", "verdict", "amount"),
    [
        (FOUND, Verdict.REFUNDED, Money(101, "CNY")),
        (without(FOUND, "refund_amount"), Verdict.REFUNDED, None),
        (without(FOUND, "refund_status"), Verdict.NOT_FOUND, None),
        ({}, Verdict.NOT_FOUND, None),
        ({**FOUND, "refund_status": "REFUND_FAIL"}, Verdict.UNKNOWN, None),
        ({**FOUND, "out_request_no": "A100101R2"}, Verdict.UNKNOWN, None),
        (without(FOUND, "out_trade_no"), Verdict.UNKNOWN, None),
    ],
)
def test_asking_for_a_refund(body: dict[str, Any], verdict: Verdict, amount: Money | None) -> None:
    """Without a status the refund was not received or failed, and may be sent again under the same number."""
    answer = said(body, Kind.QUERY_REFUND, refund_number="A100101R1")
    assert (answer.verdict, answer.amount) == (verdict, amount)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        json.dumps(PAID).replace("{", '{"trade_status":"TRADE_CLOSED",', 1).encode(),
        b'{"total_amount":NaN}',
        b'{"a":' * 20000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_odd_json_proves_nothing(body: bytes) -> None:
    """Repeated names, other shapes and deep nesting are UNKNOWN even when signed."""
    assert said(body).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("product", ["code", "qr", "huabei_code", "huabei_qr"])
def test_what_alipay_declares(product: str) -> None:
    """A payment code is cancelled at once, which may refund it; a QR code ends with its absolute expiry."""
    declared = alipay().capabilities(product)
    assert leavable(declared)
    assert (declared.close, declared.close_names_trade, declared.close_after) == (True, True, 0.0)
    assert (declared.expiry, declared.expiry_default, declared.not_found_after) == (True, 120.0, 15.0)
    assert any("instalments" in each for each in declared.assumptions) == product.startswith("huabei")
    if product.endswith("code"):
        assert (declared.starts, declared.close_refunds, declared.inputs) == ("server", True, ("code",))
        assert (declared.leaves, declared.resend, declared.close_until) == (True, 60.0, 86400.0)
    else:
        assert (declared.starts, declared.close_refunds, declared.inputs) == ("shopper", False, ())
        assert (declared.leaves, declared.resend, declared.close_until) == (False, None, None)


def test_a_product_nobody_knows() -> None:
    """A misspelt product is refused with those that exist."""
    with pytest.raises(ConfigError, match="huabei_code"):
        alipay().capabilities("precreate")

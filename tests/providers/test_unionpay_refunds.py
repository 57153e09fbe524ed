"""What UnionPay's answers prove about refunds: taken on, done, failed, unknown, and under which time they are known."""

from __future__ import annotations

from typing import Any

import pytest
from unionpay_counterpart import BACK, NOW, NUMBER, PAID, QUERY_ID, answered, operation, unionpay

from payfallback._core.operations import Answer, Kind
from payfallback.model import Money
from payfallback.ports import HttpResponse
from payfallback.taxonomy import Cause, Verdict

BACK_ASKED: dict[str, Any] = {"refund_number": "A1001001R1", "provider_ref": QUERY_ID, "refund_sent_at": NOW}
BACK_FOUND = {**PAID, "txnType": "04", "orderId": "A1001001R1"}


def said(fields: dict[str, str], kind: Kind, **more: Any) -> Answer:
    """What is proven when UnionPay says this, signed."""
    return unionpay().read(operation(kind, "code", **more), answered(fields))


def test_a_refund_is_taken_on_and_then_shown() -> None:
    """00 to a refund is taken on; its own result, for the amount asked for, is the proof."""
    answer = said(BACK, Kind.REFUND, **BACK_ASKED)
    assert (answer.verdict, answer.provider_ref) == (Verdict.ACCEPTED, BACK["queryId"])
    found = said(BACK_FOUND, Kind.QUERY_REFUND, **BACK_ASKED)
    assert (found.verdict, found.amount, found.named) == (Verdict.REFUNDED, Money(599900, "CNY"), True)
    less = said({**BACK_FOUND, "txnAmt": "1"}, Kind.QUERY_REFUND, **BACK_ASKED)
    assert (less.verdict, less.cause) == (Verdict.UNKNOWN, Cause.CONTRADICTION)


def test_a_refund_in_the_trades_own_currency() -> None:
    """A refund's messages may leave the currency out; another one than the trade's is a contradiction."""
    without = {name: text for name, text in BACK_FOUND.items() if name != "currencyCode"}
    assert said(without, Kind.QUERY_REFUND, **BACK_ASKED).amount == Money(599900, "CNY")
    assert said({**BACK_FOUND, "currencyCode": "840"}, Kind.QUERY_REFUND, **BACK_ASKED).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"respCode": "34"}, Verdict.NOT_FOUND),
        ({"respCode": "11"}, Verdict.UNKNOWN),
        ({"origRespCode": "05"}, Verdict.PENDING),
        ({"origRespCode": "04"}, Verdict.UNKNOWN),
        ({"origRespCode": "36"}, Verdict.REFUND_FAILED),
        ({"txnType": "01"}, Verdict.UNKNOWN),
        ({"orderId": NUMBER}, Verdict.UNKNOWN),
        ({"txnTime": "20251112000001"}, Verdict.UNKNOWN),
    ],
)
def test_a_refund_that_is_asked_about(fields: dict[str, str], verdict: Verdict) -> None:
    """Unknown numbers, open results, failures, and the answer about another trade."""
    answer = said({**BACK_FOUND, **fields}, Kind.QUERY_REFUND, **BACK_ASKED)
    assert (answer.verdict, answer.final, answer.number) == (verdict, False, "")


def test_a_refund_that_is_refused() -> None:
    """A refused refund is asked about; a garbled answer says nothing about it."""
    refused = said({**BACK, "respCode": "36"}, Kind.REFUND, **BACK_ASKED)
    assert (refused.verdict, refused.final) == (Verdict.DECLINED, False)
    garbled = unionpay().read(operation(Kind.REFUND, **BACK_ASKED), HttpResponse(status=502, body=b"<html>"))
    assert (garbled.verdict, garbled.final) == (Verdict.UNKNOWN, False)

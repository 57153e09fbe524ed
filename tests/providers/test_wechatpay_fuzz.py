"""Whatever arrives in WeChat Pay's name: no exception, and nothing is proven by bytes that it did not sign."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wechatpay_counterpart import PAID, answered, notice, operation, stamped, wechatpay

from payfallback._core.operations import Kind
from payfallback.errors import NotAuthentic
from payfallback.ports import HttpResponse
from payfallback.taxonomy import Verdict

ADAPTER = wechatpay()
KINDS = st.sampled_from([kind for kind in Kind if kind not in (Kind.CAPTURE, Kind.PLANS)])
PRODUCTS = st.sampled_from(["native", "h5", "jsapi", "codepay"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["wechatpay-timestamp", "wechatpay-nonce", "wechatpay-serial", "wechatpay-signature", "date", "retry-after"]
    ),
    st.text(max_size=40),
)
SIGNED = answered(PAID)


@given(
    st.binary(max_size=300) | JSON.map(lambda found: json.dumps(found).encode()),
    HEADERS,
    st.integers(100, 599),
    KINDS,
    PRODUCTS,
)
@settings(max_examples=200)
def test_any_bytes(body: bytes, headers: dict[str, str], status: int, kind: Kind, product: str) -> None:
    """Bytes from anywhere are UNKNOWN as an answer (a query may hear "not found"), and no notification."""
    asked = operation(kind, product, refund_number="A100101R1")
    answer = ADAPTER.read(asked, HttpResponse(status=status, headers=headers, body=body))
    assert answer.verdict in (Verdict.UNKNOWN, Verdict.NOT_FOUND)
    assert answer.verdict is Verdict.UNKNOWN or (kind is Kind.QUERY and status == 404)
    assert not answer.final
    with pytest.raises(NotAuthentic):
        ADAPTER.notification(headers, body, "")


@given(st.integers(0, len(SIGNED.body) - 1), st.integers(0, 255))
@settings(max_examples=150)
def test_one_changed_byte(place: int, byte: int) -> None:
    """A signed body with a changed byte says nothing."""
    body = SIGNED.body[:place] + bytes([byte]) + SIGNED.body[place + 1 :]
    answer = ADAPTER.read(operation(Kind.QUERY), HttpResponse(status=200, headers=SIGNED.headers, body=body))
    assert answer.verdict is Verdict.UNKNOWN or body == SIGNED.body


@given(JSON, KINDS, PRODUCTS, st.sampled_from([200, 202, 204, 400, 404, 429, 500]))
@settings(max_examples=100)
def test_any_signed_json(found: Any, kind: Kind, product: str, status: int) -> None:
    """Even signed, a body of another shape never captures, refunds or ends anything."""
    body = json.dumps(found).encode()
    asked = operation(kind, product, refund_number="A100101R1")
    answer = ADAPTER.read(asked, answered(body, status))
    assert answer.verdict not in (Verdict.CAPTURED, Verdict.REFUNDED, Verdict.CLOSED)
    assert not answer.final


@given(st.binary(max_size=200))
@settings(max_examples=60)
def test_any_signed_notification(plain: bytes) -> None:
    """A signed notification around anything else is refused."""
    body = notice(plain)
    with pytest.raises(NotAuthentic):
        ADAPTER.notification(stamped(body), body, "")

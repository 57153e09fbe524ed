"""Whatever arrives in Alipay's name: no exception, and nothing is proven by bytes that it did not sign."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from alipay.aop.api.util.SignatureUtils import get_sign_content, verify_with_rsa
from alipay_counterpart import PAID, TOLD, alipay, answered, bare, form, operation, public_pem, told
from hypothesis import given, settings
from hypothesis import strategies as st

from payfallback._core.operations import Kind
from payfallback.errors import NotAuthentic
from payfallback.model import Redirect
from payfallback.ports import HttpResponse
from payfallback.taxonomy import Verdict

ADAPTER = alipay()
KINDS = st.sampled_from(list(Kind))
PRODUCTS = st.sampled_from(["code", "qr", "page", "huabei_code", "huabei_qr", "huabei_wap"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
# What Alipay says, in any mixture and with anything in its places.
FIELDS = st.sampled_from(
    [*PAID, "code", "qr_code", "action", "retry_flag", "fund_change", "refund_status", "refund_fee"]
)
WORDS = st.sampled_from(
    ["TRADE_CLOSED", "TRADE_SUCCESS", "Y", "N", "close", "refund", "REFUND_SUCCESS", "ACQ.PAYMENT_FAIL"]
)
LIKE_ALIPAY = st.dictionaries(FIELDS, JSON | WORDS, max_size=8)
HEADERS = st.dictionaries(
    st.sampled_from(["alipay-timestamp", "alipay-nonce", "alipay-sn", "alipay-signature", "date", "retry-after"]),
    st.text(max_size=40) | st.sampled_from(["1762876800250", "AAAA", "null"]),
)
PLAIN = st.text(st.characters(codec="utf-8"), max_size=20)
SIGNED, NOTICE = answered(PAID), told(TOLD)
UNUSED = answered({"code": "ACQ.TRADE_NOT_EXIST"}, 400)


@given(st.binary(max_size=300) | JSON.map(lambda found: json.dumps(found).encode()), HEADERS, st.data())
@settings(max_examples=200)
def test_any_bytes(body: bytes, headers: dict[str, str], data: st.DataObject) -> None:
    """Bytes from anywhere are UNKNOWN as an answer, and no notification."""
    status, kind, product = data.draw(st.integers(100, 599)), data.draw(KINDS), data.draw(PRODUCTS)
    asked = operation(kind, product, refund_number="A100101R1")
    answer = ADAPTER.read(asked, HttpResponse(status=status, headers=headers, body=body))
    assert answer.verdict is Verdict.UNKNOWN
    assert not answer.final
    with pytest.raises(NotAuthentic):
        ADAPTER.notification(headers, body, "")


@given(LIKE_ALIPAY, KINDS, PRODUCTS, st.sampled_from([200, 202, 400, 401, 404, 429, 500]))
@settings(max_examples=200)
def test_anything_alipay_could_say_without_its_signature(
    found: dict[str, Any], kind: Kind, product: str, status: int
) -> None:
    """The right words without a signature prove nothing; a query may hear "not found"."""
    asked = operation(kind, product, refund_number="A100101R1")
    answer = ADAPTER.read(asked, HttpResponse(status=status, body=json.dumps(found).encode()))
    assert answer.verdict is Verdict.UNKNOWN or (kind, answer.verdict) == (Kind.QUERY, Verdict.NOT_FOUND)
    assert (answer.final, answer.named, answer.amount) == (False, False, None)


@given(st.integers(0, len(SIGNED.body) - 1), st.integers(0, 255))
@settings(max_examples=150)
def test_one_changed_byte(place: int, byte: int) -> None:
    """A signed body with a changed byte says nothing."""
    body = SIGNED.body[:place] + bytes([byte]) + SIGNED.body[place + 1 :]
    answer = ADAPTER.read(operation(Kind.QUERY), HttpResponse(status=200, headers=SIGNED.headers, body=body))
    assert answer.verdict is Verdict.UNKNOWN or body == SIGNED.body


@given(st.integers(0, len(NOTICE) - 1), st.integers(0, 255))
@settings(max_examples=300)
def test_one_changed_byte_of_a_notification(place: int, byte: int) -> None:
    """A notification with a changed byte is refused, or says exactly what it said."""
    body = NOTICE[:place] + bytes([byte]) + NOTICE[place + 1 :]
    try:
        found = ADAPTER.notification({}, body, "")
    except NotAuthentic:
        return
    assert found == ADAPTER.notification({}, NOTICE, "")


@given(LIKE_ALIPAY | JSON, KINDS, PRODUCTS, st.sampled_from([200, 202, 204, 400, 404, 429, 500]))
@settings(max_examples=150)
def test_any_signed_json(found: Any, kind: Kind, product: str, status: int) -> None:
    """Even signed, odd JSON never raises; it captures, refunds or ends nothing without naming the trade."""
    asked = operation(kind, product, refund_number="A100101R1")
    answer = ADAPTER.read(asked, answered(json.dumps(found).encode(), status))
    if answer.verdict in (Verdict.CAPTURED, Verdict.REFUNDED, Verdict.CLOSED):
        assert answer.number == found["out_trade_no"]
    assert answer.verdict is not Verdict.CAPTURED or answer.amount is not None
    assert not answer.final or found["code"] == "ACQ.PAYMENT_FAIL"


@given(st.dictionaries(st.sampled_from(list(TOLD)), PLAIN))
@settings(max_examples=100)
def test_any_signed_notification(changes: dict[str, str]) -> None:
    """A signed notification with anything in its fields is refused, or read without losing its number or account."""
    fields = {**TOLD, **changes}
    try:
        found = ADAPTER.notification({}, told(fields), "")
    except NotAuthentic:
        return
    assert found.number == fields["out_trade_no"]
    assert found.answer.verdict is not Verdict.CAPTURED or found.answer.amount is not None


@given(PLAIN, st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from(["page", "wap"]))
@settings(max_examples=50)
def test_any_address(title: str, back: str, product: str) -> None:
    """Whatever an order is called and wherever its shopper returns to, what Alipay decodes is what was signed."""
    answer = ADAPTER.read(operation(product=product, title=title, return_url=back), UNUSED)
    assert isinstance(answer.action, Redirect)
    assert answer.action.url.isascii()
    fields = dict(parse_qsl(urlsplit(answer.action.url).query, keep_blank_values=True, strict_parsing=True))
    sign = fields.pop("sign")
    assert fields.get("return_url", "") == back
    assert verify_with_rsa(bare(public_pem("app")), get_sign_content(fields).encode(), sign)


@given(st.dictionaries(PLAIN, PLAIN, max_size=5))
@settings(max_examples=100)
def test_any_form(fields: dict[str, str]) -> None:
    """A form of anybody's is no notification."""
    clean = {
        name.encode("utf-8", "ignore").decode(): text.encode("utf-8", "ignore").decode()
        for name, text in fields.items()
    }
    with pytest.raises(NotAuthentic):
        ADAPTER.notification({}, form(clean), "")

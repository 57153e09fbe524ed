"""Whatever arrives in UnionPay's name: no exception, and nothing is proven by bytes that it did not sign."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unionpay_counterpart import NOW, PAID, TOLD, answered, bare, form, operation, signed, told, unionpay

from payfallback._core.operations import Kind, Operation
from payfallback.errors import NotAuthentic
from payfallback.ports import HttpResponse
from payfallback.taxonomy import Verdict

ADAPTER = unionpay()
KINDS = st.sampled_from(list(Kind))
PRODUCTS = st.sampled_from(["front", "app", "code", "token"])
NAMES = st.sampled_from([*PAID, "tn", "signPubKeyCert", "signature", "origQryId", "reserved"])
CODES = st.sampled_from(["00", "A6", "03", "05", "34", "42", "64", "75", "99", "01", "04", "31", "5.1.0", "156"])
PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="&{[="), max_size=20)
HEADERS = st.dictionaries(st.sampled_from(["date", "retry-after"]), st.text(max_size=30), max_size=2)
SIGNED, NOTICE = answered(PAID), told(TOLD)


def asked(kind: Kind, product: str) -> Operation:
    """An operation with everything that any kind needs."""
    return operation(kind, product, refund_number="A1001001R1", refund_sent_at=NOW)


@given(st.binary(max_size=300) | st.text("&={}[]ab\x00\r\n", max_size=300).map(str.encode), HEADERS, st.data())
@settings(max_examples=200)
def test_any_bytes(body: bytes, headers: dict[str, str], data: st.DataObject) -> None:
    """Bytes from anywhere are UNKNOWN as an answer, and no notification."""
    status = data.draw(st.sampled_from([200, 302, 404, 429, 500, 502]))
    response = HttpResponse(status=status, headers=headers, body=body)
    answer = ADAPTER.read(asked(data.draw(KINDS), data.draw(PRODUCTS)), response)
    assert (answer.verdict, answer.final, answer.action) == (Verdict.UNKNOWN, False, None)
    with pytest.raises(NotAuthentic):
        ADAPTER.notification(headers, body, "")


@given(st.dictionaries(NAMES, CODES | PLAIN, max_size=12), KINDS, PRODUCTS)
@settings(max_examples=150)
def test_anything_unionpay_could_say_without_its_signature(fields: dict[str, str], kind: Kind, product: str) -> None:
    """The right words without the right signature prove nothing, not even that a number is unknown."""
    whole = {**PAID, "signPubKeyCert": signed(PAID)["signPubKeyCert"], "signature": "AAAA", **fields}
    answer = ADAPTER.read(asked(kind, product), HttpResponse(status=200, body=bare(whole)))
    assert (answer.verdict, answer.final, answer.amount) == (Verdict.UNKNOWN, False, None)
    with pytest.raises(NotAuthentic):
        ADAPTER.notification({}, form(whole), "")


@given(st.integers(0, len(SIGNED.body) - 1), st.integers(0, 255))
@settings(max_examples=200)
def test_one_changed_byte(place: int, byte: int) -> None:
    """A signed answer with a changed byte says nothing, or exactly what it said."""
    body = SIGNED.body[:place] + bytes([byte]) + SIGNED.body[place + 1 :]
    question = asked(Kind.QUERY, "code")
    answer = ADAPTER.read(question, HttpResponse(status=200, headers=SIGNED.headers, body=body))
    assert answer.verdict is Verdict.UNKNOWN or answer == ADAPTER.read(question, SIGNED)


@given(st.integers(0, len(NOTICE) - 1), st.integers(0, 255))
@settings(max_examples=200)
def test_one_changed_byte_of_a_notification(place: int, byte: int) -> None:
    """A notification with a changed byte is refused, or says exactly what it said."""
    body = NOTICE[:place] + bytes([byte]) + NOTICE[place + 1 :]
    try:
        found = ADAPTER.notification({}, body, "")
    except NotAuthentic:
        return
    assert found == ADAPTER.notification({}, NOTICE, "")


@given(st.dictionaries(st.sampled_from([*PAID, "tn", "origQryId", "reserved"]), CODES | PLAIN), KINDS, PRODUCTS)
@settings(max_examples=150)
def test_any_signed_fields(changes: dict[str, str], kind: Kind, product: str) -> None:
    """Even signed, odd fields never raise; nothing is captured, refunded or ended without naming what was asked."""
    fields = {**PAID, **changes}
    answer = ADAPTER.read(asked(kind, product), answered(fields))
    if answer.verdict is not Verdict.UNKNOWN:
        assert fields["orderId"] in (PAID["orderId"], "A1001001R1")
        assert (fields["merId"], fields["txnTime"]) == (PAID["merId"], PAID["txnTime"])
    if answer.verdict in (Verdict.CAPTURED, Verdict.REFUNDED):
        assert answer.amount is not None
    if answer.final:
        assert (answer.verdict, kind) == (Verdict.DECLINED, Kind.QUERY)
        assert fields["origRespCode"] not in ("00", "A6", "03", "05", "34", "42", "75", "99", "01")


@given(st.dictionaries(st.sampled_from(list(TOLD)), CODES | PLAIN))
@settings(max_examples=100)
def test_any_signed_notification(changes: dict[str, str]) -> None:
    """A signed notification with anything in its fields is refused, or read without losing its number or account."""
    fields = {**TOLD, **changes}
    try:
        found = ADAPTER.notification({}, told(fields), "")
    except NotAuthentic:
        return
    assert found.number in (fields["orderId"], fields.get("origQryId"))
    assert found.answer.account.split("/")[1] == fields["merId"]
    assert found.answer.verdict is not Verdict.CAPTURED or found.answer.amount is not None


@pytest.mark.parametrize(
    "body", [b"a=" + b"[" * 60000, b"a=" + b"{x" * 30000, b"a=b&" * 16000, b"a" * 65000, b"=" * 65000]
)
def test_hostile_shapes_cost_no_more_than_their_length(body: bytes) -> None:
    """Deep, open and repeated shapes are given up on."""
    answer = ADAPTER.read(asked(Kind.QUERY, "code"), HttpResponse(status=200, body=body))
    assert answer.verdict is Verdict.UNKNOWN

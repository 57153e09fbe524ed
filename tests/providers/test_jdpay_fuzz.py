"""Whatever arrives in JD Pay's name: no exception, and nothing is proven by bytes that JD did not sign."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jdpay_counterpart import answered, encrypt, jdpay, operation, sealed, wrapped

from payfallback._core.operations import Kind
from payfallback._values import changed
from payfallback.errors import NotAuthentic
from payfallback.taxonomy import Verdict

PAID = sealed("<tradeNum>A100101</tradeNum><tradeType>0</tradeType><amount>599900</amount><status>2</status>")
ADAPTER = jdpay()
KINDS = st.sampled_from([kind for kind in Kind if kind is not Kind.CAPTURE])
PRODUCTS = st.sampled_from(["baitiao", "jdpay_code"])
XML = st.text(st.sampled_from('<>/&;"!?[]- abjdpyresultcodnty\r\n\x00é'), max_size=200)


@given(st.binary(max_size=400) | XML.map(str.encode), st.integers(100, 599), KINDS, PRODUCTS)
@settings(max_examples=150)
def test_any_bytes(body: bytes, status: int, kind: Kind, product: str) -> None:
    """Bytes from anywhere are UNKNOWN as an answer, and not authentic as a notification."""
    answer = ADAPTER.read(operation(kind, product=product, refund_number="A100101R1"), answered(body, status))
    assert answer.verdict is Verdict.UNKNOWN
    assert not answer.final
    assert not answer.named
    with pytest.raises(NotAuthentic):
        ADAPTER.notification({}, body, "")


@given(st.text(max_size=120), KINDS)
@settings(max_examples=60)
def test_any_inside(text: str, kind: Kind) -> None:
    """Whoever has the 3DES key but not JD's signing key proves nothing either."""
    body = wrapped(encrypt(text))
    asked = operation(kind, refund_number="A100101R1")
    assert ADAPTER.read(asked, answered(body)).verdict is Verdict.UNKNOWN


@given(st.integers(0, len(PAID) - 1), st.integers(0, 255))
@settings(max_examples=150)
def test_one_changed_byte(place: int, byte: int) -> None:
    """A signed message with a changed byte either still says exactly the same, or nothing."""
    body = PAID[:place] + bytes([byte]) + PAID[place + 1 :]
    asked = operation(Kind.QUERY)
    answer, original = (ADAPTER.read(asked, answered(each)) for each in (body, PAID))
    assert answer.verdict is Verdict.UNKNOWN or changed(answer, text=original.text) == original

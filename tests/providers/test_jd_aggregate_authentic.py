"""What of JD's aggregate payment is authentic, and its notifications."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from jd_aggregate_counterpart import (
    ACCOUNT,
    OTHER_SECRET,
    SALT,
    SECRET,
    aggregate,
    answered,
    cipher,
    opened,
    operation,
    sealed,
    signature,
    trade,
)

from payfallback._core.operations import Kind
from payfallback._values import changed
from payfallback.errors import NotAuthentic
from payfallback.taxonomy import Cause, Verdict


def test_another_key_proves_nothing() -> None:
    """What is sealed with another 3DES key or signed with another key is anybody's."""
    for body in (sealed(trade("FINISH"), salt="x"), sealed(trade("FINISH"), secret=OTHER_SECRET)):
        assert aggregate().read(operation(Kind.QUERY), answered(body)).verdict is Verdict.UNKNOWN


def test_keys_change_over() -> None:
    """Of several keys the first seals, and all open."""
    adapter = aggregate(secrets=[SECRET, OTHER_SECRET], options={"md5_key": f"{SALT} older"})
    old = sealed(trade("FINISH"), salt="older", secret=OTHER_SECRET)
    assert adapter.read(operation(Kind.QUERY), answered(old)).verdict is Verdict.CAPTURED
    assert opened(adapter.request(operation()).body)["outTradeNo"] == "A100101"


def test_our_own_request_is_no_answer() -> None:
    """Both sides sign with the same key, so a request that is sent back to us must not read as an answer."""
    for kind in (Kind.CHARGE, Kind.QUERY):
        echo = aggregate().request(operation(kind)).body
        assert aggregate().read(operation(kind), answered(echo)).verdict is Verdict.UNKNOWN
        with pytest.raises(NotAuthentic):
            aggregate().notification({}, echo, "")


def test_an_empty_last_field_is_signed_as_jds_kit_signs_it() -> None:
    """The kit leaves a `&` behind an empty last field; both ways of writing it hold."""
    fields = {**trade("FINISH"), "zip": "", "merchantNo": ACCOUNT.merchant}
    plain = answered(sealed(fields))
    assert aggregate().read(operation(Kind.QUERY), plain).verdict is Verdict.CAPTURED
    kits = signature({**fields}, f"&{SALT}")
    assert aggregate().read(operation(Kind.QUERY), answered(sealed(fields, sign=kits))).verdict is Verdict.CAPTURED


def test_a_name_that_comes_twice_proves_nothing() -> None:
    """Which of the two was meant, nobody knows, though the signature holds for one of them."""
    fields = {**trade("FINISH"), "merchantNo": ACCOUNT.merchant}
    twice = json.dumps(fields)[:-1] + ', "payStatus": "FINISH"}'
    body = json.dumps({"cipherJson": cipher(twice), "sign": signature(fields)}).encode()
    assert aggregate().read(operation(Kind.QUERY), answered(body)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"success":false,"errCode":"E1"}',
        b'{"cipherJson":"00","sign":"x"}',
        b'{"cipherJson":"","sign":"","sign":""}',
        b'{"cipherJson":"zz","sign":"\\ud800"}',
        sealed({"resultCode": {"nested": 1}}),
        b" " * 70_000,
    ],
)
@pytest.mark.parametrize("status", [200, 503])
def test_other_bodies_prove_nothing(body: bytes, status: int) -> None:
    """HTML, nothing, a refusal in plain, oversize, nested or repeated fields: unknown."""
    answer = aggregate().read(operation(), answered(body, status))
    assert answer.verdict is Verdict.UNKNOWN
    with pytest.raises(NotAuthentic):
        aggregate().notification({}, body, "")


@given(some.binary(max_size=300), some.sampled_from([200, 202, 404, 503]))
def test_no_bytes_prove_anything(body: bytes, status: int) -> None:
    """Whatever arrives unsigned is unknown, and nothing raises."""
    assert aggregate().read(operation(Kind.QUERY), answered(body, status)).verdict is Verdict.UNKNOWN


@given(
    some.dictionaries(some.text(max_size=12), some.text(max_size=20) | some.integers() | some.booleans() | some.none())
)
def test_what_is_signed_and_senseless_is_never_a_capture(fields: dict[str, Any]) -> None:
    """Fields of any name and kind, signed: no crash, and no capture without a status and an amount."""
    answer = aggregate().read(operation(Kind.QUERY), answered(sealed({**fields, "resultCode": "SUCCESS"})))
    assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, Cause.UNRECOGNISED)


# ---------------------------------------------------------------- notifications


def test_notifications() -> None:
    """A payment's and a refund's notification are read from the same envelope; `ok` ends them."""
    paid = aggregate().notification({}, sealed(trade("FINISH")), "")
    back = aggregate().notification({}, sealed(trade("FINISH", outRefundNo="R1", amount=100)), "")
    assert (paid.number, paid.kind, paid.answer.verdict) == ("A100101", Kind.CHARGE, Verdict.CAPTURED)
    assert (back.kind, back.refund_number, back.answer.verdict) == (Kind.REFUND, "R1", Verdict.REFUNDED)
    assert aggregate().acknowledge(True)[::2] == (200, b"ok")
    assert aggregate().acknowledge(False)[0] == 500


def test_another_merchants_notification_is_named_as_such() -> None:
    """Whose trade it is stands in the signed inside, so that the core refuses another account's."""
    notice = aggregate().notification({}, sealed({**trade("FINISH"), "merchantNo": "999"}), "")
    assert notice.answer.account == changed(ACCOUNT, merchant="999").id

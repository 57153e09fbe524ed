"""Secrets and personal data do not reach the log, whatever they are wrapped in, and our own numbers do."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payfallback.telemetry import redact, redact_text

CARD = "4111111111111111"  # a test number of the card schemes


def check_digit(digits: str) -> str:
    """The digit that makes a card number of these, by Luhn's rule as ISO/IEC 7812-1 words it."""
    total = 0
    for place, each in enumerate(reversed(digits)):
        doubled = int(each) * (2 - place % 2)
        total += doubled // 10 + doubled % 10
    return str(-total % 10)


def clean(**event: Any) -> Mapping[str, Any]:
    """What the processor makes of an event."""
    return redact(None, "info", event)


@st.composite
def cards(draw: st.DrawFn) -> tuple[str, str]:
    """A card number as digits, and as somebody wrote it: in groups with single spaces or dashes, or in one piece."""
    digits = draw(st.text("0123456789", min_size=12, max_size=18))
    digits += check_digit(digits)
    cuts = draw(st.lists(st.integers(1, len(digits) - 1), max_size=5, unique=True).map(sorted))
    parts = [digits[a:b] for a, b in zip([0, *cuts], [*cuts, len(digits)], strict=True)]
    return digits, draw(st.sampled_from(" -")).join(parts)


def shows(text: object, digits: str) -> bool:
    """Whether a text gives a number away to a reader."""
    return digits in re.sub(r"[ \-]", "", str(text))


words = st.text(st.characters(exclude_categories=["Nd", "Cs"]), max_size=30)


@given(cards(), words, words)
def test_no_card_survives_in_a_text(card: tuple[str, str], before: str, after: str) -> None:
    """Wherever it stands and however it is grouped."""
    digits, written = card
    assert not shows(redact_text(before + written + after), digits)


@given(cards(), st.text("0123456789 -", max_size=20), st.text("0123456789 -", max_size=20))
def test_no_card_survives_beside_other_numbers(card: tuple[str, str], before: str, after: str) -> None:
    """Other numbers around it, set apart, do not hide it."""
    digits, written = card
    given_text = f"{before} {written} {after}"
    assert not shows(redact_text(given_text.replace("  ", " x ").replace("--", "-x-")), digits)


@given(
    cards(),
    st.text(min_size=1, max_size=12).filter(lambda name: name not in ("number", "order_id", "order", "exc_info")),
    st.integers(0, 5),
)
def test_no_card_survives_in_an_event(card: tuple[str, str], name: str, shape: int) -> None:
    """As a text, a number, a key, bytes, in lists and mappings, under any name but our own numbers' names."""
    digits, written = card
    value: Any = [
        written,
        int(digits) if digits[0] != "0" else digits,
        {written: 1},
        written.encode(),
        [{"deep": (written,)}, {written}],
        ValueError(f"card {written} declined"),
    ][shape]
    assert not shows(redact(None, "info", {name: value}), digits)


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals()
nested = st.recursive(
    anything, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@given(st.dictionaries(st.text(max_size=8), nested, max_size=4))
def test_it_never_raises(event: dict[str, Any]) -> None:
    """Whatever stands in an event comes out as an event."""
    assert len(redact(None, "info", event)) <= len(event)


@pytest.mark.parametrize("name", ["number", "order_id", "order"])
def test_our_own_numbers_are_left_alone(name: str) -> None:
    """An order id that happens to pass for a card is what the person on call searches for."""
    assert clean(**{name: CARD}) == {name: CARD}
    assert clean(**{name: int(CARD)}) == {name: int(CARD)}


@given(st.text("0123456789", min_size=9, max_size=25))
def test_what_fails_the_check_is_left_alone(digits: str) -> None:
    """A long number that is no card, no mobile and no identity number stays readable."""
    wrong = digits + str((int(check_digit(digits)) + 1) % 10)
    if len(wrong) > 13 and len(wrong) != 18:
        assert redact_text(f"order {wrong} paid") == f"order {wrong} paid"


@pytest.mark.parametrize(
    "text",
    [
        "order A100101 paid 5999.00 CNY",
        "2026-11-11 23:50:12.345678 took 0.123456789 s",
        "550e8400-e29b-41d4-a716-446655440001",
        "transaction 4200001234202611110012345678",
        "http://127.0.0.1:8080/v3/pay/transactions/out-trade-no/A100101?mchid=1900000109",
        "cause=timeout code: ACQ.TRADE_HAS_SUCCESS sign_type=RSA2 key_id=2026",
        "monkey design assign: tokenizer=fast",
    ],
)
def test_what_a_person_on_call_reads_stays(text: str) -> None:
    """Times, amounts, references and codes are not taken for secrets."""
    assert redact_text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"paid with {CARD}.", "paid with [card *1111]."),
        ("卡号４１１１１１１１１１１１１１１１。", "卡号[card *１１１１]。"),
        ("call 13812345678 or +86 138-1234-5678", "call [mobile] or +[mobile]"),
        ("身份证11010519491231002X，李", "身份证[identity]，李"),
        ("id 110105 19491231 002X", "id [identity]"),
        ("mail li.lei+shop@pay.example.com now", "mail [e-mail] now"),
        ("Authorization: Bearer abc.def-123", "Authorization: [redacted]"),
        ("sent bearer eyJhbGciOi.123", "sent [token]"),
        ("stripe key sk_" + "live_abcDEF123456 leaked", "stripe key [token] leaked"),
        ("secret pi_3MtwBw_secret_YrKJUKri", "secret [token]"),
        ('{"openid": "oUpF8uMuAJO", "total": 1}', '{"openid": "[redacted]", "total": 1}'),
        ("{'auth_code': '134567890123456789'}", "{'auth_code': '[redacted]'}"),
        ("a=1&sign=0A1B2C&nonce_str=x", "a=1&sign=[redacted]&nonce_str=x"),
        ("<xml><sign>0A1B</sign><total>1</total></xml>", "<xml><sign>[redacted]</sign><total>1</total></xml>"),
        ('password="correct horse"', 'password="[redacted]"'),
    ],
)
def test_secrets_and_people_are_masked_by_their_shape(text: str, shown: str) -> None:
    """In prose, JSON, queries, headers and XML."""
    assert redact_text(text) == shown


def test_private_keys_are_masked_whole() -> None:
    """With their armour, cut off in the middle, or bare as shops keep them."""
    body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7" * 2
    begin, end = "-----BEGIN RSA PRIVATE " + "KEY-----", "-----END RSA PRIVATE " + "KEY-----"
    assert redact_text(f"a {begin}\n{body}\n{end} b") == "a [key] b"
    assert redact_text(f"a {begin}\n{body}") == "a [key]"
    assert redact_text(f"a {body} b") == "a [key] b"


@pytest.mark.parametrize(
    "name",
    [
        "openid",
        "sub_openid",
        "auth_code",
        "payment_code",
        "access_token",
        "clientSecret",
        "password",
        "Authorization",
        "sign",
        "X-Sign",
        "key",
        "api_key",
        "apiV3Key",
        "Set-Cookie",
    ],
)
def test_what_a_name_promises_is_masked_whole(name: str) -> None:
    """A secret is masked by its name, whatever it looks like, and also deep inside; that there is none is shown."""
    assert clean(**{name: "oUpF8uMuAJO"}) == {name: "[redacted]"}
    assert clean(body={"payer": [{name: 12}]}) == {"body": {"payer": [{name: "[redacted]"}]}}
    assert clean(**{name: None}) == {name: None}


def test_an_exception_is_told_without_what_it_quotes() -> None:
    """The traceback becomes a masked text, wherever in the chain the processor stands."""
    try:
        int(f"card {CARD}")
    except ValueError as error:
        events = [clean(exc_info=True), clean(exc_info=error), clean(exc_info=sys.exc_info())]
    for event in events:
        assert "ValueError: invalid literal for int() with base 10: 'card [card *1111]'" in event["exception"]
        assert "exc_info" not in event


class Colour(Enum):
    """Something an event may hold."""

    RED = "red"


class Rude:
    """Something nobody can print."""

    def __repr__(self) -> str:
        raise OSError

    def __str__(self) -> str:
        raise OSError


class Endless(dict[str, Any]):
    """A mapping that never ends."""

    def items(self) -> Iterator[tuple[str, Any]]:  # type: ignore[override]  # rude on purpose
        """Items without end."""
        while True:
            yield "again", "and again"


def test_whatever_else_is_shown_as_masked_text() -> None:
    """Enums by their value, objects by their repr, times as they are; what cannot be printed says so."""
    event = clean(colour=Colour.RED, kind=Decimal, rude=Rude(), price=Decimal("5999.00"), rate=0.1234567890123456)
    assert event["colour"] == "red"
    assert event["kind"] == "<class 'decimal.Decimal'>"
    assert event["rude"] == "[unprintable]"
    assert (event["price"], event["rate"]) == (Decimal("5999.00"), 0.1234567890123456)


def test_an_event_is_bounded() -> None:
    """In depth, in number, in length; a card at the edge of a cut is not left in half."""
    deep: Any = "bottom"
    for _ in range(50):
        deep = [deep]
    long = "x" * 8185 + CARD
    event = clean(deep=deep, long=long, huge=10**5000, many=list(range(5000)), endless=Endless())
    assert "[too deep]" in str(event["deep"])
    assert len(event["many"]) <= 1001
    assert len(event["long"]) < 8200
    assert "411" not in event["long"]
    assert event["huge"] == "[too long]"
    assert len(str(clean(texts=["y" * 5000] * 500))) < 60_000


def test_what_structlog_keeps_for_itself_is_passed_on() -> None:
    """The standard library's record travels through untouched."""
    record = object()
    assert clean(_record=record, event="x") == {"_record": record, "event": "x"}

"""UnionPay's messages: `name=text&name=text`, bare in answers, percent-encoded in notifications.

Bare text may hold `&` inside braces and brackets, line ends inside a certificate, and `=` anywhere; the official SDK
reads it the same way (SDKUtil, parseQString). Everything is signed as one text, sorted by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from payfallback.model import Money
from payfallback.providers._beijing import moment

Fields = Mapping[str, str]

LARGEST = 64 * 1024  # a certificate and thirty short fields stay below 8 KiB
MOST_FIELDS = 100
CNY = "156"  # ISO 4217's number, which is what UnionPay writes

_NAME = r"[A-Za-z][0-9A-Za-z_.]{0,63}"
# Possessive, so that a hostile body costs no more than its length.
_FIELD = re.compile(rf"({_NAME})=((?:[^&{{\[]++|\{{[^}}]*+\}}|\[[^\]]*+\])*+)(?:&|\Z)")
_DECIDES = (
    "merId|orderId|txnTime|txnType|txnSubType|txnAmt|currencyCode|respCode|origRespCode|queryId|origQryId|version|"
    "signMethod|signPubKeyCert"
)
# The signed text joins fields with `&`, so a genuine one could be cut into fields at other places.
_RESPLIT = re.compile(rf"&(?:{_DECIDES})=")


def answer_fields(body: bytes, largest: int = LARGEST) -> Fields | None:
    """The fields of an answer, each name once; None for anything else."""
    text = _text(body, largest)
    if text is None:
        return None
    if text.startswith("{") and text.endswith("}"):  # the official SDK takes such a pair of braces off
        text = text[1:-1]
    fields: dict[str, str] = {}
    place = 0
    while place < len(text):
        found = _FIELD.match(text, place)
        if found is None or found[1] in fields or len(fields) == MOST_FIELDS:
            return None
        fields[found[1]] = found[2]
        place = found.end()
    return _unsplit(fields)


def form_fields(body: bytes) -> Fields | None:
    """The fields of a notification, each name once; None for anything else."""
    fields: dict[str, str] = {}
    parts = body.split(b"&", MOST_FIELDS) if len(body) <= LARGEST else []
    for part in parts:
        name, equals, encoded = part.partition(b"=")
        text = _text(unquote_to_bytes(encoded.replace(b"+", b" ")), LARGEST)
        plain = name.decode("ascii", "replace")
        if not equals or text is None or not re.fullmatch(_NAME, plain) or plain in fields:
            return None
        fields[plain] = text
    return _unsplit(fields) if 0 < len(parts) <= MOST_FIELDS else None


def _text(body: bytes, largest: int) -> str | None:
    """Every message is in the `encoding` that the request named, which is always UTF-8 here."""
    if len(body) > largest:
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _unsplit(fields: Fields) -> Fields | None:
    return fields if fields and not any(_RESPLIT.search(text) for text in fields.values()) else None


def signed_text(fields: Fields, *, filled: bool = True) -> str:
    """What is signed: every field but the signature, by name. `filled`: without the empty ones."""
    named = sorted(item for item in fields.items() if item[0] != "signature" and (item[1] or not filled))
    return "&".join(f"{name}={text}" for name, text in named)


def paid(fields: Fields) -> Money | None:
    """The trade's amount: whole fen of CNY; None where the message does not say so."""
    text = fields.get("txnAmt", "")
    if fields.get("currencyCode", "") != CNY or not re.fullmatch(r"[0-9]{1,12}", text):
        return None
    return Money(int(text), "CNY")


def given_back(fields: Fields) -> Money | None:
    """A refund's amount. Its answers leave the currency out, which then is the trade's: always CNY here."""
    return paid({"currencyCode": CNY, **fields})


def code_in(fields: Fields, name: str) -> str:
    """A response code: two letters or digits; anything else is empty."""
    text = fields.get(name, "")
    return text if re.fullmatch(r"[0-9A-Za-z]{2}", text) else ""


def number_in(fields: Fields, name: str) -> str:
    """A number of a trade, UnionPay's or the merchant's; anything else is empty."""
    text = fields.get(name, "")
    return text if re.fullmatch(r"[0-9A-Za-z]{1,40}", text) else ""


def trace_time(fields: Fields) -> float | None:
    """When UnionPay passed the trade on (`traceTime`, MMddHHmmss), in epoch seconds. The year is the order's, or the
    next one for a trade around midnight of New Year's Eve."""
    ordered, passed = moment(fields.get("txnTime", "")), fields.get("traceTime", "")
    if ordered is None or not re.fullmatch(r"[0-9]{10}", passed):
        return None
    year = int(fields["txnTime"][:4])
    moments = (moment(f"{each:04}{passed}") for each in (year, year + 1))
    return next((when for when in moments if when is not None and when > ordered - 86400.0), None)

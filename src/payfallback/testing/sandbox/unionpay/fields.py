"""Reading the fields of a UnionPay request: what must be there, and in which form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from payfallback.testing.sandbox.clock import CHINA, read_compact
from payfallback.testing.sandbox.unionpay.codes import Refusal

NUMBER = r"[0-9A-Za-z]{8,40}"
OLDEST = 86400.0  # seconds by which txnTime may differ from UnionPay's clock: an assumption, it says "the current time"
ALWAYS = {"version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "accessType": "0"}
Fields = Mapping[str, str]


def text(given: Fields, name: str, pattern: str = r"(?s).{1,1024}", *, required: bool = True) -> str:
    """A field of a form; empty when it is absent and not required. Raises `Refusal`."""
    found = given.get(name, "")
    if (not found and not required) or re.fullmatch(pattern, found):
        return found
    raise Refusal("10", name)


def fen(given: Fields, name: str = "txnAmt") -> int:
    """Whole fen above 0, in CNY."""
    if given.get("currencyCode") != "156":
        raise Refusal("10", "currencyCode")
    return int(text(given, name, r"[1-9][0-9]{0,11}"))


def current(given: Fields, *moments: float) -> str:
    """`txnTime`, near one of the moments. Raises `Refusal`."""
    found = text(given, "txnTime", r"[0-9]{14}")
    at = read_compact(found)
    if at is None or all(abs(at - moment) > OLDEST for moment in moments):
        raise Refusal("10", "txnTime")
    return found


def pay_until(given: Fields, now: float, usual: float) -> float:
    """Until when the shopper may pay: `payTimeout`, or UnionPay's own time."""
    found = text(given, "payTimeout", r"[0-9]{14}", required=False)
    at = read_compact(found) if found else now + usual
    if at is None or at <= now:
        raise Refusal("10", "payTimeout")
    return at


def nested(given: Fields, name: str) -> dict[str, str]:
    """The fields inside a field: `{a=1&b=2}`; empty when it is absent. Raises `Refusal`."""
    found = text(given, name, r"\{[^{}]{1,500}\}", required=False)
    pairs = [part.partition("=") for part in found[1:-1].split("&")] if found else []
    if any(not name or not equals for name, equals, _ in pairs):
        raise Refusal("10", name)
    return {name: value for name, _, value in pairs}


def clearing_day(at: float) -> str:
    """UnionPay's clearing day ends at 23:00 in Beijing."""
    return datetime.fromtimestamp(at + 3600, CHINA).strftime("%Y%m%d")

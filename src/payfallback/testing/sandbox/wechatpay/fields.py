"""Reading the JSON of a WeChat Pay request: what must be there, and in which form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from payfallback.testing.sandbox.clock import read_rfc3339
from payfallback.testing.sandbox.incoming import read_object
from payfallback.testing.sandbox.wechatpay.codes import ApiError

NUMBER = r"[0-9A-Za-z_\-*|]{6,32}"
CODEPAY_NUMBER = r"[0-9A-Za-z_\-*]{6,32}"
REFUND_NUMBER = r"[0-9A-Za-z_\-|*@]{1,64}"
DAY = 86400.0
LEAST, USUAL, MOST = 60.0, 7 * DAY, 90 * DAY  # an order's life: pay.weixin.qq.com/doc/v3/merchant/4012525171


def parse(body: bytes) -> dict[str, Any]:
    """The body of a POST. Raises `ApiError`."""
    given = read_object(body)
    if given is None:
        raise ApiError("PARAM_ERROR", "JSON")
    return given


def text(given: Mapping[str, Any], path: str, *, pattern: str = r"(?s).{1,512}", required: bool = True) -> str:
    """A string at a dotted path, empty when it is absent and not required."""
    value = find(given, path)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise ApiError("PARAM_ERROR", path)
    return value


def fen(given: Mapping[str, Any], path: str) -> int:
    """Whole fen above 0."""
    value = find(given, path)
    if type(value) is not int or not 0 < value <= 10_000_000_000:
        raise ApiError("PARAM_ERROR", path)
    return value


def currency(given: Mapping[str, Any]) -> None:
    """CNY, or nothing said."""
    if find(given, "amount.currency") not in (None, "CNY"):
        raise ApiError("PARAM_ERROR", "amount.currency")


def expires(given: Mapping[str, Any], now: float) -> float:
    """The moment until which the order can be paid: at least a minute and at most 90 days from its arrival.

    WeChat Pay moves what lies outside; so a request that was long on its way is not refused, it gets a minute more.
    """
    value = text(given, "time_expire", required=False)
    moment = read_rfc3339(value) if value else now + USUAL
    if moment is None:
        raise ApiError("PARAM_ERROR", "time_expire")
    return min(max(moment, now + LEAST), now + MOST)


def find(given: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, None when there is none."""
    value: Any = given
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value

"""Reading what a request says about a trade: what must be there, and in which form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from payfallback.testing.sandbox.alipay.codes import ApiError
from payfallback.testing.sandbox.clock import CHINA

NUMBER = "[0-9A-Za-z_]{1,64}"
LARGEST = 10_000_000_000  # fen: 100,000,000 yuan


def text(given: Mapping[str, Any], name: str, *, pattern: str = r"(?s).{1,256}", required: bool = True) -> str:
    """A text by its name, empty when it is absent and not required."""
    value = given.get(name)
    if value in (None, "") and not required:
        return ""
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise ApiError("ACQ.INVALID_PARAMETER", name)
    return value


def fen(given: Mapping[str, Any], name: str) -> int:
    """An amount in yuan with at most two digits after the point, as text or as a number, in fen."""
    value = given.get(name)
    try:
        exact = Decimal(str(value)) * 100 if isinstance(value, str | int | float) else Decimal(0)
    except InvalidOperation:
        exact = Decimal(0)
    if isinstance(value, bool) or not 0 < exact <= LARGEST or exact != int(exact):
        raise ApiError("ACQ.INVALID_PARAMETER", name)
    return int(exact)


def expires(given: Mapping[str, Any], now: float, usual: float) -> float:
    """The moment until which a trade can be paid. What arrives after it is refused."""
    said = text(given, "time_expire", required=False)
    moment = read_local(said) if said else now + usual
    if moment is None:
        raise ApiError("ACQ.INVALID_PARAMETER", "time_expire")
    if moment <= now:
        raise ApiError("ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR")
    return moment


def terms(given: Mapping[str, Any]) -> int:
    """Huabei's instalments, 0 for none: 3, 6 or 12, their fee borne by one side alone."""
    extended = given.get("extend_params") or {}
    if not isinstance(extended, dict):
        raise ApiError("ACQ.INVALID_PARAMETER", "extend_params")
    if "hb_fq_num" not in extended:
        return 0
    number, percent = str(extended["hb_fq_num"]), str(extended.get("hb_fq_seller_percent", "0"))
    if number not in ("3", "6", "12") or percent not in ("0", "100"):
        raise ApiError("ACQ.INVALID_PARAMETER", "hb_fq_num, hb_fq_seller_percent")
    return int(number)


def read_local(text_of_time: str) -> float | None:
    """Epoch seconds of `yyyy-MM-dd HH:mm:ss` in China's time; None for anything else."""
    try:
        return datetime.strptime(text_of_time, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA).timestamp()
    except (ValueError, OverflowError):
        return None


def local(epoch: float) -> str:
    """As Alipay writes times: whole seconds of China's time, without a zone."""
    return datetime.fromtimestamp(int(epoch), CHINA).strftime("%Y-%m-%d %H:%M:%S")


def yuan(amount: int) -> str:
    """Fen as yuan with two digits."""
    return f"{amount // 100}.{amount % 100:02}"

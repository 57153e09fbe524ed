"""Reading the fields of a JD Pay request. Names and which are required: JD's demo and public integrations."""

from __future__ import annotations

import re
from collections.abc import Mapping

from payfallback.testing.sandbox.clock import read_compact
from payfallback.testing.sandbox.jdpay.codes import JdFailure

Fields = Mapping[str, str]

REQUIRED = {
    "uniorder": ("tradeNum", "tradeName", "tradeTime", "amount", "currency", "orderType", "notifyUrl"),
    "saveOrder": (
        "tradeNum",
        "tradeName",
        "tradeTime",
        "amount",
        "currency",
        "orderType",
        "notifyUrl",
        "callbackUrl",
        "userId",
    ),
    "fkmPay": ("tradeNum", "tradeName", "tradeTime", "amount", "currency", "token", "device"),
    "query": ("tradeType",),
    "queryRefund": ("oTradeNum",),
    "revoke": ("tradeNum", "oTradeNum", "amount", "currency", "tradeTime"),
    "refund": ("tradeNum", "oTradeNum", "amount", "currency", "tradeTime"),
    "queryBaiTiaoFQ": ("tradeNum", "amount"),
}
SEVEN_DAYS = 604800.0  # JD's default when no expireTime is sent


def check(endpoint: str, fields: Fields) -> None:
    """Raise `JdFailure` when a required field is missing or a field has another form than JD's."""
    for name in REQUIRED[endpoint]:
        if not fields.get(name):
            raise JdFailure("SANDBOX_PARAM", name)
    for name in ("tradeNum", "oTradeNum"):
        # JD: digits and letters; its greatest length is not documented, 32 is an assumption
        if fields.get(name) and not re.fullmatch(r"[0-9A-Za-z]{1,32}", fields[name]):
            raise JdFailure("SANDBOX_PARAM", name)
    if fields.get("currency", "CNY") != "CNY":
        raise JdFailure("SANDBOX_PARAM", "currency")
    if fields.get("tradeTime") and read_compact(fields["tradeTime"]) is None:
        raise JdFailure("SANDBOX_PARAM", "tradeTime")


def amount(fields: Fields) -> int:
    """Whole fen above 0."""
    return _whole(fields, "amount", least=1)


def terms(fields: Fields) -> int:
    """Number of instalments, 0 when none were asked for."""
    return _whole(fields, "installmentNum", least=0) if fields.get("installmentNum") else 0


def expires(fields: Fields) -> float:
    """When the trade expires: `tradeTime` plus `expireTime` seconds.

    That the count starts at `tradeTime`, which makes the expiry absolute, is an assumption.
    """
    started = read_compact(fields["tradeTime"])
    assert started is not None  # noqa: S101  # `check` has been there
    return started + (_whole(fields, "expireTime", least=1) if fields.get("expireTime") else SEVEN_DAYS)


def _whole(fields: Fields, name: str, least: int) -> int:
    text = fields.get(name, "")
    if not re.fullmatch(r"\d{1,12}", text) or int(text) < least:
        raise JdFailure("SANDBOX_PARAM", name)
    return int(text)

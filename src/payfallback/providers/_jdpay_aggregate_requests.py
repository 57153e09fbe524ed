"""The requests of JD's aggregate payment, per operation: service and fields. Names: JD's own kit. Amounts in fen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from payfallback._core.operations import Kind, Operation
from payfallback.errors import ConfigError, InputMissing, MoneyInvalid, NumberInvalid
from payfallback.providers._beijing import stamp
from payfallback.providers._jdpay_aggregate_products import TOOLS
from payfallback.providers.codes import cut_bytes, without_terms

Draft = tuple[str, dict[str, str | int]]  # service, fields

# What `options` of the account may set. Empty: not sent.
OPTIONS: Mapping[str, str] = {
    "md5_key": "",  # required: the shared key of the signature; several, apart by blanks: the first signs, all verify
    "order_type": "00",  # virtualType: 00 goods, 01 virtual
    "device": "0001",  # the till or shop, as deviceInfo.imei
    "device_type": "DT01",  # deviceInfo.type: DT01 a PC, DT02 an app, DT03 a phone's browser
    "device_ip": "",  # the till's address; else Shopper.ip
    "shop_id": "",  # as agreed with JD
    "scan_url": "",  # where QR codes are asked for, when it is not JD's own address
    "not_found_code": "",  # what JD publishes nowhere and a merchant may know: its errCode for an unknown number
}

_AGGRE = "AGGRE"
_VERSION, _SCAN_VERSION = "V3.0", "V1.0.0"  # the kit's users; the page of getScanUrl


def draft(operation: Operation, options: Mapping[str, str], now: float) -> Draft:
    """The request before signing. Raises what `JdPayAggregate.request` documents."""
    if operation.amount.currency != "CNY":
        raise MoneyInvalid("JD's aggregate payment takes CNY only", hint="give this channel a route for CNY")
    build = _DRAFTS.get(operation.kind)
    if build is None:
        raise ConfigError(f"jdpay_aggregate has no operation {operation.kind.value!r}")
    without_terms("jdpay_aggregate", operation)
    service, fields = build(operation, options, now)
    return service, {name: given for name, given in fields.items() if given != ""}


def _charge(operation: Operation, options: Mapping[str, str], now: float) -> Draft:
    return _code(operation, options) if operation.product in TOOLS else _scan(operation, options, now)


def _code(operation: Operation, options: Mapping[str, str]) -> Draft:
    code = operation.inputs.get("code", "").strip()
    if not code:
        raise InputMissing("JD's aggregate payment needs the shopper's payment code", hint="give it as inputs['code']")
    till = operation.inputs.get("device_ip") or options["device_ip"] or operation.ip
    if not till:
        raise InputMissing("JD's aggregate payment needs the till's address", hint="give it as inputs['device_ip']")
    device = {"type": options["device_type"], "ip": till, "imei": options["device"]}
    return "m/pay", {
        **_about(operation),
        "amount": operation.amount.minor,
        "currency": "RMB",
        "productName": _title(operation),
        "authCode": code,
        "piType": TOOLS[operation.product],
        "outTradeIp": till,
        "virtualType": options["order_type"],
        "deadlineTime": _time(operation.expires_at),
        "deviceInfo": json.dumps(device, separators=(",", ":")),
        "shopId": options["shop_id"],
        "notifyUrl": operation.notify_url,
    }


def _scan(operation: Operation, options: Mapping[str, str], now: float) -> Draft:
    ends = operation.expires_at
    return "getScanUrl", {
        "version": _SCAN_VERSION,
        "businessCode": _AGGRE,
        "businessType": "00",
        "outTradeNo": operation.number,
        "amount": str(operation.amount.minor),
        "successNotifyUrl": operation.notify_url,
        "expireTime": "" if ends is None else str(max(1, int(ends - (operation.now or now)))),
        "remark": _title(operation),
    }


def _query(operation: Operation, options: Mapping[str, str], now: float) -> Draft:
    return "m/querytrade", _about(operation)


def _refund(operation: Operation, options: Mapping[str, str], now: float) -> Draft:
    if not re.fullmatch(r"[0-9A-Za-z]{1,32}", operation.refund_number):
        raise NumberInvalid(
            "JD's aggregate payment takes refund numbers of up to 32 letters and digits",
            hint="choose another refund id",
        )
    back = operation.amount if operation.refund_amount is None else operation.refund_amount
    return "m/refund", {
        **_about(operation),
        "outRefundNo": operation.refund_number,
        "amount": back.minor,
        "currency": "RMB",
        "tradeRemark": cut_bytes(operation.reason, 80),
        "notifyUrl": operation.notify_url,
    }


def _query_refund(operation: Operation, options: Mapping[str, str], now: float) -> Draft:
    asked: dict[str, str | int] = {"version": _VERSION, "businessCode": _AGGRE, "outRefundNo": operation.refund_number}
    return "m/queryrefund", asked


def _about(operation: Operation) -> dict[str, str | int]:
    return {"version": _VERSION, "businessCode": _AGGRE, "outTradeNo": operation.number}


def _title(operation: Operation) -> str:
    return cut_bytes(operation.title, 120) or operation.order_id or operation.number


def _time(epoch: float | None) -> str:
    return "" if epoch is None else stamp(epoch)


_DRAFTS: Mapping[Kind, Callable[[Operation, Mapping[str, str], float], Draft]] = {
    Kind.CHARGE: _charge,
    Kind.QUERY: _query,
    Kind.REFUND: _refund,
    Kind.QUERY_REFUND: _query_refund,
}

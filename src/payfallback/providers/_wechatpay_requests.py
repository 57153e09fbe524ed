"""WeChat Pay APIv3's requests, per operation: method, target and JSON body. Names: wechatpay-java's models, and the
official pages named in `_wechatpay_products`. Amounts in fen; numbers are quoted into paths."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from payfallback._core.operations import Kind, Operation
from payfallback.errors import ConfigError, InputMissing, MoneyInvalid, NumberInvalid
from payfallback.model import Money
from payfallback.policy import Account
from payfallback.providers.codes import BEIJING, cut_bytes, without_terms

Draft = tuple[str, str, Mapping[str, Any] | None]  # method, target (path and query), body

# What `options` of the account may set. Empty: not sent.
OPTIONS: Mapping[str, str] = {
    "device_ip": "",  # codepay: the till's address, required by WeChat Pay; or inputs["device_ip"], or Shopper.ip
    "device_id": "",  # codepay: the till
    "store_id": "",  # codepay: the place of sale as WeChat Pay numbers it
    "store_out_id": "1",  # codepay: the place of sale as the merchant numbers it; one of the two is required
    "h5_type": "Wap",  # h5: the kind of page; WeChat Pay knows iOS, Android and Wap
}

_TRADES = "/v3/pay/transactions"
_REFUNDS = "/v3/refund/domestic/refunds"


def encode(body: Mapping[str, Any] | None) -> bytes:
    """The exact bytes that are signed and sent."""
    return b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def draft(operation: Operation, account: Account, options: Mapping[str, str]) -> Draft:
    """The request before signing. Raises what `WechatPay.request` documents."""
    if operation.amount.currency != "CNY":
        raise MoneyInvalid("WeChat Pay takes CNY only", hint="give this channel a route for CNY")
    build = _DRAFTS.get(operation.kind)
    if build is None:
        raise ConfigError(f"wechatpay has no operation {operation.kind.value!r}")
    without_terms("wechatpay", operation)
    return build(operation, account, options)


def _charge(operation: Operation, account: Account, options: Mapping[str, str]) -> Draft:
    body: dict[str, Any] = {
        "appid": account.app,
        "mchid": account.merchant,
        "description": cut_bytes(operation.title, 127) or operation.order_id or operation.number,
        "out_trade_no": operation.number,
    }
    if operation.product != "codepay":
        if operation.expires_at is not None:
            body["time_expire"] = datetime.fromtimestamp(int(operation.expires_at), BEIJING).isoformat()
        body["notify_url"] = operation.notify_url
    body["amount"] = {"total": operation.amount.minor, "currency": "CNY"}
    body.update(_MORE[operation.product](operation, options))
    return "POST", f"{_TRADES}/{operation.product}", body


def _nothing_more(operation: Operation, options: Mapping[str, str]) -> Mapping[str, Any]:
    return {}


def _jsapi(operation: Operation, options: Mapping[str, str]) -> Mapping[str, Any]:
    return {"payer": {"openid": _input(operation, "openid", "the shopper's openid under this appid")}}


def _h5(operation: Operation, options: Mapping[str, str]) -> Mapping[str, Any]:
    if not operation.ip:
        raise InputMissing("WeChat Pay H5 needs the shopper's address", hint="give it as Shopper(ip=...)")
    return {"scene_info": {"payer_client_ip": operation.ip, "h5_info": {"type": options["h5_type"]}}}


def _codepay(operation: Operation, options: Mapping[str, str]) -> Mapping[str, Any]:
    code = _input(operation, "code", "the shopper's payment code")
    till = operation.inputs.get("device_ip") or options["device_ip"] or operation.ip
    scene: dict[str, Any] = {"device_ip": till or _input(operation, "device_ip", "the till's address")}
    if options["device_id"]:
        scene["device_id"] = options["device_id"]
    store = {"id": options["store_id"], "out_id": options["store_out_id"]}
    scene["store_info"] = {name: text for name, text in store.items() if text}
    return {"payer": {"auth_code": code}, "scene_info": scene}


def _input(operation: Operation, name: str, what: str) -> str:
    given = operation.inputs.get(name, "").strip()
    if not given:
        raise InputMissing(f"WeChat Pay {operation.product} needs {what}", hint=f"give it as inputs[{name!r}]")
    return given


_MORE: Mapping[str, Callable[[Operation, Mapping[str, str]], Mapping[str, Any]]] = {
    "native": _nothing_more,
    "app": _nothing_more,
    "jsapi": _jsapi,
    "h5": _h5,
    "codepay": _codepay,
}


def _query(operation: Operation, account: Account, options: Mapping[str, str]) -> Draft:
    return "GET", f"{_path(operation)}?mchid={quote(account.merchant, safe='')}", None


def _close(operation: Operation, account: Account, options: Mapping[str, str]) -> Draft:
    if operation.product == "codepay":
        return "POST", f"{_path(operation)}/reverse", {"appid": account.app, "mchid": account.merchant}
    return "POST", f"{_path(operation)}/close", {"mchid": account.merchant}


def _refund(operation: Operation, account: Account, options: Mapping[str, str]) -> Draft:
    if not re.fullmatch(r"[0-9A-Za-z_|*@-]{1,64}", operation.refund_number):
        raise NumberInvalid(
            "WeChat Pay takes refund numbers of 1 to 64 letters, digits and _-|*@", hint="choose another refund id"
        )
    back: Money = operation.amount if operation.refund_amount is None else operation.refund_amount
    body: dict[str, Any] = {"out_trade_no": operation.number, "out_refund_no": operation.refund_number}
    if operation.reason:
        body["reason"] = cut_bytes(operation.reason, 80)
    if operation.notify_url:
        body["notify_url"] = operation.notify_url
    body["amount"] = {"refund": back.minor, "total": operation.amount.minor, "currency": "CNY"}
    return "POST", _REFUNDS, body


def _query_refund(operation: Operation, account: Account, options: Mapping[str, str]) -> Draft:
    return "GET", f"{_REFUNDS}/{quote(operation.refund_number, safe='*')}", None


def _path(operation: Operation) -> str:
    return f"{_TRADES}/out-trade-no/{quote(operation.number, safe='*')}"


_DRAFTS: Mapping[Kind, Callable[[Operation, Account, Mapping[str, str]], Draft]] = {
    Kind.CHARGE: _charge,
    Kind.QUERY: _query,
    Kind.CLOSE: _close,
    Kind.REFUND: _refund,
    Kind.QUERY_REFUND: _query_refund,
}

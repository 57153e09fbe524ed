"""Alipay v3's requests, per operation: path and JSON body. Names: the official SDK's models. Amounts in yuan."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from payfallback._core.operations import Kind, Operation
from payfallback.errors import ConfigError, InputMissing, MoneyInvalid, NumberInvalid, UnknownOption
from payfallback.model import Money
from payfallback.policy import Account
from payfallback.providers._alipay_products import CODES, PAGES, takes_terms
from payfallback.providers.codes import BEIJING, cut_bytes

Draft = tuple[str, Mapping[str, Any]]  # path, body

# What `options` of the account may set. Empty: not sent.
OPTIONS: Mapping[str, str] = {
    "app_cert": "",  # certificate mode: the app's certificate, PEM
    "root_cert": "",  # certificate mode: Alipay's root certificates, PEM
    "app_auth_token": "",  # for an app that acts for the merchant
    "huabei_seller_percent": "0",  # who bears the fee of instalments: 0 the shopper, 100 the merchant
    "paid_by": "query",  # what proves a payment code's payment: a query, or at once the answer of pay
    "redirect_needs": "signature",  # what must say that a page's number is unused: a signed answer, or any `answer`
    "product_code": "",  # codes and QR: FACE_TO_FACE_PAYMENT (Alipay's default), QR_CODE_OFFLINE, OFFLINE_PAYMENT
    "store_id": "",
    "terminal_id": "",
    "operator_id": "",
}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "huabei_seller_percent": ("0", "100"),
    "paid_by": ("query", "answer"),
    "redirect_needs": ("signature", "answer"),
}

_TRADE = "/v3/alipay/trade"
_PLACE = ("product_code", "store_id", "terminal_id", "operator_id")


def checked(options: Mapping[str, str]) -> Mapping[str, str]:
    """The options, each of them possible. Raises `ConfigError`."""
    for name, known in CHOICES.items():
        if options[name] not in known:
            raise ConfigError(
                f"alipay option {name!r} cannot be {options[name]!r}", hint=f"one of {', '.join(known)}, as text"
            )
    return options


def encode(body: Mapping[str, Any]) -> bytes:
    """The exact bytes that are signed and sent."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def draft(operation: Operation, account: Account, options: Mapping[str, str]) -> Draft:
    """The request before signing. Raises what `Alipay.request` documents."""
    if operation.amount.currency != "CNY":
        raise MoneyInvalid("Alipay takes CNY only here", hint="give this channel a route for CNY")
    build = _DRAFTS.get(operation.kind)
    if build is None:
        raise ConfigError(f"alipay has no operation {operation.kind.value!r}")
    return build(operation, account, options)


def _charge(operation: Operation, account: Account, options: Mapping[str, str]) -> Draft:
    if not takes_terms(operation.product, operation.option.terms):
        raise UnknownOption(
            f"alipay product {operation.product!r} cannot be asked for {operation.option.id!r}",
            hint="Huabei takes 3, 6 or 12 instalments, the other products none",
        )
    if operation.product in PAGES:
        return _query(operation, account, options)  # nobody has opened the page: is the number unused?
    body = {**order(operation, options), "seller_id": account.merchant}
    body.update((name, options[name]) for name in _PLACE if options[name])
    if operation.ip:
        body["business_params"] = {"mc_create_trade_ip": operation.ip}
    if operation.notify_url:
        body["notify_url"] = operation.notify_url
    if operation.product not in CODES:
        return f"{_TRADE}/precreate", body
    return f"{_TRADE}/pay", {**body, **_payment_code(operation)}


def order(operation: Operation, options: Mapping[str, str]) -> dict[str, Any]:
    """What every form of payment says of an order, under the names that v3 and the gateway share."""
    body: dict[str, Any] = {
        "out_trade_no": operation.number,
        "total_amount": operation.amount.major,
        "subject": _subject(operation),
    }
    if operation.expires_at is not None:
        body["time_expire"] = local(operation.expires_at)
    if operation.option.terms:
        percent = options["huabei_seller_percent"]
        body["extend_params"] = {"hb_fq_num": str(operation.option.terms), "hb_fq_seller_percent": percent}
    return body


def local(epoch: float) -> str:
    """Whole seconds of Beijing time, as Alipay writes it."""
    return datetime.fromtimestamp(int(epoch), BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _subject(operation: Operation) -> str:
    """SDK: no `/`, `=` and `&`. The last two would also let a title pass for other fields of a notification."""
    title = operation.title or operation.order_id or operation.number
    return cut_bytes(re.sub(r"[/=&]", " ", title), 256) or operation.number


def _payment_code(operation: Operation) -> Mapping[str, str]:
    code = operation.inputs.get("code", "").strip()
    if not code:
        raise InputMissing("Alipay needs the shopper's payment code", hint="give it as inputs['code']")
    scene = "security_code" if code.startswith("fp") else "bar_code"  # SDK: a face scanner's codes begin with fp
    return {"scene": scene, "auth_code": code}


def _query(operation: Operation, account: Account, options: Mapping[str, str]) -> Draft:
    # The sources of money tell a trade that was refunded from one that was never paid.
    return f"{_TRADE}/query", {"out_trade_no": operation.number, "query_options": ["fund_bill_list"]}


def _close(operation: Operation, account: Account, options: Mapping[str, str]) -> Draft:
    return f"{_TRADE}/{'cancel' if operation.product in CODES else 'close'}", {"out_trade_no": operation.number}


def _refund(operation: Operation, account: Account, options: Mapping[str, str]) -> Draft:
    if not re.fullmatch(r"[0-9A-Za-z_]{1,64}", operation.refund_number):
        raise NumberInvalid(
            "Alipay takes refund numbers of 1 to 64 letters, digits and underscores", hint="choose another refund id"
        )
    body = {
        "out_trade_no": operation.number,
        "out_request_no": operation.refund_number,
        "refund_amount": asked_back(operation).major,
    }
    if operation.reason:
        body["refund_reason"] = cut_bytes(operation.reason, 256)
    return f"{_TRADE}/refund", body


def _query_refund(operation: Operation, account: Account, options: Mapping[str, str]) -> Draft:
    body = {"out_trade_no": operation.number, "out_request_no": operation.refund_number}
    return f"{_TRADE}/fastpay/refund/query", body


def asked_back(operation: Operation) -> Money:
    """What a refund gives back: its own amount, or all of it."""
    return operation.amount if operation.refund_amount is None else operation.refund_amount


_DRAFTS: Mapping[Kind, Callable[[Operation, Account, Mapping[str, str]], Draft]] = {
    Kind.CHARGE: _charge,
    Kind.QUERY: _query,
    Kind.CLOSE: _close,
    Kind.REFUND: _refund,
    Kind.QUERY_REFUND: _query_refund,
}

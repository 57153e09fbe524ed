"""The fields of UnionPay's requests, per operation. Names: UnionPay's own demo (ACP 5.1.0); amounts in whole fen.

A trade's key is merId, orderId and txnTime, so the time is journalled before a charge is sent (`UnionPay.memo`). A
refund is a trade of its own: its number is its orderId, and its time is that of its first sending.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from payfallback._core.operations import Kind, Operation
from payfallback.errors import ConfigError, InputMissing, MoneyInvalid, NumberInvalid, UnknownOption
from payfallback.model import Money
from payfallback.providers._beijing import stamp
from payfallback.providers._unionpay_fields import CNY
from payfallback.providers._unionpay_products import PRODUCTS, SHOWN, takes_terms
from payfallback.providers._unionpay_sign import RSA, VERSION
from payfallback.providers.codes import cut_bytes

Draft = tuple[str, Mapping[str, str]]  # the address's last part, the fields

# What `options` of the account may set. Empty: not sent.
OPTIONS: Mapping[str, str] = {
    "biz_type": "",  # instead of the product's own, where UnionPay's agreement says so
    "channel_type": "07",  # of `front`: 07 a browser on a computer, 08 one on a telephone
    "term_id": "",  # of `code`: the terminal
    "tr_id": "",  # of `token`: who asks for tokens; UnionPay gives it
    "paid_by": "notice",  # what proves a payment: a signed notification at once, or only a query
    "file_url": "",  # where daily files are asked for, instead of the file server beside the gateway
    "reversed_by": "query",  # what proves a reversal: a query after it, or at once its `answer`
}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "channel_type": ("07", "08"),
    "paid_by": ("notice", "query"),
    "reversed_by": ("query", "answer"),
}

NO_NOTICE = "http://www.specialUrl.com"  # demo: what `backUrl` says where no notification is wanted
_UNSAFE = re.compile(r"""[&={}\[\]"']""")  # demo: they disturb the reading of what is passed through


def checked(options: Mapping[str, str]) -> Mapping[str, str]:
    """The options, each of them possible. Raises `ConfigError`."""
    for name, known in CHOICES.items():
        if options[name] not in known:
            raise ConfigError(
                f"unionpay option {name!r} cannot be {options[name]!r}", hint=f"one of {', '.join(known)}, as text"
            )
    return options


def draft(operation: Operation, merchant: str, options: Mapping[str, str], now: float) -> Draft:
    """The request before signing. A front charge asks about its own number: its form is the browser's to post. Raises
    what `UnionPay.request` documents."""
    if operation.amount.currency != "CNY":
        raise MoneyInvalid("UnionPay takes CNY only here", hint="give this channel a route for CNY")
    if operation.kind is Kind.CHARGE and operation.product == "front":
        _check_terms(operation)
        if not operation.return_url:
            raise InputMissing(
                "UnionPay's page needs a page of the shop to come back to", hint="give Shopper.return_url"
            )
        return _query(operation, merchant, options, now)
    build = _DRAFTS.get(operation.kind)
    if build is None:
        raise ConfigError(f"unionpay has no operation {operation.kind.value!r}")
    return build(operation, merchant, options, now)


def txn_time(operation: Operation, now: float) -> str:
    """The time under which the trade is known: journalled, or for an adopted payment when it was sent."""
    return operation.memo.get("txnTime") or stamp(operation.sent_at or operation.now or now)


def refund_time(operation: Operation, now: float) -> str:
    """The time under which a refund is known: when its number was first sent."""
    return stamp(operation.refund_sent_at or operation.now or now)


def charge(operation: Operation, merchant: str, options: Mapping[str, str], now: float) -> Draft:
    """A consumption: the form's fields for `front`, else what is sent."""
    _check_terms(operation)
    product = PRODUCTS[operation.product]
    channel = options["channel_type"] if operation.product == "front" else product.channel_type
    fields = {
        **_named(operation, merchant, options, "01", product.sub_type),
        "channelType": channel,
        "orderId": operation.number,
        "txnTime": txn_time(operation, now),
        "txnAmt": str(operation.amount.minor),
        "currencyCode": CNY,
        "backUrl": operation.notify_url or NO_NOTICE,
        **_MORE[operation.product](operation, options),
    }
    return product.path, fields


def _named(operation: Operation, merchant: str, options: Mapping[str, str], kind: str, sub_type: str) -> dict[str, str]:
    return {
        "version": VERSION,
        "encoding": "UTF-8",
        "signMethod": RSA,
        "txnType": kind,
        "txnSubType": sub_type,
        "bizType": options["biz_type"] or PRODUCTS[operation.product].biz_type,
        "accessType": "0",
        "merId": merchant,
    }


def _check_terms(operation: Operation) -> None:
    if not takes_terms(operation.product, operation.option.terms):
        raise UnknownOption(
            f"unionpay product {operation.product!r} cannot be asked for {operation.option.id!r}",
            hint="only `token` takes instalments, 2 to 99 of them",
        )


def _shown(operation: Operation, options: Mapping[str, str]) -> dict[str, str]:
    title = cut_bytes(_UNSAFE.sub(" ", operation.title), 128)
    return {
        "frontUrl": operation.return_url if operation.product == "front" else "",
        "payTimeout": stamp(operation.expires_at) if operation.expires_at is not None else "",
        "riskRateInfo": f"{{commodityName={title}}}" if title else "",
    }


def _by_code(operation: Operation, options: Mapping[str, str]) -> dict[str, str]:
    code = operation.inputs.get("code", "").strip()
    if not re.fullmatch(r"[0-9]{1,20}", code):
        raise InputMissing(
            "UnionPay needs the shopper's payment code", hint="give it as inputs['code']: up to 20 digits"
        )
    return {"qrNo": code, "termId": options["term_id"]}


def _by_token(operation: Operation, options: Mapping[str, str]) -> dict[str, str]:
    token = operation.inputs.get("token", "").strip()
    if not re.fullmatch(r"[0-9A-Za-z]{1,40}", token):
        raise InputMissing("UnionPay needs the shopper's token", hint="give it as inputs['token']")
    fields = {"accType": "01", "tokenPayData": f"{{token={token}&trId={options['tr_id']}}}"}
    if operation.option.terms:
        number = f"{operation.option.terms:02}"
        fields |= {"txnSubType": "03", "instalTransInfo": f"{{numberOfInstallments={number}}}"}
    return fields


def _query(operation: Operation, merchant: str, options: Mapping[str, str], now: float) -> Draft:
    key = {"orderId": operation.number, "txnTime": txn_time(operation, now)}
    return "queryTrans", {**_named(operation, merchant, options, "00", "00"), **key}


def _reversal(operation: Operation, merchant: str, options: Mapping[str, str], now: float) -> Draft:
    if operation.product != "code":
        raise ConfigError(
            f"unionpay product {operation.product!r} cannot be reversed", hint="only a payment code's charge can"
        )
    fields = {
        **_named(operation, merchant, options, "99", "01"),
        "channelType": PRODUCTS[operation.product].channel_type,
        "orderId": operation.number,
        "txnTime": txn_time(operation, now),
    }
    return "backTransReq", fields


def _refund(operation: Operation, merchant: str, options: Mapping[str, str], now: float) -> Draft:
    _check_refund(operation)
    known = {"origQryId": operation.provider_ref}
    if not operation.provider_ref:  # public integrations: the consumption's own key will do
        known = {"origOrderId": operation.number, "origTxnTime": txn_time(operation, now)}
    fields = {
        **_named(operation, merchant, options, "04", "00"),
        "channelType": PRODUCTS[operation.product].channel_type,
        "orderId": operation.refund_number,
        "txnTime": refund_time(operation, now),
        "currencyCode": CNY,
        "txnAmt": str(asked_back(operation).minor),
        "backUrl": operation.notify_url or NO_NOTICE,
        **known,
    }
    return "backTransReq", fields


def _query_refund(operation: Operation, merchant: str, options: Mapping[str, str], now: float) -> Draft:
    _check_refund(operation)
    if operation.refund_sent_at is None:
        raise InputMissing(
            "the refund's own time is not known, and UnionPay finds it only by that",
            hint="look for it in UnionPay's console or its next bill",
        )
    key = {"orderId": operation.refund_number, "txnTime": refund_time(operation, now)}
    return "queryTrans", {**_named(operation, merchant, options, "00", "00"), **key}


def _check_refund(operation: Operation) -> None:
    if not re.fullmatch(r"[0-9A-Za-z]{8,40}", operation.refund_number):
        raise NumberInvalid(
            "UnionPay takes refund numbers of 8 to 40 letters and digits", hint="choose another refund id"
        )


def asked_back(operation: Operation) -> Money:
    """What a refund gives back: its own amount, or all of it."""
    return operation.amount if operation.refund_amount is None else operation.refund_amount


_MORE: Mapping[str, Callable[[Operation, Mapping[str, str]], dict[str, str]]] = {
    **dict.fromkeys(SHOWN, _shown),
    "code": _by_code,
    "token": _by_token,
}
_DRAFTS: Mapping[Kind, Callable[[Operation, str, Mapping[str, str], float], Draft]] = {
    Kind.CHARGE: charge,
    Kind.QUERY: _query,
    Kind.CLOSE: _reversal,
    Kind.REFUND: _refund,
    Kind.QUERY_REFUND: _query_refund,
}

"""The fields of JD Pay V2's requests, per operation. Names: IJPay's models and JD's own demo; amounts in fen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from payfallback._core.operations import Kind, Operation
from payfallback.errors import ConfigError, InputMissing, MoneyInvalid, NumberInvalid, UnknownOption
from payfallback.model import Money
from payfallback.providers._beijing import stamp
from payfallback.providers._jdpay_products import CODES, CREDIT, FORMS, takes_terms
from payfallback.providers.codes import cut_bytes

Fields = list[tuple[str, str]]

# What `options` of the account may set. Empty: not sent. Values beyond the documented ones are the merchant's
# agreement with JD (IJPay's models name the fields; their values are published nowhere).
OPTIONS: Mapping[str, str] = {
    "device": "0001",  # the store or terminal; the jdpay gem: required by fkmPay
    "order_type": "0",  # JD's demo: 0 goods, 1 virtual
    "industryCategoryCode": "",
    "bizTp": "",
    "payMerchant": "",
    "vendorId": "",
    "preProduct": "",  # sent for the credit products only
    "pc_url": "",  # the cashier's address for PC browsers, when it is not JD's own
    "h5_url": "",  # the same for phones
    # What JD publishes nowhere and a merchant may know. Both given: an order that was never posted can be proven dead.
    "not_found_code": "",  # the result.code with which JD answers a query of a number that it does not know
    "expiry_counts_from": "",  # "tradeTime": JD confirmed that expireTime counts from there, not from arrival
}
CHOICES: Mapping[str, tuple[str, ...]] = {"expiry_counts_from": ("", "tradeTime")}

_AGREED = ("industryCategoryCode", "bizTp", "payMerchant", "vendorId")


def checked(options: Mapping[str, str]) -> Mapping[str, str]:
    """The options, each of them possible. Raises `ConfigError`."""
    for name, known in CHOICES.items():
        if options[name] not in known:
            hint = f'"{known[1]}", or leave it out'
            raise ConfigError(f"jdpay option {name!r} cannot be {options[name]!r}", hint=hint)
    return options


def revoke_number(number: str) -> str:
    """The number under which an attempt is revoked: a revoke is a trade of its own."""
    return number + "C"


def fields_of(operation: Operation, options: Mapping[str, str], now: float, nonce: Callable[[], str]) -> Fields:
    """What goes between `<merchant>` and `<sign>`. Raises what `JdPay.request` documents."""
    if operation.amount.currency != "CNY":
        raise MoneyInvalid("JD Pay takes CNY only", hint="give this channel a route for CNY")
    if operation.kind is Kind.CHARGE:
        return _charge(operation, options, now)
    if operation.kind is Kind.PLANS:
        return [("tradeNum", f"Q{nonce()[:24]}"), ("amount", str(operation.amount.minor))]
    build = _ASKING.get(operation.kind)
    if build is None:
        raise ConfigError(f"jdpay has no operation {operation.kind.value!r}")
    return build(operation, now)


def _charge(operation: Operation, options: Mapping[str, str], now: float) -> Fields:
    _check_terms(operation)
    if operation.product in FORMS:
        _check_form(operation)
        return _query(operation, now)
    common = _order(operation, options, now)
    more = _by_code(operation, options) if operation.product in CODES else _by_qr(operation, options, now)
    return common + [(name, text) for name, text in more if text]


def _check_terms(operation: Operation) -> None:
    terms = operation.option.terms
    if not takes_terms(operation.product, terms):
        raise UnknownOption(
            f"jdpay product {operation.product!r} cannot be asked for {terms} instalments",
            hint="fkmPay carries no number of instalments: use product `baitiao`, or offer `full`",
        )


def _check_form(operation: Operation) -> None:
    """What a form lacks is said before anything is sent (JD's demo: both are required)."""
    for name, given in (("return_url", operation.return_url), ("ref", operation.ref)):
        if not given:
            raise InputMissing("JD Pay's cashier form lacks a required field", hint=f"give it as Shopper({name}=...)")


def form_fields(operation: Operation, options: Mapping[str, str], now: float) -> Fields:
    """What the cashier form says, in plain text, but for version, merchant and sign."""
    fields = [*_order(operation, options, now), *_by_cashier(operation, options, now)]
    return [(name, text) for name, text in fields if text]


def _order(operation: Operation, options: Mapping[str, str], now: float) -> Fields:
    """What both ways of charging share. `tradeTime` was journalled before sending (`JdPay.memo`)."""
    name = cut_bytes(operation.title, 120) or operation.order_id or operation.number
    return [
        ("device", operation.inputs.get("device") or options["device"]),
        ("tradeNum", operation.number),
        ("tradeName", name),
        ("tradeTime", operation.memo.get("tradeTime") or stamp(operation.now or now)),
        ("amount", str(operation.amount.minor)),
        ("currency", "CNY"),
    ]


def _by_code(operation: Operation, options: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    code = operation.inputs.get("code", "").strip()
    if not code:
        raise InputMissing("JD Pay needs the shopper's payment code", hint="give it as inputs['code']")
    yield "token", code
    yield "notifyUrl", operation.notify_url
    yield from _agreed(operation, options)


def _by_qr(operation: Operation, options: Mapping[str, str], now: float) -> Iterator[tuple[str, str]]:
    yield from _by_cashier(operation, options, now)
    yield "tradeType", "QR"


def _by_cashier(operation: Operation, options: Mapping[str, str], now: float) -> Iterator[tuple[str, str]]:
    yield "orderType", options["order_type"]
    yield "notifyUrl", operation.notify_url
    yield "callbackUrl", operation.return_url
    yield "ip", operation.ip
    yield "userId", cut_bytes(operation.ref, 64)
    if operation.expires_at is not None:
        yield "expireTime", str(max(1, int(operation.expires_at - (operation.now or now))))
    if operation.option.terms:
        yield "installmentNum", str(operation.option.terms)
    yield from _agreed(operation, options)


def _agreed(operation: Operation, options: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from ((name, options[name]) for name in _AGREED)
    if operation.product in CREDIT:
        yield "preProduct", options["preProduct"]


def _query(operation: Operation, now: float) -> Fields:
    return [("tradeNum", operation.number), ("tradeType", "0")]


def _revoke(operation: Operation, now: float) -> Fields:
    return [("tradeNum", revoke_number(operation.number)), *_of_trade(operation, operation.amount, now)]


def _refund(operation: Operation, now: float) -> Fields:
    if not re.fullmatch(r"[0-9A-Za-z]{6,32}", operation.refund_number):
        raise NumberInvalid(
            "JD Pay takes refund numbers of 6 to 32 letters and digits", hint="choose another refund id"
        )
    fields = [("tradeNum", operation.refund_number), *_of_trade(operation, _back(operation), now)]
    more = [("notifyUrl", operation.notify_url), ("note", cut_bytes(operation.reason, 80))]
    return fields + [(name, text) for name, text in more if text]


def _query_refund(operation: Operation, now: float) -> Fields:
    return [("oTradeNum", operation.number), ("tradeType", "1")]


def _of_trade(operation: Operation, amount: Money, now: float) -> Fields:
    return [
        ("oTradeNum", operation.number),
        ("amount", str(amount.minor)),
        ("currency", amount.currency),
        ("tradeTime", stamp(operation.now or now)),
    ]


def _back(operation: Operation) -> Money:
    return operation.amount if operation.refund_amount is None else operation.refund_amount


_ASKING: Mapping[Kind, Callable[[Operation, float], Fields]] = {
    Kind.QUERY: _query,
    Kind.CLOSE: _revoke,
    Kind.REFUND: _refund,
    Kind.QUERY_REFUND: _query_refund,
}

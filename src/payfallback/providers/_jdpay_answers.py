"""What the signed inside of a JD Pay V2 message proves. Everything here has been authenticated before.

Trade states 0-4: JD's demo pages and PHP client (data/jdpay.tsv; 2 and 3 are stated). Refund states 0-2: its demo.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from payfallback._core.operations import Answer, Kind, Operation, Plan
from payfallback._values import changed
from payfallback.model import Money, Qr
from payfallback.policy import Account
from payfallback.providers._beijing import moment
from payfallback.providers._jdpay_products import CODES, FORMS
from payfallback.providers._jdpay_requests import revoke_number
from payfallback.providers._jdpay_xml import Fields, items_in, text_in
from payfallback.providers.codes import clean_code, clean_text, plain_number, unknown
from payfallback.taxonomy import Cause, Verdict

TAKEN = "000000"
_STATES: Mapping[str, tuple[Verdict, Cause | None]] = {
    "0": (Verdict.PENDING, Cause.AWAITING_SHOPPER),
    "1": (Verdict.PENDING, Cause.AWAITING_PROVIDER),
    "2": (Verdict.CAPTURED, None),
    "3": (Verdict.DECLINED, Cause.DECLINED),  # JD does not say why
    "4": (Verdict.CLOSED, None),
}
_REFUNDS: Mapping[str, tuple[Verdict, Cause | None]] = {
    "0": (Verdict.PENDING, Cause.AWAITING_PROVIDER),
    "1": (Verdict.REFUNDED, None),
    "2": (Verdict.REFUND_FAILED, None),
}
_REVOKES: Mapping[str, tuple[Verdict, Cause | None]] = {
    "0": (Verdict.PENDING, Cause.AWAITING_PROVIDER),
    "1": (Verdict.ACCEPTED, None),  # done, but not said whether it closed or refunded: the next query shows it
    "2": (Verdict.DECLINED, Cause.DECLINED),
}


def answer_to(operation: Operation, inside: Fields, account: Account) -> Answer:
    """Read the inside of a response that says `TAKEN`. Unlisted states prove nothing."""
    answer = _READ[operation.kind](operation, inside)
    return changed(answer, account=account_of(inside, account))


def account_of(inside: Fields, account: Account) -> str:
    """Whose trade a message speaks of."""
    return changed(account, merchant=text_in(inside, "merchant") or account.merchant).id


def _charge(operation: Operation, inside: Fields) -> Answer:
    if operation.product in CODES:
        return trade(inside)
    if operation.product in FORMS:
        return _query(operation, inside)
    code = text_in(inside, "qrCode")
    action = Qr(code) if re.fullmatch(r"[!-~]{1,512}", code) else None
    return Answer(
        verdict=Verdict.PENDING,
        cause=Cause.AWAITING_SHOPPER,
        number=plain_number(text_in(inside, "tradeNum")),
        provider_ref=clean_code(text_in(inside, "orderId")),
        action=action,
    )


def _query(operation: Operation, inside: Fields) -> Answer:
    if text_in(inside, "tradeType") not in ("", "0"):
        return unknown(Cause.UNRECOGNISED, "tradeType", "the answer is not about a payment")
    return trade(inside)


def trade(inside: Fields) -> Answer:
    """The state of a payment. Captured only with the amount that JD says was paid."""
    status, number = text_in(inside, "status"), plain_number(text_in(inside, "tradeNum"))
    verdict, cause = _STATES.get(status, (Verdict.UNKNOWN, Cause.UNRECOGNISED))
    amount = _paid(inside) if verdict is Verdict.CAPTURED else None
    if not number or (verdict is Verdict.CAPTURED and amount is None):
        verdict, cause = Verdict.UNKNOWN, Cause.UNRECOGNISED
    return Answer(
        verdict=verdict,
        cause=cause,
        code=clean_code(f"status={status}"),
        text=clean_text(text_in(inside, "result", "desc")),
        final=verdict is Verdict.DECLINED,
        named=verdict is Verdict.CLOSED,
        amount=amount,
        number=number,
        paid_at=_paid_at(inside) if verdict is Verdict.CAPTURED else None,
        unlisted=bool(status) and status not in _STATES,
    )


def _paid(inside: Fields) -> Money | None:
    """The trade's total: its own amount, else the sum of its parts (a coupon is a part too)."""
    parts = tuple(items_in(inside, "payList"))
    texts = [text_in(inside, "amount")] if text_in(inside, "amount") else [text_in(part, "amount") for part in parts]
    if not texts or not all(re.fullmatch(r"[0-9]{1,13}", text) for text in texts):
        return None
    named = {text_in(each, "currency") for each in (inside, *parts)} - {""}
    currency = named.pop() if len(named) == 1 else "CNY" if not named else ""
    return Money(sum(map(int, texts)), "CNY") if currency == "CNY" else None


def _paid_at(inside: Fields) -> float | None:
    times = (text_in(each, "tradeTime") for each in (inside, *items_in(inside, "payList")))
    found = [time for time in map(moment, times) if time is not None]
    return max(found, default=None)


def _close(operation: Operation, inside: Fields) -> Answer:
    if text_in(inside, "tradeNum") != revoke_number(operation.number):
        return unknown(Cause.CONTRADICTION, "tradeNum", "the answer is about another revoke")
    return changed(_by_status(inside, _REVOKES), named=False)


def refund(inside: Fields) -> Answer:
    """The state of a refund; `number` is the payment's."""
    answer = _by_status(inside, _REFUNDS)
    amount = text_in(inside, "amount")
    if answer.verdict is not Verdict.REFUNDED or not re.fullmatch(r"[0-9]{1,13}", amount):
        return changed(answer, named=False)
    return changed(answer, amount=Money(int(amount), "CNY"))


def revoke(inside: Fields) -> Answer:
    """The state of a revoke, from a notification; `number` is the payment's."""
    return changed(_by_status(inside, _REVOKES), named=False)


def _by_status(inside: Fields, states: Mapping[str, tuple[Verdict, Cause | None]]) -> Answer:
    status, number = text_in(inside, "status"), plain_number(text_in(inside, "oTradeNum"))
    verdict, cause = states.get(status, (Verdict.UNKNOWN, Cause.UNRECOGNISED))
    if not number:
        verdict, cause = Verdict.UNKNOWN, Cause.UNRECOGNISED
    return Answer(
        verdict=verdict,
        cause=cause,
        code=clean_code(f"status={status}"),
        number=number,
        named=True,
        unlisted=bool(status) and status not in states,
    )


def _refund(operation: Operation, inside: Fields) -> Answer:
    if text_in(inside, "tradeNum") != operation.refund_number:
        return unknown(Cause.CONTRADICTION, "tradeNum", "the answer is about another refund")
    return refund(inside)


def _query_refund(operation: Operation, inside: Fields) -> Answer:
    """Find the refund in the list of the trade's refunds. What a revoke gave back stands there under its own number."""
    own = _listed(operation, inside, operation.refund_number)
    if own is not None:
        return refund(own)
    revoked = refund(_listed(operation, inside, revoke_number(operation.number)) or {})
    if revoked.verdict is Verdict.REFUNDED and revoked.amount == (operation.refund_amount or operation.amount):
        return revoked
    return Answer(verdict=Verdict.NOT_FOUND, cause=Cause.AWAITING_PROVIDER, number=operation.number)


def _listed(operation: Operation, inside: Fields, number: str) -> Fields | None:
    """The entry of one refund. JD's demo labels the two numbers of this list the other way round than everywhere else,
    so they are met in either order."""
    for item in items_in(inside, "refList"):
        if (text_in(item, "oTradeNum"), text_in(item, "tradeNum")) == (number, operation.number):
            return {**item, "tradeNum": number, "oTradeNum": operation.number}
        if text_in(item, "tradeNum") == number:
            return item
    return None


def _plans(operation: Operation, inside: Fields) -> Answer:
    found = (_plan(item, operation.amount) for item in items_in(inside, "billsInfoList"))
    return Answer(verdict=Verdict.ACCEPTED, plans=tuple(plan for plan in found if plan is not None))


def _plan(item: Fields, amount: Money) -> Plan | None:
    terms = text_in(item, "plan")
    if not re.fullmatch(r"[1-9][0-9]?", terms):
        return None
    unit = _unit(text_in(item, "total"), amount)
    each, first, fee, total = (unit(text_in(item, name)) for name in ("laterPay", "firstPay", "fee", "total"))
    return Plan(
        terms=int(terms), each=each, first=first, fee=fee, total=total, rate=clean_text(text_in(item, "rate"), 16)
    )


def _unit(total: str, amount: Money) -> Callable[[str], Money | None]:
    """Which unit a plan is written in: JD does not say. The one in which its total lies between the price and twice
    the price; when neither does, the plan's sums are left out rather than shown wrong."""
    for digits in (0, 2):
        whole = _minor(total, digits)
        if whole is not None and amount.minor <= whole <= 2 * amount.minor:
            return lambda text: _money(_minor(text, digits))
    return lambda text: None


def _money(minor: int | None) -> Money | None:
    return None if minor is None else Money(minor, "CNY")


def _minor(text: str, digits: int) -> int | None:
    found = re.fullmatch(r"([0-9]{1,11})(?:\.([0-9]{1,2})0*)?", text)
    if found is None or (not digits and found[2]):
        return None
    return int(found[1] + (found[2] or "").ljust(digits, "0"))


_READ: Mapping[Kind, Callable[[Operation, Fields], Answer]] = {
    Kind.CHARGE: _charge,
    Kind.QUERY: _query,
    Kind.CLOSE: _close,
    Kind.REFUND: _refund,
    Kind.QUERY_REFUND: _query_refund,
    Kind.PLANS: _plans,
}

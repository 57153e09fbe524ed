"""What the signed inside of a message of JD's aggregate payment proves. Everything here has been authenticated before.

payStatus FINISH, PROCESSING, CLOSE and REFUND: facts §1.6; JD's kit says of CLOSE that the trade is closed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from payfallback._core.operations import Answer, Kind, Operation
from payfallback._values import changed
from payfallback.model import Money, Qr
from payfallback.policy import Account
from payfallback.providers._beijing import moment
from payfallback.providers._jdpay_aggregate_envelope import Fields
from payfallback.providers._jdpay_aggregate_products import TOOLS
from payfallback.providers.codes import clean_code, clean_text, plain_number, unknown
from payfallback.taxonomy import Cause, Verdict

_STATES: Mapping[str, tuple[Verdict, Cause | None]] = {
    "FINISH": (Verdict.CAPTURED, None),
    "PROCESSING": (Verdict.PENDING, Cause.AWAITING_SHOPPER),
    "CLOSE": (Verdict.CLOSED, None),
    "REFUND": (Verdict.REFUNDED, None),
}
_REFUNDS: Mapping[str, tuple[Verdict, Cause | None]] = {
    "FINISH": (Verdict.REFUNDED, None),
    "PROCESSING": (Verdict.PENDING, Cause.AWAITING_PROVIDER),
    "": (Verdict.PENDING, Cause.AWAITING_PROVIDER),  # taken, and not said how it stands
    "CLOSE": (Verdict.REFUND_FAILED, None),
}


def took(inside: Fields) -> bool:
    """Whether JD says that the request itself went well: `resultCode` of the kit, `isSuccess` of getScanUrl's page."""
    return inside.get("resultCode", "") == "SUCCESS" or (
        "resultCode" not in inside and inside.get("isSuccess") == "true"
    )


def said(operation: Operation, inside: Fields, account: Account) -> Answer:
    """An answer to a request that went well."""
    if operation.kind in (Kind.REFUND, Kind.QUERY_REFUND):
        answer = _refund_for(operation, inside)
    elif operation.kind is Kind.CHARGE and operation.product not in TOOLS:
        answer = _scan(inside)
    else:
        answer = trade(inside)
    return changed(answer, account=account_of(inside, account))


def account_of(inside: Fields, account: Account) -> str:
    """Whose trade a message speaks of."""
    told = inside.get("merchantNo", "")
    return changed(account, merchant=(plain_number(told) or "?") if told else account.merchant).id


def _scan(inside: Fields) -> Answer:
    address = inside.get("scanUrl", "")
    if not re.fullmatch(r"https?://[!-~]{1,512}", address):
        return unknown(Cause.UNRECOGNISED, "scanUrl", "nothing that the shopper could pay with")
    number = plain_number(inside.get("outTradeNo"))
    return Answer(verdict=Verdict.PENDING, cause=Cause.AWAITING_SHOPPER, number=number, action=Qr(address))


def trade(inside: Fields) -> Answer:
    """The state of a payment. Captured only with its whole amount (`amount`, not `piAmount`: coupons count)."""
    status, number = inside.get("payStatus", ""), plain_number(inside.get("outTradeNo"))
    verdict, cause = _STATES.get(status, (Verdict.UNKNOWN, Cause.UNRECOGNISED))
    amount = _money(inside) if verdict is Verdict.CAPTURED else None
    # What is finished under a refund's number is that refund: both are told in the same words.
    of_refund = verdict is Verdict.CAPTURED and inside.get("outRefundNo", "") != ""
    if not number or of_refund or (verdict is Verdict.CAPTURED and amount is None):
        verdict, cause, amount = Verdict.UNKNOWN, Cause.UNRECOGNISED, None
    return Answer(
        verdict=verdict,
        cause=cause,
        code=clean_code(status),
        text=clean_text(inside.get("errCodeDes")),
        named=verdict in (Verdict.CLOSED, Verdict.REFUNDED),
        amount=amount,
        number=number,
        provider_ref=clean_code(inside.get("tradeNo", "")),
        paid_at=moment(re.sub(r"[-: ]", "", inside.get("payFinishTime", ""))) if verdict is Verdict.CAPTURED else None,
    )


def _refund_for(operation: Operation, inside: Fields) -> Answer:
    if inside.get("outRefundNo") != operation.refund_number:
        return unknown(Cause.CONTRADICTION, "outRefundNo", "the answer is about another refund")
    told = inside.get("outTradeNo", "")
    return refund({**inside, "outTradeNo": told or operation.number})


def refund(inside: Fields) -> Answer:
    """The state of a refund; `number` is the payment's."""
    status, number = inside.get("payStatus", ""), plain_number(inside.get("outTradeNo"))
    verdict, cause = _REFUNDS.get(status, (Verdict.UNKNOWN, Cause.UNRECOGNISED))
    if not number:
        verdict, cause = Verdict.UNKNOWN, Cause.UNRECOGNISED
    done = verdict is Verdict.REFUNDED
    amount = _money(inside) if done else None
    return Answer(verdict=verdict, cause=cause, code=clean_code(status), number=number, named=done, amount=amount)


def _money(inside: Fields) -> Money | None:
    minor, currency = inside.get("amount", ""), inside.get("currency", "")
    if not re.fullmatch(r"[0-9]{1,13}", minor) or currency not in ("RMB", "CNY", ""):
        return None
    return Money(int(minor), "CNY")

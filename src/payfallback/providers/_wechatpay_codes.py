"""WeChat Pay's error codes, per operation: what an authenticated error proves, and why.

From codes.tsv. v2 and v3 spell the same code with and without underscores (facts §3), so codes are looked up without
them. `final` only where the provider's handling is stated, not inferred. Causes follow the table's hints but where they
miss the cause's meaning: a wallet's empty balance (NOTENOUGH) is no credit line, and a card type that is not taken
(NOTSUPORTCARD) no regulation; both are plain refusals. Unlisted codes prove nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from payfallback._core.operations import Kind
from payfallback._values import value
from payfallback.taxonomy import Cause, Verdict


@value
class Row:
    """What one code proves about the request that it answers."""

    verdict: Verdict
    cause: Cause | None
    final: bool = False
    resendable: bool = False


def _refused(cause: Cause, *, final: bool = False) -> Row:
    return Row(Verdict.DECLINED, cause, final)


_WRONG = _refused(Cause.MERCHANT_CONFIG)
_CLOSED_TO_US = _refused(Cause.MERCHANT_NOT_ENABLED)
_ASK = Row(Verdict.UNKNOWN, Cause.API_FAILURE)  # a number used before, a trade paid or at odds: a query tells
_BROKEN = Row(Verdict.UNKNOWN, Cause.PROVIDER_ERROR, resendable=True)  # stated: the same parameters again
_SLOWER = Row(Verdict.DECLINED, Cause.RATE_LIMITED, resendable=True)  # stated: not taken, slow down
_UNLISTED = Row(Verdict.UNKNOWN, Cause.UNRECOGNISED)

_CHARGE: Mapping[str, Row] = {
    "INVALIDREQUEST": _WRONG,
    "PARAMERROR": _WRONG,
    "SIGNERROR": _WRONG,
    "OPENIDMISMATCH": _WRONG,
    "INVALIDTRANSACTIONID": _WRONG,
    "APPIDMCHIDNOTMATCH": _CLOSED_TO_US,
    "MCHNOTEXISTS": _CLOSED_TO_US,
    "NOAUTH": _CLOSED_TO_US,
    "ORDERCLOSED": _refused(Cause.DECLINED, final=True),  # stated: order again under a new number
    "ACCOUNTERROR": _refused(Cause.ACCOUNT_FROZEN),
    "RULELIMIT": _refused(Cause.RISK_REJECTED),
    "NOTENOUGH": _refused(Cause.DECLINED),
    "OUTTRADENOUSED": _ASK,
    "TRADEERROR": _ASK,
    "ORDERNOTEXIST": _ASK,
    "ORDERPAID": _ASK,  # by whom and how much, only the trade itself says
    "FREQUENCYLIMITED": _SLOWER,
    "SYSTEMERROR": _BROKEN,
    "BANKERROR": _BROKEN,
}

# The v2 table of payment codes (micropay): what it states beyond the v3 table, which has no rows for codepay.
_BY_CODE: Mapping[str, Row] = {
    **_CHARGE,
    "USERPAYING": Row(Verdict.PENDING, Cause.AWAITING_SHOPPER),
    "NOTENOUGH": _refused(Cause.DECLINED, final=True),
    "NOTSUPORTCARD": _refused(Cause.DECLINED, final=True),
    "AUTHCODEEXPIRE": _refused(Cause.DECLINED, final=True),  # a code is used up or stale: another one is another charge
    "AUTHCODEERROR": _refused(Cause.DECLINED, final=True),
    "AUTHCODEINVALID": _refused(Cause.DECLINED, final=True),
    "ORDERREVERSED": _refused(Cause.DECLINED, final=True),
    "BUYERMISMATCH": _ASK,
    "SYSTEMERROR": Row(Verdict.UNKNOWN, Cause.PROVIDER_ERROR),  # stated: ask, do not send again
    "BANKERROR": Row(Verdict.UNKNOWN, Cause.PROVIDER_ERROR),
    "XMLFORMATERROR": _WRONG,
    "REQUIREPOSTMETHOD": _WRONG,
    "POSTDATAEMPTY": _WRONG,
    "LACKPARAMS": _WRONG,
    "NOTUTF8": _WRONG,
    "APPIDNOTEXIST": _CLOSED_TO_US,
    "MCHIDNOTEXIST": _CLOSED_TO_US,
}

# A close is refused or taken; what became of the trade is asked afterwards. Nothing here is death by itself.
_CLOSE: Mapping[str, Row] = {
    "ORDERPAID": Row(Verdict.CAPTURED, None),  # stated: a paid trade cannot be closed
    "ORDERCLOSED": Row(Verdict.CLOSED, None),  # stated: it is closed already
    "ORDERREVERSED": Row(Verdict.CLOSED, None),
    "USERPAYING": _refused(Cause.AWAITING_SHOPPER),
    "ORDERNOTEXIST": _refused(Cause.API_FAILURE),
    "SYSTEMERROR": _BROKEN,
    "BANKERROR": _BROKEN,
    "FREQUENCYLIMITED": _SLOWER,
    **{code: row for code, row in _CHARGE.items() if row in (_WRONG, _CLOSED_TO_US)},
}

# Refunds: every handling is inferred, so nothing is final, and the same refund number stays in use.
_REFUND: Mapping[str, Row] = {
    "SYSTEMERROR": _BROKEN,
    "BANKERROR": _BROKEN,
    "BIZERRNEEDRETRY": Row(Verdict.UNKNOWN, Cause.PROVIDER_ERROR, resendable=True),
    "ERROR": _ASK,
    "FREQUENCYLIMITED": _SLOWER,
    "INVALIDREQTOOMUCH": _SLOWER,
    "NOTENOUGH": _WRONG,  # the merchant's balance: fill it up, the same refund then goes through
    "TRADEOVERDUE": _WRONG,
    "REFUNDEXCEED": _WRONG,
    "USERACCOUNTABNORMAL": _refused(Cause.ACCOUNT_FROZEN),
    "RESOURCEALREADYEXISTS": _ASK,
    "REFUNDFEEMISMATCH": _ASK,
    "ORDERNOTEXIST": _refused(Cause.API_FAILURE),
    **{code: row for code, row in _CHARGE.items() if row in (_WRONG, _CLOSED_TO_US)},
}

NO_TRADE = frozenset({"ORDERNOTEXIST"})
NO_REFUND = frozenset({"RESOURCENOTEXISTS", "REFUNDNOTEXIST"})  # the former: wechatpay-go, for records not found


def plain(code: str) -> str:
    """A code in the one spelling of this module."""
    return code.replace("_", "").upper()


def row_for(kind: Kind, product: str, code: str, status: int) -> Row:
    """What an authenticated error proves. A failed question says nothing about the trade, whatever the code."""
    if kind in (Kind.QUERY, Kind.QUERY_REFUND):
        return _of_question(kind, plain(code), status)
    table = {Kind.CLOSE: _CLOSE, Kind.REFUND: _REFUND}.get(kind, _BY_CODE if product == "codepay" else _CHARGE)
    return table.get(plain(code)) or (_SLOWER if status == 429 else _UNLISTED)


def _of_question(kind: Kind, code: str, status: int) -> Row:
    if code in (NO_TRADE if kind is Kind.QUERY else NO_REFUND):
        return Row(Verdict.NOT_FOUND, Cause.AWAITING_PROVIDER)
    known = _CHARGE.get(code)
    cause = known.cause if known else Cause.RATE_LIMITED if status == 429 else Cause.UNRECOGNISED
    return Row(Verdict.UNKNOWN, cause)

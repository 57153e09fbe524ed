"""What UnionPay's authenticated answers prove.

`respCode` answers the request; in a query's answer `origRespCode` is the trade's own result (demo). 00 to a charge
means taken on, not paid. Codes: the library's table (`code_table`), rows `*`, `query` and `origRespCode`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from payfallback._core.operations import Answer, Kind, Operation
from payfallback._values import changed, value
from payfallback.model import AppParams
from payfallback.providers._unionpay_fields import Fields, code_in, given_back, number_in, paid, trace_time
from payfallback.providers._unionpay_products import SHOWN, capabilities
from payfallback.providers._unionpay_requests import asked_back
from payfallback.providers.code_table import CodeTable
from payfallback.providers.codes import clean_code, clean_text, unknown
from payfallback.taxonomy import Cause, Verdict

DONE = frozenset({"00", "A6"})  # demo: success is 00 or A6, success with a flaw
TAKEN = frozenset({"42", "74", "75"})  # facts §4: the money was taken, and something after that went wrong
OPEN = frozenset({"01", "12", "34", "60"})  # demo (payouts): asked about again, like 03, 04 and 05
CONSUMED, REVERSED, RETURNED = "01", "99", "04"  # txnType


@value(kw_only=True)
class Reading:
    """What reading needs beside the operation. `provider_time`: UnionPay's own clock; None: the answer did not say."""

    table: CodeTable
    options: Mapping[str, str]
    provider_time: float | None = None


def said(operation: Operation, fields: Fields, reading: Reading) -> Answer:
    """What an authentic answer that names this trade proves about the operation."""
    read = _READ.get(operation.kind)
    return unknown(Cause.UNRECOGNISED, operation.kind.value) if read is None else read(operation, fields, reading)


def judged(reading: Reading, where: str, code: str, fields: Fields, *, orig: bool = False) -> Answer:
    """A code other than 00, as the table has it; money that was taken, and what stays open, are never refusals."""
    text = clean_text(fields.get("origRespMsg" if orig else "respMsg"))
    row = reading.table.row(where, code)
    if code in TAKEN:
        return unknown(Cause.CONTRADICTION, code, text)
    if row is None:
        return changed(unknown(Cause.UNRECOGNISED, code, text), unlisted=bool(code))
    if code in OPEN or row.verdict not in (Verdict.DECLINED, Verdict.PENDING):
        return unknown(row.cause or Cause.AWAITING_PROVIDER, code, text)
    return Answer(verdict=row.verdict, cause=row.cause, code=clean_code(code), text=text, final=row.final)


# ---------------------------------------------------------------- charge


def _charged(operation: Operation, fields: Fields, reading: Reading) -> Answer:
    code = code_in(fields, "respCode")
    if code != "00":
        return changed(judged(reading, "charge", code, fields), number=operation.number)
    if operation.product not in SHOWN:
        return _open(Cause.AWAITING_PROVIDER, code, operation, fields)
    tn = number_in(fields, "tn")
    if not tn:
        return unknown(Cause.UNRECOGNISED, code, "nothing that the shopper could pay with")
    return changed(_open(Cause.AWAITING_SHOPPER, code, operation, fields), action=AppParams({"tn": tn}))


def _open(cause: Cause, code: str, operation: Operation, fields: Fields) -> Answer:
    ref = number_in(fields, "queryId")
    return Answer(verdict=Verdict.PENDING, cause=cause, code=code, number=operation.number, provider_ref=ref)


# ---------------------------------------------------------------- query


def _queried(operation: Operation, fields: Fields, reading: Reading) -> Answer:
    if code_in(fields, "respCode") != "00":
        return changed(_not_told(fields, reading), number=operation.number)
    return _trade(operation, fields, reading)


def _not_told(fields: Fields, reading: Reading) -> Answer:
    """A question that was not answered: 34 says that nothing is known, any other code is about the question."""
    code = code_in(fields, "respCode")
    if code == "34":
        return Answer(verdict=Verdict.NOT_FOUND, cause=Cause.AWAITING_PROVIDER, code=code)
    return changed(judged(reading, "query", code, fields), verdict=Verdict.UNKNOWN, final=False)


def _trade(operation: Operation, fields: Fields, reading: Reading) -> Answer:
    code, kind = code_in(fields, "origRespCode"), fields.get("txnType", "")
    if code in DONE:
        return consumed(fields, code) if kind == CONSUMED else _undone(operation, fields, kind)
    told = judged(reading, "origRespCode", code, fields, orig=True)
    told = changed(told, number=operation.number, provider_ref=number_in(fields, "queryId"))
    if told.verdict is not Verdict.DECLINED:
        return told
    if operation.product not in SHOWN or _past_its_time(operation, reading):
        return changed(told, final=True)  # demo: a question ends at any other code; for a page, after payTimeout
    return changed(told, verdict=Verdict.PENDING, cause=Cause.AWAITING_SHOPPER, final=False)


def consumed(fields: Fields, code: str) -> Answer:
    """A consumption that succeeded: paid, where it says how much and under which number."""
    amount, number = paid(fields), number_in(fields, "orderId")
    if amount is None or not number:
        return unknown(Cause.UNRECOGNISED, code, "paid, without a readable amount or number")
    ref, when = number_in(fields, "queryId"), trace_time(fields)
    return Answer(verdict=Verdict.CAPTURED, code=code, amount=amount, number=number, provider_ref=ref, paid_at=when)


def _undone(operation: Operation, fields: Fields, kind: str) -> Answer:
    """The same key names a reversal as well: then it is the reversal that succeeded. Anything else is nobody's."""
    if kind == REVERSED and operation.product == "code":
        return Answer(verdict=Verdict.CLOSED, code="reversed", named=True, number=operation.number)
    return unknown(Cause.UNRECOGNISED, "txnType", "the answer is about another kind of transaction")


def _past_its_time(operation: Operation, reading: Reading) -> bool:
    """Demo: what a question says after payTimeout is final. By UnionPay's clock, and a little later."""
    wait = capabilities(operation.product).not_found_after or 0.0
    if operation.expires_at is None or reading.provider_time is None:
        return False
    return reading.provider_time > operation.expires_at + wait


# ---------------------------------------------------------------- undoing


def _reversed(operation: Operation, fields: Fields, reading: Reading) -> Answer:
    code = code_in(fields, "respCode")
    if code != "00":
        return changed(judged(reading, "close", code, fields), final=False)
    if reading.options["reversed_by"] == "answer":
        return Answer(verdict=Verdict.CLOSED, code="reversed", named=True, number=operation.number)
    return Answer(verdict=Verdict.ACCEPTED, code="reversed", number=operation.number)


def _refunded(operation: Operation, fields: Fields, reading: Reading) -> Answer:
    code = code_in(fields, "respCode")
    if code != "00":
        return changed(judged(reading, "refund", code, fields), final=False)
    ref = number_in(fields, "queryId")
    return Answer(verdict=Verdict.ACCEPTED, cause=Cause.AWAITING_PROVIDER, code=code, provider_ref=ref)


def _refund_found(operation: Operation, fields: Fields, reading: Reading) -> Answer:
    if code_in(fields, "respCode") != "00":
        return changed(_not_told(fields, reading), number="")
    if fields.get("txnType", "") != RETURNED:
        return unknown(Cause.UNRECOGNISED, "txnType", "the answer is about another kind of transaction")
    code = code_in(fields, "origRespCode")
    return refunded(operation, fields) if code in DONE else _refund_refused(code, fields, reading)


def refunded(operation: Operation, fields: Fields) -> Answer:
    """A refund that was done, of the amount that was asked for."""
    amount, ref = given_back(fields), number_in(fields, "queryId")
    if amount is None or amount != asked_back(operation):
        return unknown(Cause.CONTRADICTION, "txnAmt", "another amount went back than was asked for")
    return Answer(verdict=Verdict.REFUNDED, code="00", named=True, amount=amount, provider_ref=ref)


def _refund_refused(code: str, fields: Fields, reading: Reading) -> Answer:
    told = judged(reading, "origRespCode", code, fields, orig=True)
    return changed(told, verdict=Verdict.REFUND_FAILED, final=False) if told.verdict is Verdict.DECLINED else told


_READ: Mapping[Kind, Callable[[Operation, Fields, Reading], Answer]] = {
    Kind.CHARGE: _charged,
    Kind.QUERY: _queried,
    Kind.CLOSE: _reversed,
    Kind.REFUND: _refunded,
    Kind.QUERY_REFUND: _refund_found,
}

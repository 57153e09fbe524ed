"""UnionPay's notifications: the fields of a transaction, posted as a form to `backUrl` and signed like an answer.

Demo: of front transactions only successes are notified, of back transactions failures as well; up to five times, 0, 1,
2 and 4 minutes apart, until HTTP 200 or 302 comes back within 10 s.
"""

from __future__ import annotations

from payfallback._core.operations import Answer, Kind, Notice
from payfallback._values import changed
from payfallback.errors import NotAuthentic
from payfallback.policy import Account
from payfallback.providers._unionpay_answers import (
    CONSUMED,
    DONE,
    RETURNED,
    Reading,
    consumed,
    judged,
)
from payfallback.providers._unionpay_fields import Fields, code_in, given_back, number_in
from payfallback.providers.codes import unknown
from payfallback.taxonomy import Cause, Verdict


def notice(fields: Fields, account: Account, reading: Reading) -> Notice:
    """What authentic fields are about. Raises `NotAuthentic` when they are about nothing that this library knows."""
    if "origRespCode" in fields:  # where `respCode` 00 only says that the question was answered
        raise NotAuthentic("authentic, but the answer to a question", hint="only notifications belong here")
    merchant, number = number_in(fields, "merId"), number_in(fields, "orderId")
    if not merchant or not number:
        raise NotAuthentic("authentic, but names no merchant or no order", hint="hand over the body as it came")
    whose = changed(account, merchant=merchant).id
    kind = fields.get("txnType", "")
    if kind == CONSUMED:
        answer = _consumption(fields, number, reading)
        return Notice(number=number, answer=changed(answer, account=whose), id=number_in(fields, "queryId"))
    original = number_in(fields, "origQryId") or number_in(fields, "origOrderId")
    if kind == RETURNED and original:
        answer = changed(_return(fields, reading), account=whose)
        ref = number_in(fields, "queryId")
        return Notice(number=original, answer=answer, kind=Kind.REFUND, refund_number=number, id=ref)
    raise NotAuthentic("authentic, but neither a payment nor a refund", hint="only those belong here")


def _consumption(fields: Fields, number: str, reading: Reading) -> Answer:
    """A success is paid, unless the merchant wants a query to show it (demo: a query is advised). A failure may pass,
    where the shopper still holds the page; a query tells."""
    code = code_in(fields, "respCode")
    if code not in DONE:
        return changed(judged(reading, "notice", code, fields), number=number, final=False)
    answer = consumed(fields, code)
    proves = reading.options["paid_by"] == "notice" and _done(fields)
    if answer.verdict is not Verdict.CAPTURED or proves:
        return answer
    return changed(answer, verdict=Verdict.PENDING, cause=Cause.AWAITING_PROVIDER, amount=None, paid_at=None)


def _return(fields: Fields, reading: Reading) -> Answer:
    """A refund that was done or that failed. What it gave back is held against what was asked for by the core."""
    code = code_in(fields, "respCode")
    if code not in DONE:
        told = judged(reading, "notice", code, fields)
        failed = told.verdict is Verdict.DECLINED
        return changed(told, verdict=Verdict.REFUND_FAILED, final=False) if failed else told
    amount = given_back(fields)
    if amount is None or not _done(fields):
        return unknown(Cause.UNRECOGNISED, code, "a refund that does not say how much went back, or that it did")
    return Answer(verdict=Verdict.REFUNDED, code=code, named=True, amount=amount)


def _done(fields: Fields) -> bool:
    """Whether a transaction was passed on to the banks: it then has a trace number. The answer that a request was taken
    on (00 as well) has none; posted here by somebody, it must not pass for the result."""
    return bool(fields.get("traceNo"))

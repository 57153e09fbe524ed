"""Where Alipay's error codes are looked up, per operation (data/alipay.tsv): v3's own, and v3's common ones (`*`)."""

from __future__ import annotations

from collections.abc import Mapping

from payfallback._core.operations import Kind
from payfallback._values import changed
from payfallback.providers.code_table import CodeRow, CodeTable
from payfallback.providers.proofs import TOO_MANY, Proof, by_status, proof
from payfallback.taxonomy import Verdict

_QUERIES = ("alipay.trade.query", "alipay.trade.fastpay.refund.query")  # the second also lists a bare TRADE_NOT_EXIST
_OPERATIONS: Mapping[Kind, tuple[str, ...]] = {
    Kind.QUERY: _QUERIES,
    Kind.QUERY_REFUND: _QUERIES[::-1],
    Kind.REFUND: ("alipay.trade.refund",),
}


def proof_of(table: CodeTable, kind: Kind, by_code: bool, code: str, status: int) -> Proof:
    """What an authenticated error proves. An unlisted code proves nothing, but that a 429 was not taken.

    by_code: whether the trade is charged with a payment code (pay, cancel) or a QR code (precreate, close).
    """
    row = table.first(_operations(kind, by_code), code) if code else None
    if row is None or _outdone(row, status):
        return by_status(kind, status, unlisted=bool(code) and row is None, again=True)
    return proof(kind, row)


def _outdone(row: CodeRow, status: int) -> bool:
    """Whether the HTTP status says that more went wrong than the gateway's refusal tells."""
    return row.operation == "*" and row.verdict is Verdict.DECLINED and status >= 500


def _operations(kind: Kind, by_code: bool) -> tuple[str, ...]:
    if kind is Kind.CLOSE:
        return ("alipay.trade.cancel",) if by_code else ("alipay.trade.close",)
    return _OPERATIONS.get(kind) or (("alipay.trade.pay",) if by_code else ("alipay.trade.precreate",))


def is_not_found(table: CodeTable, code: str) -> bool:
    """Whether a query's error says that Alipay does not know the trade (in both spellings)."""
    row = table.first(_QUERIES, code) if code else None
    return row is not None and row.verdict is Verdict.NOT_FOUND


def unsigned(table: CodeTable, kind: Kind, code: str, status: int) -> Proof:
    """What an error that Alipay did not sign tells people: the gateway's code, or the status. It proves nothing."""
    row = table.row("*", code) if code else None
    unlisted = bool(code) and not table.of(code)
    told = by_status(kind, status, unlisted=unlisted, again=True)
    if row is not None and not _outdone(row, status) and status != TOO_MANY:
        told = proof(kind, row)
    return changed(told, verdict=Verdict.UNKNOWN, final=False)

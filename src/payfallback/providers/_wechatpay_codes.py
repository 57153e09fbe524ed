"""Where WeChat Pay's error codes are looked up, per operation (data/wechatpay.tsv).

APIv3's own table (`*`) has no rows for payment codes, closes and queries of its own, so the rows of the same
operation of v2 come first; v2 and v3 spell the same code with and without underscores.
"""

from __future__ import annotations

from collections.abc import Mapping

from payfallback._core.operations import Kind
from payfallback.providers.code_table import CodeTable
from payfallback.providers.proofs import Proof, by_status, proof
from payfallback.taxonomy import Verdict

_OPERATIONS: Mapping[Kind, tuple[str, ...]] = {
    Kind.CLOSE: ("close", "v2:closeorder", "*"),
    Kind.REFUND: ("refund", "v2:refund", "*"),
    Kind.QUERY: ("query", "v2:orderquery", "*"),
    Kind.QUERY_REFUND: ("query_refund", "*"),
}
_BY_CODE = ("v2:micropay", "*")


def proof_of(table: CodeTable, kind: Kind, product: str, code: str, status: int) -> Proof:
    """What an authenticated error proves. An unlisted code proves nothing, but that a 429 was not taken."""
    operations = _OPERATIONS.get(kind) or (_BY_CODE if product == "codepay" else ("*",))
    row = table.first(operations, code) if code else None
    return proof(kind, row) if row is not None else by_status(kind, status, unlisted=bool(code))


def is_unknown_trade(table: CodeTable, code: str) -> bool:
    """Whether a query's error says that WeChat Pay does not know the trade."""
    return bool(code) and proof_of(table, Kind.QUERY, "", code, 404).verdict is Verdict.NOT_FOUND


def is_signature(code: str) -> bool:
    """Whether a code complains about our signature, in either spelling."""
    return code.replace("_", "").upper() == "SIGNERROR"

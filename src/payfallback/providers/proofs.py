"""What an authenticated error proves: the table's row, in the light of what was asked."""

from __future__ import annotations

from payfallback._core.operations import Answer, Kind
from payfallback._values import value
from payfallback.providers.code_table import CodeRow
from payfallback.providers.codes import clean_code, clean_text
from payfallback.taxonomy import Cause, Verdict

QUESTIONS = frozenset({Kind.QUERY, Kind.QUERY_REFUND, Kind.PLANS})
TOO_MANY = 429


@value
class Proof:
    """What one error proves about the request that it answers. `unlisted`: its code stands in no row."""

    verdict: Verdict
    cause: Cause | None
    final: bool = False
    resendable: bool = False
    unlisted: bool = False

    def answer(self, code: str, text: object) -> Answer:
        """The answer that says so, with the provider's code and words made fit to keep."""
        return Answer(
            verdict=self.verdict,
            cause=self.cause,
            code=clean_code(code),
            text=clean_text(text),
            final=self.final,
            resendable=self.resendable,
            unlisted=self.unlisted,
        )


def proof(kind: Kind, row: CodeRow) -> Proof:
    """What a listed code proves.

    A failed question says nothing about the trade, but that it is not known. Only a charge can be refused for good,
    and only a charge can be waited for.
    """
    if kind in QUESTIONS:
        return Proof(row.verdict if row.verdict is Verdict.NOT_FOUND else Verdict.UNKNOWN, row.cause)
    charging = kind is Kind.CHARGE
    open_ = row.verdict is Verdict.NOT_FOUND or (row.verdict is Verdict.PENDING and not charging)
    return Proof(Verdict.UNKNOWN if open_ else row.verdict, row.cause, row.final and charging, row.resendable)


def by_status(kind: Kind, status: int, *, unlisted: bool, again: bool = False) -> Proof:
    """What an error whose code is in no row proves: nothing, but that a 429 was not taken. `again`: the provider takes
    the same request again after a fault of its own."""
    asked = kind in QUESTIONS
    if status == TOO_MANY:
        verdict = Verdict.UNKNOWN if asked else Verdict.DECLINED
        return Proof(verdict, Cause.RATE_LIMITED, resendable=not asked, unlisted=unlisted)
    if status >= 500:
        return Proof(Verdict.UNKNOWN, Cause.PROVIDER_ERROR, resendable=again and not asked, unlisted=unlisted)
    return Proof(Verdict.UNKNOWN, Cause.UNRECOGNISED, unlisted=unlisted)

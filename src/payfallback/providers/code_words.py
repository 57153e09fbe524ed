"""What a row of a provider's table of codes means for people: the command line and the documentation read it here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payfallback.messages import LOCALES, shopper_text, support_text
from payfallback.providers.code_table import CodeRow
from payfallback.taxonomy import Cause, Verdict

NETWORKS = ("visa", "mastercard")  # what a card network says beside a decline: it refuses a card, not an attempt

_DOES: Mapping[Verdict, str] = {
    Verdict.CAPTURED: "settles the order, if the amount and the currency are the order's",
    Verdict.AUTHORISED: "captures what is held, if the amount and the currency are the order's",
    Verdict.CLOSED: "ends the attempt, if the answer names its trade; else a query has to show it",
    Verdict.NOT_FOUND: "counts it; a trade that is not known (yet) is no proof by itself that none will be paid",
    Verdict.ACCEPTED: "reads the body, which says what was done; the code alone proves nothing",
    Verdict.REFUNDED: "records that the money went back",
    Verdict.REFUND_FAILED: "gives this refund up, and tells a person where the money has to go back",
    Verdict.UNKNOWN: "asks about the trade, and closes it if need be, before anything else is tried",
}
_WAITS = "waits and asks, until it is paid or its time is over; another channel only after it is closed"
_ENDS = "ends the attempt without asking: the next channel that the shopper consented to is tried at once"
_INFERRED = "asks about the trade, or closes it, before another channel is tried: that this ends it was inferred"
_KEPT = "asks about the trade, or closes it, before another channel is tried: the same number can still be paid"
_RISK = "a refusal for risk is carried to another channel only where the route says so"
_CARD = "keeps it with the decline, and counts it against the card; the provider's own code decides about the attempt"


def does(row: CodeRow) -> str:
    """What the library does when a charge is answered with this code, in one sentence without a full stop."""
    if row.provider in NETWORKS:
        return _CARD
    if row.verdict is Verdict.PENDING:
        return _WAITS
    text = _refused(row) if row.verdict is Verdict.DECLINED else _DOES[row.verdict]
    if row.resendable:
        text += "; the same request may be sent again, where the channel may repeat it"
    if row.cause is Cause.RISK_REJECTED and row.verdict is Verdict.DECLINED:
        text += f"; {_RISK}"
    return text


def _refused(row: CodeRow) -> str:
    if row.final:
        return _ENDS
    return _KEPT if row.stated else _INFERRED


def handling(row: CodeRow) -> str:
    """How sure the row is: the source says what to do, or it was inferred from the code's meaning."""
    return "stated, final" if row.final else "stated" if row.stated else "inferred"


def told(row: CodeRow) -> dict[str, dict[str, str]]:
    """What the shopper and the support read, by locale, of an order of which this was the last answer."""
    status = _STATUS.get(row.verdict, "pending")
    cause = row.cause if status != "paid" else None
    return {
        "shopper": {locale: shopper_text(status, cause, locale) for locale in LOCALES},
        "support": {locale: support_text(status, cause, locale) for locale in LOCALES},
    }


_STATUS: Mapping[Verdict, str] = {Verdict.CAPTURED: "paid", Verdict.DECLINED: "not_paid", Verdict.CLOSED: "not_paid"}


def plain(row: CodeRow) -> dict[str, Any]:
    """A row as plain JSON values."""
    return {
        "provider": row.provider,
        "operation": row.operation,
        "code": row.code,
        "meaning": row.meaning,
        "verdict": row.verdict.value,
        "cause": None if row.cause is None else row.cause.value,
        "stated": row.stated,
        "final": row.final,
        "resendable": row.resendable,
        "does": does(row),
        "source": row.source,
    }


def unlisted(provider: str, code: str) -> CodeRow:
    """What a code proves that stands in no row: nothing."""
    return CodeRow(provider, "*", code, "", Verdict.UNKNOWN, Cause.UNRECOGNISED, False, False, "")

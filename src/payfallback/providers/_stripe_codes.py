"""Stripe's error and decline codes, looked up in the table `stripe`: what a refusal proves, and why.

None of them ends a PaymentIntent, which can be confirmed again: a refusal is final only where a row of the merchant's
own says so. The shopper is never told `fraudulent`, `lost_card`, `stolen_card` or `merchant_blacklist`
(docs.stripe.com/declines/codes): the causes of these rows have no text of their own for shoppers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payfallback._core.operations import Answer
from payfallback.providers.code_table import CodeRow, CodeTable
from payfallback.providers.codes import clean_code
from payfallback.providers.readers.answers import words
from payfallback.taxonomy import Cause, Verdict

Said = Mapping[str, Any]  # an `error`, or a `last_payment_error`

_HTTP = "http/error.type"
_DECIDES = (409, 424, 429)  # these statuses say more than the type of the error beside them
_NETWORKS = ("visa", "mastercard")


def row_of(table: CodeTable, said: Said, status: int) -> tuple[CodeRow | None, bool]:
    """The row for an error, and whether its own code is unlisted. The issuer's reason comes first, then Stripe's code.

    From 500 on nothing is proven, whatever stands beside it.
    """
    reason, code = clean_code(said.get("decline_code")), clean_code(said.get("code"))
    if status >= 500:
        return table.row(_HTTP, "HTTP 5xx"), False
    found = (table.row("decline_code", reason) if reason else None) or (table.row("error.code", code) if code else None)
    missed = bool(reason) and (found is None or found.code != reason)
    if found is not None:
        return found, missed
    plain = table.row(_HTTP, f"HTTP {status}")
    if reason or code:
        return (plain if status in _DECIDES else None), True
    kind = table.row(_HTTP, clean_code(said.get("type")))
    return (plain or kind if status in _DECIDES else kind or plain), kind is None and plain is None


def declined(table: CodeTable, said: Said) -> Answer:
    """A `last_payment_error`: why the last try to pay an intent failed."""
    return refusal(table, said, 402)


def refusal(table: CodeTable, said: Said, status: int) -> Answer:
    """What an error proves; UNKNOWN for a code that stands in no row."""
    row, unlisted = row_of(table, said, status)
    told: dict[str, Any] = {
        "code": clean_code(said.get("decline_code")) or clean_code(said.get("code")) or f"HTTP{status}",
        "text": _text(said),
        "network": network_of(said),
        "unlisted": unlisted,
    }
    if row is None:
        return Answer(verdict=Verdict.UNKNOWN, cause=Cause.UNRECOGNISED, **told)
    # A status word (accepted, captured ...) cannot come with an error: then it proves nothing.
    known = row.verdict in (Verdict.DECLINED, Verdict.UNKNOWN, Verdict.PENDING)
    return Answer(
        verdict=row.verdict if known else Verdict.UNKNOWN,
        cause=row.cause,
        final=row.final,
        resendable=row.resendable,
        **told,
    )


def _text(said: Said) -> str:
    """Stripe's sentence and its advice, for people; without what it may repeat of the request, such as an address."""
    advice = clean_code(said.get("advice_code"))
    sentence = words(said.get("message"))[:160]
    return f"{sentence} (advice: {advice})".strip() if advice else sentence


def network_of(said: Said) -> str:
    """The card network's own code: Visa's response code, Mastercard's merchant advice code. `none` where a decline of
    such a card comes without one; empty where the card, or its network, is not known."""
    brand = _brand(said)
    if brand not in _NETWORKS:
        return ""
    name = "network_advice_code" if brand == "mastercard" else "network_decline_code"
    return f"{brand}:{clean_code(said.get(name))[:8] or 'none'}"


def _brand(said: Said) -> str:
    method = said.get("payment_method")
    card = method.get("card") if isinstance(method, Mapping) else None
    return clean_code(card.get("brand")) if isinstance(card, Mapping) else ""

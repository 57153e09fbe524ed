"""What Stripe's responses prove, per operation. Stripe signs no answer: TLS and the shape of its JSON vouch for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payfallback._core.operations import Answer, Kind, Operation
from payfallback._values import changed
from payfallback.providers import _stripe_codes as codes
from payfallback.providers import _stripe_objects as objects
from payfallback.providers._json import json_object as as_object
from payfallback.providers._stripe_objects import ATTEMPT, PRODUCT, REFUND
from payfallback.providers._stripe_products import PRODUCTS
from payfallback.providers._stripe_requests import intent_id
from payfallback.providers.code_table import CodeTable
from payfallback.providers.codes import retry_after, unknown
from payfallback.taxonomy import Cause, Verdict

Body = Mapping[str, Any]

LARGEST = 1 << 20  # bytes; an intent with its charge has a few thousand, a list of a hundred refunds below 200,000
_KEYED = (Kind.CREATE, Kind.CHARGE, Kind.REFUND)  # sent with an idempotency key
_DECIDED = (Verdict.CAPTURED, Verdict.AUTHORISED, Verdict.CLOSED)


def json_object(body: bytes) -> Body | None:
    """A JSON object with each name once; None for anything else."""
    return as_object(body) if len(body) <= LARGEST else None


class Reader:
    """Reads answers for one account. `live`: whether its key moves real money; None where the key does not say."""

    def __init__(self, table: CodeTable, live: bool | None) -> None:
        self._table, self._live = table, live

    def said(self, operation: Operation, body: Body) -> Answer:
        """An answer of 2xx."""
        kind = body.get("object")
        if kind in ("list", "search_result"):
            return self._listed(operation, body)
        if kind == "refund" and operation.kind is Kind.REFUND:
            return self._refund(operation, body)
        if kind == "payment_intent" and operation.kind not in (Kind.REFUND, Kind.QUERY_REFUND):
            return self._intent(operation, body)
        return unknown(Cause.UNRECOGNISED, kind if isinstance(kind, str) else "", "not what this is answered with")

    def intent(self, body: Body) -> Answer:
        """A PaymentIntent, whoever shows it. In the page the shopper may try another card: no decline is the end."""
        answer = objects.intent(body, lambda error: codes.declined(self._table, error))
        if body.get("status") == "requires_payment_method" and _in_page(body):
            answer = changed(answer, verdict=Verdict.PENDING, cause=Cause.AWAITING_SHOPPER, final=False)
        return self._of_this_mode(body, answer)

    def _of_this_mode(self, body: Body, answer: Answer) -> Answer:
        """Test money proves nothing about a live payment, and the other way round."""
        mode = body.get("livemode")
        if self._live is None or not isinstance(mode, bool) or mode is self._live:
            return answer
        return unknown(Cause.CONTRADICTION, "livemode", "test mode and live mode are mixed up")

    def _intent(self, operation: Operation, body: Body) -> Answer:
        answer, known = self.intent(body), intent_id(operation)
        if known and answer.provider_ref != known:
            return unknown(Cause.CONTRADICTION, "another_payment_intent")
        if operation.kind is Kind.CREATE and answer.verdict is not Verdict.UNKNOWN and not intent_ref(answer):
            return unknown(Cause.UNRECOGNISED, "no_id")
        if operation.kind is not Kind.CHARGE or answer.verdict is not Verdict.PENDING:
            return answer
        shows = body.get("status") == "requires_action" or _in_page(body)
        return changed(answer, action=objects.action(body)) if shows else answer

    def _refund(self, operation: Operation, body: Body) -> Answer:
        if objects.labelled(body, REFUND) not in ("", operation.refund_number):
            return unknown(Cause.CONTRADICTION, "another_refund")
        return self._of_this_mode(body, objects.refund(body))

    def _listed(self, operation: Operation, body: Body) -> Answer:
        data = body.get("data")
        if not isinstance(data, list):
            return unknown(Cause.UNRECOGNISED, "list")
        found = [each for each in data if isinstance(each, Mapping)]
        if operation.kind is Kind.QUERY_REFUND and body.get("object") == "list":
            return self._refund_in(operation, found, complete=body.get("has_more") is False)
        return self._searched(operation, found)

    def _refund_in(self, operation: Operation, found: list[Body], *, complete: bool) -> Answer:
        """Refunds of the intent, newest first: ours is known by its number."""
        for each in found:
            if each.get("object") == "refund" and objects.labelled(each, REFUND) == operation.refund_number:
                return self._of_this_mode(each, objects.refund(each))
        if not complete:
            return unknown(Cause.UNRECOGNISED, "has_more", "not among the latest 100 refunds")
        return Answer(verdict=Verdict.NOT_FOUND, cause=Cause.AWAITING_PROVIDER, code="no_refund")

    def _searched(self, operation: Operation, found: list[Body]) -> Answer:
        """What a search for our number found. It lags (docs.stripe.com/search), so that finding nothing is no proof.

        To anything but a query it only tells the id, under which the same can be done next time.
        """
        ours = [
            each
            for each in found
            if each.get("object") == "payment_intent" and objects.labelled(each, ATTEMPT) == operation.number
        ]
        if len(ours) > 1:
            return unknown(Cause.CONTRADICTION, "several_payment_intents")
        if operation.kind is Kind.QUERY:
            nothing = Answer(verdict=Verdict.NOT_FOUND, cause=Cause.AWAITING_PROVIDER, code="no_payment_intent")
            return self.intent(ours[0]) if ours else nothing
        answer = unknown(Cause.AWAITING_PROVIDER, "searched", "looked for its id, and did nothing else")
        return changed(answer, provider_ref=self.intent(ours[0]).provider_ref) if ours else answer

    # ------------------------------------------------------------ errors

    def refused(self, operation: Operation, status: int, body: Body, headers: Mapping[str, str]) -> Answer:
        """An error. What was not processed, is in flight or broke leaves the payment open."""
        error = body.get("error")
        if not isinstance(error, Mapping):
            cause = Cause.PROVIDER_ERROR if status >= 500 else Cause.API_FAILURE
            answer = unknown(cause, f"HTTP{status}", "not an answer of Stripe's API")
        else:
            answer = codes.refusal(self._table, error, status)
            answer = self._shown(operation, error, answer) if status < 500 else answer
            if operation.kind is Kind.CREATE and status == 400 and answer.unlisted:
                # Whatever it was, no intent was made, and nothing would have moved if one had been.
                answer = changed(answer, verdict=Verdict.DECLINED, cause=Cause.MERCHANT_CONFIG)
        if answer.verdict is Verdict.DECLINED and operation.kind in (Kind.QUERY, Kind.QUERY_REFUND):
            answer = changed(answer, verdict=Verdict.UNKNOWN, final=False)  # it speaks of the question
        return changed(
            answer,
            resendable=operation.kind in _KEYED and _again(answer.resendable, headers.get("stripe-should-retry", "")),
            retry_after=retry_after(headers, operation.now),
        )

    def _shown(self, operation: Operation, error: Body, answer: Answer) -> Answer:
        """The intent that comes with an error: its id, and its state where that is why ("it was paid already")."""
        body = error.get("payment_intent")
        if not isinstance(body, Mapping) or body.get("object") != "payment_intent":
            return answer
        shown = self.intent(body)
        if intent_id(operation) not in ("", shown.provider_ref):
            return answer
        if answer.verdict is Verdict.UNKNOWN and shown.verdict in _DECIDED and operation.kind is not Kind.REFUND:
            return shown
        return changed(answer, number=shown.number, provider_ref=intent_ref(shown))


def _in_page(body: Body) -> bool:
    """Whether the shopper's browser confirms this intent, by the product that we made it for."""
    product = PRODUCTS.get(objects.labelled(body, PRODUCT))
    return product is not None and product.in_page


def intent_ref(answer: Answer) -> str:
    """The intent's id, if it is one."""
    return answer.provider_ref if answer.provider_ref.startswith("pi_") else ""


def _again(listed: bool, advised: str) -> bool:
    """Stripe's advice wins over the table (stripe-python `_should_retry`)."""
    return advised == "true" or (listed and advised != "false")

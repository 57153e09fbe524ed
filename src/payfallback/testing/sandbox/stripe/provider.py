"""Stripe's API as a merchant meets it: requests authenticated, processed once for each idempotency key, answered."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from typing import Any

from payfallback.testing.sandbox.bank import Bank
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call, Endpoint, Reply
from payfallback.testing.sandbox.keys import Credentials
from payfallback.testing.sandbox.mint import Mint
from payfallback.testing.sandbox.stripe import forms
from payfallback.testing.sandbox.stripe.errors import ApiError, Error
from payfallback.testing.sandbox.stripe.idempotency import Keys
from payfallback.testing.sandbox.stripe.intents import Intents
from payfallback.testing.sandbox.stripe.operations import Operations
from payfallback.testing.sandbox.stripe.refunds import Refunds

_INTENTS, _REFUNDS = "/v1/payment_intents", "/v1/refunds"
_PORTAL = b"<!doctype html><title>Sign in</title><p>Please sign in to this network.</p>"


def _confirms(query: Mapping[str, str], body: bytes) -> bool:
    return b"confirm=true" in body.split(b"&")


class Stripe:
    """The provider. One account, whose keys are given."""

    name = "stripe"
    endpoints: tuple[Endpoint, ...] = (
        Endpoint("create_confirmed", "charge", "POST", _INTENTS, _confirms),
        Endpoint("create", "create", "POST", _INTENTS),
        Endpoint("search", "query", "GET", f"{_INTENTS}/search"),
        Endpoint("retrieve", "query", "GET", f"{_INTENTS}/{{intent}}"),
        Endpoint("confirm", "charge", "POST", f"{_INTENTS}/{{intent}}/confirm"),
        Endpoint("cancel", "close", "POST", f"{_INTENTS}/{{intent}}/cancel"),
        Endpoint("capture", "capture", "POST", f"{_INTENTS}/{{intent}}/capture"),
        Endpoint("refund", "refund", "POST", _REFUNDS),
        Endpoint("list_refunds", "query_refund", "GET", _REFUNDS),
        Endpoint("retrieve_refund", "query_refund", "GET", f"{_REFUNDS}/{{refund}}"),
    )

    def __init__(
        self,
        credentials: Credentials,
        bank: Bank,
        clock: Clock,
        mint: Mint,
        intents: Intents,
        page: Callable[[str], str],
    ) -> None:
        self._known, self._bank, self._mint, self._intents = credentials, bank, mint, intents
        self._keys = Keys(clock)
        operations, refunds = Operations(bank, clock, mint, intents, page), Refunds(bank, mint, intents)
        self._by_name = {**operations.by_name, **refunds.by_name}

    def read(self, call: Call) -> None:
        """Parse the form; keep what it says, or what is wrong with it."""
        try:
            call.given = forms.parse(call.body) if call.endpoint.method == "POST" else {}
        except ApiError as problem:
            call.given = problem
        call.number = self._number(call)[:64]

    def _number(self, call: Call) -> str:
        """The merchant's number, where an intent that is named or made has one."""
        given = call.given if isinstance(call.given, dict) else {}
        named = call.path.get("intent") or given.get("payment_intent") or call.query.get("payment_intent", "")
        known = self._intents.find(named) if isinstance(named, str) else None
        if known is not None:
            return known.trade.number
        metadata = given.get("metadata")
        attempt = metadata.get("attempt") if isinstance(metadata, dict) else None
        return attempt if isinstance(attempt, str) else ""

    def handle(self, call: Call) -> Reply:
        """Answer a request, with what it was answered before under the same key."""
        if "unsigned" in call.struck:  # Stripe signs nothing: what a captive portal says in its place is not its JSON
            self._answer(call)
            return Reply(200, _PORTAL, {"Content-Type": "text/html"})
        return self._answer(call)

    def _answer(self, call: Call) -> Reply:
        try:
            self._authenticate(call)
            repeated = self._keys.repeated(call)
            if repeated is not None:
                return repeated
            if isinstance(call.given, ApiError):
                raise call.given
            with self._bank.lock:
                reply = self._reply(200, self._by_name[call.endpoint.name](call))
        except ApiError as problem:
            reply = self._refusal(problem)
            if problem.saved:
                self._keys.keep(call, reply)
            return reply
        # A 500 that comes after the work was done is what its key repeats, too.
        self._keys.keep(call, self.unavailable(call) if call.struck.word("http_503") == "processed" else reply)
        return reply

    def _authenticate(self, call: Call) -> None:
        given = _api_key(call.headers.get("authorization", ""))
        if not given:
            raise ApiError(401, "", "You did not provide an API key.")
        if given != self._known["secret_key"]:
            raise ApiError(401, "", "Invalid API Key provided.")
        if call.headers.get("stripe-account", self._known["account"]) != self._known["account"]:
            raise ApiError(403, "account_invalid", "The provided key does not have access to this account.")

    def unavailable(self, call: Call) -> Reply:
        """HTTP 503. Where the work was done and saved, sending it again would only repeat this."""
        advice = "false" if call.struck.word("http_503") == "processed" else "true"
        error = {"type": "api_error", "message": "An unknown error occurred."}
        return self._error(503, error, {"Stripe-Should-Retry": advice})

    def rate_limited(self, call: Call, after: float) -> Reply:
        """HTTP 429, before anything was looked at. That it says how long to wait is an assumption."""
        error = {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many requests."}
        return self._error(429, error, {"Retry-After": str(max(1, round(after)))})

    def _refusal(self, problem: ApiError) -> Reply:
        return self._error(problem.status, problem.error)

    def _error(self, status: int, error: Error, headers: dict[str, str] | None = None) -> Reply:
        return self._reply(status, {"error": error}, headers)

    def _reply(self, status: int, told: dict[str, Any], headers: dict[str, str] | None = None) -> Reply:
        sent = {"Content-Type": "application/json", "Request-Id": f"req_{self._mint.text(14)}", **(headers or {})}
        return Reply(status, json.dumps(told, ensure_ascii=False).encode(), sent)


def _api_key(header: str) -> str:
    """The key of an `Authorization` header: as a token, or as the name of basic authentication."""
    scheme, _, given = header.partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    try:
        return b64decode(given, validate=True).decode().partition(":")[0] if scheme.lower() == "basic" else ""
    except (NotBase64, ValueError):
        return ""

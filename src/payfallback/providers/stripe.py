"""Stripe PaymentIntents: requests as values, and what each answer proves (docs/providers/stripe.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from payfallback._core.operations import Answer, Notice, Operation
from payfallback._values import changed
from payfallback.errors import ConfigError
from payfallback.policy import Account, Capabilities
from payfallback.ports import Clock, HttpRequest, HttpResponse
from payfallback.providers import _stripe_events as events
from payfallback.providers import _stripe_requests as requests
from payfallback.providers._stripe_answers import Reader, json_object
from payfallback.providers._stripe_products import product
from payfallback.providers.code_table import CodeRow, code_table
from payfallback.providers.codes import http_date, known_options, retry_after, unknown
from payfallback.providers.keys import Key
from payfallback.taxonomy import Cause

_API_KEY = re.compile(r"(?:sk|rk)_[!-~]{4,500}")
_WEBHOOK = re.compile(r"whsec_[!-~]{4,500}")


class Stripe:
    """One Stripe account, behind the `Wire` protocol. Does no I/O and is safe for threads.

    account.merchant is the account's id (acct_...). secrets: API keys (sk_..., rk_...), of which the first is used, and
    the secrets of webhook endpoints (whsec_...), which all verify. sign and verify stay empty: Stripe has no key pairs.
    options: see `_stripe_requests.OPTIONS`. codes: rows of the merchant's own, before those of the table.
    Raises `ConfigError` for secrets or options that cannot be right.
    """

    def __init__(
        self,
        account: Account,
        *,
        sign: Sequence[Key] = (),
        verify: Sequence[Key] = (),
        secrets: Sequence[str],
        base_url: str = "https://api.stripe.com",
        clock: Clock,
        options: Mapping[str, str] | None = None,
        codes: Sequence[CodeRow] = (),
    ) -> None:
        if sign or verify:
            raise ConfigError("Stripe has no key pairs", hint="leave `sign` and `verify` out; give `secrets`")
        self.account = account
        self._options = _checked(known_options("stripe", options, requests.OPTIONS))
        self._key, self._webhooks = _sorted(secrets)
        self._base = base_url.rstrip("/")
        self._clock = clock
        self._reader = Reader(code_table("stripe", codes), _is_live(self._key))

    def check(self) -> None:
        """Nothing is left to parse: secrets and options were looked at when this was made."""

    def capabilities(self, product_name: str) -> Capabilities:
        """What this product can do. Raises `ConfigError` for a product this adapter does not have."""
        return product(product_name).capabilities

    def takes_terms(self, product: str, terms: int | None) -> bool:
        """Whether a product can be asked for these terms: none of them can be asked for instalments."""
        return terms is None

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """Nothing: the id of the intent is kept when its answer tells it."""
        return {}

    def request(self, operation: Operation) -> HttpRequest:
        """Build the request. Raises `InputMissing` without a payment method or a page to come back to where one is
        needed, `NumberInvalid` for a refund number that does not fit, `MoneyInvalid` for parts of a unit that Stripe
        cannot charge."""
        draft = requests.draft(operation, product(operation.product), self._options)
        headers = {
            "accept": "application/json",
            "user-agent": "payfallback",
            "authorization": f"Bearer {self._key}",
            "stripe-version": self._options["api_version"],
        }
        if connected := self._options["stripe_account"]:
            headers["stripe-account"] = connected
        if draft.method == "POST":
            headers["content-type"] = "application/x-www-form-urlencoded"
        if draft.key:
            headers["idempotency-key"] = draft.key
        return HttpRequest(method=draft.method, url=self._base + draft.target, headers=headers, body=draft.body)

    def read(self, operation: Operation, response: HttpResponse) -> Answer:
        """What a response proves. A body that is not Stripe's JSON proves nothing, whatever its status."""
        body = json_object(response.body)
        if body is None:
            cause = Cause.PROVIDER_ERROR if response.status >= 500 else Cause.API_FAILURE
            wait = retry_after(response.headers, operation.now)
            answer = unknown(cause, f"HTTP{response.status}", "not a JSON object", retry_after=wait)
        elif 200 <= response.status < 300:
            answer = self._reader.said(operation, body)
        else:
            answer = self._reader.refused(operation, response.status, body, response.headers)
        return changed(answer, provider_time=http_date(response.headers))

    def notification(self, headers: Mapping[str, str], body: bytes, query: str) -> Notice:
        """Read and verify an event of a payment or a refund. Raises `NotAuthentic`."""
        lowered = {name.lower(): text for name, text in headers.items()}
        events.verify(lowered.get("stripe-signature", ""), body, self._webhooks, self._clock.epoch())
        return events.notice(body, self._reader, self._options["stripe_account"])

    def acknowledge(self, handled: bool) -> tuple[int, Mapping[str, str], bytes]:
        """Any 2xx ends the notifications; anything else asks for another one."""
        return 200 if handled else 500, {"content-type": "application/json"}, b"{}"


def _sorted(secrets: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The API key in use, and the secrets of webhook endpoints. The errors never echo a secret."""
    given = [text.strip() for text in secrets]
    keys = [text for text in given if _API_KEY.fullmatch(text)]
    webhooks = tuple(text for text in given if _WEBHOOK.fullmatch(text))
    if len(keys) + len(webhooks) != len(given):
        hint = "sk_... or rk_... (API key) and whsec_... (webhook endpoint); pk_... belongs into the page"
        raise ConfigError("one of Stripe's `secrets` is of another kind", hint=hint)
    if not keys:
        raise ConfigError("Stripe needs an API key", hint="give a secret (sk_...) or restricted (rk_...) key")
    return keys[0], webhooks


def _is_live(key: str) -> bool | None:
    """Whether a key moves real money, as far as its name says."""
    mode = key.split("_", 2)[1]
    return {"live": True, "test": False}.get(mode)


def _checked(options: dict[str, str]) -> dict[str, str]:
    """The options, each of them possible. Raises `ConfigError`."""
    patterns = {
        "api_version": r"20[0-9]{2}-[0-9]{2}-[0-9]{2}(\.[a-z]+)?",
        "stripe_account": r"(acct_[0-9A-Za-z]{1,64})?",
        "elements_methods": r"[a-z0-9_]{1,40}(, ?[a-z0-9_]{1,40}){0,19}",
        "statement_descriptor_suffix": r"[ -~]{0,22}",
    }
    for name, pattern in patterns.items():
        if not re.fullmatch(pattern, options[name]):
            raise ConfigError(f"stripe option {name!r} cannot be {options[name]!r}", hint="see docs/providers/stripe")
    return options

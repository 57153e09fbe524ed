"""Stripe's requests, per operation: path, fields of the form, and idempotency key. Names: stripe-python's `params`.

The key of a charge and of a refund is made of our own number, so that a repetition is the same request. Cancel and
capture have none: Stripe would repeat a saved refusal or a saved 500 for a day, and both do nothing when done twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote, urlencode

from payfallback._core.operations import Kind, Operation
from payfallback._values import value
from payfallback.errors import ConfigError, InputMissing, NumberInvalid
from payfallback.providers._stripe_objects import ATTEMPT, PRODUCT, REFUND
from payfallback.providers._stripe_products import Product
from payfallback.providers.codes import cut_bytes, without_terms
from payfallback.providers.readers.stripe_money import smallest_units

Fields = list[tuple[str, str]]

# What `options` of the account may set. Empty: not sent.
OPTIONS: Mapping[str, str] = {
    "api_version": "2025-02-24.acacia",  # the version whose names are read; the account's default does not matter
    "stripe_account": "",  # Connect: the connected account (acct_...) that is paid, sent as `Stripe-Account`
    "elements_methods": "card",  # what product `elements` offers in the page, separated by commas
    "statement_descriptor_suffix": "",  # what stands on the shopper's card statement
}

_INTENTS, _REFUNDS = "/v1/payment_intents", "/v1/refunds"
_WHOLE = ("expand[]", "latest_charge")  # only the charge tells when it was paid and what went back
_ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")


@value
class Draft:
    """A request before it is written out. `key`: what makes a repetition the same request; empty: none."""

    method: str
    path: str
    fields: Fields
    key: str = ""

    @property
    def target(self) -> str:
        """The path, with the fields of a question behind it."""
        return f"{self.path}?{urlencode(self.fields)}" if self.method == "GET" and self.fields else self.path

    @property
    def body(self) -> bytes:
        """The form of a POST."""
        return urlencode(self.fields).encode() if self.method == "POST" else b""


def intent_id(operation: Operation) -> str:
    """The id that Stripe gave the intent, as far as it was told; empty: not."""
    given = operation.provider_ref
    return given if re.fullmatch(r"pi_[0-9A-Za-z_]{1,250}", given) else ""


def draft(operation: Operation, product: Product, options: Mapping[str, str]) -> Draft:
    """The request. Without the intent's id everything but making one is a search for it, which moves nothing.

    Raises what `Stripe.request` documents.
    """
    without_terms("stripe", operation)
    if operation.kind is Kind.CREATE or (operation.kind is Kind.CHARGE and product.in_page):
        return _create(operation, product, options)
    build = _DRAFTS.get(operation.kind)
    if build is None:
        raise ConfigError(f"stripe has no operation {operation.kind.value!r}")
    found = intent_id(operation)
    return build(operation, f"{_INTENTS}/{quote(found, safe='')}") if found else _search(operation)


def _create(operation: Operation, product: Product, options: Mapping[str, str]) -> Draft:
    methods = [product.method] if product.method else options["elements_methods"].split(",")
    fields: Fields = [
        ("amount", str(smallest_units(operation.amount))),
        ("currency", operation.amount.currency.lower()),
        ("capture_method", "manual" if product.manual else "automatic"),
        ("confirm", "false"),
        *((f"payment_method_types[{place}]", name.strip()) for place, name in enumerate(methods)),
        (f"metadata[{ATTEMPT}]", operation.number),
        (f"metadata[{PRODUCT}]", operation.product),
    ]
    if operation.order_id:
        fields.append(("metadata[order]", operation.order_id))
    if title := cut_bytes(operation.title, 500):
        fields.append(("description", title))
    suffix = options["statement_descriptor_suffix"]
    if suffix and not product.redirects:  # it stands on card statements only
        fields.append(("statement_descriptor_suffix", suffix))
    fields += _shopper(operation, product)
    return Draft("POST", _INTENTS, fields, f"{operation.number}-create")


def _shopper(operation: Operation, product: Product) -> Iterator[tuple[str, str]]:
    """How the shopper pays; it goes with the intent, so that confirming is the same request whoever repeats it."""
    given = operation.inputs
    if customer := given.get("customer", "").strip():
        yield "customer", customer
    if product.method == "card":
        method = given.get("payment_method", "").strip()
        if not method:
            raise InputMissing("Stripe needs the shopper's payment method", hint="give inputs['payment_method']: pm_…")
        yield "payment_method", method
    elif product.redirects:
        if not operation.return_url:
            raise InputMissing(f"{product.method} needs a page to come back to", hint="Shopper(return_url=...)")
        yield "payment_method_data[type]", product.method
        yield from _person("payment_method_data[billing_details]", given, "", ("name", "email", "phone"))
    if given.get("shipping_name"):
        yield from _person("shipping", given, "shipping_", ("name", "phone"))


def _person(name: str, given: Mapping[str, str], prefix: str, own: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """A name and an address, as far as they are known."""
    for field in own:
        if text := given.get(f"{prefix}{field}", "").strip():
            yield f"{name}[{field}]", text
    for field in _ADDRESS:
        if text := given.get(f"{prefix}{field}", "").strip():
            yield f"{name}[address][{field}]", text


def _charge(operation: Operation, intent: str) -> Draft:
    back = [("return_url", operation.return_url)] if operation.return_url else []
    return Draft("POST", f"{intent}/confirm", [*back, _WHOLE], f"{operation.number}-confirm")


def _query(operation: Operation, intent: str) -> Draft:
    return Draft("GET", intent, [_WHOLE])


def _close(operation: Operation, intent: str) -> Draft:
    return Draft("POST", f"{intent}/cancel", [])


def _capture(operation: Operation, intent: str) -> Draft:
    return Draft("POST", f"{intent}/capture", [_WHOLE])


def _refund(operation: Operation, intent: str) -> Draft:
    if not re.fullmatch(r"[!-~]{1,64}", operation.refund_number):
        raise NumberInvalid("a refund number for Stripe is 1 to 64 visible ASCII characters", hint="choose another one")
    back = operation.amount if operation.refund_amount is None else operation.refund_amount
    fields: Fields = [
        ("payment_intent", operation.provider_ref),
        ("amount", str(smallest_units(back))),
        (f"metadata[{ATTEMPT}]", operation.number),
        (f"metadata[{REFUND}]", operation.refund_number),
    ]
    if reason := cut_bytes(operation.reason, 500):
        fields.append(("metadata[reason]", reason))  # Stripe's own `reason` takes three words only
    return Draft("POST", _REFUNDS, fields, f"{operation.refund_number}-refund")


def _query_refund(operation: Operation, intent: str) -> Draft:
    return Draft("GET", _REFUNDS, [("payment_intent", operation.provider_ref), ("limit", "100")])


def _search(operation: Operation) -> Draft:
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,64}", operation.number):
        raise NumberInvalid("this number cannot be searched for at Stripe", hint="letters, digits, _ and - only")
    wanted = f"metadata['{ATTEMPT}']:'{operation.number}'"
    return Draft("GET", f"{_INTENTS}/search", [("query", wanted), ("expand[]", "data.latest_charge"), ("limit", "10")])


_DRAFTS: Mapping[Kind, Callable[[Operation, str], Draft]] = {
    Kind.CHARGE: _charge,
    Kind.QUERY: _query,
    Kind.CLOSE: _close,
    Kind.CAPTURE: _capture,
    Kind.REFUND: _refund,
    Kind.QUERY_REFUND: _query_refund,
}

"""What is sent to Stripe: two steps, keys made of our numbers, forms with our numbers in them."""

from __future__ import annotations

from typing import Any

import pytest
from stripe_counterpart import API_KEY, adapter, form, operation

from payfallback._core.operations import Kind
from payfallback.errors import ConfigError, InputMissing, NumberInvalid
from payfallback.model import Money
from payfallback.policy import Account
from payfallback.providers.keys import Key
from payfallback.providers.stripe import Stripe

PEM = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----"
BNPL = ["klarna", "afterpay_clearpay", "affirm"]


def test_create_makes_an_intent_that_is_not_confirmed() -> None:
    """The first step carries our number, the order's and the shopper's method, and asks Stripe not to charge."""
    request = adapter().request(operation(Kind.CREATE, title="tea & cups"))
    assert (request.method, request.url) == ("POST", "https://api.stripe.com/v1/payment_intents")
    assert form(request) == {
        "amount": "1250",
        "currency": "usd",
        "capture_method": "automatic",
        "confirm": "false",
        "payment_method_types[0]": "card",
        "metadata[attempt]": "A100101",
        "metadata[product]": "card",
        "metadata[order]": "A1001",
        "description": "tea & cups",
        "payment_method": "pm_card_visa",
    }


def test_charge_confirms_the_intent_by_its_id() -> None:
    """The second step names the intent, and where the shopper comes back to after 3-D Secure."""
    request = adapter().request(operation(return_url="https://shop.example/back"))
    assert request.url == "https://api.stripe.com/v1/payment_intents/pi_1/confirm"
    assert form(request) == {"return_url": "https://shop.example/back", "expand[]": "latest_charge"}


@pytest.mark.parametrize(
    ("kind", "key"),
    [(Kind.CREATE, "A100101-create"), (Kind.CHARGE, "A100101-confirm"), (Kind.REFUND, "R1-refund")],
)
def test_a_repetition_is_the_same_request(kind: Kind, key: str) -> None:
    """What may be sent twice has a key made of our own number, and the same bytes each time."""
    first, again = (adapter().request(operation(kind, resend=resend)) for resend in (False, True))
    assert first.headers["idempotency-key"] == key
    assert (first.url, first.body, first.headers) == (again.url, again.body, again.headers)


@pytest.mark.parametrize("kind", [Kind.CLOSE, Kind.CAPTURE, Kind.QUERY, Kind.QUERY_REFUND])
def test_what_is_harmless_twice_has_no_key(kind: Kind) -> None:
    """Under a key Stripe would repeat a saved refusal of a cancel or a capture for a day."""
    assert "idempotency-key" not in adapter().request(operation(kind)).headers


def test_questions_and_undoing_name_the_intent() -> None:
    """Query, cancel, capture, refund and refund query are about the id that Stripe told."""
    requests = {kind: adapter().request(operation(kind)) for kind in Kind if kind not in (Kind.CREATE, Kind.PLANS)}
    assert requests[Kind.QUERY].url == "https://api.stripe.com/v1/payment_intents/pi_1?expand%5B%5D=latest_charge"
    assert requests[Kind.CLOSE].url == "https://api.stripe.com/v1/payment_intents/pi_1/cancel"
    assert requests[Kind.CAPTURE].url == "https://api.stripe.com/v1/payment_intents/pi_1/capture"
    assert form(requests[Kind.QUERY_REFUND]) == {"payment_intent": "pi_1", "limit": "100"}
    assert [requests[kind].method for kind in (Kind.QUERY, Kind.CLOSE, Kind.QUERY_REFUND)] == ["GET", "POST", "GET"]


def test_a_refund_carries_its_own_number() -> None:
    """A refund names the payment, the amount and our numbers; the reason is the merchant's own words."""
    asked = operation(Kind.REFUND, refund_amount=Money(250, "USD"), reason="broken cup")
    assert form(adapter().request(asked)) == {
        "payment_intent": "pi_1",
        "amount": "250",
        "metadata[attempt]": "A100101",
        "metadata[refund]": "R1",
        "metadata[reason]": "broken cup",
    }


@pytest.mark.parametrize("kind", [Kind.CHARGE, Kind.QUERY, Kind.CLOSE, Kind.CAPTURE, Kind.REFUND, Kind.QUERY_REFUND])
def test_without_its_id_the_intent_is_searched_for(kind: Kind) -> None:
    """An answer that was lost took the id with it: whatever is asked then is a search, which moves nothing."""
    request = adapter().request(operation(kind, provider_ref=""))
    assert (request.method, request.url.partition("?")[0]) == (
        "GET",
        "https://api.stripe.com/v1/payment_intents/search",
    )
    assert form(request)["query"] == "metadata['attempt']:'A100101'"


def test_a_foreign_reference_is_not_put_into_a_path() -> None:
    """What is no id of an intent is not believed to be one."""
    request = adapter().request(operation(Kind.CLOSE, provider_ref="pi_1/../../refunds"))
    assert "/search?" in request.url


def test_headers_name_key_version_and_connected_account() -> None:
    """The key goes as a token; the version is fixed, so that answers read the same on every account."""
    plain = adapter().request(operation()).headers
    assert (plain["authorization"], plain["stripe-version"]) == (f"Bearer {API_KEY}", "2025-02-24.acacia")
    assert "stripe-account" not in plain
    ours = adapter(options={"stripe_account": "acct_2", "api_version": "2026-10-28.endive"})
    headers = ours.request(operation()).headers
    assert (headers["stripe-account"], headers["stripe-version"]) == ("acct_2", "2026-10-28.endive")
    assert API_KEY not in repr(ours.request(operation()))


# ---------------------------------------------------------------- products


@pytest.mark.parametrize("product", BNPL)
def test_buying_on_credit_is_created_with_the_shopper_and_confirmed_with_a_page(product: str) -> None:
    """Klarna, Afterpay and Affirm get what is known of the shopper; the shopper comes back to the shop's page."""
    given = {
        "email": "a@example.com",
        "name": "A",
        "line1": "1 Way",
        "country": "DE",
        "shipping_name": "B",
        "shipping_line1": "2",
    }
    back = "https://shop.example/back"
    fields = form(adapter().request(operation(Kind.CREATE, product, inputs=given, return_url=back)))
    assert fields["payment_method_types[0]"] == fields["payment_method_data[type]"] == product
    assert fields["payment_method_data[billing_details][email]"] == "a@example.com"
    assert fields["payment_method_data[billing_details][address][country]"] == "DE"
    assert (fields["shipping[name]"], fields["shipping[address][line1]"]) == ("B", "2")
    assert form(adapter().request(operation(Kind.CHARGE, product, return_url=back)))["return_url"] == back


@pytest.mark.parametrize("product", ["elements", "elements_hold"])
def test_in_the_page_there_is_one_step(product: str) -> None:
    """What the shopper's browser confirms is only made by us, without a method."""
    fields = form(adapter(options={"elements_methods": "card, link"}).request(operation(Kind.CHARGE, product)))
    assert (fields["confirm"], fields["payment_method_types[0]"], fields["payment_method_types[1]"]) == (
        "false",
        "card",
        "link",
    )
    assert "payment_method" not in fields
    assert fields["capture_method"] == ("manual" if product.endswith("_hold") else "automatic")


def test_a_hold_is_captured_by_hand() -> None:
    """Products that end in _hold set the money aside, and say so."""
    assert form(adapter().request(operation(Kind.CREATE, "card_hold")))["capture_method"] == "manual"
    plain, held = adapter().capabilities("card"), adapter().capabilities("card_hold")
    assert (plain.authorises, held.authorises) == (False, True)


def test_capabilities() -> None:
    """Cards start at our server, the others with the shopper; all but the page's own take two steps."""
    for product, starts, creates, inputs in [
        ("card", "server", True, ("payment_method",)),
        ("elements", "shopper", False, ()),
        *((name, "shopper", True, ()) for name in BNPL),
    ]:
        found = adapter().capabilities(product)
        assert (found.starts, found.creates, found.inputs) == (starts, creates, inputs)
        assert (found.close, found.close_names_trade, found.close_refunds, found.expiry) == (True, True, False, False)
        assert found.resend == 86400.0
        assert found.not_found_after is None
    assert adapter().capabilities("card").card == ("card_fingerprint", "payment_method")


def test_the_statement_suffix_is_for_cards() -> None:
    """What stands on a card statement goes with cards only."""
    ours, back = adapter(options={"statement_descriptor_suffix": "TEA"}), "https://shop.example/back"
    assert form(ours.request(operation(Kind.CREATE)))["statement_descriptor_suffix"] == "TEA"
    assert "statement_descriptor_suffix" not in form(ours.request(operation(Kind.CREATE, "affirm", return_url=back)))


# ---------------------------------------------------------------- refused before anything is sent


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (operation(Kind.CREATE, inputs={}), InputMissing),
        (operation(Kind.CREATE, "klarna", inputs={}), InputMissing),
        (operation(Kind.REFUND, refund_number="R 1"), NumberInvalid),
        (operation(Kind.QUERY, provider_ref="", number="A'1"), NumberInvalid),
        (operation(Kind.CREATE, "sofort"), ConfigError),
        (operation(Kind.PLANS), ConfigError),
    ],
    ids=["no method", "no page", "refund number", "number", "product", "operation"],
)
def test_refused_before_sending(asked: Any, error: type[Exception]) -> None:
    """What cannot work is refused with a typed error, and nothing is built."""
    with pytest.raises(error):
        adapter().request(asked)


@pytest.mark.parametrize(
    "given",
    [
        {"secrets": []},
        {"secrets": ["whsec_only_this"]},
        {"secrets": [API_KEY, "pk_test_public"]},
        {"sign": [Key("1", PEM)]},
        {"options": {"api_version": "newest"}},
        {"options": {"stripe_account": "2088"}},
        {"options": {"elements_methods": "card;link"}},
        {"options": {"descriptor": "TEA"}},
    ],
    ids=["none", "no api key", "public key", "key pair", "version", "account", "methods", "unknown"],
)
def test_an_account_that_cannot_work(given: Any) -> None:
    """A wrong configuration is found when it is read, and its secrets are not in the error."""
    with pytest.raises(ConfigError) as caught:
        adapter(**given)
    assert not any(secret in str(caught.value) for secret in given.get("secrets", ()))


def test_secrets_are_told_apart_by_their_names() -> None:
    """API keys and webhook secrets stand in one list, in any order; the first API key is used."""
    keys = ["whsec_a_secret", "rk_live_first", "sk_live_second", "whsec_b_secret"]
    account = Account(name="card", provider="stripe", merchant="acct_1")
    made = Stripe(account, secrets=keys, clock=adapter()._clock)
    assert made.request(operation()).headers["authorization"] == "Bearer rk_live_first"
    made.check()

"""What Stripe's intents and refunds prove, operation by operation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from stripe_counterpart import DATE, adapter, intent, operation, read, refund

from payfallback._core.operations import Kind
from payfallback.model import ClientSecret, Money, Redirect
from payfallback.ports import HttpResponse
from payfallback.taxonomy import Cause, Verdict

SUM = Money(1250, "USD")
NEXT = {
    "type": "redirect_to_url",
    "redirect_to_url": {"url": "https://hooks.stripe.com/3ds", "return_url": "https://shop"},
}


def test_created_and_not_confirmed() -> None:
    """The first step only tells the id: nothing is handed to the shopper yet."""
    answer = read(intent("requires_confirmation"), Kind.CREATE)
    assert (answer.verdict, answer.provider_ref, answer.number) == (Verdict.PENDING, "pi_1", "A100101")
    assert answer.action is None


def test_created_without_an_id_proves_nothing() -> None:
    """What could never be confirmed, asked about or canceled was not created."""
    assert read(intent("requires_confirmation", id=None), Kind.CREATE).verdict is Verdict.UNKNOWN


def test_succeeded_is_captured_with_what_was_received() -> None:
    """Paid, for this number, with the amount that Stripe received and its clock."""
    answer = read(intent("succeeded"))
    assert (answer.verdict, answer.amount, answer.number) == (Verdict.CAPTURED, SUM, "A100101")
    assert answer.provider_time == 1794498391.0


def test_a_part_is_told_as_a_part() -> None:
    """The core holds the amount against the order's: the adapter says what was received."""
    assert read(intent("succeeded", amount_received=1000)).amount == Money(1000, "USD")


@pytest.mark.parametrize("amount", [None, "1250", True, -1, 10**13, 12.5])
def test_paid_has_to_say_how_much(amount: Any) -> None:
    """Without a readable amount nothing is captured."""
    assert read(intent("succeeded", amount_received=amount)).verdict is Verdict.UNKNOWN
    assert read(intent("succeeded", currency="??")).verdict is Verdict.UNKNOWN


def test_a_hold_is_authorised_and_a_capture_takes_it() -> None:
    """A manual intent holds the amount; capturing answers with what was received."""
    held = read(intent("requires_capture"), product="card_hold")
    assert (held.verdict, held.amount) == (Verdict.AUTHORISED, SUM)
    assert read(intent("succeeded"), Kind.CAPTURE, product="card_hold").verdict is Verdict.CAPTURED


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        ("requires_payment_method", Cause.AWAITING_SHOPPER),
        ("requires_confirmation", Cause.AWAITING_SHOPPER),
        ("requires_action", Cause.AWAITING_SHOPPER),
        ("processing", Cause.AWAITING_PROVIDER),
    ],
)
def test_what_is_still_open(status: str, cause: Cause) -> None:
    """These states can still become paid."""
    answer = read(intent(status), Kind.QUERY)
    assert (answer.verdict, answer.cause, answer.amount) == (Verdict.PENDING, cause, None)


def test_three_d_secure_sends_the_shopper_on() -> None:
    """A card that has to be authenticated is pending, with the page to go to."""
    answer = read(intent("requires_action", next_action=NEXT))
    assert (answer.verdict, answer.action) == (Verdict.PENDING, Redirect("https://hooks.stripe.com/3ds"))


def test_three_d_secure_in_the_page() -> None:
    """Without a page to return to, Stripe's script in the page does it with the client secret."""
    answer = read(intent("requires_action", next_action={"type": "use_stripe_sdk", "use_stripe_sdk": {}}))
    assert answer.action == ClientSecret("pi_1_secret_x")
    assert "pi_1_secret_x" not in repr(answer)


def test_only_a_charge_hands_something_over() -> None:
    """A query or a cancel that finds the shopper on their way repeats no page."""
    assert read(intent("requires_action", next_action=NEXT), Kind.QUERY).action is None


def test_a_card_that_was_not_confirmed_is_not_given_to_the_page() -> None:
    """The secret of a card payment of ours stays here unless Stripe asks for the shopper."""
    assert read(intent("requires_payment_method")).action is None


def test_elements_get_their_secret() -> None:
    """An intent that the page confirms is pending with the client secret."""
    body = intent("requires_payment_method", metadata={"attempt": "A100101", "product": "elements"})
    answer = read(body, product="elements")
    assert (answer.verdict, answer.action, answer.provider_ref) == (
        Verdict.PENDING,
        ClientSecret("pi_1_secret_x"),
        "pi_1",
    )


def test_canceled_is_dead_by_its_own_answer() -> None:
    """The answer to a cancel is the intent itself, which names the trade and says what became of it."""
    answer = read(intent("canceled"), Kind.CLOSE)
    assert (answer.verdict, answer.named, answer.number) == (Verdict.CLOSED, True, "A100101")


def test_an_unknown_status_proves_nothing() -> None:
    """A state that stands in no table is asked about."""
    assert read(intent("requires_moonlight")).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("kind", [Kind.CHARGE, Kind.QUERY, Kind.CLOSE, Kind.CAPTURE])
def test_another_intent_proves_nothing(kind: Kind) -> None:
    """Paid, but another id than the one that was journalled: a contradiction."""
    answer = read(intent("succeeded", id="pi_2"), kind)
    assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, Cause.CONTRADICTION)


def test_test_money_pays_no_live_order() -> None:
    """A live intent under a test key, or the other way round, is a contradiction."""
    assert read(intent("succeeded", livemode=True)).cause is Cause.CONTRADICTION
    live = adapter(secrets=["sk_live_made_up"])
    body = json.dumps(intent("succeeded")).encode()
    assert live.read(operation(), HttpResponse(status=200, body=body)).cause is Cause.CONTRADICTION


# ---------------------------------------------------------------- what went back


@pytest.mark.parametrize(
    ("back", "whole", "verdict"),
    [(0, False, Verdict.CAPTURED), (1250, True, Verdict.REFUNDED), (250, False, Verdict.UNKNOWN)],
)
def test_only_the_charge_tells_what_went_back(back: int, whole: bool, verdict: Verdict) -> None:
    """An intent stays succeeded: its charge says whether the money is still here."""
    charge = {"object": "charge", "amount_refunded": back, "refunded": whole, "currency": "usd", "created": 1794498000}
    answer = read(intent("succeeded", latest_charge=charge), Kind.QUERY)
    assert answer.verdict is verdict
    if verdict is Verdict.CAPTURED:
        assert answer.paid_at == 1794498000.0


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("succeeded", Verdict.REFUNDED),
        ("pending", Verdict.ACCEPTED),
        ("requires_action", Verdict.ACCEPTED),
        ("failed", Verdict.REFUND_FAILED),
        ("canceled", Verdict.REFUND_FAILED),
        ("odd", Verdict.UNKNOWN),
    ],
)
def test_refunds(status: str, verdict: Verdict) -> None:
    """A refund's status, in the answer to it and in the list that is asked for later."""
    assert read(refund(status), Kind.REFUND).verdict is verdict
    listed = {
        "object": "list",
        "data": [refund("failed", metadata={"refund": "R0"}), refund(status)],
        "has_more": False,
    }
    assert read(listed, Kind.QUERY_REFUND).verdict is verdict


def test_a_refund_says_how_much() -> None:
    """The amount comes from Stripe, and without one nothing was refunded."""
    assert read(refund("succeeded", amount=250), Kind.REFUND).amount == Money(250, "USD")
    assert read(refund("succeeded", amount=None), Kind.REFUND).verdict is Verdict.UNKNOWN


def test_another_refund_is_not_ours() -> None:
    """An answer about a refund with another number proves nothing about this one."""
    assert read(refund("succeeded", metadata={"refund": "R2"}), Kind.REFUND).cause is Cause.CONTRADICTION


def test_a_refund_that_is_not_in_the_list_was_not_received() -> None:
    """The list of an intent's refunds is current; a longer one than asked for proves nothing."""
    others = [refund("succeeded", metadata={"refund": "R2"})]
    assert read({"object": "list", "data": others, "has_more": False}, Kind.QUERY_REFUND).verdict is Verdict.NOT_FOUND
    assert read({"object": "list", "data": others, "has_more": True}, Kind.QUERY_REFUND).verdict is Verdict.UNKNOWN


# ---------------------------------------------------------------- without the id


def searched(*data: Any) -> Any:
    """What a search answers."""
    return {"object": "search_result", "data": list(data), "has_more": False}


def test_a_search_finds_the_intent_by_our_number() -> None:
    """A query without the id reads what the search shows."""
    assert read(searched(intent("succeeded")), Kind.QUERY, provider_ref="").verdict is Verdict.CAPTURED
    nothing = read(searched(), Kind.QUERY, provider_ref="")
    assert nothing.verdict is Verdict.NOT_FOUND
    other = intent("succeeded", metadata={"attempt": "A100201"})
    assert read(searched(other), Kind.QUERY, provider_ref="").verdict is Verdict.NOT_FOUND


@pytest.mark.parametrize("kind", [Kind.CHARGE, Kind.CLOSE, Kind.CAPTURE, Kind.REFUND, Kind.QUERY_REFUND])
def test_a_search_in_the_place_of_an_act_only_tells_the_id(kind: Kind) -> None:
    """What was not done is not claimed; the next try knows the id."""
    answer = read(searched(intent("succeeded")), kind, provider_ref="")
    assert (answer.verdict, answer.provider_ref) == (Verdict.UNKNOWN, "pi_1")
    assert read(searched(), kind, provider_ref="").provider_ref == ""


def test_two_intents_under_one_number_are_for_a_person() -> None:
    """Our number is used once: two of them contradict each other."""
    answer = read(searched(intent("succeeded"), intent("canceled", id="pi_2")), Kind.QUERY, provider_ref="")
    assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, Cause.CONTRADICTION)


# ---------------------------------------------------------------- not Stripe's


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.PLANS])
@pytest.mark.parametrize(
    "body",
    [b"", b"<html>sign in</html>", b"[]", b'{"object":"customer"}', b'{"a":1,"a":2}', b"[" * 100_000, b" " * (1 << 21)],
    ids=["empty", "portal", "array", "other object", "twice", "deep", "long"],
)
def test_what_is_not_stripes_proves_nothing(kind: Kind, body: bytes) -> None:
    """200 from something that is not Stripe's API is no payment, no refund and no death."""
    assert read(body, kind).verdict is Verdict.UNKNOWN


def test_the_date_is_stripes_clock() -> None:
    """Times are taken from the Date header."""
    assert read(b"", headers={"date": DATE}).provider_time == 1794498391.0

"""Wrapped SDKs through the front door: paid once, whatever the SDK makes of a failure."""

from __future__ import annotations

from typing import Any

import pytest
from faulty_server import refusing, serving
from wrapped_sdks import stripe_channel, stripe_says

import payfallback as pf
from payfallback.providers.wrap import Wrapped, wrap
from shifted_clock import Shifted

TEA = pf.Order("A1001", pf.Money.of("12.50", "CNY"), "tea")
PAID = {"id": "pi_9", "object": "payment_intent", "status": "succeeded", "amount_received": 1250, "currency": "cny"}


def always(answer: Any, **more: Any) -> Wrapped:
    """A second channel that answers by itself."""
    return wrap(lambda _: answer, reads=lambda attempt, result: None, account="own/m-2", last=True, **more)


def captured() -> pf.Answer:
    """The whole amount was taken."""
    return pf.Answer(verdict=pf.Verdict.CAPTURED, amount=TEA.amount)


def test_a_refused_connection_moves_on_at_once() -> None:
    """stripe-python raised on a connection that was refused: nothing was sent, so the next channel is charged."""
    with refusing() as server, stripe_channel(server.url) as first:
        providers = {"card": first, "own": always(captured())}
        with pf.Payments(**pf.channels(providers, order=["card", "own"])) as payments:
            result = payments.pay(TEA, "card", consent=["own"])
    assert isinstance(result, pf.Paid)
    assert (result.option, result.switched_from) == ("own", ("card",))


def test_a_lost_reply_does_not() -> None:
    """stripe-python raised the same class on a reply that was lost: the next channel is not charged."""
    charged: list[str] = []
    second = wrap(charged.append, reads=lambda attempt, result: None, account="own/m-2", last=True)
    with serving(None) as server, stripe_channel(server.url) as first:
        settings = pf.channels({"card": first, "own": second}, order=["card", "own"], within=5.0)
        clock = Shifted()
        with pf.Payments(**settings, clock=clock, sleep=clock.sleep) as payments:
            result = payments.pay(TEA, "card", consent=["own"])
    assert isinstance(result, pf.Pending)
    assert charged == []


def test_paid_through_the_sdk() -> None:
    """A charge that the SDK reports as paid is paid."""
    with serving(stripe_says(PAID)) as server, stripe_channel(server.url) as first:
        payments = pf.Payments(**pf.channels({"card": first}, channel={"card": {"last": True}}))
        with payments:
            result = payments.pay(TEA)
    assert isinstance(result, pf.Paid)
    assert result.provider_ref == "pi_9"


def test_what_was_kept_comes_back_with_the_question() -> None:
    """An id that the shop made beforehand is journalled before the charge, and the query gets it, inputs do not."""
    asked: list[pf.Attempt] = []

    def charge(attempt: pf.Attempt) -> None:
        raise TimeoutError(attempt.inputs["payment_intent"])

    def query(attempt: pf.Attempt) -> pf.Answer:
        asked.append(attempt)
        return captured()

    own = wrap(
        charge,
        query=query,
        reads=lambda attempt, result: None,
        account="own/m-1",
        keeps=("payment_intent",),
        last=True,
    )
    shopper = pf.Shopper(inputs={"card": {"payment_intent": "pi_7"}})
    with pf.Payments(**pf.channels({"card": own})) as payments:
        assert isinstance(payments.pay(TEA, shopper=shopper), pf.Paid)
    assert asked[0].memo == {"payment_intent": "pi_7"}
    assert asked[0].inputs == {}


def test_what_must_be_given_is_asked_for() -> None:
    """Without an input that the callable needs, nothing is sent and the error names it."""
    payments = pf.Payments(**pf.channels({"own": always(captured(), inputs=("openid",))}))
    with payments, pytest.raises(pf.InputMissing, match="openid"):
        payments.pay(TEA)


def test_async_callables_need_an_async_client() -> None:
    """`Payments` refuses what it could not await, at construction."""

    async def charge(_: pf.Attempt) -> None:
        """Charge."""

    own = wrap(charge, reads="stripe", account="stripe/acct_1", last=True)
    with pytest.raises(pf.ConfigError, match="async"):
        pf.Payments(**pf.channels({"card": own}))

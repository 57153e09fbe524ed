"""Async callables around an async SDK, under asyncio and trio."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from faulty_server import Reply, bad_gateway, ok_html, refusing, serving
from wrapped_sdks import TIMEOUT, operation, stripe_says

from payfallback._core.operations import Answer
from payfallback.model import Money
from payfallback.providers.wrap import Attempt, wrap
from payfallback.taxonomy import Cause, Verdict

pytestmark = [
    pytest.mark.anyio,
    # stripe-python 16.1 hands httpx its form as bytes in `data`, which httpx 0.28 warns of.
    pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning"),
]


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Both event loops."""
    return str(request.param)


async def charge_at(url: str, retries: int = 0) -> Answer:
    """Charge through stripe-python's async client, and read it as the runtime does."""
    transport = stripe.HTTPXClient(timeout=TIMEOUT)
    client = stripe.StripeClient(
        "sk_test_made_up", base_addresses={"api": url}, max_network_retries=retries, http_client=transport
    )

    async def charge(a: Attempt) -> object:
        params: Any = {"amount": a.amount.minor, "currency": "cny", "confirm": True}
        return await client.v1.payment_intents.create_async(params=params, options={"idempotency_key": a.number})

    own = wrap(charge, reads="stripe", account="stripe/acct_1", timeout=TIMEOUT)
    call = own.call(operation())
    assert call is not None
    try:
        result: Any = await call()
    except Exception as error:  # noqa: BLE001  # what the runtime does around a provider call
        result = error
    await transport.close_async()
    return own.read(operation(), result)


async def test_a_charge_that_was_paid() -> None:
    """An async callable is awaited, and its object read like any other."""
    body = {"id": "pi_1", "object": "payment_intent", "status": "succeeded", "amount_received": 1250, "currency": "cny"}
    with serving(stripe_says(body)) as server:
        answer = await charge_at(server.url)
    assert (answer.verdict, answer.amount) == (Verdict.CAPTURED, Money(1250, "CNY"))


async def test_a_refused_connection_is_never_sent() -> None:
    """Over httpx and either loop, a refused connection proves that nothing was sent."""
    with refusing() as server:
        answer = await charge_at(server.url)
    assert (answer.verdict, answer.cause) == (Verdict.NOT_SENT, Cause.NETWORK)


async def test_with_retries_on_it_proves_nothing() -> None:
    """The async client retries as well."""
    with refusing() as server:
        assert (await charge_at(server.url, retries=1)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("fault", [None, bad_gateway, ok_html, "hang"], ids=["reply_lost", "http_502", "html", "hang"])
async def test_whatever_happens_after_sending_is_unknown(fault: Reply | str | None) -> None:
    """A lost reply, a 502, HTML and silence are UNKNOWN."""
    with serving(fault) as server:
        answer = await charge_at(server.url)
    assert len(server.received) == 1
    assert answer.verdict is Verdict.UNKNOWN

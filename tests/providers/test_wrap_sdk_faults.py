"""The real SDKs against a server that fails: what is proven of a charge, and what the server really got."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe
from faulty_server import Reply, bad_gateway, ok_html, refusing, serving, unreachable
from wrapped_sdks import (
    Channel,
    alipay_channel,
    answer_of,
    operation,
    stripe_channel,
    stripe_says,
    wechat_channel,
    wechat_says,
)

from payfallback._core.operations import Kind
from payfallback.taxonomy import Cause, Verdict

SDKS: dict[str, Channel] = {"stripe": stripe_channel, "alipay": alipay_channel, "wechatpay": wechat_channel}
FAULTS: dict[str, Reply | str | None] = {
    "reply_lost": None,
    "http_502": bad_gateway,
    "html": ok_html,
    "hang": "hang",
}

each_sdk = pytest.mark.parametrize("sdk", SDKS.values(), ids=SDKS.keys())


@each_sdk
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_whatever_happens_after_sending_is_unknown(sdk: Channel, fault: Reply | str | None) -> None:
    """A lost reply, a 502, a page of HTML and silence all leave a charge that the provider has: UNKNOWN."""
    with serving(fault) as server, sdk(server.url) as wrapped:
        answer = answer_of(wrapped, operation())
    assert answer.verdict is Verdict.UNKNOWN
    assert len(server.received) == 1


@each_sdk
def test_a_refused_connection_is_never_sent(sdk: Channel) -> None:
    """With the SDK's own retries off, a refused connection proves that nothing was sent."""
    with refusing() as server, sdk(server.url) as wrapped:
        answer = answer_of(wrapped, operation())
    assert (answer.verdict, answer.cause) == (Verdict.NOT_SENT, Cause.NETWORK)
    assert server.received == []


@each_sdk
def test_a_connection_that_was_not_made_in_time_is_never_sent(sdk: Channel) -> None:
    """A connect timeout is told apart from a read timeout, which raises the same class in two of the three SDKs."""
    with unreachable() as url, sdk(url) as wrapped:
        assert answer_of(wrapped, operation()).verdict is Verdict.NOT_SENT


@each_sdk
def test_the_exception_is_kept(sdk: Channel) -> None:
    """What the SDK raised goes along with the answer, and its text names classes only."""
    with serving(None) as server, sdk(server.url) as wrapped:
        answer = answer_of(wrapped, operation())
    assert isinstance(answer.error, Exception)
    assert "RemoteDisconnected" in answer.text
    assert "127.0.0.1" not in answer.text


@each_sdk
def test_silence_is_called_a_timeout(sdk: Channel) -> None:
    """A provider that does not answer in time is named so, however the SDK wraps it."""
    with serving("hang") as server, sdk(server.url) as wrapped:
        answer = answer_of(wrapped, operation())
    assert answer.cause is Cause.TIMEOUT


@each_sdk
@pytest.mark.parametrize("kind", [Kind.QUERY, Kind.CLOSE, Kind.REFUND])
def test_a_failed_question_or_close_proves_nothing(sdk: Channel, kind: Kind) -> None:
    """A query, a close and a refund whose answer was lost are UNKNOWN as well."""
    asked = operation(kind, provider_ref="pi_1", refund_number="R1")
    with serving(None) as server, sdk(server.url) as wrapped:
        assert answer_of(wrapped, asked).verdict is Verdict.UNKNOWN


# ---------------------------------------------------------------- what an SDK sends besides


@pytest.mark.parametrize(("declared", "verdict"), [(True, Verdict.NOT_SENT), (False, Verdict.UNKNOWN)])
def test_stripe_whose_retries_cannot_be_seen(verdict: Verdict, *, declared: bool) -> None:
    """Where the SDK's own frame is missing, only the merchant's word tells that its retries are off."""
    bare = stripe.APIConnectionError("Unexpected error communicating with Stripe.")
    bare.__cause__ = ConnectionRefusedError(111, "Connection refused")
    with stripe_channel("http://127.0.0.1:9", sdk_retries_off=declared) as wrapped:
        assert wrapped.read(operation(), bare).verdict is verdict


def test_stripe_with_its_retries_on_proves_nothing() -> None:
    """By default stripe-python tries three times; that the last one was refused says nothing about the first."""
    with refusing() as server, stripe_channel(server.url, retries=1) as wrapped:
        answer = answer_of(wrapped, operation())
    assert answer.verdict is Verdict.UNKNOWN


def test_stripe_that_lost_a_reply_before_it_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first request was lost, the SDK's second one refused: the charge was sent, whatever the merchant declared."""
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0.01)
    with serving(None) as server:
        server.reply = _stop_after_the_first(server)
        with stripe_channel(server.url, retries=1, sdk_retries_off=True) as wrapped:
            answer = answer_of(wrapped, operation())
    assert len(server.received) == 1
    assert answer.verdict is Verdict.UNKNOWN


def _stop_after_the_first(server: Any) -> Callable[[Any], Any]:
    def reply(_: Any) -> Any:
        server.stop_listening()
        return stripe_says({"error": {"message": "try again", "type": "api_error"}}, status=500)(_)

    return reply


def test_wechatpay_that_fetches_certificates_after_the_charge() -> None:
    """wechatpayv3 asks for certificates to verify an answer it has: that this was refused proves nothing about it."""
    reply = wechat_says({"code_url": "weixin://wxpay/bizpayurl?pr=1"}, serial="5D0E3B8E2C6F4A1C", last=True)
    with serving(reply) as server, wechat_channel(server.url) as wrapped:
        answer = answer_of(wrapped, operation())
    assert len(server.received) == 1
    assert "ConnectionRefusedError" in answer.text
    assert answer.verdict is Verdict.UNKNOWN


def test_alipay_that_cannot_sign_sends_nothing() -> None:
    """A broken private key stops the request before it is made, and someone on call is told."""
    with serving(None) as server, alipay_channel(server.url, app_private_key="AAAA") as wrapped:
        answer = answer_of(wrapped, operation())
    assert server.received == []
    assert (answer.verdict, answer.cause) == (Verdict.NOT_SENT, Cause.MERCHANT_CONFIG)

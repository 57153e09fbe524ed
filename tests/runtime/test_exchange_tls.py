"""TLS is verified, always, and what fails before the request is proof that nothing was sent."""

from __future__ import annotations

import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from authorities import Authority
from exchange_servers import PAID, Server, Till, charge, hangs, says

from payfallback._core.operations import Answer, Operation
from payfallback._runtime.exchange import AsyncExchange, Exchange
from payfallback.errors import ConfigError
from payfallback.taxonomy import Cause, Verdict

pytestmark = pytest.mark.anyio

Perform = Callable[[Till, Operation, ssl.SSLContext | None], Awaitable[Answer]]


@pytest.fixture(params=["sync", "async"])
async def perform(request: pytest.FixtureRequest) -> Perform:
    """One call, with a TLS context or the default one."""

    async def sync(provider: Till, operation: Operation, tls: ssl.SSLContext | None) -> Answer:
        exchange = Exchange(tls=tls)
        try:
            return exchange.perform(provider, operation)
        finally:
            exchange.close()

    async def aio(provider: Till, operation: Operation, tls: ssl.SSLContext | None) -> Answer:
        exchange = AsyncExchange(tls=tls)
        try:
            return await exchange.perform(provider, operation)
        finally:
            await exchange.aclose()

    return sync if request.param == "sync" else aio


async def test_a_certificate_nobody_vouches_for_gets_no_charge(perform: Perform, tmp_path: Path) -> None:
    """The handshake fails before the request: certainly not sent."""
    with Server(says(PAID), tls=Authority(tmp_path).server()) as server:
        answer = await perform(Till(server.url), charge(), None)
    assert (answer.verdict, answer.cause, server.requests) == (Verdict.NOT_SENT, Cause.NETWORK, [])
    assert isinstance(answer.error, httpx.ConnectError)


async def test_an_authority_in_the_environment_is_not_believed(
    perform: Perform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may set a variable of the shell may not choose whom payments are sent to."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    with Server(says(PAID), tls=authority.server()) as server:
        answer = await perform(Till(server.url), charge(), None)
    assert answer.verdict is Verdict.NOT_SENT


async def test_an_authority_of_ones_own_can_be_given(perform: Perform, tmp_path: Path) -> None:
    """With a context that trusts it, the same server is paid through."""
    authority = Authority(tmp_path)
    with Server(says(PAID), tls=authority.server()) as server:
        answer = await perform(Till(server.url), charge(), authority.trusted())
    assert answer.verdict is Verdict.CAPTURED


async def test_a_certificate_of_another_host_gets_no_charge(perform: Perform, tmp_path: Path) -> None:
    """Trusted, and not who we wanted to talk to."""
    authority = Authority(tmp_path, "127.0.0.9")
    with Server(says(PAID), tls=authority.server()) as server:
        answer = await perform(Till(server.url), charge(), authority.trusted())
    assert (answer.verdict, answer.cause, server.requests) == (Verdict.NOT_SENT, Cause.NETWORK, [])


async def test_a_handshake_that_hangs_was_never_sent(perform: Perform) -> None:
    """The server accepts and says nothing: over in time, and nothing left the house."""
    with Server(hangs) as server:
        began = time.monotonic()
        answer = await perform(Till(server.url.replace("http:", "https:")), charge(timeout=0.2), None)
        took = time.monotonic() - began
    assert (answer.verdict, answer.cause) == (Verdict.NOT_SENT, Cause.NETWORK)
    assert isinstance(answer.error, httpx.ConnectTimeout)
    assert took < 8.0


@pytest.mark.parametrize("made", [Exchange, AsyncExchange])
@pytest.mark.parametrize("switch", ["hostname", "everything"])
async def test_a_context_that_does_not_verify_is_refused(made: Callable[..., object], switch: str) -> None:
    """There is no way to send payments to just anyone."""
    context = ssl.create_default_context()
    context.check_hostname = False
    if switch == "everything":
        context.verify_mode = ssl.CERT_NONE
    with pytest.raises(ConfigError, match="does not verify"):
        made(tls=context)

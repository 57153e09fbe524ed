"""What every way of failing proves: the same for threads, asyncio and trio, against real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Awaitable, Callable

import httpx
import pytest
from exchange_servers import (
    BAD_GATEWAY,
    PAID,
    Behaviour,
    Server,
    Till,
    charge,
    drips,
    free_port,
    hangs,
    says,
    says_and_closes,
)

from payfallback._core.operations import Answer, Operation
from payfallback._runtime.exchange import AsyncExchange, Exchange
from payfallback.errors import InputMissing, NumberInvalid
from payfallback.ports import HttpRequest, HttpResponse
from payfallback.taxonomy import Cause, Verdict

pytestmark = pytest.mark.anyio

Perform = Callable[[Till, Operation], Awaitable[Answer]]

TLS = httpx.create_ssl_context(trust_env=False)  # made once: it takes 20 ms

OK = b"HTTP/1.1 200 OK\r\n"
HEADERS = b"".join(b"X-Number-%d: 1\r\n" % n for n in range(500))


@pytest.fixture(params=["sync", "async"])
async def perform(request: pytest.FixtureRequest) -> Perform:
    """One exchange, closed by the test's end."""

    async def sync(provider: Till, operation: Operation) -> Answer:
        exchange = Exchange(tls=TLS)
        try:
            return exchange.perform(provider, operation)
        finally:
            exchange.close()

    async def aio(provider: Till, operation: Operation) -> Answer:
        exchange = AsyncExchange(tls=TLS)
        try:
            return await exchange.perform(provider, operation)
        finally:
            await exchange.aclose()

    return sync if request.param == "sync" else aio


async def test_an_answer_is_what_the_provider_reads(perform: Perform) -> None:
    """The adapter's verdict, with the provider's clock from the Date header."""
    with Server(says(PAID)) as server:
        answer = await perform(Till(server.url), charge())
    assert (answer.verdict, answer.provider_time) == (Verdict.CAPTURED, 1794412200.0)


async def test_a_refused_connection_was_never_sent(perform: Perform) -> None:
    """Nobody listened: proof that nothing was sent."""
    answer = await perform(Till(f"http://127.0.0.1:{free_port()}/pay"), charge())
    assert (answer.verdict, answer.cause) == (Verdict.NOT_SENT, Cause.NETWORK)
    assert isinstance(answer.error, httpx.ConnectError)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/pay", "127.0.0.1/pay"])
async def test_a_protocol_we_do_not_speak_was_never_sent(perform: Perform, url: str) -> None:
    """There was no connection to send on."""
    answer = await perform(Till(url), charge())
    assert (answer.verdict, answer.cause) == (Verdict.NOT_SENT, Cause.NETWORK)


@pytest.mark.parametrize(
    ("behave", "cause"),
    [
        pytest.param(says_and_closes(b""), Cause.NETWORK, id="accepted, then closed"),
        pytest.param(says_and_closes(OK + b"Content-Length: 100\r\n\r\npaid"), Cause.NETWORK, id="half a response"),
        pytest.param(says_and_closes(OK + b"Content-Le"), Cause.NETWORK, id="half a header"),
        pytest.param(says_and_closes(b"\x16\x03\x01 what?\r\n\r\n"), Cause.NETWORK, id="garbage"),
        pytest.param(says(OK + b"X-Long: " + b"x" * 300_000 + b"\r\n\r\n"), Cause.NETWORK, id="one huge header"),
        pytest.param(says(OK + b"X-Long: " + b"x" * 90_000 + b"\r\n\r\n"), Cause.UNRECOGNISED, id="a large header"),
        pytest.param(says(OK + HEADERS + b"\r\n"), Cause.UNRECOGNISED, id="five hundred headers"),
        pytest.param(
            says(OK + b"Content-Length: 5000000\r\n\r\n" + b"x" * 5_000_000), Cause.UNRECOGNISED, id="five megabytes"
        ),
        pytest.param(
            says(OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\npaid"), Cause.UNRECOGNISED, id="packed"
        ),
    ],
)
async def test_what_cannot_be_read_proves_nothing(perform: Perform, behave: Behaviour, cause: Cause) -> None:
    """The request was sent, so the charge may have happened; the adapter does not see what is not whole."""
    with Server(behave) as server:
        till = Till(server.url)
        answer = await perform(till, charge())
    assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, cause)
    assert answer.error is not None
    assert till.read_responses == []
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(hangs, id="hangs"),
        pytest.param(drips(OK + b"Content-Length: 9000\r\n\r\n", b"x"), id="drips its body"),
        pytest.param(drips(OK, b"X-Drip: 1\r\n"), id="drips headers"),
        pytest.param(drips(b"H", b""), id="begins and hangs"),
        pytest.param(drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="says continue without end"),
        pytest.param(drips(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), id="drips chunks"),
    ],
)
async def test_no_server_holds_a_call_beyond_its_timeout(perform: Perform, behave: Behaviour) -> None:
    """However slowly it sends, the call is over in time, and it may have been charged."""
    with Server(behave) as server:
        began = time.monotonic()
        answer = await perform(Till(server.url), charge(timeout=0.15))
        took = time.monotonic() - began
    assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, Cause.TIMEOUT)
    assert isinstance(answer.error, httpx.ReadTimeout)
    assert 0.1 < took < 8.0


async def test_a_server_that_does_not_take_the_request_does_not_hold_the_call(perform: Perform) -> None:
    """Part of it was sent: over in time, and nobody knows."""

    class Large(Till):
        def request(self, operation: Operation) -> HttpRequest:
            return HttpRequest(method="POST", url=self.url, body=b"x" * 30_000_000)

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        began = time.monotonic()
        answer = await perform(Large(f"http://127.0.0.1:{deaf.getsockname()[1]}/pay"), charge(timeout=0.2))
        took = time.monotonic() - began
    assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, Cause.TIMEOUT)
    assert took < 8.0


async def test_a_name_that_is_not_resolved_was_never_sent(perform: Perform, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that hangs costs the call's time, no more; nothing was sent."""
    stuck = threading.Event()

    def look_up(host: str, port: int, family: int = 0, kind: int = 0, proto: int = 0, flags: int = 0) -> None:
        if not flags & socket.AI_NUMERICHOST:
            stuck.wait(60.0)
        raise socket.gaierror(socket.EAI_NONAME, "no such host")

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    began = time.monotonic()
    answer = await perform(Till("http://localhost:9/pay"), charge(timeout=0.15))
    took = time.monotonic() - began
    stuck.set()
    assert (answer.verdict, answer.cause) == (Verdict.NOT_SENT, Cause.NETWORK)
    assert took < 8.0


async def test_a_redirect_is_an_answer_and_is_not_followed(perform: Perform) -> None:
    """A charge goes to the address it was built for, or nowhere."""
    moved = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    with Server(says(moved)) as server:
        till = Till(server.url)
        answer = await perform(till, charge())
    assert answer.verdict is Verdict.UNKNOWN
    assert ([each.status for each in till.read_responses], len(server.requests)) == ([307], 1)


async def test_an_error_page_goes_to_the_adapter(perform: Perform) -> None:
    """A gateway's 502 is read like any answer; how long it wants to be left alone is kept."""
    with Server(says(BAD_GATEWAY)) as server:
        till = Till(server.url)
        answer = await perform(till, charge())
    assert (answer.verdict, answer.retry_after) == (Verdict.UNKNOWN, 7.0)
    assert till.read_responses[0].body == b"<h1>Sorry.</h1>"
    assert till.read_responses[0].headers["content-type"] == "text/html"


class Broken(Till):
    """A provider whose adapter raises."""

    def __init__(self, url: str, *, building: Exception | None = None, reading: Exception | None = None) -> None:
        super().__init__(url)
        self.building, self.reading = building, reading

    def request(self, operation: Operation) -> HttpRequest:
        """Raises, if it was made to."""
        if self.building is not None:
            raise self.building
        return super().request(operation)

    def read(self, operation: Operation, response: HttpResponse) -> Answer:
        """Raises, if it was made to."""
        if self.reading is not None:
            raise self.reading
        return super().read(operation, response)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (InputMissing("openid"), Cause.INPUT_MISSING),
        (NumberInvalid("too long"), Cause.INPUT_MISSING),
        (KeyError("no such certificate"), Cause.MERCHANT_CONFIG),
    ],
)
async def test_a_request_that_cannot_be_built_was_never_sent(perform: Perform, error: Exception, cause: Cause) -> None:
    """An input is missing, or a key is wrong: nothing left the house, and the error is kept."""
    with Server(says(PAID)) as server:
        answer = await perform(Broken(server.url, building=error), charge())
    assert (answer.verdict, answer.cause, answer.error) == (Verdict.NOT_SENT, cause, error)
    assert server.connections == 0


async def test_an_address_that_is_none_was_never_sent(perform: Perform) -> None:
    """A URL or a header that cannot be sent is the merchant's configuration."""
    for till in (Till("http://127.0.0.1:9/\x07"), Till("http://127.0.0.1:9/pay", {"x-name": "京东"})):
        answer = await perform(till, charge())
        assert (answer.verdict, answer.cause) == (Verdict.NOT_SENT, Cause.MERCHANT_CONFIG)


async def test_an_adapter_that_breaks_on_an_answer_proves_nothing(perform: Perform) -> None:
    """The charge may have happened, whatever our own code thought of the answer."""
    error = ZeroDivisionError()
    with Server(says(PAID)) as server:
        answer = await perform(Broken(server.url, reading=error), charge())
    assert (answer.verdict, answer.cause, answer.error) == (Verdict.UNKNOWN, Cause.UNRECOGNISED, error)


async def test_without_time_nothing_is_sent(perform: Perform) -> None:
    """No time left is proof that nothing was sent."""
    with Server(says(PAID)) as server:
        answer = await perform(Till(server.url), charge(timeout=0.0))
    assert (answer.verdict, answer.cause, server.connections) == (Verdict.NOT_SENT, Cause.TIME_UP, 0)


async def test_the_words_of_an_error_stay_out_of_the_answer(perform: Perform) -> None:
    """What an exception says may hold anything: only its class is told."""
    answer = await perform(Broken("http://127.0.0.1:9/", building=ValueError("openid oUpF8uMuAJO")), charge())
    assert answer.text == "ValueError"
    assert "oUpF8uMuAJO" not in repr(answer)


async def test_an_interrupt_is_no_answer(perform: Perform) -> None:
    """What is not an `Exception` passes through; the journal says what is in flight."""

    class Interrupted(Till):
        def request(self, operation: Operation) -> HttpRequest:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await perform(Interrupted("http://127.0.0.1:9/"), charge())

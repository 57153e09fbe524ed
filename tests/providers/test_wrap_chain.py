"""Which chains of causes prove that nothing was sent: real libraries over loopback, and the traps between them."""

from __future__ import annotations

import pickle
import socket
import ssl
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests
from faulty_server import Request, Response, Server, refusing, serving, unreachable
from urllib3.util import Retry

from payfallback._core.operations import Answer
from payfallback.providers.readers.answers import failed, words
from payfallback.taxonomy import Cause, Verdict


def of(send: Callable[[], Any], *, sends_once: bool = True) -> Answer:
    """What a failed request proves."""
    try:
        send()
    except Exception as error:  # noqa: BLE001  # the subject of the test
        return failed(error, sends_once=sends_once)
    raise AssertionError("it answered")


def post(url: str, **more: Any) -> Callable[[], Any]:
    """A charge by requests."""
    return lambda: requests.post(url, data=b"charge", timeout=0.25, **more)


# ---------------------------------------------------------------- believed


@pytest.mark.parametrize("library", [requests.post, httpx.post], ids=["requests", "httpx"])
def test_a_refused_connection(library: Callable[..., Any]) -> None:
    """Nobody listened, so nobody got it."""
    with refusing() as server:
        assert of(lambda: library(server.url, data={"a": "b"}, timeout=0.25)).verdict is Verdict.NOT_SENT


def test_a_connection_that_was_not_made_in_time() -> None:
    """A connect timeout is over before anything is sent."""
    with unreachable() as url:
        for send in (post(url), lambda: httpx.post(url, timeout=0.25)):
            answer = of(send)
            assert answer.verdict is Verdict.NOT_SENT
            assert "ConnectTimeout" in answer.text


def test_a_handshake_that_failed() -> None:
    """httpx makes no difference between no connection and no TLS: the request was not sent either way."""
    plain = Response(400, b"this is not TLS")
    with serving(lambda _: plain) as server:
        url = server.url.replace("http:", "https:")
        answer = of(lambda: httpx.post(url, timeout=0.25, verify=ssl.create_default_context()))
    assert server.received == []
    assert answer.verdict is Verdict.NOT_SENT


# ---------------------------------------------------------------- not believed


def test_only_when_the_sdk_sends_once() -> None:
    """Without the promise that it sends once, a refused connection proves nothing about earlier requests."""
    with refusing() as server:
        assert of(post(server.url), sends_once=False).verdict is Verdict.UNKNOWN


def test_a_retry_of_urllib3() -> None:
    """The first request was answered with 503, the retry refused: the history of the retries is in the frame."""
    with serving(None) as server:
        server.reply = _then_gone(server, Response(503, b""))
        session = requests.Session()
        retry = Retry(total=2, status_forcelist=[503], allowed_methods=None, backoff_factor=0)
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
        with session:
            answer = of(lambda: session.post(server.url, data=b"charge", timeout=0.25))
    assert len(server.received) == 1
    assert answer.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("library", ["requests", "httpx"])
def test_a_redirect_to_nowhere(library: str) -> None:
    """The charge was sent and answered with a redirect; that nobody listens there proves nothing about it."""
    with refusing() as nowhere, serving(lambda _: Response(307, b"", {"Location": nowhere.url})) as server:
        if library == "requests":
            answer = of(post(server.url))
        else:
            answer = of(lambda: httpx.post(server.url, follow_redirects=True, timeout=0.25))
    assert len(server.received) == 1
    assert answer.verdict is Verdict.UNKNOWN


def test_a_second_try_in_the_handler_of_the_first() -> None:
    """The merchant's own code tried another host after a lost reply: the lost reply is still in the chain."""
    with serving(None) as first, refusing() as second:

        def charge() -> None:
            try:
                post(first.url)()
            except requests.ConnectionError:
                post(second.url)()

        answer = of(charge)
    assert len(first.received) == 1
    assert answer.verdict is Verdict.UNKNOWN


def test_a_timer_of_the_first_try_below_a_connect_timeout() -> None:
    """A bare read timeout looks like the timer of a connect timeout; it is told apart by where it stands."""
    with serving("hang") as first, unreachable() as second:

        def charge() -> None:
            try:
                with socket.create_connection(("127.0.0.1", first.port), timeout=0.1) as made:
                    made.sendall(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
                    made.recv(1)
            except TimeoutError:
                post(second)()

        answer = of(charge)
    assert len(first.received) == 1
    assert answer.verdict is Verdict.UNKNOWN


def test_a_second_try_that_hides_the_first() -> None:
    """`from None` hides a cause from people, not from the chain."""
    with serving("hang") as first:

        def charge() -> None:
            try:
                post(first.url)()
            except requests.Timeout:
                raise ConnectionRefusedError(111, "the second host refused") from None

        answer = of(charge)
    assert len(first.received) == 1
    assert answer.verdict is Verdict.UNKNOWN


def test_an_exception_of_ones_own_is_not_seen_through() -> None:
    """A class that nobody knows may stand for anything, whatever caused it: write a reader for it."""
    with refusing() as server:

        def charge() -> None:
            try:
                post(server.url)()
            except requests.ConnectionError as error:
                raise RuntimeError("charge failed") from error

        assert of(charge).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        ConnectionResetError(),
        BrokenPipeError(),
        OSError(113, "No route to host"),
        requests.ConnectionError("no cause kept"),
        requests.exceptions.ProxyError(),
        httpx.ReadError("cut"),
        httpx.LocalProtocolError("HTTP/2: the server had the whole request"),
        ssl.SSLError("bad record mac"),
        ExceptionGroup("two", [ConnectionRefusedError(), TimeoutError()]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_may_have_been_sent(error: Exception) -> None:
    """Everything that can also happen to a request on its way is UNKNOWN."""
    assert failed(error, sends_once=True).verdict is Verdict.UNKNOWN


def test_a_chain_without_an_end_is_not_believed() -> None:
    """A chain that is a circle, or far too long, is read to a bound."""
    first: BaseException = ConnectionRefusedError()
    for _ in range(200):
        first, first.__context__ = ConnectionRefusedError(), first
    assert failed(first, sends_once=True).verdict is Verdict.UNKNOWN
    circle = ConnectionRefusedError()
    circle.__cause__ = other = ConnectionRefusedError()
    other.__context__ = circle
    assert failed(circle, sends_once=True).verdict is Verdict.NOT_SENT


def test_a_traceback_that_was_lost() -> None:
    """An exception that crossed a process has no frames: the class alone is left, and the promise."""
    error = pickle.loads(pickle.dumps(ConnectionRefusedError(111, "refused")))
    assert failed(error, sends_once=True).verdict is Verdict.NOT_SENT
    assert failed(error, sends_once=False).verdict is Verdict.UNKNOWN


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("余额不足，请更换支付方式", "余额不足，请更换支付方式"),
        ("openid oUpF8uMuAJO_M2pxb1Q9zNjWeS6o 无效", "openid … 无效"),
        ("call 13800138000 or zhang@shop.example", "call * or …"),
        ("Invalid API Key provided: sk_live_51Habc", "Invalid API Key provided: …"),
        (None, ""),
    ],
)
def test_a_providers_words_carry_no_numbers(text: str | None, kept: str) -> None:
    """SDKs repeat in their messages what was sent; ids, phones, addresses and keys are left out."""
    assert words(text) == kept


def test_a_cause_is_named_from_anywhere_in_the_chain() -> None:
    """A read timeout below three wrappers is still a timeout."""
    with serving("hang") as server:
        assert of(post(server.url)).cause is Cause.TIMEOUT


def _then_gone(server: Server, response: Response) -> Callable[[Request], Response]:
    def reply(_: Request) -> Response:
        server.stop_listening()
        return response

    return reply

"""The shared clients: connections kept, bounded, shared, let go of, and left behind by a child process."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import anyio
import httpx
import pytest
import respx
from exchange_servers import PAID, Server, Till, charge, hangs, says

from payfallback._runtime.exchange import AsyncExchange, Exchange
from payfallback.taxonomy import Cause, Verdict

TLS = httpx.create_ssl_context(trust_env=False)  # made once: it takes 20 ms


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    """An exchange for threads."""
    made = Exchange(tls=TLS)
    yield made
    made.close()


def test_connections_are_kept(exchange: Exchange) -> None:
    """Payments one after the other share a connection."""
    with Server(says(PAID)) as server:
        answers = [exchange.perform(Till(server.url), charge()) for _ in range(5)]
    assert {answer.verdict for answer in answers} == {Verdict.CAPTURED}
    assert (len(server.requests), server.connections) == (5, 1)


def test_a_full_pool_is_busy_and_nothing_was_sent() -> None:
    """Beyond the limit a call waits for its time and was certainly not sent."""
    exchange = Exchange(connections=1, tls=TLS)
    with Server(hangs) as server:
        first = threading.Thread(target=exchange.perform, args=(Till(server.url), charge(timeout=3.0)))
        first.start()
        while not server.requests:
            server.over.wait(0.005)
        answer = exchange.perform(Till(server.url), charge(timeout=0.1))
        first.join()
    exchange.close()
    assert (answer.verdict, answer.cause) == (Verdict.NOT_SENT, Cause.CHANNEL_BUSY)
    assert len(server.requests) == 1


def test_threads_share_one_client(exchange: Exchange) -> None:
    """However many threads begin at once, each gets its own answer."""
    together = threading.Barrier(12)
    paid: list[Verdict] = []

    def work() -> None:
        together.wait(5.0)
        paid.extend(exchange.perform(Till(server.url), charge()).verdict for _ in range(5))

    with Server(says(PAID), backlog=64) as server:
        threads = [threading.Thread(target=work) for _ in range(12)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(10.0)
    assert paid == [Verdict.CAPTURED] * 60
    assert server.connections <= 12


def test_it_can_be_closed_and_used_again(exchange: Exchange) -> None:
    """Closing lets go of connections, not of the exchange."""
    with Server(says(PAID)) as server:
        for _ in range(2):
            assert exchange.perform(Till(server.url), charge()).verdict is Verdict.CAPTURED
            exchange.close()
    assert server.connections == 2


def test_a_connection_that_the_server_closed_is_not_used_again(exchange: Exchange) -> None:
    """An idle connection that ended is noticed before the next charge is put on it."""
    with Server(says(PAID)) as server:
        port = server.port
        assert exchange.perform(Till(server.url), charge()).verdict is Verdict.CAPTURED
    answer = exchange.perform(Till(f"http://127.0.0.1:{port}/pay"), charge())
    assert (answer.verdict, answer.cause) == (Verdict.NOT_SENT, Cause.NETWORK)


def test_every_address_of_a_host_is_tried(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose first address refuses is reached at its second."""
    with Server(says(PAID)) as server:
        found = [(2, 1, 6, "", (host, server.port)) for host in ("127.0.0.2", "127.0.0.1")]
        monkeypatch.setattr("socket.getaddrinfo", lambda host, *_: found if host == "localhost" else real(host, *_))
        answer = exchange.perform(Till(f"http://localhost:{server.port}/pay"), charge())
    assert answer.verdict is Verdict.CAPTURED


def real(host: str, port: int, *_: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    """What the resolver says of an address: itself."""
    return [(2, 1, 6, "", (host, port))]


def test_the_environment_leads_no_payment_elsewhere(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment is not used."""
    with Server(says(PAID)) as server, Server(says(PAID)) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert exchange.perform(Till(server.url), charge()).verdict is Verdict.CAPTURED
    assert (len(server.requests), proxy.connections) == (1, 0)


def test_cookies_are_not_carried_from_one_payment_to_the_next(exchange: Exchange) -> None:
    """Payments share connections, no state."""
    with Server(says(PAID.replace(b"\r\n", b"\r\nSet-Cookie: session=1\r\n", 1))) as server:
        for _ in range(2):
            exchange.perform(Till(server.url), charge())
    assert b"cookie" not in server.requests[1].lower()


def test_what_is_sent_is_what_the_adapter_built(exchange: Exchange) -> None:
    """Its headers and its body; compression is not asked for."""
    with Server(says(PAID)) as server:
        exchange.perform(Till(server.url, {"Accept": "application/json", "X-Sign": "abc"}), charge())
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert (lines[0], body) == (b"post /pay http/1.1", b"charge!")
    assert {b"accept: application/json", b"x-sign: abc", b"accept-encoding: identity"} <= set(lines)


def test_respx_serves_the_http_edge(exchange: Exchange) -> None:
    """The exchange can be tested with respx, as any httpx client."""
    with respx.mock:
        respx.post("https://pay.example/v3").mock(
            side_effect=[httpx.Response(200, text="paid"), httpx.ConnectError("no"), httpx.ReadTimeout("late")]
        )
        answers = [exchange.perform(Till("https://pay.example/v3"), charge()) for _ in range(3)]
    assert [(each.verdict, each.cause) for each in answers] == [
        (Verdict.CAPTURED, None),
        (Verdict.NOT_SENT, Cause.NETWORK),
        (Verdict.UNKNOWN, Cause.TIMEOUT),
    ]


@pytest.mark.anyio
async def test_respx_serves_tasks_too() -> None:
    """The same, awaited; the request arrives whole."""
    exchange = AsyncExchange(tls=TLS)
    with respx.mock:
        route = respx.post("https://pay.example/v3").respond(200, text="paid")
        answer = await exchange.perform(Till("https://pay.example/v3"), charge())
    await exchange.aclose()
    assert (answer.verdict, route.calls.last.request.content) == (Verdict.CAPTURED, b"charge!")


@pytest.mark.parametrize(
    ("told", "waited"),
    [("7", 7.0), ("Wed, 11 Nov 2026 15:51:30 GMT", 90.0), ("soon", None), ("nan", None), ("-3", 0.0)],
)
def test_retry_after_is_read(exchange: Exchange, told: str, waited: float | None) -> None:
    """Seconds, or a date held against the provider's own clock."""
    text = f"HTTP/1.1 429 Too Many\r\nDate: Wed, 11 Nov 2026 15:50:00 GMT\r\nRetry-After: {told}\r\n"
    with Server(says(text.encode() + b"Content-Length: 0\r\n\r\n")) as server:
        assert exchange.perform(Till(server.url), charge()).retry_after == waited


@pytest.mark.parametrize("date", ["yesterday", "Wed, 99 Nov 99999999 15:50:00 GMT", ""])
def test_a_date_that_is_none_is_no_time(exchange: Exchange, date: str) -> None:
    """An unreadable clock says nothing."""
    with Server(says(f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 4\r\n\r\npaid".encode())) as server:
        assert exchange.perform(Till(server.url), charge()).provider_time is None


@pytest.mark.anyio
async def test_cancelling_a_task_is_no_answer() -> None:
    """Whoever cancels gets the cancellation; the connection is closed and the next call works."""
    exchange = AsyncExchange(tls=TLS)
    with Server(hangs) as server:
        with anyio.move_on_after(0.1) as scope:
            await exchange.perform(Till(server.url), charge(timeout=5.0))
        assert scope.cancelled_caught
    with Server(says(PAID)) as server:
        assert (await exchange.perform(Till(server.url), charge())).verdict is Verdict.CAPTURED
    await exchange.aclose()


@pytest.mark.anyio
async def test_tasks_share_connections() -> None:
    """Tasks side by side each get their own answer; one after the other they share a connection."""
    exchange = AsyncExchange(tls=TLS)
    paid: list[Verdict] = []

    async def pay() -> None:
        paid.append((await exchange.perform(Till(server.url), charge())).verdict)

    with Server(says(PAID), backlog=64) as server:
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(pay)
        before = server.connections
        await pay()
        await exchange.aclose()
    assert paid == [Verdict.CAPTURED] * 21
    assert server.connections == before


def test_each_event_loop_has_its_own_connections() -> None:
    """One exchange serves several event loops, one after the other and at once."""
    exchange = AsyncExchange(tls=TLS)
    verdicts: list[Verdict] = []

    async def pay() -> None:
        verdicts.append((await exchange.perform(Till(server.url), charge())).verdict)
        await exchange.aclose()

    with Server(says(PAID)) as server:
        asyncio.run(pay())
        threads = [threading.Thread(target=lambda: asyncio.run(pay())) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(10.0)
    assert verdicts == [Verdict.CAPTURED] * 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_child_process_connects_for_itself() -> None:
    """The child drops the parent's connection without ending it, also when a thread was in the middle of things."""
    program = """
import os, sys
from exchange_servers import PAID, Server, Till, charge, says
from payfallback._runtime.exchange import Exchange
from payfallback.taxonomy import Verdict
exchange = Exchange()
with Server(says(PAID)) as server:
    paid = lambda: exchange.perform(Till(server.url), charge()).verdict is Verdict.CAPTURED
    assert paid() and server.connections == 1
    exchange._lock.acquire()  # as if another thread were opening the client
    child = os.fork()
    if child == 0:
        os._exit(0 if paid() else 9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    exchange._lock.release()
    assert paid() and server.connections == 2, server.connections
    exchange.close()
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=os.path.dirname(__file__), timeout=30, check=False)
    assert done.returncode == 0

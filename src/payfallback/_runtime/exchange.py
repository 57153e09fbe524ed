"""The exchange with a provider behind HTTP: one shared httpx client for threads, one per event loop for tasks.

No redirects, no retries, no cookies, nothing from the environment: a variable of the shell must not be able to lead
payments through a proxy, add credentials from a .netrc or replace the trusted authorities. TLS is always verified.
A call is over after `operation.timeout` seconds, however slowly the server sends.
"""

from __future__ import annotations

import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy
from threading import Lock

import anyio
import httpx
from anyio.lowlevel import RunVar

from payfallback._core.operations import Answer, Operation
from payfallback._runtime.exchange_call import Call, out_of_time
from payfallback._runtime.exchange_transport import AsyncTransport, Transport
from payfallback._runtime.forks import renew_after_fork
from payfallback._runtime.provider_call import provider_call
from payfallback.errors import ConfigError
from payfallback.ports import Wire

CONNECTIONS = 400  # at a time, all providers together: ten channels of the default `max_in_flight`
LOOPS = 32  # clients kept for event loops; a process that goes through more drops the oldest
GRACE = 0.05  # seconds after the deadline at which a task is torn out of whatever still holds it


def _no_cookies() -> CookieJar:
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


class _Tls:
    """One TLS context for all clients of an exchange, made on first use, which takes 20 ms and more."""

    def __init__(self, given: ssl.SSLContext | None) -> None:
        if given is not None and (given.verify_mode is not ssl.CERT_REQUIRED or not given.check_hostname):
            raise ConfigError(
                "this TLS context does not verify the provider",
                hint="set verify_mode to CERT_REQUIRED and check_hostname to True",
            )
        self._context = given

    def context(self) -> ssl.SSLContext:
        """The context given, or one that trusts what certifi trusts."""
        if self._context is None:
            self._context = httpx.create_ssl_context(trust_env=False)
        return self._context


class Exchange:
    """Exchanges for threads. Made before a fork or a thread, it connects on first use; a child makes its own client.

    `connections` bounds all providers together; `tls` replaces the default context, for authorities or client
    certificates of one's own. Raises `ConfigError` for a context that does not verify.
    """

    def __init__(self, *, connections: int = CONNECTIONS, tls: ssl.SSLContext | None = None) -> None:
        self._connections = connections
        self._tls = _Tls(tls)
        self._lock = Lock()
        self._client: httpx.Client | None = None
        renew_after_fork(self)

    def after_fork(self) -> None:
        """The connections are the parent's: dropped, not closed. The child's own copies of the sockets go with them."""
        self._lock = Lock()
        self._client = None

    def perform(self, provider: Wire, operation: Operation) -> Answer:
        """Build the request, send it, read the response. Never raises an `Exception`: `Answer.error` keeps it."""
        if operation.timeout <= 0.0:
            return out_of_time()
        call = Call(provider, operation)
        with provider_call(call.failed) as told:
            client = self._shared()
            response = client.send(call.built(), stream=True)
            try:
                call.begun(response)
                for piece in response.iter_raw():
                    call.took(piece)
            finally:
                response.close()
            told.answer = call.answered(response)
        return told.answer

    def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _shared(self) -> httpx.Client:
        client = self._client
        if client is not None:
            return client
        with self._lock:
            if self._client is None:
                transport = Transport(self._tls.context(), self._connections)
                self._client = httpx.Client(transport=transport, trust_env=False, cookies=_no_cookies())
            return self._client


class AsyncExchange:
    """The same for tasks, on asyncio and trio: one client per event loop, since connections belong to their loop."""

    def __init__(self, *, connections: int = CONNECTIONS, tls: ssl.SSLContext | None = None) -> None:
        self._connections = connections
        self._tls = _Tls(tls)
        self._lock = Lock()
        self._loop: RunVar[object] = RunVar("payfallback.loop")
        self._clients: dict[object, httpx.AsyncClient] = {}
        renew_after_fork(self)

    def after_fork(self) -> None:
        """The loops and their connections are the parent's."""
        self._lock = Lock()
        self._clients = {}

    async def perform(self, provider: Wire, operation: Operation) -> Answer:
        """Build the request, send it, read the response. Never raises an `Exception`; cancellation passes through."""
        if operation.timeout <= 0.0:
            return out_of_time()
        call = Call(provider, operation)
        with provider_call(call.failed) as told:
            client = self._shared()
            request = call.built()
            with anyio.move_on_after(max(0.0, call.left) + GRACE) as scope:
                response = await client.send(request, stream=True)
                try:
                    call.begun(response)
                    async for piece in response.aiter_raw():
                        call.took(piece)
                finally:
                    await response.aclose()
                told.answer = call.answered(response)
            if scope.cancelled_caught:
                raise TimeoutError
        return told.answer

    async def aclose(self) -> None:
        """Close this event loop's connections. A later call opens new ones."""
        with self._lock:
            client = self._clients.pop(self._loop.get(None), None)
        if client is not None:
            await client.aclose()

    def _shared(self) -> httpx.AsyncClient:
        loop = self._loop.get(None)
        if loop is None:
            loop = object()
            self._loop.set(loop)
        client = self._clients.get(loop)
        if client is None:
            transport = AsyncTransport(self._tls.context(), self._connections)
            client = httpx.AsyncClient(transport=transport, trust_env=False, cookies=_no_cookies())
            with self._lock:
                while len(self._clients) >= LOOPS:
                    del self._clients[next(iter(self._clients))]
                self._clients[loop] = client
        return client

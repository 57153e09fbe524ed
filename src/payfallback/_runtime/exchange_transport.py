"""httpx's transports over httpcore's pools with deadlines: what a client of ours sends through.

One attempt, no proxy, HTTP/1.1. httpcore's exceptions become httpx's of the same name.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpcore
import httpx

from payfallback._runtime.exchange_deadline import AsyncDeadlineBackend, DeadlineBackend

KEEP_ALIVE = 4.0  # seconds an idle connection is kept: below the 5 s after which common servers close it under us

_TRANSLATED: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.ReadTimeout, httpx.ReadTimeout),
    (httpcore.WriteTimeout, httpx.WriteTimeout),
    (httpcore.PoolTimeout, httpx.PoolTimeout),
    (httpcore.TimeoutException, httpx.TimeoutException),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.NetworkError, httpx.NetworkError),
    (httpcore.ProxyError, httpx.ProxyError),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
    (httpcore.ProtocolError, httpx.ProtocolError),
)
_KNOWN = tuple(theirs for theirs, _ in _TRANSLATED)


@contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except _KNOWN as error:
        ours = next(ours for theirs, ours in _TRANSLATED if isinstance(error, theirs))
        raise ours(str(error)) from error


class _Content(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A request's body in one piece. Not an async generator: trio complains of one that a timeout leaves unfinished."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._body,))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Pieces(self._body)


class _Pieces:
    def __init__(self, *pieces: bytes) -> None:
        self._pieces = iter(pieces)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


def _outgoing(request: httpx.Request) -> httpcore.Request:
    url = httpcore.URL(
        scheme=request.url.raw_scheme,
        host=request.url.raw_host,
        port=request.url.port,
        target=request.url.raw_path,
    )
    return httpcore.Request(
        request.method,
        url,
        headers=request.headers.raw,
        content=_Content(request.content),
        extensions=request.extensions,
    )


def _pool(tls: ssl.SSLContext, connections: int) -> dict[str, Any]:
    return {
        "ssl_context": tls,
        "max_connections": connections,
        "max_keepalive_connections": connections,
        "keepalive_expiry": KEEP_ALIVE,
        "http1": True,
        "http2": False,
        "retries": 0,
    }


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._stream

    def close(self) -> None:
        self._stream.close()


class Transport(httpx.BaseTransport):
    """For `httpx.Client`."""

    def __init__(self, tls: ssl.SSLContext, connections: int) -> None:
        self._backend = DeadlineBackend()
        self._connections = httpcore.ConnectionPool(network_backend=self._backend, **_pool(tls, connections))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the body of the response is still to be read."""
        with _as_httpx():
            response = self._connections.handle_request(_outgoing(request))
        stream = cast("Iterable[bytes]", response.stream)  # httpcore's type allows for the other half's streams too
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(stream), extensions=response.extensions
        )

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()
        self._backend.close()


class _AsyncBody(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


class AsyncTransport(httpx.AsyncBaseTransport):
    """For `httpx.AsyncClient`."""

    def __init__(self, tls: ssl.SSLContext, connections: int) -> None:
        pool = _pool(tls, connections)
        self._connections = httpcore.AsyncConnectionPool(network_backend=AsyncDeadlineBackend(), **pool)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the body of the response is still to be read."""
        with _as_httpx():
            response = await self._connections.handle_async_request(_outgoing(request))
        stream = cast("AsyncIterable[bytes]", response.stream)
        return httpx.Response(
            response.status, headers=response.headers, stream=_AsyncBody(stream), extensions=response.extensions
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._connections.aclose()

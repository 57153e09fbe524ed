"""Sockets that know when a call must be over and how much it may bring: a server that drips or floods cannot hold it.

httpx's timeouts are for one read or write each: a server that sends a byte now and then is waited for without end.
Here the numbers in a request's `timeout` extension are not durations but one instant of `time.monotonic()`, the
deadline; these network backends, which httpcore's pools take, turn it into what is left at each operation. The size
is bounded here too, since an exception raised under httpx's async generators closes all of them, and a loop over them
that is left early closes none.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from time import monotonic
from typing import Any

import httpcore

LARGEST_RESPONSE = 1024 * 1024 + 64 * 1024  # bytes on the wire: status line, headers and body
SEGMENT = 16 * 1024  # bytes written between two looks at the clock
RESOLVERS = 4  # names looked up at a time; more wait for their turn

_Options = Iterable[httpcore.SOCKET_OPTION] | None


class Unreadable(Exception):
    """The response is larger than any provider's, or in an encoding that was not asked for."""


class _Received:
    """Bytes of the response under way. A connection serves one call at a time, told apart by its deadline."""

    __slots__ = ("_bytes", "_deadline")

    def __init__(self) -> None:
        self._bytes = 0
        self._deadline: float | None = None

    def more(self, deadline: float | None, data: bytes) -> bytes:
        """Count what came in. Raises `Unreadable` when it is too much."""
        if deadline != self._deadline:
            self._deadline, self._bytes = deadline, 0
        self._bytes += len(data)
        if self._bytes > LARGEST_RESPONSE:
            raise Unreadable("response too large")
        return data


def _left(deadline: float | None, late: type[httpcore.TimeoutException]) -> float | None:
    """Seconds until the deadline. Raises `late` when it has passed."""
    if deadline is None:
        return None
    left = deadline - monotonic()
    if left <= 0.0:
        raise late("the call's time is up")
    return left


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose `timeout` parameters are instants."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._received = _Received()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, before the instant `timeout`."""
        data = self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))
        return self._received.more(timeout, data)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it, before the instant `timeout`."""
        for start in range(0, len(buffer), SEGMENT):
            self._stream.write(buffer[start : start + SEGMENT], _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Shake hands, before the instant `timeout`."""
        left = _left(timeout, httpcore.ConnectTimeout)
        return DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        """What the connection underneath knows."""
        return self._stream.get_extra_info(info)


class DeadlineBackend(httpcore.NetworkBackend):
    """Connections for threads. Names are looked up in threads of its own: `getaddrinfo` knows no timeout."""

    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()
        self._resolvers = ThreadPoolExecutor(RESOLVERS, "payfallback-resolver")

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _Options = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the host's addresses that answers, before the instant `timeout`.

        Each address gets an equal part of what is left, so that a dead one does not use up the time of the others.
        """
        addresses = self._addresses(host, port, _left(timeout, httpcore.ConnectTimeout))
        while True:
            address = addresses.pop(0)
            left = _left(timeout, httpcore.ConnectTimeout)
            part = None if left is None else left / (len(addresses) + 1)
            try:
                return DeadlineStream(self._backend.connect_tcp(address, port, part, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not addresses:
                    raise

    def _addresses(self, host: str, port: int, left: float | None) -> list[str]:
        if _is_address(host):
            return [host]
        try:
            found = self._resolvers.submit(socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM).result(left)
        except NotInTime:
            raise httpcore.ConnectTimeout("the host's name was not resolved in time") from None
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return list(dict.fromkeys(str(each[4][0]) for each in found)) or [host]

    def close(self) -> None:
        """Let go of the resolvers; a look-up that hangs is left behind."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)


def _is_address(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False


class AsyncDeadlineStream(httpcore.AsyncNetworkStream):
    """The same connection, awaited."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._received = _Received()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # httpcore's signature
        """Read what is there, before the instant `timeout`."""
        data = await self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))
        return self._received.more(timeout, data)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # httpcore's signature
        """Write all of it, before the instant `timeout`."""
        await self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        """Shake hands, before the instant `timeout`."""
        left = _left(timeout, httpcore.ConnectTimeout)
        try:
            return AsyncDeadlineStream(await self._stream.start_tls(ssl_context, server_hostname, left))
        except ssl.SSLError as error:  # older httpcores let it through on asyncio
            raise httpcore.ConnectError(str(error)) from error

    def get_extra_info(self, info: str) -> Any:
        """What the connection underneath knows."""
        return self._stream.get_extra_info(info)


class AsyncDeadlineBackend(httpcore.AsyncNetworkBackend):
    """Connections for tasks, on asyncio and trio alike."""

    def __init__(self) -> None:
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's signature
        local_address: str | None = None,
        socket_options: _Options = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to whichever of the host's addresses answers first, before the instant `timeout`."""
        left = _left(timeout, httpcore.ConnectTimeout)
        return AsyncDeadlineStream(await self._backend.connect_tcp(host, port, left, local_address, socket_options))

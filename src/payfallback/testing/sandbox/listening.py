"""A listening port of the sandbox: real sockets, uvicorn's HTTP protocol, and the means to go away and come back."""

from __future__ import annotations

import asyncio
import socket

from starlette.types import ASGIApp, Scope
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from payfallback.testing.sandbox.errors import SandboxError

BACKLOG = 1024


class Listener:
    """One application on one port of one host. Everything but `address` belongs to the event loop's thread."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._config = Config(
            app,
            log_config=None,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=60,
            h11_max_incomplete_event_size=64 * 1024,
        )
        self._state = ServerState()
        self._server: asyncio.Server | None = None
        # Bound and never listening: it keeps the port ours while nothing listens, and connecting is refused for real.
        self._reserved = _bound(host, port)
        self.host, self.port = host, self._reserved.getsockname()[1]
        self._closed = False

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://{self.host}:{self.port}"

    @property
    def refusing(self) -> bool:
        """Whether nothing listens now."""
        return self._server is None

    async def accept(self) -> None:
        """Listen (again)."""
        if self._server is None and not self._closed:
            listening = _bound(self.host, self.port)
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(lambda: _Protocol(self), sock=listening, backlog=BACKLOG)

    def refuse(self) -> None:
        """Stop listening and drop idle connections; requests under way are answered, then their connections close."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for protocol in list(self._state.connections):
            if isinstance(protocol, _Protocol) and protocol.idle:
                protocol.transport.abort()

    def close(self) -> None:
        """Stop for good, dropping everything."""
        self._closed = True
        self.refuse()
        for protocol in list(self._state.connections):
            if isinstance(protocol, _Protocol):
                protocol.transport.abort()
        self._reserved.close()

    def cut(self, scope: Scope) -> None:
        """Drop the connection of a request without a byte more."""
        for protocol in list(self._state.connections):
            if isinstance(protocol, _Protocol) and protocol.client == scope["client"]:
                protocol.transport.abort()


class _Protocol(H11Protocol):
    """uvicorn's protocol, silent in logs, that closes its connection after an answer once nothing listens."""

    def __init__(self, listener: Listener) -> None:
        super().__init__(config=listener._config, server_state=listener._state, app_state={})
        self.access_log = False
        self._listener = listener

    @property
    def idle(self) -> bool:
        """Whether no request is under way."""
        return self.cycle is None or self.cycle.response_complete

    def on_response_complete(self) -> None:
        """Called by uvicorn after each answer."""
        super().on_response_complete()
        if self._listener.refusing:
            self.transport.close()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle off only for sockets that name their protocol; without it every answer takes 40 ms
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise SandboxError(f"cannot use port {port} of {host}: {error.strerror}; give another, or 0 for any") from error
    return sock

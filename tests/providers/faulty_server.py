"""A loopback HTTP server on raw sockets that answers, or fails to, in one chosen way.

It keeps what it received, so that a test can hold "never sent" against the only one who knows.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from types import MappingProxyType
from typing import NamedTuple


class Request(NamedTuple):
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Response(NamedTuple):
    """What to answer. `last`: stop listening before answering, so that the next connection is refused."""

    status: int
    body: bytes
    headers: Mapping[str, str] = MappingProxyType({})
    last: bool = False


Reply = Callable[[Request], Response]

HTML = b"<html><body><h1>We will be right back</h1></body></html>"


def bad_gateway(_: Request) -> Response:
    """The page of a proxy whose upstream is down."""
    return Response(502, HTML, {"Content-Type": "text/html"})


def ok_html(_: Request) -> Response:
    """A captive portal or an error page that says 200."""
    return Response(200, HTML, {"Content-Type": "text/html"})


class Server:
    """Listens on 127.0.0.1. `reply` None: read the request and close (the reply is lost); "hang": never answer."""

    def __init__(self, reply: Reply | str | None) -> None:
        self.reply = reply
        self.received: list[Request] = []
        self._released = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """Where it listens, or listened."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening and let go of whoever still waits."""
        self._released.set()
        self.stop_listening()
        for thread in self._threads:
            thread.join(5)

    def stop_listening(self) -> None:
        """From here on connections are refused."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # stopped before
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            request = _read(connection)
            if request is None:
                return
            self.received.append(request)
            if self.reply == "hang":
                self._released.wait(10)
            elif callable(self.reply):
                response = self.reply(request)
                if response.last:
                    self.stop_listening()
                connection.sendall(_render(response))


def _read(connection: socket.socket) -> Request | None:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        chunk = connection.recv(65536)
        if not chunk:
            return None
        body += chunk
    method, path, _ = first.split(" ", 2)
    return Request(method, path, headers, body)


def _render(response: Response) -> bytes:
    headers = {"Content-Length": str(len(response.body)), "Connection": "close", **response.headers}
    lines = [f"HTTP/1.1 {response.status} Status", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + response.body


@contextmanager
def serving(reply: Reply | str | None) -> Iterator[Server]:
    """A server for as long as the block runs."""
    server = Server(reply)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def refusing() -> Iterator[Server]:
    """A server whose port is known and closed: every connection is refused."""
    with serving(None) as server:
        server.stop_listening()
        yield server


@contextmanager
def unreachable() -> Iterator[str]:
    """The URL of a listener whose queue is full: connecting to it takes for ever."""
    with ExitStack() as open_, socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        for _ in range(4):
            waiting = open_.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(address)
        yield f"http://127.0.0.1:{address[1]}"

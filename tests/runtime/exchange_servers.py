"""Loopback servers on raw sockets that misbehave in one chosen way, and the provider that is asked through them."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType

from payfallback._core.operations import Answer, Kind, Notice, Operation
from payfallback.model import Money, Option
from payfallback.policy import Account, Capabilities
from payfallback.ports import HttpRequest, HttpResponse
from payfallback.taxonomy import Verdict

Behaviour = Callable[["Server", socket.socket], None]

PAID = b"HTTP/1.1 200 OK\r\nDate: Wed, 11 Nov 2026 15:50:00 GMT\r\nContent-Length: 4\r\n\r\npaid"
BAD_GATEWAY = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nRetry-After: 7\r\n"
    b"Date: Wed, 11 Nov 2026 15:50:00 GMT\r\nContent-Length: 15\r\n\r\n<h1>Sorry.</h1>"
)


class Server:
    """Listens on 127.0.0.1 and does `behave` to each connection, once it has its whole request."""

    def __init__(self, behave: Behaviour, *, tls: ssl.SSLContext | None = None, backlog: int = 16) -> None:
        self._behave, self._tls = behave, tls
        self.requests: list[bytes] = []
        self.connections = 0
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5.0)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/pay"

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError), plain:
            connection = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
            self._sockets.append(connection)
            with connection:
                while self._read(connection):
                    self._behave(self, connection)

    def _read(self, connection: socket.socket) -> bool:
        got = b""
        while b"\r\n\r\n" not in got or not got.endswith(b"charge!"):
            more = connection.recv(65536)
            if not more:
                return False
            got += more
        self.requests.append(got)
        return True


def says(text: bytes) -> Behaviour:
    """Answers, and keeps the connection open."""
    return lambda _, connection: connection.sendall(text)


def says_and_closes(text: bytes) -> Behaviour:
    """Answers, and closes."""

    def behave(_: Server, connection: socket.socket) -> None:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_RDWR)

    return behave


def hangs(server: Server, _: socket.socket) -> None:
    """Never answers."""
    server.over.wait(10.0)


def drips(first: bytes, drop: bytes, *, every: float = 0.01) -> Behaviour:
    """Begins, and goes on a few bytes at a time without end."""

    def behave(server: Server, connection: socket.socket) -> None:
        connection.sendall(first)
        while not server.over.wait(every):
            connection.sendall(drop)

    return behave


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


class Till:
    """A provider behind one URL: CAPTURED when the body says `paid`, UNKNOWN for everything else."""

    account = Account(name="jd", provider="jdpay", merchant="110224535")

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = url
        self.headers = headers or {}
        self.read_responses: list[HttpResponse] = []

    def capabilities(self, product: str) -> Capabilities:
        """The defaults."""
        return Capabilities()

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """Nothing to remember."""
        return {}

    def request(self, operation: Operation) -> HttpRequest:
        """A POST of a few bytes."""
        return HttpRequest(method="POST", url=self.url, headers=self.headers, body=b"charge!")

    def read(self, operation: Operation, response: HttpResponse) -> Answer:
        """Paid, or who knows."""
        self.read_responses.append(response)
        return Answer(verdict=Verdict.CAPTURED if response.body == b"paid" else Verdict.UNKNOWN)

    def notification(self, headers: Mapping[str, str], body: bytes, query: str) -> Notice:
        """Never asked here."""
        raise AssertionError

    def acknowledge(self, handled: bool) -> tuple[int, Mapping[str, str], bytes]:
        """Never asked here."""
        raise AssertionError


def charge(timeout: float = 20.0) -> Operation:
    """One charge."""
    return Operation(
        kind=Kind.CHARGE,
        option=Option("baitiao", 12),
        product="baitiao",
        number="A100101",
        amount=Money.of("5999.00", "CNY"),
        timeout=timeout,
    )

"""A wire to PostgreSQL that can be cut: before a statement arrives, before its answer does, or not at all.

What is done to a statement is asked for by a text in it, once: `lose_answer(b"journal_sign")`.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType

from psycopg import conninfo

CHUNK = 1 << 20
READY = b"Z\x00\x00\x00\x05"  # ReadyForQuery


class Proxy:
    """Forwards connections of a loopback port to a server, until it is told otherwise. A context manager."""

    def __init__(self, url: str) -> None:
        self._given = conninfo.conninfo_to_dict(url)
        self._upstream = (str(self._given.get("host", "127.0.0.1")), int(self._given.get("port") or 5432))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._trap: tuple[str, bytes] = "", b""
        self._frozen = threading.Event()
        self._held: tuple[socket.socket, bytes] | None = None
        self._late, self._answered = b"", threading.Event()
        self.sprung = threading.Event()  # the trap has done its work
        self.connections = 0

    @property
    def url(self) -> str:
        """The server's address, through here."""
        port = self._listening.getsockname()[1]
        return conninfo.make_conninfo("", **{**self._given, "host": "127.0.0.1", "port": port})

    # ------------------------------------------------------------ traps

    def lose_answer(self, text: bytes) -> None:
        """Let the next statement with this text be carried out, and cut the wire before its answer comes back."""
        self._set("answer", text)

    def lose_request(self, text: bytes) -> None:
        """Cut the wire in place of passing the next statement with this text on."""
        self._set("request", text)

    def delay(self, text: bytes) -> None:
        """Keep the next statement with this text in the network, and cut its sender off: see `deliver`."""
        self._set("delay", text)

    def _set(self, trap: str, text: bytes) -> None:
        self.sprung.clear()
        self._trap = trap, text

    def freeze(self) -> None:
        """Pass nothing on any more, and close nothing: a network that drops packets."""
        self._frozen.set()

    def thaw(self) -> None:
        """The network is back, without the connections that it had."""
        self._frozen.clear()
        self.cut()

    def deliver(self) -> bytes:
        """Hand the delayed statement to the server now, and what the server answers to it to nobody but the test."""
        assert self._held is not None
        upstream, statement = self._held
        upstream.sendall(statement)
        assert self._answered.wait(10)
        _end(upstream)
        return self._late

    def cut(self) -> None:
        """Close every connection there is."""
        with self._lock:
            closing, self._open = self._open, []
        for each in closing:
            _end(each)

    # ------------------------------------------------------------ forwarding

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _end(self._listening)
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self.connections += 1
                try:
                    upstream = socket.create_connection(self._upstream)
                except OSError:
                    client.close()
                    continue
                with self._lock:
                    self._open += [client, upstream]
                cut = threading.Event()  # the answers of this connection are not passed on any more
                threading.Thread(target=self._requests, args=(client, upstream, cut), daemon=True).start()
                threading.Thread(target=self._answers, args=(client, upstream, cut), daemon=True).start()

    def _requests(self, client: socket.socket, upstream: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(CHUNK):
                trap, text = self._trap
                if self._frozen.is_set():
                    continue
                if not trap or text not in data:
                    upstream.sendall(data)
                    continue
                self._trap = "", b""
                if trap == "answer":
                    cut.set()
                    upstream.sendall(data)
                    continue
                if trap == "delay":
                    with self._lock:
                        self._open.remove(upstream)
                    self._held = upstream, data
                    cut.set()
                    _end(client)
                    self.sprung.set()
                    return
                self.sprung.set()
                break
            _end(client)
        _end(upstream)

    def _answers(self, client: socket.socket, upstream: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while data := upstream.recv(CHUNK):
                if self._held is not None and self._held[0] is upstream:
                    self._late += data
                    if READY in self._late:
                        self._answered.set()
                elif cut.is_set():
                    self.sprung.set()
                    break
                elif not self._frozen.is_set():
                    client.sendall(data)
        self._answered.set()
        _end(client)
        _end(upstream)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()

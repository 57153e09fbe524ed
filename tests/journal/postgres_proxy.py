"""A wire to PostgreSQL that can be cut: before a statement arrives, before its answer does, or not at all.

What is done to a statement is asked for by a text in it, once: `lose_answer(b"journal_sign")`.
"""

from __future__ import annotations

import threading

from psycopg import conninfo

from tcp_proxy import Link, TcpProxy

READY = b"Z\x00\x00\x00\x05"  # ReadyForQuery


class Proxy(TcpProxy):
    """Forwards connections of a loopback port to a server, until it is told otherwise. A context manager."""

    def __init__(self, url: str) -> None:
        self._given = conninfo.conninfo_to_dict(url)
        super().__init__((str(self._given.get("host", "127.0.0.1")), int(self._given.get("port") or 5432)))
        self._trap: tuple[str, bytes] = "", b""
        self._deaf: Link | None = None  # its answers are not passed on any more
        self._held: tuple[Link, bytes] | None = None
        self._late, self._answered = b"", threading.Event()
        self.sprung = threading.Event()  # the trap has done its work

    @property
    def url(self) -> str:
        """The server's address, through here."""
        return conninfo.make_conninfo("", **{**self._given, "host": "127.0.0.1", "port": self.port})

    # ------------------------------------------------------------ traps

    def lose_answer(self, text: bytes) -> None:
        """Let the next statement with this text be carried out, and cut the wire before its answer comes back."""
        self._set("answer", text)

    def lose_request(self, text: bytes) -> None:
        """Cut the wire in place of passing the next statement with this text on."""
        self._set("request", text)

    def keep_back(self, text: bytes) -> None:
        """Keep the next statement with this text in the network, and cut its sender off: see `deliver`."""
        self._set("keep", text)

    def _set(self, trap: str, text: bytes) -> None:
        self.sprung.clear()
        self._trap = trap, text

    def thaw(self) -> None:
        """After `silence`: the network is back, without the connections that it had."""
        self.cut()
        self.heal()

    def deliver(self) -> bytes:
        """Hand the statement that was kept to the server now, and its answer to nobody but the test."""
        assert self._held is not None
        link, statement = self._held
        link.upstream.sendall(statement)
        assert self._answered.wait(10)
        link.end()
        return self._late

    # ------------------------------------------------------------ what passes

    def on_request(self, link: Link, data: bytes) -> bool:
        """Pass a piece on, unless it springs the trap."""
        trap, text = self._trap
        if not trap or text not in data:
            return super().on_request(link, data)
        self._trap = "", b""
        if trap == "answer":
            self._deaf = link
            return super().on_request(link, data)
        if trap == "keep":
            self._held = link, data
            link.leave_client()
        else:
            link.end()
        self.sprung.set()
        return False

    def on_answer(self, link: Link, data: bytes) -> bool:
        """Pass a piece on, unless somebody is not to hear it."""
        if self._held is not None and self._held[0] is link:
            self._late += data
            if READY in self._late:
                self._answered.set()
            return True
        if self._deaf is link:
            self.sprung.set()
            return False
        return super().on_answer(link, data)

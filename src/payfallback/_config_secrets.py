"""`${env:NAME}` and `${file:path}`: the only ways a secret enters a configuration. Values never reach an error."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from pathlib import Path

REFERENCE = re.compile(r"\$\{(?P<kind>[A-Za-z]+):(?P<name>[^{}]+)\}")
_MOST = 64 * 1024


class Unresolved(Exception):  # never leaves the configuration: it becomes a Problem
    """A reference that leads nowhere. `message` names the variable or file, never a value."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Resolver:
    """Reads references of one configuration file. `folder`: what `${file:…}` is relative to.

    `loose`: references to secret files that every user of the machine can read, with the file's name.
    """

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self._environ = environ
        self._folder = folder
        self.loose: dict[str, str] = {}

    def secret(self, reference: str) -> str:
        """The value behind one whole reference; a file that others can read is remembered in `loose`."""
        found = REFERENCE.fullmatch(reference)
        if found is None:
            raise Unresolved("not a reference", "write ${env:NAME} or ${file:path}")
        if found["kind"] == "file" and self._readable_by_all(found["name"]):
            self.loose[reference] = found["name"]
        return self._resolve(found)

    def text(self, text: str) -> str:
        """The text with every reference in it replaced."""
        return REFERENCE.sub(self._resolve, text)

    def _resolve(self, found: re.Match[str]) -> str:
        kind, name = found["kind"], found["name"].strip()
        if kind == "env":
            return self._variable(name)
        if kind == "file":
            return self._file(name)
        raise Unresolved(f"${{{kind}:…}} is not known", "write ${env:NAME} or ${file:path}")

    def _variable(self, name: str) -> str:
        value = self._environ.get(name, "").strip()
        if not value:
            raise Unresolved(f"environment variable {name} is not set", f"set {name} before the shop starts")
        return value

    def _file(self, name: str) -> str:
        path = self._folder / name
        try:
            with path.open("rb") as file:
                content = file.read(_MOST + 1)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "not a path"
            raise Unresolved(f"cannot read file {name!r}: {why}", f"looked for {path}") from None
        if len(content) > _MOST:
            raise Unresolved(f"file {name} is larger than {_MOST} bytes", "a key or secret is smaller")
        return _text_of(name, content)

    def _readable_by_all(self, name: str) -> bool:
        try:
            return bool((self._folder / name).stat().st_mode & stat.S_IROTH)
        except (OSError, ValueError):
            return False  # reading it says what is wrong


def _text_of(name: str, content: bytes) -> str:
    try:
        text = content.decode().strip("\r\n")
    except UnicodeDecodeError:
        raise Unresolved(f"file {name} is not text", "keys are PEM files, secrets one line of text") from None
    if not text.strip():
        raise Unresolved(f"file {name} is empty", "put the key or secret into it")
    return text

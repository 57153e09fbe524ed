"""Where each key of a TOML document stands. `tomllib` reads values and forgets lines; errors for people need them.

The scanner runs on a document that `tomllib` has accepted, so it only follows structure and checks nothing.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping

from payfallback._core.safety import Where

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?!")|'
    r"'''.*?'''(?!')|"
    r'"(?:\\.|[^"\\\n])*"|'
    r"'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]+")


def locate(text: str) -> dict[Where, int]:
    """The line, from 1, of every key, table and array element of a valid TOML document, by its path."""
    return _Scanner(text).document()


def line_of(lines: Mapping[Where, int], where: Where) -> int | None:
    """The line of a path, or of the nearest table around it: a missing key has no line of its own."""
    for length in range(len(where), 0, -1):
        if where[:length] in lines:
            return lines[where[:length]]
    return None


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self.lines: dict[Where, int] = {}
        self.tables: dict[Where, int] = {}  # the current element of each array of tables

    def document(self) -> dict[Where, int]:
        table: Where = ()
        self.skip()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip()
        return self.lines

    def skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def mark(self, path: Where, at: int | None = None) -> None:
        self.lines.setdefault(path, bisect_right(self.starts, self.at if at is None else at))

    def header(self) -> Where:
        double = self.text.startswith("[[", self.at)
        here = self.at
        self.at += 2 if double else 1
        path: Where = ()
        parts = self.key()
        for place, part in enumerate(parts, 1):
            path = (*path, part)
            self.mark(path, here)
            if double and place == len(parts):
                self.tables[path] = self.tables.get(path, -1) + 1
            if path in self.tables:
                path = (*path, self.tables[path])
                self.mark(path, here)
        self.at = self.text.index("]", self.at) + (2 if double else 1)
        return path

    def pair(self, table: Where) -> None:
        start = self.at
        path = table
        for part in self.key():
            path = (*path, part)
            self.mark(path, start)
        self.at = self.text.index("=", self.at) + 1
        self.value(path)

    def key(self) -> list[str]:
        parts = []
        while True:
            self.skip()
            parts.append(self.key_part())
            self.skip()
            if not self.text.startswith(".", self.at):
                return parts
            self.at += 1

    def key_part(self) -> str:
        bare = _BARE.match(self.text, self.at)
        if bare:
            self.at = bare.end()
            return bare.group()
        quoted = self.string()
        return str(tomllib.loads(f"key = {quoted}")["key"])

    def string(self) -> str:
        found = _STRING.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found.group()

    def value(self, path: Where) -> None:
        self.skip()
        opening = self.text[self.at]
        if opening == "[":
            self.array(path)
        elif opening == "{":
            self.inline(path)
        elif opening in "\"'":
            self.string()
        else:
            scalar = _SCALAR.match(self.text, self.at)
            self.at = scalar.end() if scalar else self.at + 1

    def array(self, path: Where) -> None:
        place = 0
        self.at += 1
        while self.another("]"):
            self.mark((*path, place))
            self.value((*path, place))
            place += 1

    def inline(self, path: Where) -> None:
        self.at += 1
        while self.another("}"):
            self.pair(path)

    def another(self, closing: str) -> bool:
        """Step to the next element of a bracket; False, and past it, when there is none."""
        self.skip()
        if self.text[self.at] == ",":
            self.at += 1
            self.skip()
        if self.text[self.at] != closing:
            return True
        self.at += 1
        return False

"""The configuration file: TOML in, frozen `Settings` out, or one error that says everything that is wrong with it.

Loads pydantic; whoever only builds a `Policy` in code never imports this module.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from payfallback._config_build import settings_of
from payfallback._config_checks import problems_between, unused
from payfallback._config_lines import line_of, locate
from payfallback._config_model import ConfigFile
from payfallback._config_problems import ConfigProblems, refuse, shape_problems
from payfallback._config_secrets import Resolver
from payfallback._config_values import AccountSettings, ChannelSettings, JournalSettings, KeySettings, Settings
from payfallback._config_words import wrong
from payfallback._core.safety import Problem, Where
from payfallback._values import changed
from payfallback.errors import ConfigError

__all__ = [
    "AccountSettings",
    "ChannelSettings",
    "ConfigProblems",
    "JournalSettings",
    "KeySettings",
    "Settings",
    "load",
]

_LARGEST = 1024 * 1024


def load(source: str | os.PathLike[str], *, environ: Mapping[str, str] | None = None) -> Settings:
    """Read a configuration: a path, or the text itself (a `str` with more than one line).

    `${env:NAME}` is looked up in `environ` (default: the process's), `${file:path}` beside the file (for a text: in
    the working directory). Raises `ConfigError` with file and line; its `problems` hold everything that is wrong.
    """
    name, text, folder = _read(source)
    document, lines = _parse(text, name)
    resolver = Resolver(os.environ if environ is None else environ, folder)
    problems = problems_between(document)
    try:
        file = ConfigFile.model_validate(document, context=resolver)
    except ValidationError as error:
        problems += shape_problems(error)
        refuse(problems, name, lines)
        raise  # a validation error always has a problem
    refuse(problems, name, lines)
    warnings = _warnings(document, resolver, lines)
    settings = settings_of(file, name, warnings, lines)
    return changed(settings, journal=changed(settings.journal, url=_beside(settings.journal.url, folder)))


def _beside(url: str, folder: Path) -> str:
    """A relative SQLite path is meant beside the file: two journals, by where each process was started, would be two
    truths about one order."""
    path = url.removeprefix("sqlite:///")
    relative = url.startswith("sqlite:///") and path and not path.startswith(("/", "?"))
    return f"sqlite:///{folder.absolute() / path}" if relative else url


def _read(source: str | os.PathLike[str]) -> tuple[str, str, Path]:
    if isinstance(source, str) and "\n" in source:
        return "configuration", source, Path()
    path = Path(source)
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        hint = "`payfallback init` writes one to start from" if isinstance(error, FileNotFoundError) else ""
        raise ConfigError(f"cannot be read: {error.strerror}", hint=hint, file=str(path)) from None
    if len(content) > _LARGEST:
        raise ConfigError(f"is larger than {_LARGEST} bytes", file=str(path))
    try:
        return str(path), content.decode("utf-8-sig"), path.parent
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8 text", hint="save it as UTF-8", file=str(path), line=line) from None


def _parse(text: str, name: str) -> tuple[dict[str, Any], dict[Where, int]]:
    try:
        return tomllib.loads(text), locate(text)
    except RecursionError:
        raise ConfigError("is nested too deeply", hint="no table here needs more than five levels", file=name) from None
    except ValueError as error:  # TOMLDecodeError, and numbers that Python does not read
        said, line = _placed(str(error), text)
        raise ConfigError(f"not valid TOML: {said}", file=name, line=line) from None


def _placed(said: str, text: str) -> tuple[str, int | None]:
    """The parser's sentence without its place, and the line."""
    if found := re.search(r"\(at line (\d+), column \d+\)", said):
        return said[: found.start()].strip(), int(found[1])
    if "(at end of document)" in said:
        return said.replace("(at end of document)", "").strip(), text.count("\n") + 1
    return said, None


def _warnings(document: Mapping[str, Any], resolver: Resolver, lines: Mapping[Where, int]) -> tuple[Problem, ...]:
    found = unused(document)
    for where, text in _every_text(document, ()):
        if text in resolver.loose:
            name = resolver.loose[text]
            found.append(wrong(where, f"every user of this machine can read {name}", f"chmod 600 {name}"))
    return tuple(changed(each, line=line_of(lines, each.where)) for each in found)


def _every_text(inside: Any, where: Where) -> Iterator[tuple[Where, str]]:
    if isinstance(inside, str):
        yield where, inside
    elif isinstance(inside, Mapping):
        for key, each in inside.items():
            yield from _every_text(each, (*where, key))
    elif isinstance(inside, list):
        for place, each in enumerate(inside):
            yield from _every_text(each, (*where, place))

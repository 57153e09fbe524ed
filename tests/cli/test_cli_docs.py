"""The pages about the command line name what there is, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from payfallback.cli.app import app

DOCS = Path(__file__).parents[2] / "docs"
SHARED = {"--config", "--json", "--help", "-h"}


def _commands(group: Any, path: str = "") -> dict[str, set[str]]:
    """Every command with its options."""
    found: dict[str, set[str]] = {}
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found |= _commands(command, f"{path}{name} ")
        else:
            options = {option for parameter in command.params for option in parameter.opts if option.startswith("-")}
            found[f"{path}{name}"] = options - SHARED
    return found


COMMANDS = _commands(typer.main.get_command(app))


def _sections() -> dict[str, str]:
    """The text about each command."""
    text = (DOCS / "command-line.md").read_text(encoding="utf-8")
    parts = re.split(r"^### `([a-z ]+?)(?: [A-Z\[][^`]*)?`$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_command_has_a_section() -> None:
    """No command is missing from the page, and none is invented."""
    assert sorted(_sections()) == sorted(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_is_explained(name: str) -> None:
    """The section of a command names its options, and no others."""
    named = set(re.findall(r"`(--[a-z-]+)", _sections()[name]))
    extra = {"--json"} if name == "demo" else {"--version"}
    assert named - extra == COMMANDS[name] or named == COMMANDS[name]


def test_on_call_types_only_what_there_is() -> None:
    """Every command and option typed on the page for people on call exists."""
    text = (DOCS / "on-call.md").read_text(encoding="utf-8")
    typed = re.findall(r"payfallback ([a-z][^`\n|]*)", text)
    assert len(typed) > 8
    for words in typed:
        name = next(each for each in sorted(COMMANDS, key=len, reverse=True) if f"{words} ".startswith(f"{each} "))
        assert set(re.findall(r"--[a-z]+", words)) <= COMMANDS[name] | SHARED

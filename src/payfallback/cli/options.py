"""The options that several commands share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST = 366 * 86400.0


def duration(text: str | float) -> float:
    """Seconds of a duration as the configuration writes it: 30s, 15m, 1h, 1d; several parts add up (1h30m).

    A default is seconds already.
    """
    if isinstance(text, float):
        return text
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)", text)
    if not parts or "".join(f"{number}{unit}" for number, unit in parts) != text:
        raise typer.BadParameter(f"{text!r} is not a duration: write 30s, 15m, 1h or 1d")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not 0 < seconds <= _LONGEST:
        raise typer.BadParameter("a duration is above zero and at most 366d")
    return seconds


ConfigFile = Annotated[
    Path,
    typer.Option("--config", metavar="FILE", envvar="PAYFALLBACK_CONFIG", help="The configuration file."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead: one object, or one a line.")]
AppObject = Annotated[
    str,
    typer.Option(
        "--app",
        metavar="MODULE:NAME",
        help="Your own Payments (or a callable that makes it), for channels that wrap your own SDK.",
    ),
]

CONFIG = Path("payfallback.toml")

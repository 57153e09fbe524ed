"""The command line. `main` is the entry point; it needs the extra `cli` (typer, rich)."""

from __future__ import annotations

import sys

from payfallback.cli.exits import WRONG

_EXTRA = ("typer", "click", "rich")


def main() -> int:
    """Run the command line over `sys.argv`. Returns the exit code; `codes.py` says what each means."""
    try:
        from payfallback.cli.app import run
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _EXTRA:
            raise
        hint = "install the extra `cli`: pip install 'payfallback[cli]'"
        print(f"payfallback: the command line needs {missing.name} ({hint})", file=sys.stderr)
        return WRONG
    return run(sys.argv[1:])

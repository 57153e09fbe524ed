"""The commands, put together. Each loads what it needs when it is called: `--help` stays fast."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from payfallback.cli import channels, codes, configuration, deliver, orders, reconcile, recover, simulate, start, status
from payfallback.cli import journal_commands as journal
from payfallback.cli.demo import command as demo

_ABOUT = """The order gets paid, once, or everyone knows exactly why not.

Exit codes: 0 fine, 1 a promise is broken, 2 wrong usage or configuration, 3 journal not reachable,
4 something needs a person."""

app = typer.Typer(
    name="payfallback",
    help=_ABOUT,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (status, orders, recover, reconcile, deliver, configuration, codes, start, demo, simulate):
    group.add_to(app)
app.add_typer(channels.app, name="channels")
app.add_typer(journal.app, name="journal")


@app.callback(invoke_without_command=True)
def _begin(version: bool = typer.Option(False, "--version", is_eager=True, help="Print the version.")) -> None:
    if version:
        from importlib.metadata import version as installed

        print(installed("payfallback"))
        raise typer.Exit


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code. Not through `Typer.__call__`, whose own tracebacks print local variables."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a yen sign never ends a command on an old terminal
    try:
        typer.main.get_command(app)(args=list(arguments), prog_name="payfallback")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0

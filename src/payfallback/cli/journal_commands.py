"""`journal`: what is done to a journal as a whole."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from payfallback.cli import say
from payfallback.cli.exits import FINE
from payfallback.cli.guard import command
from payfallback.cli.options import CONFIG, ConfigFile
from payfallback.cli.places import place_of
from payfallback.errors import ConfigError

app = typer.Typer(
    help="What is done to the journal as a whole.\n\nA SQLite journal makes and migrates itself.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _group() -> None:
    """Keeps `migrate` a command of its own while it is the only one."""


@app.command()
@command
def migrate(
    url_env: Annotated[
        str, typer.Option(metavar="NAME", help="The environment variable with the address to use instead.")
    ] = "",
    config: ConfigFile = CONFIG,
) -> int:
    """Make the schema of a PostgreSQL journal, or bring an older one forward."""
    from payfallback.journal import migrate_journal

    migrate_journal(_given(url_env) if url_env else place_of(config).journal_url)
    say.line("the journal has the schema of this version")
    return FINE


def _given(name: str) -> str:
    """The owner's address: with a password it has no place on a command line, which every user of a machine can see."""
    address = os.environ.get(name, "")
    if not address:
        raise ConfigError(f"the environment variable {name!r} is not set", hint="export it with the owner's address")
    return address

"""`journal`: what is done to a journal as a whole."""

from __future__ import annotations

from typing import Annotated

import typer

from payfallback.cli import integrity, retention, say
from payfallback.cli.exits import FINE
from payfallback.cli.guard import command
from payfallback.cli.options import CONFIG, ConfigFile
from payfallback.cli.places import given_in, place_of

app = typer.Typer(
    help="What is done to the journal as a whole.\n\nA SQLite journal makes and migrates itself.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


for group in (integrity, retention):
    group.add_to(app)


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

    migrate_journal(given_in(url_env) if url_env else place_of(config).journal_url)
    say.line("the journal has the schema of this version")
    return FINE

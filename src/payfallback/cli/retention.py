"""`journal archive` and `journal purge`: the stories of settled orders leave the journal, by age."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from payfallback.cli import say
from payfallback.cli.exits import FINE
from payfallback.cli.guard import command
from payfallback.cli.journals import opened
from payfallback.cli.options import CONFIG, AsJson, ConfigFile
from payfallback.cli.places import place_of
from payfallback.errors import ConfigError

if TYPE_CHECKING:
    from payfallback._retention.books import Books
    from payfallback._retention.going import Gone, Writes

DAYS = 400  # refunds are possible for a year, and may bounce for another month

OlderThan = Annotated[
    int, typer.Option(min=1, metavar="DAYS", help="In which nothing happened for so long (400; at least 90).")
]
Before = Annotated[str, typer.Option(metavar="DATE", help="In which nothing happened since this day (YYYY-MM-DD).")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count only; change nothing.")]
UrlEnv = Annotated[
    str, typer.Option(metavar="NAME", help="The environment variable with the address of a role that may do this.")
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(archive)
    app.command()(purge)


@command
def archive(
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="JSON lines; added to when it is there.")],
    older_than: OlderThan = DAYS,
    before: Before = "",
    dry_run: DryRun = False,
    url_env: UrlEnv = "",
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> int:
    """Write the stories of settled orders to a file, then take them out of the journal. What they came to stays."""
    from payfallback._retention.file import ArchiveFile
    from payfallback._retention.lines import line_of

    since = _since(older_than, before)
    with _books(config, url_env) as books:
        if dry_run:
            return _told(_let_go(books, since, dry=True), dry=True, as_json=as_json)
        with ArchiveFile(to) as file:
            gone = _let_go(books, since, write=lambda orders, told: file.add(line_of(each, told) for each in orders))
    return _told(gone, dry=False, as_json=as_json)


@command
def purge(
    older_than: OlderThan = DAYS,
    before: Before = "",
    dry_run: DryRun = False,
    url_env: UrlEnv = "",
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> int:
    """Take the stories of settled orders out of the journal, without keeping them. What they came to stays."""
    since = _since(older_than, before)
    with _books(config, url_env) as books:
        gone = _let_go(books, since, dry=dry_run)
    return _told(gone, dry=dry_run, as_json=as_json)


def _since(days: int, day: str) -> float:
    """Epoch seconds. Raises `ConfigError` for what is no day, and `ProgrammingError` for one that is too near: before
    an archive is made for it."""
    from payfallback.journal._rules import check_age

    now = time.time()
    since = day_of(day) if day else now - days * 86400.0
    check_age(since, now)
    return since


def day_of(text: str) -> float:
    """When a day of this machine begins, epoch seconds. Raises `ConfigError`."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").astimezone().timestamp()
    except ValueError:
        raise ConfigError(f"{text!r} is no day", hint="write it as 2026-01-31") from None


@contextmanager
def _books(config: Path, url_env: str) -> Iterator[Books]:
    """The journal, read and changed by the role that may do this."""
    from payfallback._retention.books import Books

    with opened(place_of(config), url_env=url_env) as asked:
        yield Books(asked.journal, asked.ask)


def _let_go(books: Books, before: float, *, dry: bool = False, write: Writes | None = None) -> Gone:
    from payfallback._retention.going import let_go

    return let_go(books, before, time.time(), write=write, dry=dry)


def _told(gone: Gone, *, dry: bool, as_json: bool) -> int:
    if as_json:
        say.as_json({"dry_run": dry, "gone": gone.gone, "events": gone.events, "kept": dict(gone.kept)})
        return FINE
    verb = "would be taken" if dry else "were taken"
    say.item("", f"the stories of {say.many(gone.gone, 'order')} ({say.many(gone.events, 'event')}) {verb} out")
    for why, count in gone.kept.items():
        say.item("", f"{say.many(count, 'order')} of that age stay: {why}")
    return FINE

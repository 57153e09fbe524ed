"""`journal verify` and `journal export`: is the journal whole, and all of it as JSON lines."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from payfallback.cli import say
from payfallback.cli.exits import BROKEN, FINE, PERSON
from payfallback.cli.guard import command, complain
from payfallback.cli.journals import Asked, opened
from payfallback.cli.options import CONFIG, AsJson, ConfigFile
from payfallback.cli.places import place_of
from payfallback.cli.retention import UrlEnv, day_of
from payfallback.errors import ConfigError

if TYPE_CHECKING:
    from payfallback._retention.verify import Finding


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(verify)
    app.command()(export)


# ---------------------------------------------------------------- verify


@command
def verify(
    wake: Annotated[bool, typer.Option("--wake", help="Let recovery look at orders that were forgotten.")] = False,
    url_env: UrlEnv = "",
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> int:
    """Look at every order: gaps, impossible steps, columns that differ, rows that lead nowhere, forgotten orders."""
    from payfallback._retention.books import Books
    from payfallback._retention.verify import verify as findings

    orders = damaged = wanted = 0

    def looked(count: int) -> None:
        nonlocal orders
        orders += count

    with opened(place_of(config), url_env=url_env) as asked:
        for finding in findings(Books(asked.journal, asked.ask), each=looked):
            damaged, wanted = damaged + finding.damage, wanted + (not finding.damage)
            _tell(finding, as_json=as_json)
            if wake and finding.kind == "forgotten":
                _wake(asked, finding.key)
    _conclude(orders, damaged, wanted, as_json=as_json)
    return BROKEN if damaged else PERSON if wanted else FINE


def _tell(finding: Finding, *, as_json: bool) -> None:
    if as_json:
        fields = ("kind", "order", "text", "todo", "damage")
        say.as_json({name: getattr(finding, name) for name in fields})
        return
    order = f"{finding.order}  " if finding.order else ""
    say.item(f"{finding.kind}  ", f"{order}{finding.text} -> {finding.todo}")


def _conclude(orders: int, damaged: int, wanted: int, *, as_json: bool) -> None:
    if as_json:
        say.as_json({"orders": orders, "damaged": damaged, "wanted": wanted})
        return
    found = f"{say.many(damaged, 'thing')} damaged, {say.many(wanted, 'thing')} for a person"
    say.item("", f"looked at {say.many(orders, 'order')}: " + (found if damaged or wanted else "all is whole"))


def _wake(asked: Asked, key: str) -> None:
    """Make an order due now. Like evidence, this is never fenced and decides nothing."""
    from payfallback.ports import Commit

    asked.ask(asked.journal.submit, Commit(key=key, version=None, due=time.time()))


# ---------------------------------------------------------------- export


@command
def export(
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", show_default=False, help="A new file; without it, stdout.")
    ] = None,
    since: Annotated[
        str, typer.Option(metavar="DATE", help="Only orders in which something happened since this day (YYYY-MM-DD).")
    ] = "",
    url_env: UrlEnv = "",
    config: ConfigFile = CONFIG,
) -> int:
    """Write every order as one line of JSON, with its events. Secrets are left out."""
    from payfallback._retention.books import Books
    from payfallback._retention.going import last_at, outcomes_of
    from payfallback._retention.lines import line_of

    start = day_of(since) if since else 0.0
    written = unreadable = 0
    with opened(place_of(config), url_env=url_env) as asked, _output(to) as out:
        books = Books(asked.journal, asked.ask)
        for page in books.pages():
            told = books.told([each for held in page for each in outcomes_of(held)])
            for held in page:
                if held.stored is not None and last_at(held.stored.events) < start:
                    continue
                out.write(line_of(held, told))
                written += 1
                unreadable += held.stored is None
    if to is not None:
        say.item("", f"{say.many(written, 'order')} written to {to}")
    if unreadable:
        complain(f"{say.many(unreadable, 'order')} cannot be read: `payfallback journal verify` says why")
    return BROKEN if unreadable else FINE


@contextmanager
def _output(to: Path | None) -> Iterator[TextIO]:
    """Where the lines go. A file gets its name once it is whole and on the disk; none is written over."""
    if to is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    if to.exists():
        raise ConfigError(f"{to} is there already", hint="an export writes over nothing: name another file")
    from payfallback._retention.file import sync_folder

    making = to.with_name(f".{to.name}.{os.getpid()}.new")
    try:
        with os.fdopen(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.link(making, to)
        sync_folder(to.parent)
    except OSError as error:
        raise ConfigError(f"{to} cannot be written: {error.strerror}") from None
    finally:
        making.unlink(missing_ok=True)

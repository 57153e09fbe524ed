"""`reconcile`: a provider's bill of one day, held against the journal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from payfallback.cli import say, tables
from payfallback.cli.clients import payments_of
from payfallback.cli.exits import FINE, PERSON
from payfallback.cli.guard import command
from payfallback.cli.options import CONFIG, AppObject, AsJson, ConfigFile

if TYPE_CHECKING:
    from payfallback.bills import Finding, Reconciled

SHOWN = 50  # findings that are printed; --json prints all that the report holds

_WORDS = {
    "matched": "match",
    "learned": "captures that the journal did not know: taken in as evidence",
    "refund_learned": "refunds that the journal had open: now done",
    "amount_differs": "with another amount",
    "contradicted": "in the bill before, and not confirmed by the provider since",
    "unknown": "whose number no order here has",
    "refund_unknown": "refunds that nobody here asked for",
    "missing": "captured in the journal, and not in the bill",
}


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(reconcile)


def _day(text: str | date) -> date:
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day: write 2026-11-11") from None


@command
def reconcile(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="A channel of the account whose bill it is.")],
    day: Annotated[
        date, typer.Option(parser=_day, metavar="DAY", show_default=False, help="The day of the bill: 2026-11-11.")
    ],
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The provider's own file; without it, it is fetched.")
    ] = None,
    config: ConfigFile = CONFIG,
    app: AppObject = "",
    as_json: AsJson = False,
) -> int:
    """Hold a provider's bill of one day against the journal. Exit code 4 when a person is needed."""
    with payments_of(config, app) as payments, _progress(as_json) as progress:
        report = payments.reconcile(channel, day, file, progress=progress)
    if as_json:
        say.as_json(report.to_json())
    else:
        _print(report)
    return PERSON if report.needs_person else FINE


@contextmanager
def _progress(as_json: bool) -> Iterator[Callable[[int], object]]:
    """Lines read so far, where a person is looking."""
    if as_json or not sys.stderr.isatty():
        yield lambda lines: None
        return
    yield lambda lines: print(f"\r{lines:,} lines", end="", file=sys.stderr, flush=True)
    print("\r" + " " * 20 + "\r", end="", file=sys.stderr, flush=True)


def _print(report: Reconciled) -> None:
    say.line(f"{report.channel} on {report.day}: {say.many(report.lines, 'line')} in the bill of {report.account}")
    for met, words in _WORDS.items():
        if report.counts.get(met):
            say.line(f"{report.counts[met]:>9,} {words}")
    if report.findings:
        say.line()
        tables.table(
            ("what", "number", "order", "amount", "line"), map(_row, report.findings[:SHOWN]), right=("amount", "line")
        )
    if len(report.findings) > SHOWN:
        say.line(f"and {len(report.findings) - SHOWN:,} more: --json prints them")


def _row(finding: Finding) -> tuple[str, ...]:
    line = str(finding.row) if finding.row else "-"
    amount = say.money(finding.amount.minor, finding.amount.currency)
    return finding.met, finding.refund or finding.number, finding.order_id or "-", amount, line

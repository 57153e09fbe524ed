"""`deliver`: tell the shop each outcome, at least once, under one id."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated

import typer

from payfallback.cli import say
from payfallback.cli.codes import BROKEN, FINE, INTERRUPTED
from payfallback.cli.guard import command, complain
from payfallback.cli.journals import Asked, opened
from payfallback.cli.options import CONFIG, AsJson, ConfigFile, duration
from payfallback.cli.places import place_of
from payfallback.cli.targets import Tell, target_of
from payfallback.errors import JournalUnavailable
from payfallback.results import Outcome

BATCH = 1_000  # outcomes read at a time
LONGEST_PAUSE = 60.0  # seconds between two tries at a shop that does not answer


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(deliver)


@command
def deliver(
    run: Annotated[
        str | None, typer.Option("--command", metavar="CMD", help="Reads the outcome as JSON on stdin; exit 0: told.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Takes a POST with Idempotency-Key; 2xx: told. https or loopback.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C.")] = False,
    every: Annotated[
        float, typer.Option(parser=duration, metavar="DURATION", help="How often to look, with --watch.")
    ] = "1s",  # type: ignore[assignment]  # typer parses the default as it parses what is typed
    timeout: Annotated[
        float, typer.Option(parser=duration, metavar="DURATION", help="At most so long for one outcome.")
    ] = "10s",  # type: ignore[assignment]  # as above
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> int:
    """Tell the shop each outcome until it acknowledges it. The shop makes it once, by the outcome's id."""
    with target_of(run, url, timeout) as target, opened(place_of(config)) as journal:
        if watch:
            return _watch(journal, target.tell, every, as_json)
        told, refused = _deliver(journal, target.tell, as_json)
    if as_json:
        say.as_json({"told": told, "refused": refused})
    else:
        say.line(f"{told:,} outcomes told, {refused:,} not taken")
    return BROKEN if refused else FINE


def _deliver(journal: Asked, tell: Tell, as_json: bool) -> tuple[int, int]:
    """Every outcome once: how many were taken, and how many were not."""
    told, refusals = 0, dict[str, str]()
    while True:
        waiting = [each for each in journal.undelivered(len(refusals) + BATCH) if each.id not in refusals]
        if not waiting:
            return told, len(refusals)
        for outcome in waiting:
            refusal = tell(outcome)
            _report(outcome, refusal, as_json)
            if refusal:
                refusals[outcome.id] = refusal
            else:
                journal.ask(journal.journal.delivered, outcome.id)
                told += 1


def _report(outcome: Outcome, refusal: str, as_json: bool) -> None:
    if as_json:
        fields: Mapping[str, object] = {"outcome": outcome.id, "kind": outcome.kind, "order_id": outcome.order_id}
        say.as_json({**fields, "told": not refusal, **({"refused": refusal} if refusal else {})})
    elif refusal:
        complain(f"outcome {outcome.id} was not taken: {refusal}")
    else:
        say.line(f"told {outcome.id}")


def _watch(journal: Asked, tell: Tell, every: float, as_json: bool) -> int:
    """Until Ctrl-C. A shop or a journal that does not answer is tried again after growing pauses."""
    pause = every
    try:
        while True:
            try:
                _, refused = _deliver(journal, tell, as_json)
            except JournalUnavailable as error:
                complain(str(error))
                refused = 1
            pause = min(pause * 2, max(LONGEST_PAUSE, every)) if refused else every
            time.sleep(pause)
    except KeyboardInterrupt:
        return INTERRUPTED

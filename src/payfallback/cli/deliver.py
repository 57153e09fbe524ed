"""`deliver`: tell the shop each outcome, at least once, under one id."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from payfallback.cli import say
from payfallback.cli.exits import BROKEN, FINE
from payfallback.cli.guard import command, complain, until_stopped
from payfallback.cli.journals import Asked, opened
from payfallback.cli.options import CONFIG, AsJson, ConfigFile, duration
from payfallback.cli.places import place_of
from payfallback.cli.targets import Tell, target_of
from payfallback.errors import JournalUnavailable
from payfallback.results import Outcome

BATCH = 1_000  # outcomes read at a time
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 300.0  # seconds until an outcome that was not taken is offered again, while watching


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
        float,
        typer.Option(
            parser=duration,
            metavar="DURATION",
            show_default=False,
            help="How often to look, with --watch (1s).",
        ),
    ] = 1.0,
    timeout: Annotated[
        float,
        typer.Option(
            parser=duration,
            metavar="DURATION",
            show_default=False,
            help="At most so long for one outcome (10s).",
        ),
    ] = 10.0,
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> int:
    """Tell the shop what became of its orders.

    Each outcome until the shop has taken it, at least once; the shop makes it once, by the outcome's id.
    """
    with target_of(run, url, timeout) as target, opened(place_of(config), create=watch) as journal:
        delivery = Delivery(journal, target.tell, as_json)
        if watch:
            return _watch(delivery, every)
        delivery.round()
    if as_json:
        say.as_json({"told": delivery.told, "refused": len(delivery.refused)})
    else:
        say.line(f"{say.many(delivery.told, 'outcome')} told, {len(delivery.refused):,} not taken")
    return BROKEN if delivery.refused else FINE


class Delivery:
    """Offers outcomes to a target. One that is not taken does not hold up the others; it waits, longer each time."""

    def __init__(self, journal: Asked, tell: Tell, as_json: bool) -> None:
        self._journal, self._tell, self._as_json = journal, tell, as_json
        self.told = 0
        self.refused: dict[str, tuple[float, float]] = {}  # outcome id -> not before (monotonic), and the pause after

    def round(self) -> None:
        """Offer everything that may be offered now, once. Raises `JournalUnavailable`."""
        begun = time.monotonic()
        offered: set[str] = set()
        while waiting := self._waiting(offered, begun):
            for outcome in waiting:
                offered.add(outcome.id)
                self._offer(outcome)

    def _waiting(self, offered: set[str], begun: float) -> list[Outcome]:
        kept_back = {key for key, (at, _) in self.refused.items() if at > begun}
        found = self._journal.undelivered(BATCH + len(offered | kept_back))
        return [each for each in found if each.id not in offered and each.id not in kept_back]

    def _offer(self, outcome: Outcome) -> None:
        refusal = self._tell(outcome)
        self._report(outcome, refusal)
        if refusal:
            _, pause = self.refused.get(outcome.id, (0.0, FIRST_PAUSE))
            self.refused[outcome.id] = (time.monotonic() + pause, min(pause * 2, LONGEST_PAUSE))
            return
        self._journal.ask(self._journal.journal.delivered, outcome.id)
        self.refused.pop(outcome.id, None)
        self.told += 1

    def _report(self, outcome: Outcome, refusal: str) -> None:
        if self._as_json:
            told = {"outcome": outcome.id, "kind": outcome.kind, "order_id": outcome.order_id, "told": not refusal}
            say.as_json({**told, "refused": refusal} if refusal else told)
        elif refusal:
            complain(f"outcome {outcome.id} was not taken: {refusal}")
        else:
            say.line(f"told {outcome.id}")


def _watch(delivery: Delivery, every: float) -> int:
    """Until Ctrl-C. A journal that does not answer is asked again."""

    def look() -> float:
        try:
            delivery.round()
        except JournalUnavailable as error:
            complain(str(error))
        return every

    return until_stopped(look)

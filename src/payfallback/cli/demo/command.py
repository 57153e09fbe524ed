"""The command `demo`."""

from __future__ import annotations

import secrets
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from payfallback.cli import say
from payfallback.cli.exits import BROKEN, FINE
from payfallback.cli.guard import command
from payfallback.cli.options import AsJson

if TYPE_CHECKING:
    from payfallback.cli.demo.audit import Audit
    from payfallback.cli.demo.show import Show
    from payfallback.cli.demo.stage import Stage

ORDERS = 240


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(demo)


@command
def demo(
    orders: Annotated[int, typer.Option(min=1, max=5_000, help="How many checkouts.")] = ORDERS,
    seed: Annotated[int | None, typer.Option(help="The same shoppers again.")] = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Leave configuration and journal there, to look around.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Play a few hundred checkouts through an outage.

    Baitiao goes through every kind of trouble; the sum is held against the providers' own ledger.

    Over real HTTP, through the sandbox, with Payments and AsyncPayments on one SQLite journal. It takes about half a
    minute and needs no network.
    """
    from payfallback.cli.demo.counts import Counts
    from payfallback.cli.demo.show import Show
    from payfallback.cli.demo.stage import stage

    chosen = secrets.randbelow(10**6) if seed is None else seed
    counts = Counts()
    show = Show(sys.stderr if as_json else sys.stdout, counts, orders)
    show.line(f"{orders} checkouts (--seed {chosen}), sync and async, at every provider.")
    show.line("JD Pay goes through every kind of trouble, and the others have their share.")
    with stage(counts, chosen, keep) as set_up:
        show.stage = set_up
        found = _play(set_up, show, orders, chosen)
    if keep is not None:
        show.line(f"\nkept: payfallback status --config {keep}/payfallback.toml")
    if as_json:
        say.as_json({**found.to_json(), "seconds": round(show.seconds, 2), "seed": chosen, "kept": found.kept})
    return FINE if found.kept else BROKEN


def _play(set_up: Stage, show: Show, orders: int, seed: int) -> Audit:
    from payfallback.cli.demo.buyers import buyers, shelf_of
    from payfallback.cli.demo.plan import FIRST, PHASES, beside
    from payfallback.cli.demo.settle import drawn, settle, told_story, unsettled_stories
    from payfallback.cli.demo.show import show_pending, show_sum, show_trace
    from payfallback.cli.demo.stage import OPEN_FOR
    from payfallback.cli.demo.traffic import running

    everyone = []
    policy = set_up.payments.policy
    others = [each for each in dict.fromkeys(c.account.provider for c in policy.channels.values()) if each != FIRST]
    with running(set_up) as traffic, show.playing():
        for place, crowd in buyers(orders, seed, shelf_of(policy)):
            everyone += crowd
            trouble = beside(place, others)
            show.phase(place, trouble, len(everyone))
            set_up.control.begin(PHASES[place], trouble)
            time.sleep(OPEN_FOR)  # a circuit that opened in the last phase lets one charge through again
            traffic.crowd(crowd)
        set_up.control.mend()
        show.settling()
        results = settle(set_up, everyone)
    found = drawn(set_up, everyone, results)
    show_sum(show, found, show.seconds, set_up.control.struck())
    show_pending(show, unsettled_stories(set_up, results))
    show_trace(show, told_story(set_up, results))
    return found

"""`recover`: finish what is open, with progress; or watch, and finish what becomes due."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from payfallback._tally import MOST_AT_ONCE
from payfallback.cli import say
from payfallback.cli.exits import FINE, PERSON, UNREACHABLE
from payfallback.cli.guard import command, complain, until_stopped
from payfallback.cli.journals import Asked, opened
from payfallback.cli.options import CONFIG, AppObject, AsJson, ConfigFile, duration
from payfallback.cli.pace import Pace
from payfallback.cli.places import place_of
from payfallback.errors import JournalUnavailable
from payfallback.policy import LONGEST_WITHIN

if TYPE_CHECKING:
    from payfallback.client import Payments
    from payfallback.results import Recovered

ROUND = 2.0  # seconds of one round: progress is shown at least so often
TURN = 1.0  # seconds until some of the orders that wait for the query budget have their turns
AT_ONCE = 8  # orders side by side: those at a silent provider hold up few of the others
AWAY = 30.0  # seconds that watching waits at most for a journal that is away

_COUNTS = ("looked", "settled", "refunded", "needs_person", "failed")


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(recover)


@command
def recover(
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C.")] = False,
    within: Annotated[
        float,
        typer.Option(
            parser=duration,
            metavar="DURATION",
            show_default=False,
            help="At most so long, without --watch (60s).",
        ),
    ] = 60.0,
    every: Annotated[
        float,
        typer.Option(
            parser=duration,
            metavar="DURATION",
            show_default=False,
            help="How often to look, with --watch (2s).",
        ),
    ] = 2.0,
    at_once: Annotated[
        int, typer.Option(min=1, max=MOST_AT_ONCE, help="Orders looked at side by side, on threads.", metavar="N")
    ] = AT_ONCE,
    config: ConfigFile = CONFIG,
    app: AppObject = "",
    as_json: AsJson = False,
) -> int:
    """Finish what is open: ask, close, give back. Never starts a charge."""
    from payfallback.cli.clients import payments_of

    if not app:
        with opened(place_of(config), create=watch):
            pass  # a journal that cannot be used says so before providers and keys are looked at
    with payments_of(config, app) as payments:
        told = _Told(as_json, partial(payments.recover, at_once=at_once))
        if watch:
            return _watch(every, told)
        return _once(payments, within, told)


class _Told:
    """The sum of the rounds so far, their pace, and how they are told. `recover`: one round."""

    def __init__(self, as_json: bool, recover: Callable[..., Recovered]) -> None:
        self.as_json, self.recover = as_json, recover
        self.sum = dict.fromkeys(_COUNTS, 0)
        self.pace = Pace()

    def add(self, done: Recovered, seconds: float) -> None:
        """Count a round, and how long it took."""
        for name in _COUNTS:
            self.sum[name] += getattr(done, name)
        self.pace.add(done, seconds)

    def waiting(self) -> dict[str, Any]:
        """What waits, and for how long, for JSON."""
        rest = self.pace.remaining
        return {"left": self.pace.waiting, "seconds_left": None if rest is None else round(rest, 1)}

    def rest(self, *before: str) -> str:
        """These words, then how long the rest takes, and what it waits for."""
        rest = self.pace.remaining
        about = f"about {say.span(rest)}" if rest else ""
        budget = "the query budget sets the pace" if self.pace.held else ""
        return ", ".join(filter(None, (*before, about, budget)))

    def code(self) -> int:
        """The exit code of what was seen."""
        if self.sum["failed"]:
            return UNREACHABLE
        return PERSON if self.sum["needs_person"] else FINE


# ---------------------------------------------------------------- once


def _once(payments: Payments, within: float, told: _Told) -> int:
    start = time.monotonic()
    told.pace = Pace(Asked(payments.journal).due())
    with _progress(told) as show:
        while (left := within - (time.monotonic() - start)) > 0:
            begun = time.monotonic()
            done = told.recover(within=min(ROUND, left))
            if (done.held or told.pace.held) and not done.left:  # those in line have their turns one after the other
                time.sleep(min(TURN, left))
            told.add(done, time.monotonic() - begun)
            show(done)
            if told.pace.stalled or not (done.looked or told.pace.held):
                break
    _conclude(told, time.monotonic() - start)
    return told.code()


@contextmanager
def _progress(told: _Told) -> Iterator[Callable[[Recovered], None]]:
    """How each round is shown: a bar on a terminal, a line elsewhere, an object with --json."""
    if told.as_json:
        yield lambda done: say.as_json({"round": _counts(done), **told.waiting()})
    elif sys.stdout.isatty():
        yield from _bar(told)
    else:
        say.line(f"{say.many(told.pace.waiting, 'order')} due")
        yield lambda done: _plain(done, told)


def _bar(told: _Told) -> Iterator[Callable[[Recovered], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("recovering"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rest]}"))
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task("recover", total=max(told.pace.waiting, 1), rest="")
        pace = told.pace
        yield lambda done: bar.update(
            task,
            completed=pace.looked,
            total=max(1, pace.looked + pace.waiting),
            rest=told.rest(),
        )


def _plain(done: Recovered, told: _Told) -> None:
    if done.looked or done.held:
        say.line(told.rest(f"looked at {told.pace.looked:,}", f"{told.pace.waiting:,} left"))


def _counts(done: Recovered) -> dict[str, int]:
    return {name: getattr(done, name) for name in _COUNTS}


def _conclude(told: _Told, seconds: float) -> None:
    if told.as_json:
        say.as_json({**told.sum, "left": told.pace.waiting, "seconds": round(seconds, 3)})
        return
    counts = told.sum
    say.item(
        "",
        f"looked at {say.many(counts['looked'], 'order')} in {say.span(seconds)}: {counts['settled']:,} settled, "
        f"{counts['refunded']:,} given back, {counts['needs_person']:,} need a person",
    )
    if told.pace.waiting:
        due = f"{told.pace.waiting:,} are still due"
        why = ": another worker holds them, or --within was too short"
        say.item("", told.rest(due) if told.pace.held else due + why)
    if counts["failed"]:
        complain(f"{say.many(counts['failed'], 'order')} could not be looked at: the journal did not answer")


# ---------------------------------------------------------------- watch


def _watch(every: float, told: _Told) -> int:
    """Until Ctrl-C. A journal that is away is waited for, with growing pauses."""
    if not told.as_json:
        say.line(f"looking every {say.span(every)} at what is due, until Ctrl-C")
    pause = every

    def look() -> float:
        nonlocal pause
        pause = _watched(every, pause, told)
        return pause

    return until_stopped(look)


def _watched(every: float, pause: float, told: _Told) -> float:
    """One round; the pause after it."""
    try:
        begun = time.monotonic()
        done = told.recover(within=min(max(every, ROUND), LONGEST_WITHIN))
    except JournalUnavailable as error:
        complain(str(error))
        return min(max(pause, every) * 2, max(AWAY, every))
    pause = 0.0 if done.left and done.looked else every
    told.add(done, time.monotonic() - begun + pause)
    if not (done.looked or done.held):
        return every
    if told.as_json:
        say.as_json({"at": time.time(), "round": _counts(done), **told.waiting()})
    else:
        say.line(f"{say.moment(time.time())}  looked at {done.looked:,}: {_words(done, told)}")
    return pause


def _words(done: Recovered, told: _Told) -> str:
    counts = f"{done.settled:,} settled, {done.refunded:,} given back, {done.needs_person:,} need a person"
    return told.rest(counts, f"{told.pace.waiting:,} still due")

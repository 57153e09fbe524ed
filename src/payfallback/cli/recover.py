"""`recover`: finish what is open, with progress; or watch, and finish what becomes due."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from payfallback._values import value
from payfallback.cli import say
from payfallback.cli.exits import FINE, PERSON, UNREACHABLE
from payfallback.cli.guard import command, complain, until_stopped
from payfallback.cli.journals import Asked, opened
from payfallback.cli.options import CONFIG, AppObject, AsJson, ConfigFile, duration
from payfallback.cli.places import place_of
from payfallback.errors import JournalUnavailable

if TYPE_CHECKING:
    from payfallback.client import Payments
    from payfallback.results import Recovered

ROUND = 2.0  # seconds of one round: progress is shown at least so often
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
        told = _Told(as_json)
        if watch:
            return _watch(payments, every, told)
        return _once(payments, within, told)


class _Told:
    """The sum of the rounds so far, and how they are told."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.sum = dict.fromkeys(_COUNTS, 0)
        self.left = 0

    def add(self, done: Recovered) -> None:
        """Count a round."""
        for name in _COUNTS:
            self.sum[name] += getattr(done, name)
        self.left = done.left

    def code(self) -> int:
        """The exit code of what was seen."""
        if self.sum["failed"]:
            return UNREACHABLE
        return PERSON if self.sum["needs_person"] else FINE


# ---------------------------------------------------------------- once


def _once(payments: Payments, within: float, told: _Told) -> int:
    start = time.monotonic()
    total = _due(payments)
    with _progress(total, told) as show:
        while (left := within - (time.monotonic() - start)) > 0:
            done = payments.recover(within=min(ROUND, left))
            told.add(done)
            show(_Step(done=done, looked=told.sum["looked"], seconds=time.monotonic() - start))
            if not done.looked:
                break
    _conclude(told, time.monotonic() - start)
    return told.code()


def _due(payments: Payments) -> int:
    return Asked(payments.journal).due()


@value(kw_only=True)
class _Step:
    """One round, and all of them so far."""

    done: Any
    looked: int
    seconds: float

    @property
    def remaining(self) -> float | None:
        """Seconds that the rest takes at this pace; None before there is one."""
        return self.done.left * self.seconds / self.looked if self.looked else None


@contextmanager
def _progress(total: int, told: _Told) -> Iterator[Callable[[_Step], None]]:
    """How each round is shown: a bar on a terminal, a line elsewhere, an object with --json."""
    if told.as_json:
        yield lambda step: say.as_json({"round": _counts(step.done), "left": step.done.left})
    elif sys.stdout.isatty():
        yield from _bar(total)
    else:
        say.line(f"{say.many(total, 'order')} due")
        yield _plain


def _bar(total: int) -> Iterator[Callable[[_Step], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("recovering"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task("recover", total=max(total, 1))
        yield lambda step: bar.update(task, completed=step.looked, total=max(1, step.looked + step.done.left))


def _plain(step: _Step) -> None:
    if not step.done.looked:
        return
    rest = f", about {say.span(step.remaining)}" if step.remaining and step.done.left else ""
    say.line(f"looked at {step.looked:,}, {step.done.left:,} left{rest}")


def _counts(done: Recovered) -> dict[str, int]:
    return {name: getattr(done, name) for name in _COUNTS}


def _conclude(told: _Told, seconds: float) -> None:
    if told.as_json:
        say.as_json({**told.sum, "left": told.left, "seconds": round(seconds, 3)})
        return
    counts = told.sum
    say.item(
        "",
        f"looked at {say.many(counts['looked'], 'order')} in {say.span(seconds)}: {counts['settled']:,} settled, "
        f"{counts['refunded']:,} given back, {counts['needs_person']:,} need a person",
    )
    if told.left:
        say.item("", f"{told.left:,} are still due: another worker holds them, or --within was too short")
    if counts["failed"]:
        complain(f"{say.many(counts['failed'], 'order')} could not be looked at: the journal did not answer")


# ---------------------------------------------------------------- watch


def _watch(payments: Payments, every: float, told: _Told) -> int:
    """Until Ctrl-C. A journal that is away is waited for, with growing pauses."""
    if not told.as_json:
        say.line(f"looking every {say.span(every)} at what is due, until Ctrl-C")
    pause = every

    def look() -> float:
        nonlocal pause
        pause = _watched(payments, every, pause, told)
        return pause

    return until_stopped(look)


def _watched(payments: Payments, every: float, pause: float, told: _Told) -> float:
    """One round; the pause after it."""
    try:
        done = payments.recover(within=max(every, ROUND))
    except JournalUnavailable as error:
        complain(str(error))
        return min(pause * 2, max(AWAY, every))
    told.add(done)
    if done.looked and told.as_json:
        say.as_json({"at": time.time(), "round": _counts(done), "left": done.left})
    elif done.looked:
        say.line(f"{say.moment(time.time())}  looked at {done.looked:,}: {_words(done)}")
    return every


def _words(done: Recovered) -> str:
    return (
        f"{done.settled:,} settled, {done.refunded:,} given back, {done.needs_person:,} need a person, "
        f"{done.left:,} still due"
    )

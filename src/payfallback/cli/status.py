"""`status`: what works, what does not, whose it is, and whether any money is uncertain."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import typer

from payfallback.cli import say, tables
from payfallback.cli.exits import BROKEN, FINE, PERSON
from payfallback.cli.figures import WINDOW, Figures, whose
from payfallback.cli.guard import command
from payfallback.cli.journals import MOST, opened
from payfallback.cli.options import CONFIG, AsJson, ConfigFile
from payfallback.cli.places import place_of

if TYPE_CHECKING:
    from payfallback.cli.overview import Overview

VERSION = 1
SHOWN = 3  # causes of one channel in the table
BEHIND = 60.0  # seconds after which an order that nobody looked at means that nobody recovers


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(status)


@command
def status(config: ConfigFile = CONFIG, as_json: AsJson = False) -> int:
    """Say what works, whose it is, which money is uncertain.

    From the journal alone: this process is none of the workers.
    """
    from payfallback.cli.overview import overview_of

    place = place_of(config)
    with opened(place) as journal:
        seen = overview_of(journal, place.providers, time.time())
    if as_json:
        say.as_json(_json(seen))
    else:
        _show(seen)
    if seen.money.stuck:
        return BROKEN
    return PERSON if seen.money.needs_person else FINE


def _show(seen: Overview) -> None:
    heads = ("channel", "state", "since", "paid/asked 5 min", "p95", "open", "why")
    tables.table(heads, [_row(each, seen.at) for each in seen.channels], right=("p95", "open"))
    for each in seen.channels:
        if each.stop is not None:
            say.item("stopped   ", f"{each.channel}: {_stop(each, seen.at)}")
    trouble = whose(seen.channels)
    if trouble:
        say.item("whose     ", trouble)
    say.item("money     ", _money(seen))
    say.item("shop      ", _shop(seen))
    if seen.due:
        say.item("recovery  ", _recovery(seen))
    for note in _notes(seen):
        say.item("note      ", note)


def _row(each: Figures, now: float) -> tuple[str, ...]:
    circuit = " circuit open" if each.failing and each.circuit_open is not None else ""
    since = "" if each.since is None else say.moment(each.since, now=now)
    share = f"{100 * each.paid / each.asked:.0f} % of {each.asked:,}" if each.asked else "-"
    p95 = "-" if each.p95 is None else f"{each.p95:.1f} s"
    return (each.channel, each.state + circuit, since, share, p95, f"{each.open:,}", _why(each))


def _why(each: Figures) -> str:
    """The causes, without the providers' codes, which --json has."""
    causes: Counter[str] = Counter()
    for cause, count in each.why.items():
        causes[cause.partition(" [")[0]] += count
    told = [f"{cause} {count:,}" for cause, count in causes.most_common(SHOWN)]
    return ", ".join([*told, f"passed over {each.passed_over:,}"] if each.passed_over else told)


def _stop(each: Figures, now: float) -> str:
    stop = each.stop
    if stop is None:
        return ""
    until = "until it is resumed" if stop.until is None else f"until {say.moment(stop.until, now=now)}"
    return f"{stop.reason} ({stop.actor}, {until})"


def _money(seen: Overview) -> str:
    money = seen.money
    back = " (on its way back)" if money.paid_twice and not money.stuck else ""
    parts = [_uncertain(seen), f"{money.needs_person:,} need a person", f"{money.paid_twice:,} paid twice{back}"]
    return " · ".join(parts)


def _uncertain(seen: Overview) -> str:
    money = seen.money
    if money.oldest is None:
        return "0 orders uncertain"
    age = say.span(seen.at - money.oldest)
    text = f"{say.many(money.uncertain, 'order')} uncertain, {say.sums(money.sums)}, oldest {age}"
    if money.next_look is None:
        return text
    left = money.next_look - seen.at
    return f"{text}, next look {f'in {say.span(left)}' if left > 0 else 'now'}"


def _shop(seen: Overview) -> str:
    if seen.undelivered_since is None:
        return "0 outcomes undelivered"
    age = say.span(seen.at - seen.undelivered_since)
    more = " or more" if seen.undelivered >= MOST else ""
    return f"{say.many(seen.undelivered, 'outcome', more)} undelivered, the oldest for {age}"


def _recovery(seen: Overview) -> str:
    late = 0.0 if seen.overdue is None else seen.at - seen.overdue
    behind = ": nobody recovers, start `payfallback recover --watch`" if late > BEHIND else ""
    return f"{say.many(seen.due, 'order')} due, the oldest for {say.span(late)}{behind}"


def _notes(seen: Overview) -> list[str]:
    notes = [_unlisted(each) for each in seen.channels if each.unlisted]
    if seen.unread:
        notes.append("this journal cannot list its newest orders, and has too many older ones: no figures of channels")
    if seen.sampled:
        notes.append("figures of channels are from the newest orders of these minutes only")
    if seen.cut:
        notes.append("there are more unfinished orders than were read: money and open are at least this")
    return notes


def _unlisted(each: Figures) -> str:
    told = ", ".join(f"{code} {count:,}" for code, count in list(each.unlisted.items())[:SHOWN])
    return f"{each.channel} answers what no table explains, so it is asked about: {told}"


def _json(seen: Overview) -> dict[str, Any]:
    money = seen.money
    return {
        "version": VERSION,
        "at": seen.at,
        "window_seconds": WINDOW,
        "channels": [each.to_json() for each in seen.channels],
        "whose": whose(seen.channels),
        "money": {
            "uncertain": money.uncertain,
            "sums": [{"minor": minor, "currency": name} for name, minor in sorted(money.sums.items())],
            "oldest_seconds": None if money.oldest is None else seen.at - money.oldest,
            "next_look": money.next_look,
            "needs_person": money.needs_person,
            "paid_twice": money.paid_twice,
            "paid_twice_not_returning": money.stuck,
        },
        "shop": {"undelivered": seen.undelivered, "oldest": seen.undelivered_since},
        "recovery": {"due": seen.due, "oldest": seen.overdue},
        "complete": not (seen.cut or seen.sampled or seen.unread),
    }

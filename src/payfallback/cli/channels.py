"""`channels`: stop a way to pay by hand, and let it go again. Written in the journal, so that every worker obeys."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Iterable
from typing import Annotated

import typer

from payfallback.cli import say, tables
from payfallback.cli.exits import FINE
from payfallback.cli.guard import command, complain
from payfallback.cli.journals import opened
from payfallback.cli.options import CONFIG, AsJson, ConfigFile, duration
from payfallback.cli.places import Place, place_of
from payfallback.errors import ConfigError, UnknownOption
from payfallback.ports import HealthReport, Switch

app = typer.Typer(
    help="Stop a channel by hand, or let it go again.\n\nEvery worker obeys within 2 s, and nothing half-opens it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A channel of the configuration.")]
Actor = Annotated[str, typer.Option(help="Who does it; without it, the user of this machine.")]


@app.command()
@command
def stop(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why; colleagues read it.")],
    lasts: Annotated[
        float | None,
        typer.Option("--for", parser=duration, metavar="DURATION", help="1h; without it, until it is resumed."),
    ] = None,
    actor: Actor = "",
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> int:
    """Stop new charges on a channel. What is open on it is still asked about and closed."""
    place = place_of(config)
    _check_name(name, place.providers)
    now = time.time()
    until = None if lasts is None else now + lasts
    switch = Switch(channel=name, reason=_text(reason), actor=_text(actor) or _me(), at=now, until=until)
    with opened(place) as journal:
        journal.ask(journal.journal.stop_channel, switch)
    _tell_workers(place)
    if as_json:
        say.as_json(_json(switch))
    else:
        say.line(f"{name} is stopped {_until(switch)}: every worker obeys within 2 s")
        say.line(f"it goes on with: payfallback channels resume {name} --reason …")
    return FINE


@app.command()
@command
def resume(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why; colleagues read it.")],
    actor: Actor = "",
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> int:
    """End a stop by hand. Workers may still keep away from the channel while its circuit is open."""
    place = place_of(config)
    with opened(place) as journal:
        if name not in journal.switches():
            _check_name(name, place.providers)
        was = bool(journal.ask(journal.journal.resume_channel, name, _text(actor) or _me(), _text(reason)))
    _tell_workers(place)
    if as_json:
        say.as_json({"channel": name, "was_stopped": was})
    else:
        say.line(f"{name} goes on" if was else f"{name} was not stopped")
    return FINE


@app.command("list")
@command
def list_(config: ConfigFile = CONFIG, as_json: AsJson = False) -> int:
    """List the channels and the stops that hold now."""
    place = place_of(config)
    with opened(place) as journal:
        stops = journal.switches()
    names = [*place.providers, *sorted(stops.keys() - place.providers.keys())]
    if as_json:
        for name in names:
            stop = stops.get(name)
            say.as_json({"channel": name, "provider": place.providers.get(name), "stop": stop and _json(stop)})
        return FINE
    rows = [(name, place.providers.get(name, "not in this file"), *_told(stops.get(name))) for name in names]
    tables.table(("channel", "provider", "by hand", "until", "by", "why"), rows)
    return FINE


def _tell_workers(place: Place) -> None:
    """Have workers that share health read the journal at once. They look by themselves, too: without it, it is said and
    no more."""
    if "url" not in place.health:
        return
    from payfallback.shared_health import PREFIX, open_shared_health

    try:
        store = open_shared_health(place.health["url"], prefix=place.health.get("prefix", PREFIX))
        store.exchange((), (), HealthReport(switched=True))
        store.close()
    except (ConfigError, OSError) as error:
        complain(f"shared health cannot be reached ({error}): each worker looks by itself, within 2 s of its next call")


def _told(stop: Switch | None) -> tuple[str, str, str, str]:
    if stop is None:
        return ("-", "", "", "")
    until = "resumed" if stop.until is None else say.moment(stop.until)
    return (f"STOPPED {say.moment(stop.at)}", until, stop.actor, stop.reason)


def _until(switch: Switch) -> str:
    return "until it is resumed" if switch.until is None else f"until {say.moment(switch.until)}"


def _json(switch: Switch) -> dict[str, object]:
    names = ("channel", "reason", "actor", "at", "until")
    return {name: getattr(switch, name) for name in names}


def _check_name(name: str, known: Iterable[str]) -> None:
    from payfallback._config_words import near

    if name not in known:
        raise UnknownOption(f"no channel {name!r} is configured", hint=near(name, known))


def _text(given: str) -> str:
    """One line of at most 200 characters: it is shown in tables."""
    return " ".join(given.split())[:200]


def _me() -> str:
    """Who sits here: also behind sudo."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"

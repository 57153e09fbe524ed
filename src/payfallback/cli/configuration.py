"""`check`, `explain` and `schema`: what a configuration says, before anything is started."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from payfallback.cli import say, tables
from payfallback.cli.exits import FINE, WRONG
from payfallback.cli.guard import command, complain
from payfallback.cli.options import CONFIG, AppObject, AsJson, ConfigFile
from payfallback.errors import ConfigError

if TYPE_CHECKING:
    from payfallback._check import Explanation, Report
    from payfallback._core.safety import Blocking, Problem, RouteBlocking, Step
    from payfallback.policy import Policy
    from payfallback.taxonomy import Cause


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(check)
    app.command()(explain)
    app.command()(schema)


# ---------------------------------------------------------------- check


@command
def check(
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
    journal: Annotated[
        bool, typer.Option("--journal", help="Also open the journal: open attempts whose account the file lost.")
    ] = False,
) -> int:
    """Say what is wrong with the configuration.

    Also what it assumes of providers, and how long each route can block.
    """
    report = _report(config)
    lost = _lost_accounts(config) if journal and report.ok else []
    if as_json:
        say.as_json({**report.to_json(), **({"lost_accounts": lost} if journal else {})})
    else:
        _show(report)
    for each in lost:
        complain(
            f"order {each['order_id']}: attempt {each['number']} is open at account {each['account']}, which {config} "
            "no longer has (bring the account back until it is settled: nobody else can ask about it)"
        )
    return FINE if report.ok and not lost else WRONG


def _report(config: Path) -> Report:
    from payfallback._check import check as checked
    from payfallback._check import report_of
    from payfallback._clock import SystemClock
    from payfallback.config import load

    try:
        return checked(load(config), clock=SystemClock())
    except ConfigError as error:
        return report_of(error)


def _lost_accounts(config: Path) -> list[dict[str, str]]:
    from payfallback.cli.journals import opened
    from payfallback.cli.overview import open_attempts
    from payfallback.cli.places import place_of
    from payfallback.config import load

    known = {each.account.id for each in load(config).accounts.values()}
    with opened(place_of(config)) as journal:
        return [
            {"order_id": record.order_id, "number": attempt.number, "account": attempt.account}
            for record, attempt in open_attempts(journal)
            if attempt.account not in known
        ]


def _show(report: Report) -> None:
    for problem in report.problems:
        complain(_placed(report.file, problem))
    for warning in report.warnings:
        say.item("warning  ", _placed(report.file, warning))
    if report.ok:
        say.item("ok       ", f"{report.file}: a client starts with this")
    for name in report.unchecked:
        say.item("note     ", f"channel {name}: wrapped by your own code, which this command does not see")
    for route in report.routes:
        _show_route(route)
    if not report.channels:
        return
    say.line()
    rows = [(each.name, each.product, f"{each.order_ids} characters", each.account) for each in report.channels]
    tables.table(("channel", "product", "order ids up to", "account"), rows)
    _show_assumptions(report)


def _show_assumptions(report: Report) -> None:
    """What providers do not document, each once with the channels it concerns."""
    assumed: dict[str, list[str]] = {}
    for channel in report.channels:
        for assumption in channel.assumptions:
            assumed.setdefault(assumption, []).append(channel.name)
    for assumption, names in assumed.items():
        say.item("assumed  ", f"{', '.join(names)}: {assumption}")


def _placed(file: str, problem: Problem) -> str:
    return f"{file}:{problem.line}: {problem}" if problem.line else f"{file}: {problem}"


def _show_route(route: RouteBlocking) -> None:
    say.line()
    worst = f"{_worst(route.worst)} until its last channel starts, were all before it silent"
    say.item(f"route {route.route}: ", worst)
    tables.table(("option", "left after silence", "then", "because"), [_step_row(step) for step in route.steps])


def _worst(seconds: float | None) -> str:
    return "nobody knows how long" if seconds is None else f"at most {say.span(seconds)}"


def _step_row(step: Step) -> tuple[str, str, str, str]:
    return (step.option.id, _after(step.silent), "last" if step.last else step.silent.at_deadline, step.silent.why)


def _after(blocked: Blocking) -> str:
    return "never" if blocked.seconds is None else say.span(blocked.seconds)


# ---------------------------------------------------------------- explain


@command
def explain(
    amount: Annotated[str, typer.Option(help="Major units, such as 5999.00.")],
    choice: Annotated[str | None, typer.Option(help="What the shopper clicks; without it, the route's first.")] = None,
    currency: Annotated[str, typer.Option(help="ISO 4217.")] = "CNY",
    consent: Annotated[list[str] | None, typer.Option(help="What the shopper ticks as well; may be repeated.")] = None,
    category: Annotated[list[str] | None, typer.Option(help="The order's categories; may be repeated.")] = None,
    region: Annotated[str, typer.Option(help="The order's region.")] = "",
    merchant: Annotated[str, typer.Option(help="The order's merchant.")] = "",
    attribute: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="The order's attributes.")] = None,
    config: ConfigFile = CONFIG,
    app: AppObject = "",
    as_json: AsJson = False,
) -> int:
    """Say what would be tried for an order, and why not more.

    Sends nothing.
    """
    from payfallback._check import explain as explained
    from payfallback.model import Money, Order

    order = Order(
        "EXPLAIN",
        Money.of(amount, currency),
        categories=tuple(category or ()),
        region=region,
        merchant=merchant,
        attributes=dict(map(_pair, attribute or ())),
    )
    policy = _policy(config, app)
    found = explained(policy, order, choice, consent=consent or (), now=time.time(), health=_stopped(config))
    if as_json:
        say.as_json(found.to_json())
    else:
        _tell(found, policy)
    return FINE


def _pair(text: str) -> tuple[str, str]:
    key, equals, given = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r}: write KEY=VALUE")
    return key, given


def _policy(config: Path, app: str) -> Policy:
    if app:
        from payfallback.cli.clients import payments_of

        return payments_of(config, app).policy
    from payfallback._assemble import assemble
    from payfallback._clock import SystemClock
    from payfallback.config import load

    return assemble(load(config), clock=SystemClock()).policy


def _stopped(config: Path) -> dict[str, Cause]:
    """Channels stopped by hand, where there is a journal to tell."""
    from payfallback.cli.journals import opened
    from payfallback.cli.places import place_of
    from payfallback.errors import JournalUnavailable
    from payfallback.taxonomy import Cause

    try:
        with opened(place_of(config)) as journal:
            return dict.fromkeys(journal.switches(), Cause.CHANNEL_STOPPED)
    except JournalUnavailable:
        return {}


def _tell(found: Explanation, policy: Policy) -> None:
    share = "" if found.share >= 1 else f" on {found.share:.0%} of the orders, the rest is observed"
    name = found.route or "(none matches)"
    say.item(f"route {name}, ", f"autonomy {found.autonomy}{share}, answers within {policy.within:g} s")
    for other, why in found.other_routes:
        say.item(f"  not route {other}: ", why)
    rows = [
        (str(place), each.option.id, _after(each.silent), each.silent.at_deadline, each.silent.why)
        for place, each in enumerate(found.tried, 1)
    ]
    say.line()
    tables.table(("", "would be tried", "left after silence", "then", "because"), rows)
    shown = [(each.option.id, each.shown) for each in found.tried if each.shown is not None]
    for option, blocked in shown:
        left = f"left after {_after(blocked)} ({blocked.why}), then {blocked.at_deadline}"
        say.item(f"  {option}, once shown to the shopper: ", left)
    if found.passed:
        say.line()
        passed = [(each.option.id, "yes" if each.offered else "no", each.why) for each in found.passed]
        tables.table(("not by itself", "offered", "why"), passed)


# ---------------------------------------------------------------- schema


@command
def schema(
    of: Annotated[str, typer.Argument(metavar="[config|results]", help="Whose schema.")] = "config",
    as_json: AsJson = False,
) -> int:
    """Print a JSON Schema.

    Of the configuration file, for editors; or of results, options and outcomes, for whoever reads them as JSON.
    """
    from payfallback.schema import config_schema, results_schema

    makers = {"config": config_schema, "results": results_schema}
    if of not in makers:
        raise typer.BadParameter(f"no schema of {of!r}: config or results")
    made: dict[str, Any] = makers[of]()
    if as_json:
        say.as_json(made)
    else:
        say.line(json.dumps(made, ensure_ascii=False, indent=2))
    return FINE

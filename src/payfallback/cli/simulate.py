"""`simulate`: random worlds or one named schedule on virtual time, held against the providers' own ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from payfallback.cli import say
from payfallback.cli.exits import BROKEN, FINE
from payfallback.cli.guard import command
from payfallback.cli.options import AsJson
from payfallback.errors import ConfigError

if TYPE_CHECKING:
    from payfallback.testing.simulator import Finding, Report


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(simulate)


@command
def simulate(
    ctx: typer.Context,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Where the worlds come from; the same seed, the same.")
    ] = 1,
    orders: Annotated[int, typer.Option("--orders", min=1, help="How many orders.")] = 1000,
    faults: Annotated[
        str, typer.Option("--faults", metavar="KINDS", help="Only these kinds of trouble, separated by commas.")
    ] = "",
    case: Annotated[str, typer.Option("--case", metavar="NAME", help="One named schedule instead.")] = "",
    journal: Annotated[
        str, typer.Option("--journal", metavar="KIND", help="memory, or sqlite: a real file, and slower.")
    ] = "memory",
    cases: Annotated[bool, typer.Option("--cases", help="List the named schedules.")] = False,
    steps: Annotated[bool, typer.Option("--steps", help="With a broken promise, also print every step.")] = False,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Every state of the small worlds, up to a depth, instead.")
    ] = False,
    world: Annotated[str, typer.Option("--world", metavar="NAME", help="Exhaustive: one small world only.")] = "",
    depth: Annotated[int | None, typer.Option("--depth", min=0, help="Exhaustive: how many moves.")] = None,
    troubles: Annotated[
        int | None, typer.Option("--troubles", min=0, help="Exhaustive: how many of them are troubles at most.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Simulate shops, providers, crashes and clocks, and check every promise.

    Nothing real is touched. Exit code 1 if a promise is broken: then the seed, the shortest schedule found and the
    order's story are printed.
    """
    _refuse_what_changes_nothing(ctx)
    if exhaustive:
        from payfallback.cli.exhaustive import search

        return search(world, depth, troubles, as_json=as_json)
    from payfallback.testing import simulator

    if cases:
        _list(as_json=as_json)
        return FINE
    wanted = tuple(filter(None, (word.strip() for word in faults.split(","))))
    if case:
        report = simulator.run_case(case, journal=journal)
    else:
        report = simulator.simulate(seed, orders, groups=wanted, journal=journal)
    for finding in report.findings if not as_json else ():
        _show(finding, steps=steps)
    if as_json:
        say.as_json(report.to_json())
    else:
        _sum(report)
    return BROKEN if report.violations else FINE


# What can be given with each kind of play; the last one is of random worlds.
_TAKES = {
    "exhaustive": ("world", "depth", "troubles"),
    "cases": (),
    "case": ("journal", "steps"),
    "": ("seed", "orders", "faults", "journal", "steps"),
}


def _refuse_what_changes_nothing(ctx: typer.Context) -> None:
    """Raise `ConfigError` for an option beside which another one means nothing: whoever gave it expects something."""
    given = [name for name in ctx.params if _is_given(ctx, name) and name != "as_json"]
    kind = next((name for name in _TAKES if name in given), "")
    for name in given:
        if name == kind or name in _TAKES[kind]:
            continue
        if kind:
            raise ConfigError(f"--{name} changes nothing with --{kind}", hint="leave one of them out")
        raise ConfigError(f"--{name} changes nothing without --exhaustive", hint="add it, or leave this one out")


def _is_given(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _list(*, as_json: bool) -> None:
    from payfallback.testing.simulator import CASES

    for name, case in CASES.items():
        if as_json:
            say.as_json({"case": name, "story": case.story, "schedule": [str(move) for move in case.moves]})
        else:
            say.item(f"{name:<34} ", case.story)


def _show(finding: Finding, *, steps: bool) -> None:
    for wrong in finding.wrong:
        say.item("BROKEN    ", str(wrong))
    say.line(f"again     {finding.play}")
    say.item("shop      ", str(finding.shop))
    say.line(f"schedule  {len(finding.schedule)} of {finding.length} moves are enough")
    for part in (finding.schedule, finding.story, finding.ledger, finding.steps if steps else ()):
        for each in part:
            say.line(f"  {each}")
        say.line()


def _sum(report: Report) -> None:
    years = f"{report.virtual_years:.2f} virtual years"
    say.line(f"orders      {report.orders} in {report.worlds} worlds, {years}, from seed {report.seed}")
    say.line(f"money       {report.captures} captures, {report.refunds} refunds at the providers")
    say.line(f"faults      {sum(report.faults.values())} of {len(report.faults)} kinds")
    say.line(f"speed       {report.orders_per_second:.0f} orders a second ({report.effects} effects)")
    say.line(f"for people  {report.before_a_person} orders; unresolved {report.unresolved}")
    say.line(f"violations  {report.violations}")

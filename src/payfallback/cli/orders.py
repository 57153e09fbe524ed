"""`trace` and `open`: the story of one order, and the list of those that are not settled."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from payfallback.cli import say, tables
from payfallback.cli.exits import FINE, PERSON
from payfallback.cli.guard import command
from payfallback.cli.journals import Asked, opened
from payfallback.cli.options import CONFIG, AsJson, ConfigFile
from payfallback.cli.places import place_of
from payfallback.errors import ConfigError, UnknownOrder

if TYPE_CHECKING:
    from payfallback._core.trace import Trace
    from payfallback.policy import Policy
    from payfallback.ports import Summary

SORTS = ("since", "amount", "due")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(trace)
    app.command("open")(open_)


# ---------------------------------------------------------------- trace


@command
def trace(
    text: Annotated[str, typer.Argument(help="An order id, an attempt's number, or the provider's reference.")],
    locale: Annotated[str, typer.Option(help="For the shopper's message: zh-CN or en; both without it.")] = "",
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> int:
    """Tell the story of one order.

    What was tried, what was answered, why the next step; and what to tell the shopper now.
    """
    with opened(place_of(config)) as journal:
        traces = _traces(journal, text.strip(), config)
    if not traces:
        raise UnknownOrder(
            f"no order, attempt or provider reference {text!r}", hint="is this the right journal? see --config"
        )
    for each in traces:
        if as_json:
            say.as_json(each.to_json(locale or "zh-CN"))
        else:
            _tell(each, locale)
    return PERSON if any(getattr(each.result, "needs_person", False) for each in traces) else FINE


def _traces(journal: Asked, text: str, config: Path) -> list[Trace]:
    from payfallback._core.result import result_of
    from payfallback._core.run import Run
    from payfallback._core.trace import trace_of

    env = _env(config)
    traces = []
    for key in journal.keys(text):
        stored = journal.load(key)
        if stored is not None:
            run = Run(env, key, "status", 0.0)
            run.take(stored)
            traces.append(trace_of(stored.events, result_of(run)))
    return traces


def _env(config: Path) -> Any:
    """What reading a result needs. Nothing is sent: there is no owner, no wait and nothing to keep."""
    from payfallback._clock import SystemClock
    from payfallback._core.run import Env

    return Env(
        policy=_policy(config),
        clock=SystemClock(),
        owner=lambda: "",
        backoff=lambda channel, resend: 0.0,
        peek=lambda channel: None,
        memo=lambda channel, operation: {},
    )


def _policy(config: Path) -> Policy:
    """The configured policy, which knows when a pending attempt can be left; without the secrets it needs, none."""
    from payfallback._assemble import draft_of
    from payfallback._clock import SystemClock
    from payfallback.config import load
    from payfallback.policy import Policy

    try:
        return draft_of(load(config), clock=SystemClock(), wrapped={}).assembled.policy
    except ConfigError:
        return Policy(channels={}, routes=())


def _tell(trace: Trace, locale: str) -> None:
    from payfallback.messages import LOCALES

    say.line(f"order {trace.order_id}, {trace.amount}")
    for each in trace.lines:
        say.item(f"  {say.moment(each.at)}  ", each.text)
    say.item("now  ", _standing(trace))
    for told in (locale,) if locale else LOCALES:
        say.item(f"tell the shopper ({told})  ", trace.tell_shopper(told))
        say.item(f"for support ({told})  ", trace.result.support(told))
    say.line()


def _standing(trace: Trace) -> str:
    result = trace.result
    cause = f" ({result.cause.value})" if result.cause is not None else ""
    option, number = getattr(result, "option", ""), getattr(result, "number", "")
    where = f" on {option}, number {number}" if number else ""
    settles = getattr(result, "settles_by", None)
    by = f", certain by {say.moment(settles)}" if settles is not None else ""
    person = ", a person must look" if getattr(result, "needs_person", False) else ""
    return f"{result.status}{cause}{where}{by}{person}"


# ---------------------------------------------------------------- open


@command
def open_(
    uncertain: Annotated[bool, typer.Option("--uncertain", help="Only where money may have moved.")] = False,
    sort: Annotated[
        str, typer.Option(metavar="|".join(SORTS), help="Oldest, largest, or soonest due first.")
    ] = "since",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> int:
    """List the orders that are not settled.

    Also those of which money is on its way back.
    """
    from payfallback._core.order import key_of
    from payfallback.cli.overview import open_orders, unsettled

    if sort not in SORTS:
        raise typer.BadParameter(f"cannot sort by {sort!r}: {', '.join(SORTS)}")
    now = time.time()
    with opened(place_of(config)) as journal:
        found = open_orders(journal, uncertain=uncertain, sort=sort)
        shown = [(each, journal.load(key_of(each.merchant, each.order_id))) for each in found[:limit]]
    rows = [(each, None if stored is None else stored.due) for each, stored in shown]
    for each, due in rows if as_json else ():
        say.as_json(_json(each, due, now))
    if not as_json:
        _list(rows, len(found), now)
    return PERSON if any(each.needs_person and unsettled(each) for each in found) else FINE


def _list(rows: list[tuple[Summary, float | None]], total: int, now: float) -> None:
    if not rows:
        say.line("nothing is open")
        return
    heads = ("order", "amount", "state", "for", "option", "number", "why", "next look")
    tables.table(heads, [_row(each, due, now) for each, due in rows], right=("amount",))
    if total > len(rows):
        say.line(f"and {total - len(rows):,} more (--limit)")


def _row(each: Summary, due: float | None, now: float) -> tuple[str, ...]:
    person = " PERSON" if each.needs_person else ""
    state = each.state if not each.uncertain or each.state == "uncertain" else f"{each.state}, money going back"
    look = "" if due is None else "now" if due <= now else f"in {say.span(due - now)}"
    amount = say.money(each.amount, each.currency)
    age = say.span(now - (each.since or each.opened_at))
    return (each.order_id, amount, state + person, age, each.option, each.number, each.cause, look)


def _json(each: Summary, due: float | None, now: float) -> dict[str, Any]:
    plain = {name: getattr(each, name) for name in type(each).__value_fields__}  # type: ignore[attr-defined]  # set by `value`
    return {**plain, "due": due, "open_seconds": now - (each.since or each.opened_at)}

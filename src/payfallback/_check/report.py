"""What a configuration promises before anything is started: `payfallback check`, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from payfallback._assemble import Assembled, Draft, draft_of, longest_order_id
from payfallback._config_lines import line_of
from payfallback._config_values import Settings
from payfallback._core.safety import Blocking, Problem, RouteBlocking, Step, route_blocking
from payfallback._sharing import health_of
from payfallback._values import changed, value
from payfallback.errors import ConfigError
from payfallback.journal import check_address
from payfallback.journal._sealing import seal_of
from payfallback.policy import Channel, Policy, Route
from payfallback.ports import Callables, Clock

CHECK_VERSION = 1


@value(kw_only=True)
class ChannelReport:
    """What a channel can do. `assumptions`: what its provider does not document. `order_ids`: the longest order id
    whose attempt numbers fit."""

    name: str
    account: str
    product: str
    order_ids: int
    assumptions: tuple[str, ...] = ()


@value(kw_only=True)
class Report:
    """What is wrong with a configuration, what could be better, and how long its routes can block.

    `unchecked`: channels whose callables only the shop's own code has; their steps are not in `routes`.
    """

    file: str
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    routes: tuple[RouteBlocking, ...] = ()
    channels: tuple[ChannelReport, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether a client would start with this configuration."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "version": CHECK_VERSION,
            "file": self.file,
            "ok": self.ok,
            "problems": [_problem_json(self.file, each) for each in self.problems],
            "warnings": [_problem_json(self.file, each) for each in self.warnings],
            "routes": [_route_json(each) for each in self.routes],
            "channels": [_channel_json(each) for each in self.channels],
            "unchecked": list(self.unchecked),
        }


def check(settings: Settings, *, clock: Clock, wrapped: Mapping[str, Callables] | None = None) -> Report:
    """Everything that can be said about a configuration without asking a provider. Starts and sends nothing."""
    draft = draft_of(settings, clock=clock, wrapped=wrapped or {})
    policy = draft.assembled.policy
    assembled = draft.assembled
    found = (*draft.problems, *_journal_problems(assembled.journal_url, assembled.seal), *_health_problems(assembled))
    placed = [changed(each, line=each.line or line_of(settings.lines, each.where)) for each in found]
    return Report(
        file=settings.file,
        problems=tuple(sorted(placed, key=lambda each: each.line or 0)),
        warnings=draft.assembled.warnings,
        routes=tuple(_blocking_of(draft, policy, route) for route in policy.routes),
        channels=tuple(map(_channel_report, policy.channels.values())),
        unchecked=draft.wrapped,
    )


def _journal_problems(url: str, seal: tuple[str, ...]) -> tuple[Problem, ...]:
    """Whether a journal could be opened there, with these keys; `check --journal` also opens it."""
    found: list[Problem] = []
    for key, tried in (("url", partial(check_address, url)), ("seal", partial(seal_of, seal))):
        try:
            tried()
        except ConfigError as error:
            found.append(Problem(where=("journal", key), message=error.message, hint=error.hint))
    return tuple(found)


def _health_problems(assembled: Assembled) -> tuple[Problem, ...]:
    """Whether health could be shared there: nothing is connected."""
    try:
        health_of(assembled.shared_health)
    except ConfigError as error:
        return (Problem(where=("shared_health",), message=error.message, hint=error.hint),)
    return ()


def report_of(error: ConfigError) -> Report:
    """The report of a file that cannot even be read as a configuration."""
    place = f"{error.file}:{error.line}: " if error.line else f"{error.file}: "  # each problem is printed with it
    bare = Problem(where=(), message=error.message.removeprefix(place), hint=error.hint, line=error.line)
    return Report(file=error.file or "", problems=getattr(error, "problems", (bare,)))


def _blocking_of(draft: Draft, policy: Policy, route: Route) -> RouteBlocking:
    """A route's times; nobody knows the worst one while a channel before the last is wrapped elsewhere."""
    known = route_blocking(policy, route)
    channels = [option.channel for option in route.order]
    hidden = any(name in draft.wrapped and name != channels[-1] for name in channels)
    return changed(known, worst=None) if hidden else known


def _channel_report(channel: Channel) -> ChannelReport:
    return ChannelReport(
        name=channel.name,
        account=channel.account.id,
        product=channel.product,
        order_ids=longest_order_id(channel),
        assumptions=channel.capabilities.assumptions,
    )


# ---------------------------------------------------------------- JSON


def _problem_json(file: str, problem: Problem) -> dict[str, Any]:
    return {"file": file, "line": problem.line, "message": problem.message, "hint": problem.hint}


def _channel_json(channel: ChannelReport) -> dict[str, Any]:
    return {
        "name": channel.name,
        "account": channel.account,
        "product": channel.product,
        "order_ids_up_to": channel.order_ids,
        "assumptions": list(channel.assumptions),
    }


def _route_json(route: RouteBlocking) -> dict[str, Any]:
    return {"route": route.route, "worst_seconds": route.worst, "steps": [_step_json(each) for each in route.steps]}


def _step_json(step: Step) -> dict[str, Any]:
    return {"option": step.option.id, "last": step.last, **times_json(step.silent, step.shown)}


def times_json(silent: Blocking, shown: Blocking | None) -> dict[str, Any]:
    """The two blocking times of a step."""
    return {"silent": _blocking_json(silent), "shown": None if shown is None else _blocking_json(shown)}


def _blocking_json(blocked: Blocking) -> dict[str, Any]:
    return {"seconds": blocked.seconds, "why": blocked.why, "at_deadline": blocked.at_deadline}

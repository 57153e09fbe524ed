"""What a page can offer before the click: the route's options, why the others are closed, and instalment plans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from payfallback._core.effects import Call
from payfallback._core.operations import Answer, Kind, Operation, Plan
from payfallback._core.run import Env
from payfallback.messages import shopper_text
from payfallback.model import Option, Order
from payfallback.policy import Channel, Route, attempt_number
from payfallback.ports import Callables, Provider
from payfallback.results import Options, OptionState
from payfallback.taxonomy import Cause, Verdict


class Asking:
    """One `options` call: which pre-checks to make, and what they say together with health."""

    def __init__(self, env: Env, providers: Mapping[str, Provider], order: Order, route: Route | None, within: float):
        self._env, self._providers, self._order, self._route, self._within = env, providers, order, route, within

    def calls(self) -> Iterator[Call]:
        """The instalment-plan queries, one a channel that has terms and can be asked; healthy channels only."""
        asked: set[str] = set()
        started = self._env.clock.monotonic()
        for option in self._route.order if self._route is not None else ():
            channel = self._env.policy.channels.get(option.channel)
            left = self._within - (self._env.clock.monotonic() - started)
            if channel is None or option.channel in asked or not any(channel.terms) or left <= 0.01:
                continue
            asked.add(option.channel)
            if isinstance(self._providers[option.channel], Callables) or self._env.peek(option.channel) is not None:
                continue
            yield Call(channel.name, self._operation(channel, option, left))

    def _operation(self, channel: Channel, option: Option, left: float) -> Operation:
        return Operation(
            kind=Kind.PLANS,
            option=option,
            product=channel.product,
            number=attempt_number(channel, self._order.id, 0),
            amount=self._order.amount,
            order_id=self._order.id,
            timeout=left,
            now=self._env.clock.epoch(),
        )

    def result(self, answers: Mapping[str, Answer]) -> Options:
        """The options in the route's order."""
        route = self._route
        states = tuple(self._state(option, answers) for option in route.order) if route is not None else ()
        return Options(order_id=self._order.id, options=states)

    def _state(self, option: Option, answers: Mapping[str, Answer]) -> OptionState:
        channel = self._env.policy.channels[option.channel]
        label = channel.label.get("zh-CN") or channel.label.get("en") or option.channel
        closed = self._env.peek(option.channel)
        if closed is not None:
            return self._closed(option, label, closed, "health")
        answer = answers.get(option.channel)
        told = answer is not None and (answer.verdict is Verdict.ACCEPTED or bool(answer.plans))
        if answer is None or not told or not option.terms:
            return OptionState(option=option.id, available=True, label=label, checked="provider" if told else "no")
        plan: Plan | None = next((plan for plan in answer.plans if plan.terms == option.terms), None)
        if plan is None:
            return self._closed(option, label, Cause.TERM_NOT_SUPPORTED, "provider")
        return OptionState(
            option=option.id,
            available=True,
            label=label,
            checked="provider",
            each=plan.each,
            first=plan.first,
            fee=plan.fee,
            total=plan.total,
        )

    def _closed(self, option: Option, label: str, cause: Cause, checked: str) -> OptionState:
        return OptionState(
            option=option.id,
            available=False,
            label=label,
            checked=checked,  # type: ignore[arg-type]  # "provider" or "health"
            reason=cause,
            text=shopper_text("option", cause, "zh-CN"),
        )

"""What a page can offer before the click: the route's options with their instalment plans, and why not the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from payfallback._core.effects import Load, Recall
from payfallback._core.ladder import closed_by
from payfallback._core.limits import too_small
from payfallback._core.memory import Refusal
from payfallback._core.operations import Answer, Plan
from payfallback._core.order import Attempt, key_of
from payfallback._core.recall import card_rests, remembered_cause, subjects
from payfallback._core.result import result_of
from payfallback._core.routes import obstacle, select_route
from payfallback._core.run import NOBODY, Flow, Run
from payfallback._prechecks import Checked, Prechecks
from payfallback._runtime.shared import Shared
from payfallback._values import changed
from payfallback.messages import option_label, shopper_text
from payfallback.model import Action, AppParams, ClientSecret, Money, Option, Order, Shopper
from payfallback.policy import Channel
from payfallback.results import ActionRequired, CheckedBy, Options, OptionState
from payfallback.taxonomy import Cause


class Asking:
    """One `options` call. It sends nothing but questions about plans, and decides nothing."""

    def __init__(self, shared: Shared, order: Order, shopper: Shopper | None, within: float, locale: str) -> None:
        self._shared, self._env, self._policy = shared, shared.env, shared.policy
        self._order, self._shopper, self._locale = order, shopper or NOBODY, locale
        self._now = shared.clock.epoch()
        self._route = select_route(self._policy, order, self._now)
        self._prechecks = Prechecks(shared, order, self._shopper, within)
        self._attempts: tuple[Attempt, ...] = ()
        self._open: tuple[str, Action] | None = None
        self._refusals: tuple[Refusal, ...] = ()
        self._answers: Mapping[str, Checked] = {}

    def flow(self) -> Flow:
        """Look into the journal and the memory, ask for plans, and say what can be offered. A journal that is away
        takes nothing away from the page."""
        key = key_of(self._order.merchant, self._order.id)
        self._known(key, (yield Load(key)))
        ref = self._env.hashed(self._shopper.ref) if self._shopper.ref else ""
        about = subjects(self._env, self._order.merchant, ref, self._shopper)
        found = (yield Recall(about)) if about else ()
        self._refusals = () if isinstance(found, BaseException) else tuple(found)
        ours = [option for option in (self._route.order if self._route else ()) if self._shut(option) is None]
        self._answers = yield from self._prechecks.ask(ours)
        return Options(order_id=self._order.id, options=tuple(self._states()))

    def _known(self, key: str, stored: Any) -> None:
        """The order's own attempts, and what the shopper was shown and can still pay."""
        if stored is None or isinstance(stored, BaseException):
            return
        run = Run(self._env, key, "status", 0.0)
        run.take(stored)
        if run.known.amount != self._order.amount:
            return  # a changed cart under an old id: `pay` refuses it
        self._attempts = run.known.attempts
        result = result_of(run)
        if isinstance(result, ActionRequired) and _can_be_shown(result.action):
            self._open = result.option, result.action

    # ---------------------------------------------------------------- the states

    def _states(self) -> Iterator[OptionState]:
        ours = self._route.order if self._route is not None else ()
        yield from (self._state(option) for option in ours)
        theirs = dict.fromkeys(option for route in self._policy.routes for option in route.order if option not in ours)
        for option in theirs:
            routes = [route for route in self._policy.routes if option in route.order]
            obstacles = [obstacle(route.when, self._order, self._now) for route in routes]
            told = next((each for each in obstacles if each is not Cause.NO_ROUTE), None)
            if told is not None:
                yield self._closed(option, told, "no")

    def _state(self, option: Option) -> OptionState:
        shown = self._open[1] if self._open is not None and self._open[0] == option.id else None
        shut = self._shut(option) if shown is None else None
        state = self._closed(option, *shut) if shut is not None else self._offered(option)
        return state if shown is None else changed(state, available=True, reason=None, text="", open=shown)

    def _shut(self, option: Option) -> tuple[Cause, CheckedBy] | None:
        """Why an option is not offered, whatever the provider's plans, and who says so."""
        gate = self._env.peek(option.channel)
        if gate is not None:
            return gate, "health"
        refused = closed_by(self._attempts, option)
        if refused:
            return Cause(refused), "provider"
        around = self._route is not None and self._route.shop_around_risk
        amount, refusals = self._order.amount, self._refusals
        remembered = remembered_cause(refusals, option, amount, chosen=True, around=around)
        if remembered is None and card_rests(self._env, refusals, option, self._shopper, self._now):
            remembered = Cause.REFUSED_RECENTLY
        return None if remembered is None else (remembered, "no")

    def _offered(self, option: Option) -> OptionState:
        """An option by what its provider told of plans and limits; what was not told is available and not checked."""
        asks = self._route is not None and option in self._route.always_ask
        reason = Cause.NOT_CONSENTED if asks else None
        state = OptionState(option=option.id, available=True, label=self._label(option), reason=reason)
        checked = self._answers.get(option.channel)
        if checked is None:
            return state
        small = too_small(checked.answer.limit, self._order.amount, self._policy.credit)
        if small is Cause.LIMIT_GLITCH and not checked.again:
            return changed(state, reason=small)
        if small is not None:
            return self._closed(option, small, "provider")
        if not option.terms:
            return changed(state, checked="provider")
        plan = next((plan for plan in checked.answer.plans if plan.terms == option.terms), None)
        if plan is None:
            return self._closed(option, Cause.TERM_NOT_SUPPORTED, "provider") if _lists(checked.answer) else state
        sums = {name: getattr(plan, name) for name in ("each", "first", "fee", "total")}
        return changed(state, checked="provider", fee_by=_bearer(plan, self._order.amount), **sums)

    def _closed(self, option: Option, cause: Cause, checked: CheckedBy) -> OptionState:
        return OptionState(
            option=option.id,
            available=False,
            label=self._label(option),
            checked=checked,
            reason=cause,
            text=shopper_text("option", cause, self._locale),
        )

    def _label(self, option: Option) -> str:
        channel: Channel | None = self._policy.channels.get(option.channel)
        names = channel.label if channel is not None else {}
        wanted = [self._locale, *(each for each in names if each[:2] == self._locale[:2]), "zh-CN", "en"]
        name = next((names[each] for each in wanted if names.get(each)), option.channel)
        return option_label(name, option.terms, self._locale)


def _lists(answer: Answer) -> bool:
    """Whether the answer is about plans at all: one that only tells a limit says nothing about terms."""
    return bool(answer.plans) or answer.limit is None


def _bearer(plan: Plan, amount: Money) -> str:
    """Who bears the fee: as the provider says, or else whoever pays it by the plan's own sums."""
    if plan.fee_by or plan.fee is None or plan.total is None or not plan.fee.minor:
        return plan.fee_by
    return "shopper" if plan.total.minor > amount.minor else "merchant"


def _can_be_shown(action: Action) -> bool:
    """Whether it was kept: a journal without a sealing key keeps of secrets only that there was one."""
    match action:
        case ClientSecret(secret):
            return bool(secret)
        case AppParams(params):
            return bool(params)
    return True

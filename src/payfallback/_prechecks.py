"""Asking providers for their instalment plans and limits, before the click: bounded, held for a while, never awaited
for longer than the page has."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from payfallback._core.effects import Call
from payfallback._core.operations import Answer, Kind, Operation
from payfallback._core.run import Flow
from payfallback._runtime.plans import Key, told
from payfallback._runtime.shared import Shared
from payfallback._values import field, value
from payfallback.model import Option, Order, Shopper
from payfallback.policy import Channel, attempt_number
from payfallback.ports import Callables
from payfallback.taxonomy import Cause

ENOUGH = 0.02  # seconds; with less left nothing is asked any more


@value
class Checked:
    """What a provider told. `again`: its limit read absurdly low the last time too."""

    answer: Answer = field(repr=False)
    again: bool = False


class Prechecks:
    """The pre-checks of one `options` call."""

    def __init__(self, shared: Shared, order: Order, shopper: Shopper, within: float) -> None:
        self._shared, self._order, self._shopper = shared, order, shopper
        self._monotonic = shared.clock.monotonic
        self._until = self._monotonic() + within

    def ask(self, options: Iterable[Option]) -> Flow:
        """What the channels of these options tell: `Mapping[channel, Checked]`, without those that told nothing."""
        found: dict[str, Checked] = {}
        for option in {option.channel: option for option in reversed(list(options))}.values():
            channel = self._shared.policy.channels.get(option.channel)
            if channel is not None:
                checked = yield from self._one(channel, option)
                if checked is not None:
                    found[channel.name] = checked
        return found

    def _one(self, channel: Channel, option: Option) -> Flow:
        if not channel.capabilities.plans:
            return None
        shelf, key = self._shared.plans, self._key(channel)
        held = shelf.held(key)
        if held is not None:
            return Checked(held)
        left = self._until - self._monotonic()
        if left <= ENOUGH or not shelf.begin(channel.name):
            return None
        answer: Answer | None = None
        started = self._monotonic()
        try:
            answer = yield Call(channel.name, self._operation(channel, option, min(left, channel.timeout)))
        finally:
            again = shelf.end(channel.name, key, answer)
        if answer is None or not told(answer):
            return None
        if shelf.glitch(answer):
            operation = self._operation(channel, option, 0.0)
            self._shared.shown(channel.name, Cause.LIMIT_GLITCH, operation, self._monotonic() - started)
        return Checked(answer, again)

    def _key(self, channel: Channel) -> Key | None:
        """What an answer is held under. What is asked over HTTP is the same for all shoppers; a callable may look at
        whom it is asked for, and its answer is held for that shopper alone, or not at all."""
        who, shopper = "", self._shopper
        if isinstance(self._shared.providers[channel.name], Callables):
            if not shopper.ref and shopper.inputs:
                return None
            who = sha256(shopper.ref.encode()).hexdigest() if shopper.ref else ""
        amount = self._order.amount
        return channel.account.id, channel.product, str(amount.minor), amount.currency, who

    def _operation(self, channel: Channel, option: Option, timeout: float) -> Operation:
        shopper = self._shopper
        return Operation(
            kind=Kind.PLANS,
            option=option,
            product=channel.product,
            number=attempt_number(channel, self._order.id, 0),
            amount=self._order.amount,
            order_id=self._order.id,
            title=self._order.title,
            timeout=timeout,
            now=self._shared.clock.epoch(),
            inputs=shopper.inputs_for(channel.name) if shopper.inputs else {},
            ref=shopper.ref,
            ip=shopper.ip,
            device=shopper.device,
        )

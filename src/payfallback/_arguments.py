"""What a call is given, looked at before anything is recorded: what a type checker would have refused, and what is no
time that anybody means."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isawaitable, iscoroutine

from payfallback.errors import ProgrammingError, UnknownOption
from payfallback.model import Order, Shopper

LONGEST_WITHIN = 86400.0  # seconds that a call may take; an order whose worker died waits as long for another one
AHEAD = 86400.0  # seconds by which the clock of whoever sent an adopted charge may be ahead of ours


def check_call(order: object, choice: object, shopper: object, within: object) -> None:
    """Raise `ProgrammingError` for what a type checker would have refused, before anything is recorded."""
    if not isinstance(order, Order):
        raise ProgrammingError(f"pay and switch take an Order, not a {type(order).__name__}")
    if choice is not None and not isinstance(choice, str):
        raise UnknownOption(f"a choice is an option id, not a {type(choice).__name__}", hint='write "baitiao/12"')
    if shopper is not None and not isinstance(shopper, Shopper):
        raise ProgrammingError(f"shopper is a {type(shopper).__name__}", hint="give pf.Shopper(...)")
    if shopper is not None:
        _check_shopper(shopper)
    check_within(within)


def check_within(within: object) -> None:
    """Raise `ProgrammingError` for what is no time to wait: a lease lasts as long, also when its worker died."""
    if within is None:
        return
    if isinstance(within, bool) or not isinstance(within, int | float):
        raise ProgrammingError(f"within is a {type(within).__name__}", hint="it is seconds, such as 5.0")
    if not within <= LONGEST_WITHIN:
        raise ProgrammingError(f"within={within!r} is too long", hint=f"it is seconds, {LONGEST_WITHIN:.0f} at most")


def _check_shopper(shopper: Shopper) -> None:
    """Raise `ProgrammingError` for what is no text: an adapter would fail on it, and nobody would read why."""
    for name in ("ref", "ip", "device", "return_url"):
        given: object = getattr(shopper, name)
        if not isinstance(given, str):
            raise ProgrammingError(f"Shopper.{name} is of type {type(given).__name__}", hint='give text; "" for none')
    inputs: object = shopper.inputs
    for channel, fields in inputs.items() if isinstance(inputs, Mapping) else [("", inputs)]:
        if not isinstance(fields, Mapping) or not all(isinstance(each, str) for each in fields.values()):
            raise ProgrammingError(
                f"Shopper.inputs[{channel!r}] is not a table of texts",
                hint='write {"wechat_code": {"code": "1345..."}}',
            )


def check_adopted(number: object, sent_at: object, now: float) -> None:
    """Raise `ProgrammingError` for a charge that nobody could look up, or whose time would never come."""
    if isinstance(sent_at, bool) or not isinstance(sent_at, int | float) or not 0 <= sent_at <= now + AHEAD:
        hint = "it is epoch seconds: time.time()"
        raise ProgrammingError(f"sent_at={sent_at!r} is no moment of the past", hint=hint)
    if not isinstance(number, str) or not number:
        raise ProgrammingError("adopt needs the number under which the charge was sent")


def refuse_unawaited(given: object) -> None:
    """Raise `ProgrammingError` for what an async handler returns: nobody awaits it here, so nobody was told."""
    if isawaitable(given):
        if iscoroutine(given):
            given.close()
        raise ProgrammingError(
            "the handler is async, and was not awaited", hint="use AsyncPayments, or a plain function"
        )

"""A shopper's way through the checkout, as steps that the sync and the async client perform alike.

What the page of a real shop does: show what `pay` returns, poll `status`, offer another way, give up.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from payfallback._values import value
from payfallback.cli.demo.buyers import Buyer
from payfallback.model import Action
from payfallback.results import ActionRequired, NotPaid, Paid, Pending, Result

POLLS = 10  # looks at the status page before the shopper puts the phone away
REFUSED = 2  # looks after the phone said no
AT_THE_COUNTER = 5  # looks before the cashier serves the next one; recovery finishes it
TURNS = 9  # clicks of one shopper
BETWEEN = 0.2  # seconds between two looks
ASK_EVERY = 4  # every so many looks the page asks the provider, should a notification be lost


@value
class Pay:
    """The shopper clicks this option."""

    choice: str


@value
class Switch:
    """The shopper asks for another way."""

    choice: str


@value
class Look:
    """The status page; `ask`: coming back from the provider."""

    ask: bool = False


@value
class Cancel:
    """The shop gives the order up."""


@value
class Scan:
    """The shopper pays what is shown under this number."""

    option: str
    number: str


@value
class Open:
    """The shopper opens what is shown, on the phone or in the browser."""

    action: Action


@value
class Wait:
    """Time passes."""

    seconds: float


Step = Pay | Switch | Look | Cancel | Open | Scan | Wait
Journey = Generator[Step, Any, Result]


def journey(buyer: Buyer) -> Journey:
    """Everything this shopper does. Returns what the page said last."""
    choice, fresh = buyer.choice, True
    shown: set[str] = set()
    result: Result = yield Pay(choice)
    for _ in range(TURNS):
        match result:
            case Paid():
                return result
            case ActionRequired(number=number) if number in shown:
                result = yield from _leaving(buyer, result)
            case ActionRequired(number=number):
                shown.add(number)
                result = yield from _at_the_code(buyer, result, fresh)
            case NotPaid() if result.alternatives and not buyer.stubborn and not buyer.store:
                choice = _another(choice, result.alternatives)
                result = yield Pay(choice)
            case Pending() if fresh and buyer.way == "confirms":
                result = yield from _paying(buyer, result)
            case Pending() if fresh:
                result = yield from _watching(AT_THE_COUNTER)
            case _:
                return result
        fresh = False
    return result


def _another(choice: str, offers: Sequence[str]) -> str:
    """The first offer of another kind; a shopper whose Baitiao was refused does not click Baitiao again."""
    return next((each for each in offers if each.partition("/")[0] != choice.partition("/")[0]), offers[0])


def _at_the_code(buyer: Buyer, shown: ActionRequired, fresh: bool) -> Journey:
    """In front of a QR code, or of the provider's page."""
    yield Open(shown.action)
    yield Wait(buyer.pause)
    if fresh and buyer.way == "leaves":
        given_up: Result = yield Cancel()
        return given_up
    if fresh and buyer.way == "switches" and shown.alternatives:
        result: Result = yield Switch(_another(shown.option, shown.alternatives))
        yield Scan(shown.option, shown.number)  # the old code is still on the phone
        return result
    return (yield from _paying(buyer, shown))


def _leaving(buyer: Buyer, shown: ActionRequired) -> Journey:
    """What is shown did not work, as where the provider's page said no: another way, or none."""
    result: Result
    if shown.alternatives and not buyer.stubborn:
        result = yield Switch(_another(shown.option, shown.alternatives))
    else:
        result = yield Cancel()
    return result


def _paying(buyer: Buyer, shown: ActionRequired | Pending) -> Journey:
    yield Wait(buyer.pause)
    went_through = yield Scan(shown.option, shown.number)
    return (yield from _watching(POLLS if went_through else REFUSED))


def _watching(looks: int = POLLS) -> Journey:
    """Look at the status page until it says something final, or for as long as a shopper has patience."""
    result: Result = yield Look()
    for look in range(1, looks):
        if isinstance(result, Paid | NotPaid):
            return result
        yield Wait(BETWEEN)
        result = yield Look(ask=look % ASK_EVERY == 0 and looks == POLLS)
    return result

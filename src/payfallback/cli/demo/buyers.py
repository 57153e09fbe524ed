"""Who buys what in the demo, and how: a function of the seed and of what the shop offers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from random import Random
from typing import Any, Literal

from payfallback._values import field, value
from payfallback.cli.demo.plan import PHASES
from payfallback.model import Money, Option
from payfallback.policy import Policy

Way = Literal["pays", "leaves", "switches", "confirms"]
Inputs = Mapping[str, Mapping[str, str]]
_WHOLE_STORY = 0.6  # the part of those who pay by instalments that begins with the provider of the outage


@value(kw_only=True)
class Shelf:
    """What the shop offers: option ids in the order of its routes. inputs: what each channel must be given. lasting:
    channels whose open payments nobody can close."""

    credit: tuple[str, ...]
    plain: tuple[str, ...]
    store: tuple[str, ...]
    abroad: tuple[str, ...]
    inputs: Mapping[str, tuple[str, ...]]
    lasting: frozenset[str]


def shelf_of(policy: Policy) -> Shelf:
    """What the starter's routes lead to."""
    routes = {route.name: route.order for route in policy.routes}
    web = routes.get("instalments", routes["the rest"])
    channels = policy.channels
    return Shelf(
        credit=tuple(each.id for each in web if each.terms),
        plain=tuple(each.id for each in web if each.terms is None),
        store=tuple(each.id for each in routes.get("store", ())),
        abroad=tuple(each.id for each in routes["the rest"]) if "yuan" in routes else (),
        inputs={name: each.capabilities.inputs for name, each in channels.items()},
        lasting=frozenset(name for name, each in channels.items() if not each.capabilities.close),
    )


@value(kw_only=True)
class Buyer:
    """One shopper. way: pays what is shown, leaves (and the shop gives the order up), switches to another way and tries
    the old QR code too, or confirms on the phone. stubborn: takes no other way than the first. is_async: by which of
    the two clients. pause: seconds of thinking."""

    order_id: str
    amount: Money
    choice: str
    consent: tuple[str, ...] = ()
    store: bool = False
    inputs: Inputs = field(factory=dict, repr=False)
    way: Way = "pays"
    stubborn: bool = False
    is_async: bool = False
    pause: float = 0.1


def buyers(orders: int, seed: int, shelf: Shelf) -> Iterator[tuple[int, list[Buyer]]]:
    """The place of each phase with its shoppers: its share of the orders. A small demo leaves out phases that nobody is
    in."""
    chance = Random(seed)  # noqa: S311  # a repeatable play, not a secret
    made = [_buyer(place, chance, shelf) for place in range(orders)]
    for place in range(len(PHASES)):
        first, last = (orders * edge // len(PHASES) for edge in (place, place + 1))
        if first < last:
            yield place, made[first:last]


def _buyer(place: int, chance: Random, shelf: Shelf) -> Buyer:
    common = {
        "order_id": f"DEMO{place + 1:05}",
        "amount": Money(chance.randrange(100_00, 9_999_99), "CNY"),
        "is_async": bool(place % 2),
        "pause": chance.uniform(0.02, 0.25),
    }
    kind = chance.random()
    if kind < 0.25 and shelf.store:
        return _in_store(common, chance, shelf)
    if kind > 0.95 and shelf.abroad:
        return _abroad(common, chance, shelf)
    return _on_the_web(common, chance, shelf)


def _on_the_web(common: Mapping[str, Any], chance: Random, shelf: Shelf) -> Buyer:
    way: Way = chance.choices(("pays", "leaves", "switches"), (80, 8, 12))[0]
    credit, plain = shelf.credit, shelf.plain
    if way != "pays":  # what cannot be closed stays open until it expires, and nobody watches that long
        credit, plain = (tuple(each for each in ids if _channel(each) not in shelf.lasting) for ids in (credit, plain))
    with_credit = bool(credit) and chance.random() < 0.75
    choice = _first(credit, chance) if with_credit else chance.choice(plain)
    agreed = _agreed(choice, credit, plain, chance) if with_credit and chance.random() < 0.85 else ()
    return Buyer(
        **common,
        choice=choice,
        consent=agreed,
        inputs=_inputs((choice, *agreed, *plain), shelf, chance),
        way=way,
        stubborn=chance.random() < 0.2,
    )


def _first(credit: tuple[str, ...], chance: Random) -> str:
    """Most begin with the credit of the outage."""
    struck = [each for each in credit if _channel(each) == _channel(credit[0])]
    return chance.choice(struck if chance.random() < _WHOLE_STORY else credit)


def _agreed(choice: str, credit: tuple[str, ...], plain: tuple[str, ...], chance: Random) -> tuple[str, ...]:
    """What the shopper ticks beside the choice: sometimes another credit, and one or two other ways."""
    other = [each for each in credit if _channel(each) != _channel(choice)]
    ticked = [chance.choice(other)] if other and chance.random() < 0.5 else []
    return (*ticked, *chance.sample(plain, min(len(plain), chance.choice((1, 2)))))


def _in_store(common: Mapping[str, Any], chance: Random, shelf: Shelf) -> Buyer:
    """With a payment code: most pay at once; 9901 asks on the shopper's phone, 9902 is refused."""
    end = chance.choices(("0000", "9901", "9902"), (80, 10, 10))[0]
    choice = shelf.store[0] if chance.random() < 0.5 else chance.choice(shelf.store)
    other = chance.choice([each for each in shelf.store if each != choice] or [choice])
    inputs = {choice: _codes(shelf.inputs[choice], chance, end), other: _codes(shelf.inputs[other], chance)}
    return Buyer(
        **common,
        store=True,
        choice=choice,
        consent=(other,),
        inputs=inputs,
        way="confirms" if end == "9901" else "pays",
    )


def _abroad(common: Mapping[str, Any], chance: Random, shelf: Shelf) -> Buyer:
    """In another currency."""
    choice = chance.choice(shelf.abroad)
    amount = Money(common["amount"].minor // 7, "USD")
    return Buyer(**{**common, "amount": amount}, choice=choice, inputs=_inputs((choice,), shelf, chance))


# ---------------------------------------------------------------- what shoppers have in their pockets


def _inputs(options: Iterable[str], shelf: Shelf, chance: Random) -> Inputs:
    wanted = {_channel(option): shelf.inputs[_channel(option)] for option in options}
    return {channel: _codes(names, chance) for channel, names in wanted.items() if names}


def _codes(names: Iterable[str], chance: Random, end: str = "0000") -> Mapping[str, str]:
    return {name: _POCKET[name](chance, end) for name in names}


def _payment_code(chance: Random, end: str) -> str:
    return f"13{chance.randrange(10**11, 10**12)}{end}"


def _card(chance: Random, end: str) -> str:
    """Stripe's test cards: most pay at once, some want 3-D Secure, some are refused."""
    return chance.choices(
        ("pm_card_visa", "pm_card_threeDSecure2Required", "pm_card_visa_chargeDeclined"), (80, 10, 10)
    )[0]


_POCKET: Mapping[str, Callable[[Random, str], str]] = {"code": _payment_code, "payment_method": _card}


def _channel(option: str) -> str:
    return Option.parse(option).channel

"""What happens in the demo: the phases of the outage, and who buys what. A function of the seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Literal

from payfallback._values import field, value
from payfallback.model import Money

Rule = tuple[str, str]  # a fault and the operation (or JD's own endpoint) that it strikes


@value
class Phase:
    """A time in which JD Pay behaves in one way. `notices`: how it notifies meanwhile."""

    name: str
    rules: tuple[Rule, ...] = ()
    notices: str = "on"


_LOST = "fkmPay"  # a payment code that was charged into a silence: JD did take it, and only its answer is missing

PHASES = (
    Phase("all is well"),
    Phase("refused", (("refused", "*"),)),
    Phase("http_503", (("http_503", "*"), ("http_503:processed", _LOST))),
    Phase("hang", (("hang", "*"), ("hang:processed", _LOST)), "off"),
    Phase("reply_lost", (("reply_lost", "*"),)),
    Phase("slow", (("slow:1.5", "*"),)),
    Phase("malformed", (("malformed", "*"),), "twice"),
    Phase("unsigned", (("unsigned", "*"),), "forged"),
    Phase("captured_late", (("captured_late:1.5", "charge"),), "out_of_order"),
    Phase("wrong_amount", (("wrong_amount", "charge"),), "wrong_amount"),
    Phase("rate_limited", (("rate_limited:0.5", "uniorder"),)),
    Phase("declined", (("declined:credit_exhausted", "charge"),)),
    Phase("appears_late", (("appears_late:1.5", "charge"),)),
    Phase("flapping", (("flapping", "uniorder"),)),
    Phase("key_ignored", (("key_ignored", "charge"),)),
    Phase("close_refused", (("close_refused", "close"),)),
    Phase("all is well again"),
)

Way = Literal["pays", "leaves", "switches", "confirms"]


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
    codes: Mapping[str, Mapping[str, str]] = field(factory=dict, repr=False)
    way: Way = "pays"
    stubborn: bool = False
    is_async: bool = False
    pause: float = 0.1


def buyers(orders: int, seed: int) -> Iterator[tuple[Phase, list[Buyer]]]:
    """Each phase with its shoppers: its share of the orders. A small demo leaves out phases that nobody is in."""
    chance = Random(seed)  # noqa: S311  # a repeatable play, not a secret
    made = [_buyer(place, chance) for place in range(orders)]
    for place, phase in enumerate(PHASES):
        first, last = (orders * edge // len(PHASES) for edge in (place, place + 1))
        if first < last:
            yield phase, made[first:last]


def _buyer(place: int, chance: Random) -> Buyer:
    store = chance.random() < 0.25
    credit = chance.random() < 0.75
    common = {
        "order_id": f"DEMO{place + 1:05}",
        "amount": Money(chance.randrange(100_00, 9_999_99), "CNY"),
        "is_async": bool(place % 2),
        "pause": chance.uniform(0.02, 0.25),
    }
    return _in_store(common, credit, chance) if store else _on_the_web(common, credit, chance)


def _on_the_web(common: dict[str, object], credit: bool, chance: Random) -> Buyer:
    choice = chance.choice(("baitiao/12", "baitiao/6")) if credit else "wechat"
    agrees = credit and chance.random() < 0.85
    way: Way = chance.choices(("pays", "leaves", "switches"), (80, 8, 12))[0]
    return Buyer(
        **common,  # type: ignore[arg-type]  # the fields every shopper has
        choice=choice,
        consent=("wechat",) if agrees else (),
        way=way,
        stubborn=chance.random() < 0.2,
    )


def _in_store(common: dict[str, object], credit: bool, chance: Random) -> Buyer:
    """With a payment code: most pay at once; 9901 asks on the shopper's phone, 9902 is refused."""
    end = chance.choices(("0000", "9901", "9902"), (80, 10, 10))[0]
    choice = "baitiao_code" if credit else "wechat_code"
    other = "wechat_code" if credit else "baitiao_code"
    first, second = (f"13{chance.randrange(10**11, 10**12)}{ending}" for ending in (end, "0000"))
    return Buyer(
        **common,  # type: ignore[arg-type]  # the fields every shopper has
        store=True,
        choice=choice,
        consent=(other,),
        codes={choice: {"code": first}, other: {"code": second}},
        way="confirms" if end == "9901" else "pays",
    )

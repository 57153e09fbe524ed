"""The small worlds: one order, two channels, two workers, and what may be called and go wrong in each."""

from __future__ import annotations

from collections.abc import Mapping

from payfallback._values import value
from payfallback.testing.simulator.shops import Shop

WITHIN = 5.0  # seconds for which a caller waits
GONE_AFTER = 200.0  # seconds after which the network brings nothing any more


@value
class ShopCall:
    """What the shop calls once, at any time: pay, switch, cancel or refund; and the channel that the shopper takes."""

    word: str
    choice: str = "a"

    def __str__(self) -> str:
        return f"{self.word} {self.choice}" if self.word in ("pay", "switch") else self.word


@value
class SmallWorld:
    """A shop with one order. `calls`: the first opens the order; each of the others may come at any moment after that,
    or never. `troubles`: what may go wrong (`TROUBLES`). `notices`: whether notifications are brought. `depth` and
    `most`: how many moves, and how many troubles in one run, a search goes to when it is not told."""

    story: str
    shop: Shop
    calls: tuple[ShopCall, ...]
    troubles: tuple[str, ...]
    notices: bool = False
    depth: int = 10
    most: int = 2


TROUBLES: Mapping[str, str] = {
    "crash": "a process dies with its lease held, between any two effects",
    "pause": "a process stands still while time passes, and goes on later as if nothing were",
    "lost": "a request is performed and its answer never comes",
    "hang": "a request never arrives and no answer comes",
    "refused": "the connection is refused: certainly not sent",
    "late": "a charge stays in the network, and arrives when nobody waits for it any more",
    "declined": "a charge, or a refund, is refused for good",
    "declined_open": "a charge is refused, and its number can still be paid",
    "captured_late": "the provider works on a charge or refund, and the money moves later",
    "close_refused": "a close is refused",
    "away": "the journal does not take a commit",
    "unheard": "the journal takes a commit and says that it did not",
    "wrong_amount": "one minor unit too many is captured",
    "lie": "a trade that was called closed or refused is captured after all",
    "contradict": "a notification says what is not so; whoever asks is told the truth",
    "console": "somebody gives the money back in the provider's console",
}
"""What may go wrong. The last four are no faults of machines: somebody breaks what was declared, or acts beside it."""

_MACHINE = ("crash", "pause")
_WIRE = ("lost", "hang", "refused", "late")
_PROVIDER = ("declined", "declined_open", "captured_late", "close_refused")
ALL = (*_MACHINE, *_WIRE, *_PROVIDER)
_BROKEN_WORDS = ("wrong_amount", "lie")


def _shop(*kinds: str) -> Shop:
    return Shop(kinds, pay_by=60.0, lease=10.0, timeout=3.0)


_DOUBLE = (ShopCall("pay"), ShopCall("pay", "b"))
_SWITCH = (ShopCall("pay"), ShopCall("switch", "b"))
_CANCEL = (ShopCall("pay"), ShopCall("cancel"))

_REFUND = (ShopCall("pay"), ShopCall("refund"))

WORLDS: Mapping[str, SmallWorld] = {
    "debit": SmallWorld(
        "an instant debit, then a second one; paid in two tabs at the same time", _shop("card", "card"), _DOUBLE, ALL
    ),
    "qr": SmallWorld(
        "a QR page, then an instant debit; the shopper switches", _shop("qr", "card"), _SWITCH, ALL, notices=True
    ),
    "cancelled": SmallWorld(
        "a debit whose close refunds, then a QR page; the shop gives up", _shop("code", "qr"), _CANCEL, ALL
    ),
    "hold": SmallWorld(
        "money that is held and captured, then a debit; the shop gives up", _shop("hold", "card"), _CANCEL, ALL
    ),
    "steps": SmallWorld(
        "a charge in two steps, then a QR page; the shopper switches", _shop("steps", "qr"), _SWITCH, ALL
    ),
    "expiring": SmallWorld(
        "a debit that is only proven dead by its expiry, then one that is closed without a word; two tabs",
        _shop("expiring", "acked"),
        _DOUBLE,
        ALL,
    ),
    "journal": SmallWorld(
        "a debit that may be sent again, and a journal that fails; the shop gives up",
        _shop("again", "card"),
        _CANCEL,
        (*ALL, "away", "unheard"),
    ),
    "refund": SmallWorld(
        "an instant debit that the shop gives back, or a link", _shop("card", "link"), _REFUND, ALL, notices=True
    ),
    "liar": SmallWorld(
        "providers that break what they declared",
        _shop("hold", "qr"),
        _SWITCH,
        (*ALL, *_BROKEN_WORDS),
        notices=True,
    ),
    "claims": SmallWorld(
        "false notifications, and refunds by hand; the shop gives up",
        _shop("card", "hold"),
        _CANCEL,
        ("crash", "lost", "declined", "contradict", "console"),
        notices=True,
    ),
}

"""Schedules by chance: from one seed always the same one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from random import Random

from payfallback._values import changed
from payfallback.testing.faults import EXTRAS, FAULTS
from payfallback.testing.simulator.liar import CLAIMS
from payfallback.testing.simulator.moves import Argument, Move
from payfallback.testing.simulator.post import MODES
from payfallback.testing.simulator.shops import Shop, random_shop

GROUPS: Mapping[str, tuple[str, ...]] = {
    "providers": ("fault", "fault", "fault", "fault", "fault", "fault", "lift", "stale", "lie", "contradict"),
    "shoppers": (
        *("pay",) * 4,
        *("switch",) * 2,
        "cancel",
        "status",
        "refund",
        "edit",
        *("scan",) * 3,
        "look",
        "refuse",
    ),
    "notifications": ("post", "forged", "foreign"),
    "crashes": ("crash", "trap", "trap", "trap"),
    "pauses": ("pause", "trap", "neighbour"),
    "forks": ("fork",),
    "clocks": ("jump",),
    "journal": ("journal", "journal", "trap"),
    "health": ("health", "stop"),
    "staff": ("console", "bill", "adopt"),
    "workers": ("recover", "recover", "recover", "deliver"),
}
"""What can be asked for with `--faults`; shoppers and workers are always there."""

ALWAYS = ("shoppers", "workers")
_OLD = 0.08  # of all days begin with a payment that other code has open
_GAPS = (0.0, 0.0, 0.002, 0.01, 0.3, 1.0, 3.0, 6.0, 15.0, 40.0, 100.0)
_OF_CHANNEL = ("fault", "stale", "stop", "forged", "foreign", "bill", "adopt")
_LETTERS = ("", "", "append", "sending:charge", "seen:charge", "died", "won", "handed_over", "sending:close", "excess")
_MORE_LETTERS = ("call/charge", "call/query", "call/close", "call/refund", "load", "journal/claim", "journal/delivered")
_WORDS: tuple[str, ...] = (*FAULTS, *EXTRAS)


def random_day(seed: str, groups: Collection[str] = ()) -> tuple[Shop, tuple[Move, ...]]:
    """A shop and what happens to it. `groups`: the kinds of trouble; none: all."""
    chance = Random(seed)  # noqa: S311  # a simulation
    shop = random_shop(chance)
    wanted = [name for name in GROUPS if not groups or name in groups or name in ALWAYS]
    words = [word for name in wanted for word in GROUPS[name]]
    moves, at = [], 0.0
    begins = "adopt" if "staff" in wanted and chance.random() < _OLD else "pay"
    moves.append(Move(0.0, begins, 0, 0, _args(begins, chance, shop, wanted)))
    for _ in range(chance.randint(3, 16)):
        at += chance.choice(_GAPS)
        word = chance.choice(words)
        if shop.autonomy == "observe" and word == "journal":
            continue  # a shop that only observes sells on without its journal, by design: I2 does not hold there
        process, order = chance.randrange(shop.processes), chance.randrange(shop.orders)
        moves.append(Move(at, word, process, order, _args(word, chance, shop, wanted)))
    for _ in range(chance.choice((0, 1, 1, 2, 2, 3)) if "providers" in wanted else 0):
        moves.insert(0, Move(0.0, "fault", 0, 0, _args("fault", chance, shop, wanted)))
    if "crashes" in wanted and chance.random() < 0.3:
        moves.insert(0, Move(0.0, "trap", 0, 0, _args("trap", chance, shop, wanted)))
    return shop, tuple(moves)


def mixed(
    day: tuple[Shop, tuple[Move, ...]], case: tuple[Shop, tuple[Move, ...]], seed: str
) -> tuple[Shop, tuple[Move, ...]]:
    """A named case, in whose course a random day happens besides."""
    chance = Random(f"{seed}/mixed")  # noqa: S311  # a simulation
    shop = changed(case[0], processes=max(case[0].processes, day[0].processes))
    extra = [move for move in day[1] if move.word not in ("pay", "journal") or chance.random() < 0.3]
    known = [move for move in extra if not _elsewhere(move, shop)]
    return shop, tuple(sorted((*case[1], *known), key=lambda move: move.at))


def _elsewhere(move: Move, shop: Shop) -> bool:
    return move.word in _OF_CHANNEL and move.text(0) not in shop.names


def _args(word: str, chance: Random, shop: Shop, wanted: Collection[str]) -> tuple[Argument, ...]:
    make = _ARGS.get(word)
    return make(chance, shop, wanted) if make is not None else ()


def _pay(chance: Random, shop: Shop, wanted: Collection[str]) -> tuple[Argument, ...]:
    consent = ",".join(name for name in shop.names if chance.random() < 0.8)
    return chance.choice(shop.names), consent, chance.choice((0.5, 3.0, 6.0, 20.0))


def _fault(chance: Random, shop: Shop, wanted: Collection[str]) -> tuple[Argument, ...]:
    word = chance.choice(_WORDS)
    rule = FAULTS[word] if word in FAULTS else EXTRAS[word]
    operations = ["", *sorted(kind.value for kind in rule.may_strike)]
    text = word
    if rule.takes == "seconds":
        text = f"{word}:{chance.choice((1, 2.5, 4, 8, 12, 40, 200)):g}"
    return chance.choice(shop.names), text, chance.choice(operations), float(chance.choice((1, 1, 1, 2, 3)))


def _trap(chance: Random, shop: Shop, wanted: Collection[str]) -> tuple[Argument, ...]:
    hows = []
    if "crashes" in wanted:
        hows += ["crash_before", "crash_inside", "crash_after", "interrupt"]
    if "pauses" in wanted:
        hows += [f"pause:{chance.choice((0.5, 5, 12, 35, 70)):g}"]
    if "journal" in wanted and shop.autonomy != "observe":
        hows += [f"full:{chance.choice((0.5, 3, 20)):g}"]
    letters = chance.choice(_LETTERS + _MORE_LETTERS)
    return letters, float(chance.randint(1, 12) if not letters else chance.choice((1, 1, 1, 2))), chance.choice(hows)


def _journal(chance: Random, shop: Shop, wanted: Collection[str]) -> tuple[Argument, ...]:
    return chance.choice(("away", "away", "unacknowledged", "slow", "dead")), chance.choice((0.3, 2.0, 8.0, 30.0))


_ARGS: Mapping[str, Callable[[Random, Shop, Collection[str]], tuple[Argument, ...]]] = {
    "pay": _pay,
    "switch": _pay,
    "fault": _fault,
    "trap": _trap,
    "journal": _journal,
    "cancel": lambda chance, shop, wanted: (chance.choice((0.5, 5.0)),),
    "status": lambda chance, shop, wanted: (float(chance.random() < 0.6),),
    "refund": lambda chance, shop, wanted: (chance.choice(("r1", "r2")), chance.choice((0.0, 2000.0))),
    "edit": lambda chance, shop, wanted: (chance.choice((-1.0, 100.0)),),
    "scan": lambda chance, shop, wanted: (chance.choice(("oldest", "newest")),),
    "stale": lambda chance, shop, wanted: (chance.choice(shop.names), chance.choice((1.0, 2.0))),
    "post": lambda chance, shop, wanted: (chance.choice(MODES),),
    "forged": lambda chance, shop, wanted: (chance.choice(shop.names),),
    "foreign": lambda chance, shop, wanted: (chance.choice(shop.names),),
    "pause": lambda chance, shop, wanted: (chance.choice((0.5, 2.0, 5.0, 11.0, 35.0, 70.0)),),
    "jump": lambda chance, shop, wanted: (chance.choice((-400.0, -30.0, -3.0, 3.0, 30.0, 200.0, 3600.0)),),
    "neighbour": lambda chance, shop, wanted: (chance.choice((2.0, 20.0, 120.0)), chance.choice((0.3, 1.5, 6.0))),
    "contradict": lambda chance, shop, wanted: (chance.choice(CLAIMS),),
    "console": lambda chance, shop, wanted: (
        chance.choice(("refund", "refund", "capture", "void")),
        chance.choice((0.0, 0.0, 1500.0)),
    ),
    "bill": lambda chance, shop, wanted: (chance.choice(shop.names),),
    "adopt": lambda chance, shop, wanted: (chance.choice(shop.names),),
    "stop": lambda chance, shop, wanted: (chance.choice(shop.names), chance.choice((2.0, 30.0))),
}

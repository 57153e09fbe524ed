"""The retry rules of the card networks, over all orders of a shop. Pure; the time is an argument.

A network charges for tries that it forbade. Sources: Visa's response categories and reattempt limit as published by
payment processors (category 1 as listed in 2026), Mastercard's merchant advice codes as
published by processors. The rows themselves, with their sources, stand in the tables `visa` and `mastercard`
(`payfallback codes visa`); `tests/core/test_card_rules.py` holds both against each other.
"""

from __future__ import annotations

from collections.abc import Iterable

from payfallback._core.memory import Refusal
from payfallback.policy import CardPolicy

HOUR, DAY = 3600.0, 86400.0
MONTH = 30 * DAY  # the period of the networks' limits
CARD_LIFE = 5 * 365 * DAY  # "never": longer than a card is valid

_CATEGORY_1 = ("04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1", "R3")
NEVER = frozenset({*(f"visa:{code}" for code in _CATEGORY_1), "mastercard:03", "mastercard:21"})
WAITS: dict[str, float] = {
    "mastercard:02": 72 * HOUR,
    "mastercard:24": HOUR,
    "mastercard:25": DAY,
    "mastercard:26": 2 * DAY,
    "mastercard:27": 4 * DAY,
    "mastercard:28": 6 * DAY,
    "mastercard:29": 8 * DAY,
    "mastercard:30": 10 * DAY,
}

_SCOPE = "network:"


def declined(card: str, network: str, at: float) -> Refusal:
    """What is remembered of one decline. `card`: a keyed hash. `network`: "visa:05"."""
    until = at + (CARD_LIFE if network in NEVER else MONTH)
    name, _, code = network.partition(":")
    return Refusal(subject=card, scope=_SCOPE + name, cause=code, at=at, until=until)


def free_at(declines: Iterable[Refusal], cards: CardPolicy, now: float) -> float:
    """When a card may be tried again by the networks' rules, epoch seconds; `now` or earlier: at once."""
    seen = [each for each in declines if each.scope.startswith(_SCOPE)]
    free = now
    for each in seen:
        code = f"{each.scope.removeprefix(_SCOPE)}:{each.cause}"
        free = max(free, each.at + (CARD_LIFE if code in NEVER else WAITS.get(code, 0.0)))
    for network, most, period in (
        ("visa", cards.visa, MONTH),
        ("mastercard", cards.mastercard, MONTH),
        ("mastercard", cards.mastercard_daily, DAY),
    ):
        times = sorted(each.at for each in seen if each.scope == _SCOPE + network and each.at > now - period)
        if len(times) >= most:
            free = max(free, times[len(times) - most] + period)
    return free

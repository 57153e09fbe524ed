"""What a network does to the machines on it, from a seed."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from processes_network import DATABASE, Machine

from tcp_proxy import BOTH, TcpProxy

Undo = Callable[[], None]


class Weather:
    """What the network does to the machines, from a seed: one trouble after another, some at once, until it is over."""

    def __init__(self, machines: Sequence[Machine], chance: random.Random, longest: float) -> None:
        self._machines, self._chance, self._longest = machines, chance, longest
        self._passing: list[tuple[float, Undo]] = []
        self.struck: Counter[str] = Counter()

    def blow(self, seconds: float) -> None:
        """Trouble for so long; then the network is whole."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self._strike()
            time.sleep(self._chance.uniform(0.01, 0.15))
            now = time.monotonic()
            for over in [each for each in self._passing if each[0] <= now]:
                self._passing.remove(over)
                over[1]()
        for _, over_at_last in self._passing:
            over_at_last()
        self._passing = []

    def _strike(self) -> None:
        machine = self._chance.choice(self._machines)
        name = self._chance.choice((DATABASE, *machine.wires))  # the database twice as often as a provider
        what = self._chance.choice((*_TROUBLES, "cable"))
        if what == "cable":
            machine.cable(plugged=False)
            undo: Undo | None = partial(machine.cable, plugged=True)
        else:
            undo = _TROUBLES[what](machine.wires[name], self._chance)
            what += " to the database" if name == DATABASE else " to a provider"
        self.struck[what] += 1
        if undo is not None:
            self._passing.append((time.monotonic() + self._chance.uniform(0.02, self._longest), undo))


def _reset(wire: TcpProxy, chance: random.Random) -> None:
    wire.reset()


def _cut(wire: TcpProxy, chance: random.Random) -> None:
    wire.cut()


def _half_close(wire: TcpProxy, chance: random.Random) -> None:
    wire.half_close(chance.choice(BOTH))


def _delay(wire: TcpProxy, chance: random.Random) -> Undo:
    wire.delay(chance.uniform(0.005, 0.1))
    return partial(wire.delay, 0.0)


def _silence(wire: TcpProxy, chance: random.Random) -> Undo:
    wire.silence()
    return _heard_again(wire, chance)


def _one_way(wire: TcpProxy, chance: random.Random) -> Undo:
    wire.silence(chance.choice(BOTH))
    return _heard_again(wire, chance)


def _heard_again(wire: TcpProxy, chance: random.Random) -> Undo:
    """With what it held, arriving late; or with every connection forgotten."""
    forgotten = chance.random() < 0.5

    def undo() -> None:
        if forgotten:
            wire.reset()
        wire.heal()

    return undo


_TROUBLES: dict[str, Callable[[TcpProxy, random.Random], Undo | None]] = {
    "reset": _reset, "end": _cut, "half-close": _half_close,
    "delay": _delay, "silence": _silence, "one-way silence": _one_way,
}  # fmt: skip  # two rows: what is over at once, and what lasts

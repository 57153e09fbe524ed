"""Several observers behind one that never raises."""

from __future__ import annotations

import logging
from typing import Any

from payfallback.ports import Observer


def fan_out(*observers: Observer) -> Observer:
    """One observer that tells each of these in turn. What one of them raises reaches neither the others nor a payment.

    The first failure of an observer is a warning of the standard library's logger `payfallback.telemetry`, with the
    class of the error and nothing of what it said; later ones are silent.
    """
    if not observers:
        return _nobody
    return _Fan(observers)


def _nobody(event: str, /, **fields: Any) -> None:
    """Nobody listens."""


class _Fan:
    __slots__ = ("_broken", "_observers")

    def __init__(self, observers: tuple[Observer, ...]) -> None:
        self._observers = observers
        self._broken: set[int] = set()

    def __call__(self, event: str, /, **fields: Any) -> None:
        for place, observer in enumerate(self._observers):
            try:
                observer(event, **fields)
            except Exception as error:  # noqa: BLE001  # the shop's own code: a broken dashboard must not stop a payment
                self._complain(place, event, error)

    def _complain(self, place: int, event: str, error: Exception) -> None:
        if place in self._broken:
            return
        self._broken.add(place)
        name = type(self._observers[place]).__name__
        logging.getLogger("payfallback.telemetry").warning(
            "observer %d (%s) failed on %s: %s", place, name, event, type(error).__name__
        )

"""Names of effects, for the trail and for traps: `append/planned+sending:charge`, `call/query`, `load`."""

from __future__ import annotations

from typing import Any

from payfallback._core.effects import Append, Call
from payfallback._core.events import Asked, Seen, Sending
from payfallback.testing.simulator.process import Ask


def label(effect: Any) -> str:
    """What an effect is called."""
    if type(effect) is Append:
        return "append/" + "+".join(map(_event, effect.events))
    if type(effect) is Call:
        return f"call/{effect.operation.kind.value}"
    if type(effect) is Ask:
        return f"journal/{effect.method}"
    return type(effect).__name__.lower()


def _event(event: Any) -> str:
    if isinstance(event, Sending | Asked):
        return f"{event.name}:{event.what}"
    if isinstance(event, Seen):
        return f"seen:{event.what}:{event.verdict}"
    return str(event.name)

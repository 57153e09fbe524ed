"""Pauses before a request is sent again, from tenacity's strategies or the shop's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from payfallback.policy import Channel
from payfallback.ports import Observer

USUAL_PAUSE = 1.0  # seconds, where a strategy cannot say


def never_raises(backoff: Callable[[Channel, int], float], tell: Observer | None) -> Callable[[Channel, int], float]:
    """A wait strategy is the shop's own code, and is asked after something was sent: what it raises must not unwind a
    payment."""

    def paused(channel: Channel, resend: int) -> float:
        try:
            seconds = float(backoff(channel, resend))
        except Exception as error:  # noqa: BLE001  # the shop's own code: it is told, and a usual pause is made
            if tell is not None:
                tell("retry.wait_failed", order_id="", channel=channel.name, error=type(error).__name__)
            return USUAL_PAUSE
        return seconds if seconds >= 0.0 else 0.0  # also for what is no number

    return paused


def tenacity_backoff() -> Callable[[Channel, int], float]:
    """Waits from tenacity's strategies: the channel's own, else random exponential from 50 ms to 2 s."""
    default: list[Any] = []

    def backoff(channel: Channel, resend: int) -> float:
        import tenacity  # only where something is sent again

        if not default:
            default.append(tenacity.wait_random_exponential(multiplier=0.05, max=2.0))
        state = tenacity.RetryCallState(retry_object=tenacity.Retrying(), fn=None, args=(), kwargs={})
        state.attempt_number = resend
        strategy: Any = channel.retry.wait if channel.retry.wait is not None else default[0]
        return max(0.0, float(strategy(state)))

    return backoff

"""What the tests of the gate share: a channel, a gate on a clock that stands still, and the answers it settles."""

from __future__ import annotations

from typing import Any

from payfallback._core.operations import Answer
from payfallback._runtime.health import Gate, Permit, Rejection
from payfallback.policy import Account, Capabilities, Channel, CircuitPolicy, Policy, RetryPolicy
from payfallback.ports import Switch
from payfallback.taxonomy import Cause, Verdict
from payfallback.testing.clock import VirtualClock

PAID = Answer(verdict=Verdict.CAPTURED)
SHOWN = Answer(verdict=Verdict.PENDING, cause=Cause.AWAITING_SHOPPER)
POOR = Answer(verdict=Verdict.DECLINED, cause=Cause.CREDIT_EXHAUSTED, final=True)
SILENCE = Answer(verdict=Verdict.UNKNOWN, cause=Cause.TIMEOUT)
REFUSED = Answer(verdict=Verdict.NOT_SENT, cause=Cause.NETWORK)
THROTTLED = Answer(verdict=Verdict.DECLINED, cause=Cause.RATE_LIMITED, retry_after=4.0)
STOP = Switch(channel="baitiao", reason="INC-2291", actor="li", at=0.0)


def channel(name: str = "baitiao", **changes: Any) -> Channel:
    """A channel of one provider."""
    account = Account(name="jd", provider="jdpay", merchant="110224535")
    return Channel(**{"name": name, "account": account, "capabilities": Capabilities(), **changes})


class Heard(list[tuple[str, dict[str, Any]]]):
    """An observer that keeps what it heard."""

    def __call__(self, event: str, /, **fields: Any) -> None:
        """Keep it."""
        self.append((event, fields))

    @property
    def names(self) -> list[str]:
        """The events, in order."""
        return [event for event, _ in self]


class Checkout:
    """One channel behind a gate, with virtual time; `pay` is one whole call."""

    def __init__(
        self,
        *,
        clock: VirtualClock | None = None,
        circuit: dict[str, Any] | None = None,
        retry: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        self.clock = clock or VirtualClock()
        self.heard = Heard()
        given = {"circuit": CircuitPolicy(**(circuit or {})), "retry": RetryPolicy(**(retry or {})), **more}
        channels = {"baitiao": channel(**given), "wechat": channel("wechat")}
        self.policy = Policy(channels=channels, routes=())
        self.gate = Gate(self.policy, self.clock, self.heard)

    def take(self, *, retry: bool = False) -> Permit:
        """A permit; the test fails when there is none."""
        given = self.gate.admit("baitiao", retry=retry)
        assert isinstance(given, Permit), given
        return given

    def refusal(self, *, retry: bool = False) -> Rejection:
        """A rejection; the test fails when there is none."""
        given = self.gate.admit("baitiao", retry=retry)
        assert isinstance(given, Rejection), given
        return given

    def pay(self, answer: Answer | None, *, times: int = 1, elapsed: float = 0.1, retry: bool = False) -> None:
        """Calls one after the other, each with this answer."""
        for _ in range(times):
            self.gate.settle(self.take(retry=retry), answer, elapsed)

    @property
    def state(self) -> str:
        """The channel's state."""
        return self.gate.health("baitiao").state

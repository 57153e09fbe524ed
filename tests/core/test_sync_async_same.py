"""Sync and async are one library: the same effects, the same events and the same results, on asyncio and on trio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest
from money_shop import KINDS, ORDER, arguments, order

import payfallback as pf
from payfallback.testing import FAULTS
from payfallback.testing.lab import Lab

Told = list[tuple[str, object]]


class Step:
    """One call of the shop, the same for both clients."""

    def __init__(self, name: str, *given: Any, **named: Any) -> None:
        self.name, self.given, self.named = name, given, named

    def made(self, client: Any) -> Any:
        """The result, or for an async client something to await."""
        return getattr(client, self.name)(*self.given, **self.named)


PAY = Step("pay", order(), "a", consent=["b"])
SWITCH = Step("switch", order(), "b")
ASK = Step("status", ORDER, ask=True)
LOOK = Step("status", ORDER)
CANCEL = Step("cancel", ORDER)
REFUND = Step("refund", ORDER, "r-1", pf.Money.of("10.00", "CNY"))
WRONG_REFUND = Step("refund", ORDER, "r-1", pf.Money.of("11.00", "CNY"))
REPORT = Step("report", "a", f"{ORDER}01", pf.Answer(verdict=pf.Verdict.CAPTURED, amount=order().amount))
CONFLICT = Step("pay", pf.Order(ORDER, pf.Money.of("1.00", "CNY")), "a")
ADOPT = Step("adopt", order(), "a", "OLD00001", sent_at=1_767_225_600.0)
OPTIONS = Step("options", order())
TRACE = Step("trace", ORDER)
RECOVER = Step("recover")
DUE = Step("due")
RESOLVE = Step("resolve", ORDER)
Act = Step | Callable[[Lab], object]


def fault(channel: str, name: str, **more: Any) -> Callable[[Lab], object]:
    """Something goes wrong from here on."""
    return lambda lab: lab.outage(channel, name, **more)


def wait(seconds: float) -> Callable[[Lab], object]:
    """Time passes."""
    return lambda lab: lab.advance(seconds)


def scan(lab: Lab) -> object:
    """The shopper pays what was shown."""
    return lab.shopper_pays(ORDER)


SCHEDULES: dict[str, tuple[str, tuple[Act, ...]]] = {
    "paid": ("named", (PAY, LOOK, REFUND, REFUND, WRONG_REFUND, CONFLICT, TRACE)),
    "declined": ("named", (fault("a", "declined:overdue"), PAY, LOOK, TRACE)),
    "never sent": ("named", (fault("a", "refused"), PAY, wait(60.0), RECOVER)),
    "silence": ("named", (fault("a", "hang"), PAY, ASK, CANCEL, wait(60.0), RECOVER, LOOK)),
    "lost reply": ("acked", (fault("a", "reply_lost", operation="charge"), PAY, ASK, wait(30.0), RECOVER, LOOK)),
    "shown and paid": ("qr", (PAY, PAY, scan, ASK, LOOK)),
    "shown and left": ("qr", (PAY, SWITCH, LOOK, TRACE)),
    "shown and given up": ("qr", (PAY, CANCEL, wait(400.0), RECOVER, PAY)),
    "held": ("authorising", (PAY, REFUND)),
    "throttled": ("idempotent", (fault("a", "rate_limited:0.5", times=1), PAY, LOOK)),
    "expires": ("expiring", (fault("a", "hang", operation="charge"), PAY, wait(40.0), RECOVER, wait(40.0), RECOVER)),
    "wrong amount": ("named", (fault("a", "wrong_amount"), PAY, ASK, wait(300.0), RECOVER)),
    "reported": ("named", (fault("a", "hang"), PAY, REPORT, LOOK)),
    "adopted": ("named", (ADOPT, ADOPT, PAY, wait(60.0), RECOVER, LOOK)),
    "one look": ("acked", (fault("a", "reply_lost", operation="charge"), PAY, DUE, wait(30.0), DUE, RESOLVE, RESOLVE)),
    "before the click": ("named", (OPTIONS, LOOK, CANCEL, TRACE)),
}


def _summed(told: Any) -> object:
    return told.to_json() if hasattr(told, "to_json") else told


def lived_sync(lab: Lab, acts: tuple[Act, ...]) -> Told:
    """Go through a schedule with `Payments`."""
    told: Told = []
    for act in acts:
        if not isinstance(act, Step):
            act(lab)
            continue
        try:
            told.append((act.name, _summed(act.made(lab.client))))
        except pf.PayfallbackError as error:
            told.append((act.name, (type(error).__name__, str(error))))
    return told


async def lived_async(lab: Lab, acts: tuple[Act, ...]) -> Told:
    """Go through the same schedule with `AsyncPayments`."""
    told: Told = []
    for act in acts:
        if not isinstance(act, Step):
            act(lab)
            continue
        try:
            told.append((act.name, _summed(await act.made(lab.client))))
        except pf.PayfallbackError as error:
            told.append((act.name, (type(error).__name__, str(error))))
    return told


def seen_of(lab: Lab, told: Told) -> dict[str, object]:
    """Everything that can be compared."""
    return {
        "effects": lab.steps.names,
        "events": [repr(each) for each in lab.events(ORDER)],
        "results": told,
        "ledger": lab.ledger.entries(),
        "arrivals": lab.ledger.arrivals(),
        "time": lab.clock.monotonic(),
    }


def both(kind: str, acts: tuple[Act, ...], backend: str) -> tuple[dict[str, object], dict[str, object]]:
    """The same schedule, lived twice."""
    given = arguments({"a": kind, "b": "named"})
    with pf.Payments(**given).lab() as lab:
        one = seen_of(lab, lived_sync(lab, acts))
    with pf.AsyncPayments(**given).lab() as lab:
        other = seen_of(lab, anyio.run(lived_async, lab, acts, backend=backend))
    return one, other


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_the_same_in_both(name: str, backend: str) -> None:
    """Effects, events, results, what the providers saw and the time it took: nothing tells them apart."""
    one, other = both(*SCHEDULES[name], backend)
    for what, seen in one.items():
        assert other[what] == seen, what


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_is_the_same_in_both(kind: str) -> None:
    """Any fault on any kind of channel, then a switch and recovery: the same in both."""
    for name in FAULTS:
        acts: tuple[Act, ...] = (fault("a", name), PAY, ASK, SWITCH, wait(61.0), RECOVER, LOOK)
        one, other = both(kind, acts, "asyncio")
        assert one == other, name


def test_the_two_doors_have_the_same_handles() -> None:
    """Every public method of one client is a method of the other, with the same parameters."""
    import inspect

    def public(cls: type) -> dict[str, list[str]]:
        members = {name: member for name, member in vars(cls).items() if not name.startswith("_")}
        return {name: list(inspect.signature(m).parameters) for name, m in members.items() if inspect.isfunction(m)}

    one, other = public(pf.Payments), public(pf.AsyncPayments)
    assert {**one, "close": []} == {**{name: other[name] for name in one if name != "close"}, "close": []}
    assert set(other) - set(one) == {"run", "aclose"}

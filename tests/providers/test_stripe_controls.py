"""Each control of the sandbox at each step of Stripe's other products, with a card to fall back to: paid once, or not
at all, and the records agree with Stripe's own books. (Cards take part in the contract of all providers.)"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from stripe_shop import SUM, shop, shopper

import payfallback as pf
from payfallback.testing.sandbox import FORMS, Sandbox, UnknownNumber
from shifted_clock import Shifted

FAULTS = [
    *(
        "reply_lost",
        "http_503",
        "http_503:processed",
        "hang",
        "hang:processed",
        "malformed",
        "unsigned",
        "rate_limited:1",
    ),
    *("captured_late:60", "appears_late:60", "declined:credit_exhausted", "key_ignored", "close_refused", "flapping"),
]
STEPS = {
    "klarna": ("create", "charge", "query", "close"),
    "page": ("create", "query", "close"),
    "hold": ("create", "charge", "capture", "query", "close"),
}
CASES = [
    (fault, step, way)
    for way, steps in STEPS.items()
    for fault in FAULTS
    for step in steps
    if step in FORMS[fault.partition(":")[0]]
]
LATER = (1, 5, 60, 600, 4000, 90000)  # seconds; recovery looks again after each
_orders = count(1)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for this file."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def shifted() -> Shifted:
    """The client's clock."""
    return Shifted()


@pytest.fixture
def payments(sandbox: Sandbox, tmp_path: Path, shifted: Shifted) -> Iterator[pf.Payments]:
    """The shop."""
    with shop(sandbox, tmp_path, shifted, timeout="300ms") as client:
        yield client


def later(sandbox: Sandbox, payments: pf.Payments, shifted: Shifted) -> None:
    """Time passes for both sides, and recovery looks."""
    for seconds in LATER:
        shifted.ahead += seconds
        sandbox.advance(seconds)
        payments.recover(within=10)


def stands(sandbox: Sandbox, number: str) -> str:
    """What becomes of a number when somebody tries to pay it after all."""
    try:
        return sandbox.pay("stripe", number)
    except UnknownNumber:
        return "nothing"


@pytest.mark.parametrize("leaves", [False, True], ids=["stays", "leaves"])
@pytest.mark.parametrize(("fault", "step", "way"), CASES)
def test_paid_once_or_not_at_all(
    sandbox: Sandbox, payments: pf.Payments, shifted: Shifted, fault: str, step: str, way: str, *, leaves: bool
) -> None:
    """Whatever went wrong once, and whether the shopper paid there or left for a card, the money is here once where the
    order is paid, and not at all where it is not; nothing stays held or open at Stripe, but what was never confirmed.
    """
    order, times = pf.Order(f"CTRL{next(_orders)}X", SUM, "tea"), 2 if fault == "flapping" else 1
    sandbox.fault("stripe", fault, operation=step, times=times)
    result = payments.pay(order, way, consent=["card"], shopper=shopper(), within=5.0)
    if isinstance(result, pf.ActionRequired | pf.Pending) and leaves:
        result = payments.switch(order, "card", shopper=shopper(), within=5.0)
    if isinstance(result, pf.ActionRequired):
        sandbox.pay("stripe", result.number)
    sandbox.clear("stripe")
    later(sandbox, payments, shifted)
    paid = payments.status(order.id)
    assert isinstance(paid, pf.Paid | pf.NotPaid)
    assert sandbox.held(order.id) == (SUM.minor if isinstance(paid, pf.Paid) else 0)
    kept = {entry.number for entry in sandbox.captures(order.id)} - {
        entry.number for entry in sandbox.refunds(order.id)
    }
    assert kept == ({paid.number} if isinstance(paid, pf.Paid) else set())
    numbers = {line.number for line in sandbox.requests if line.number.startswith(order.id)}
    assert {stands(sandbox, number) for number in numbers} <= {"paid", "closed", "created", "nothing"}


@pytest.mark.parametrize("way", ["klarna", "page", "hold"])
def test_another_amount_is_never_paid(sandbox: Sandbox, payments: pf.Payments, shifted: Shifted, way: str) -> None:
    """What Stripe says was received differs by one unit: a person is called, and no other way is taken."""
    sandbox.fault("stripe", "wrong_amount")
    order = pf.Order(f"CTRL{next(_orders)}X", SUM, "tea")
    result = payments.pay(order, way, consent=["card"], shopper=shopper(), within=5.0)
    if isinstance(result, pf.ActionRequired):
        sandbox.pay("stripe", result.number)
    later(sandbox, payments, shifted)
    told = payments.status(order.id)
    assert isinstance(told, pf.Pending)
    assert told.needs_person
    assert len(sandbox.captures(order.id)) == (0 if way == "hold" else 1)

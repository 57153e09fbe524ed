"""A process that does not have a channel any more, or not yet: what is open there stays due, for those that have it."""

from __future__ import annotations

from typing import Any

import pytest
from attack_scene import told
from core_world import FIRST, NEVER_SENT, SILENCE, Scripted, captured, client, declined, pending, says
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.testing import VirtualClock

HELD = says(pf.Verdict.AUTHORISED, amount=AMOUNT)
STATES: dict[str, dict[Kind, pf.Answer]] = {
    "unknown": {Kind.CHARGE: SILENCE},
    "pending": {Kind.CHARGE: pending()},
    "held": {Kind.CHARGE: HELD, Kind.CAPTURE: NEVER_SENT},
    "being captured": {Kind.CHARGE: HELD, Kind.CAPTURE: SILENCE},
    "being closed": {Kind.CHARGE: SILENCE},
    "contradicted": {Kind.CHARGE: captured()},
}


def opened(state: str, clock: VirtualClock) -> tuple[pf.Payments, Scripted]:
    """An order whose attempt stands there, and stays there while its provider is silent."""
    first = Scripted("first", close=True, close_names_trade=True)
    for kind, answer in STATES[state].items():
        first.on(kind, answer)
    payments = client({"a": first}, clock)
    payments.pay(order(), "a", within=0.8)
    if state == "being closed":
        payments.cancel(ORDER, within=1.5)
    if state == "contradicted":
        payments.report("a", FIRST, declined())
    return payments, first


@pytest.mark.parametrize("state", STATES)
def test_an_open_attempt_is_left_to_those_that_have_its_channel(state: str) -> None:
    """Its recoveries do not fail and write nothing; a day's worth of them later the order is still looked after."""
    clock = VirtualClock()
    payments, first = opened(state, clock)
    poorer = client({"b": Scripted("second", close=True)}, clock, payments.journal)
    for seconds in (6.0, 10.0, 20.0, 60.0, 300.0, 3600.0):
        clock.advance(seconds)
        asked = len(first.asked)
        recovered: Any = poorer.recover()
        assert (recovered.looked, recovered.failed, len(first.asked)) == (1, 0, asked)
    assert told(poorer) in ([], ["paid"])
    first.on(Kind.QUERY, captured()).on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT))
    for _ in range(4):
        clock.advance(3600.0)
        payments.recover()
    assert len(first.asked) > asked
    assert isinstance(payments.status(ORDER), pf.NotPaid if state == "being closed" else pf.Paid)

"""Questions and news that cross each other, on machines whose clocks differ."""

from __future__ import annotations

import pytest
from attack_scene import attempts
from core_world import FIRST, captured, client, meanwhile, says, settle
from money_shop import order
from test_attacks_giving_back import HOUR, late_payment

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback._core.state import Status
from payfallback.testing import VirtualClock


@pytest.mark.parametrize("verdict", [pf.Verdict.CLOSED, pf.Verdict.DECLINED])
def test_an_answer_that_crossed_the_news_does_not_settle_it(verdict: pf.Verdict) -> None:
    """A worker whose clock is ahead is told that it is over while another one hears "paid": it is asked about again."""
    clock, first, second = late_payment()
    payments = client({"a": first, "b": second}, clock)
    assert isinstance(payments.pay(order(), "a", consent=["b"]), pf.Paid)
    ahead = VirtualClock()
    ahead.advance(clock.epoch() - ahead.epoch() + 200.0)
    worker = client({"a": first, "b": second}, ahead, payments.journal)
    closed = says(verdict, named=True, final=True)
    first.on(Kind.QUERY, meanwhile(lambda: payments.report("a", FIRST, captured()), closed), captured())
    clock.advance(10.0)
    assert worker.recover().failed == 0
    assert attempts(payments.journal)[0].status is Status.DISPUTED
    settle(payments, clock, 2 * HOUR)
    assert attempts(payments.journal)[0].status is Status.REFUNDED

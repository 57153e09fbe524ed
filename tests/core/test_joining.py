"""I4: a second call about an order that another run holds waits for it, within its own time, and sends nothing."""

from __future__ import annotations

import pytest
from core_world import Scripted, captured, client
from money_shop import ORDER, order, shop

import payfallback as pf
from payfallback._core.operations import Kind, Operation
from payfallback.journal.memory import MemoryJournal
from payfallback.testing import VirtualClock
from payfallback.testing.crash import Crashed


@pytest.mark.parametrize("within", [0.5, 2.0])
def test_a_second_click_waits_for_the_first_for_as_long_as_it_was_given(within: float) -> None:
    """The first charge hangs. The second call comes back in its own time, with `Pending`, and charged nobody."""
    clock = VirtualClock()
    journal, heard = MemoryJournal(clock), []
    only = Scripted("only", close=True, close_names_trade=True)
    first, second = (client({"a": only}, clock, journal) for _ in range(2))

    def hangs(operation: Operation) -> pf.Answer:
        begun = clock.monotonic()
        heard.append((second.pay(order(), "a", within=within), clock.monotonic() - begun))
        return captured()

    only.on(Kind.CHARGE, hangs)
    assert isinstance(first.pay(order(), "a", within=10.0), pf.Paid)
    [(result, took)] = heard
    assert isinstance(result, pf.Pending)
    assert took == pytest.approx(within, abs=0.061)
    assert len(only.asked) == 1


def test_a_call_that_waits_takes_over_what_a_dead_process_held() -> None:
    """The payer died in mid-charge. The next call waits until its lease is over, and finds out in the same call."""
    with shop({"a": "named"}).lab() as lab:
        lab.crash(3, "after")
        with pytest.raises(Crashed):
            lab.client.pay(order(), "a")
        assert isinstance(lab.client.pay(order(), "a", within=120.0), pf.Paid)
        assert len(lab.ledger.captures(ORDER)) == 1

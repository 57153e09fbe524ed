"""I5: one attempt pays the order, whatever is heard at once and whatever a damaged journal says."""

from __future__ import annotations

from core_world import FIRST, SILENCE, Scripted, captured, client, declined, meanwhile, settle
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.events import Asked, Event, Opened, Planned, Seen, Sending, Won
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.ports import Commit
from payfallback.testing import VirtualClock

SECOND = f"{ORDER}02"
CLOSES = {"close": True, "close_names_trade": True}


def test_of_two_captures_heard_at_once_the_earlier_attempt_pays() -> None:
    """A refused attempt was paid after all, and so is the one in its place: the first pays, the second goes back."""
    clock, journal = VirtualClock(), MemoryJournal()
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, declined())
    second = Scripted("second", **CLOSES)
    payments, door = (client({"a": first, "b": second}, clock, journal) for _ in range(2))
    second.on(Kind.CHARGE, meanwhile(lambda: door.report("a", FIRST, captured()), SILENCE))
    first.on(Kind.QUERY, meanwhile(lambda: door.report("b", SECOND, captured()), captured()))
    second.on(Kind.REFUND, pf.Answer(verdict=pf.Verdict.REFUNDED, amount=AMOUNT, named=True))
    result = payments.pay(order(), "a", consent=["b"])
    assert isinstance(result, pf.Paid)
    assert result.number == FIRST
    settle(payments, clock, 120.0)
    assert [each.number for each in second.of(Kind.REFUND)] == [SECOND]
    assert first.of(Kind.REFUND) == []


def test_a_journal_that_names_two_winners_keeps_the_first() -> None:
    """No version of ours writes a second winner. Where a journal has one, the order stays paid by the first."""
    journal = MemoryJournal()
    paid = {"minor": AMOUNT.minor, "currency": "CNY"}
    events: list[Event] = [Opened(0.0, ORDER, "", AMOUNT, 1800.0, "switch"), Asked(0.0, "pay", "a")]
    for seq, name in enumerate("ab", 1):
        events += [
            Planned(0.0, seq, f"{ORDER}0{seq}", name, f"{name}/{name}/m1/production", "server"),
            Sending(0.0, seq, 1, "charge", 3.0),
            Seen(1.0, seq, "charge", "captured", request=1, **paid),
            Won(1.0, seq),
        ]
    journal.submit(Commit(key=f"|{ORDER}", version=0, events=tuple(events), due=None), lambda _: None)
    result = client({"a": Scripted("a", **CLOSES)}, VirtualClock(), journal).status(ORDER)
    assert isinstance(result, pf.Paid)
    assert result.number == FIRST

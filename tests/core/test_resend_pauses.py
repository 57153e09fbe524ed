"""How long a run waits before it sends again, and when the observer hears what was decided."""

from __future__ import annotations

from typing import Any

import pytest
import tenacity
from core_world import Scripted, captured, client, says
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.events import Asked
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.policy import RetryPolicy
from payfallback.storage import Commit, Done
from payfallback.testing import VirtualClock

AGAIN = pf.Answer(verdict=pf.Verdict.UNKNOWN, cause=pf.Cause.PROVIDER_ERROR, resendable=True)
NEVER = pf.Answer(verdict=pf.Verdict.NOT_SENT, cause=pf.Cause.NETWORK)


def sends(first: pf.Answer, **policy: Any) -> list[float]:
    """The moments at which a charge left, when the first two came to this and the third was taken."""
    clock, at = VirtualClock(), []

    def leaves(told: pf.Answer) -> Any:
        def charge(operation: Any) -> pf.Answer:
            at.append(clock.monotonic())
            return told

        return charge

    provider = Scripted("a", resend=600.0, query=False, close=True, close_names_trade=True)
    provider.on(Kind.CHARGE, leaves(first), leaves(first), leaves(captured()))
    payments = client({"a": provider}, clock, **policy)
    assert isinstance(payments.pay(order(), "a", within=10.0), pf.Paid)
    return at


@pytest.mark.parametrize("first", [AGAIN, NEVER])
def test_the_channels_own_strategy_decides_how_long(first: pf.Answer) -> None:
    """A tenacity strategy of the channel's own holds for what was never sent and for a resend alike."""
    strategy = tenacity.wait_incrementing(start=0.7, increment=0.6)
    channel = {"a": {"retry": RetryPolicy(wait=strategy)}}
    assert sends(first, channel=channel) == pytest.approx([0.0, 0.7, 2.0])


def test_a_random_wait_is_drawn_once() -> None:
    """However often a run looks at what is next, the wait before one send is one."""
    drawn: list[int] = []

    def backoff(channel: pf.Channel, resend: int) -> float:
        drawn.append(resend)
        return 0.5 / len(drawn)

    assert sends(AGAIN, backoff=backoff) == pytest.approx([0.0, 0.5, 0.75])
    assert drawn == [1, 2]


class Overtaken:
    """A journal in which somebody else writes to the order just before a commit that decides is taken."""

    def __init__(self, clock: VirtualClock) -> None:
        self.inner, self.overtaken = MemoryJournal(clock), False

    def submit(self, commit: Commit, done: Done, **more: Any) -> None:
        """Commit, but somebody else was faster the first time that an outcome is decided."""
        if commit.outcomes and not self.overtaken:
            self.overtaken = True
            news = Commit(key=commit.key, version=None, events=(Asked(0.0, "pay", "a"),))
            self.inner.submit(news, lambda receipt: None)
        self.inner.submit(commit, done, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_paid_is_told_once_although_a_commit_loses_its_race() -> None:
    """What was decided in vain is decided again: the observer hears `order.paid` once, when it is durable."""
    clock, heard = VirtualClock(), []

    def observer(event: str, /, **fields: Any) -> None:
        heard.append((event, fields["order_id"])) if event == "order.paid" else None

    journal = Overtaken(clock)
    payments = client({"a": Scripted("a").on(Kind.CHARGE, captured())}, clock, journal, observer=observer)
    assert isinstance(payments.pay(pf.Order(ORDER, AMOUNT), "a"), pf.Paid)
    assert journal.overtaken
    assert heard == [("order.paid", ORDER)]


def test_paid_is_not_told_before_it_is_durable() -> None:
    """While the journal is away nobody hears that an order is paid; recovery tells it when it writes it down."""
    clock, heard = VirtualClock(), []

    class Full(Overtaken):
        def submit(self, commit: Commit, done: Done, **more: Any) -> None:
            if commit.outcomes and self.overtaken is False:
                done(pf.JournalUnavailable("the disk is full"))
            else:
                self.inner.submit(commit, done, **more)

    journal = Full(clock)
    provider = Scripted("a").on(Kind.CHARGE, captured()).on(Kind.QUERY, says(pf.Verdict.CAPTURED, amount=AMOUNT))
    payments = client({"a": provider}, clock, journal, observer=lambda event, /, **fields: heard.append(event))
    assert isinstance(payments.pay(order(), "a", within=1.0), pf.Pending)
    assert "order.paid" not in heard
    journal.overtaken = True
    clock.advance(60.0)
    payments.recover()
    assert heard.count("order.paid") == 1

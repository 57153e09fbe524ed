"""What the shop's own code, or a damaged order, gets wrong stays where it is: nothing else suffers from it."""

from __future__ import annotations

from typing import Any

import pytest

import payfallback as pf
from payfallback._core.events import Died
from payfallback.journal.memory import MemoryJournal
from payfallback.ports import Commit
from payfallback.testing import VirtualClock

AMOUNT = pf.Money.of("59.00", "CNY")


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "captured"},
        {"amount": 59.9},
        {"amount": 5990},
        {"cause": "risk_rejected"},
        {"code": 51},
        {"text": None},
        {"paid_at": "2026-01-01"},
        {"retry_after": "3s"},
        {"provider_ref": 7},
        {"action": "weixin://x"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_readers_answer_of_the_wrong_type_never_breaks_a_payment_that_was_sent(wrong: dict[str, Any]) -> None:
    """`pay` does not raise after it sent: the answer counts as unknown, and the story says what is wrong with it."""
    sent: list[str] = []

    def charge(attempt: pf.Attempt) -> object:
        sent.append(attempt.number)
        return object()

    def reads(attempt: pf.Attempt, given: object) -> pf.Answer:
        return pf.Answer(**{"verdict": pf.Verdict.CAPTURED, **wrong})

    card = pf.wrap(charge, reads=reads, account="card/m1", last=True)
    payments = pf.Payments(**pf.channels({"card": card}), journal=MemoryJournal())
    result = payments.pay(pf.Order("A1001", AMOUNT), "card", within=0.3)
    assert (type(result), sent) == (pf.Pending, ["A100101"])
    assert "the reader's Answer has" in " ".join(line.text for line in payments.trace("A1001").lines)


def test_an_order_that_cannot_be_read_does_not_keep_the_others_waiting() -> None:
    """Recovery counts a damaged order as failed, says so, and finishes the others in the same round."""
    clock, heard = VirtualClock(), []
    journal = MemoryJournal(clock)
    journal.submit(
        Commit(key="|BROKEN", version=0, events=(Died(1.0, 1, "never_sent"),), due=clock.epoch()), lambda _: None
    )
    paid = pf.Answer(verdict=pf.Verdict.CAPTURED, amount=AMOUNT)
    silence = pf.Answer(verdict=pf.Verdict.UNKNOWN)
    card = pf.wrap(
        lambda attempt: silence, query=lambda attempt: paid, reads=lambda a, r: r, account="card/m1", last=True
    )
    payments = pf.Payments(
        **pf.channels({"card": card}, autonomy="observe"),
        journal=journal,
        clock=clock,
        sleep=clock.sleep,
        observer=lambda event, /, **fields: heard.append(event),
    )
    assert isinstance(payments.pay(pf.Order("A1001", AMOUNT), "card"), pf.Pending)
    clock.advance(20.0)
    recovered = payments.recover()
    assert (recovered.failed, recovered.settled) == (1, 1)
    assert isinstance(payments.status("A1001"), pf.Paid)
    assert "recovery.failed" in heard

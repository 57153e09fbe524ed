"""The story of an order, line by line: every wish, answer and amount, in words that a person on call can use."""

from __future__ import annotations

from typing import Any

import pytest
from attack_scene import door, paid_notice
from core_world import (
    FIRST,
    QR,
    SILENCE,
    Scripted,
    captured,
    client,
    declined,
    pending,
    says,
    settle,
)
from long_lives import KEY, ask
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.events import Seen
from payfallback._core.operations import Kind, Operation
from payfallback.ports import Commit
from payfallback.testing import VirtualClock
from payfallback.testing.crash import Crashed

CLOSES = {"close": True, "close_names_trade": True}
CLOSED = says(pf.Verdict.CLOSED, named=True)
OPENED = ["order opened for 59.00 CNY"]
FIRST_SENT = [
    "the shop asked to pay with a (route default)",
    f"attempt 1 on a got the number {FIRST}",
    "attempt 1: charge written down, then sent (request 1)",
]


def story(payments: pf.Payments) -> list[str]:
    """What the order's trace says, but that it was opened."""
    lines = [line.text for line in payments.trace(ORDER).lines]
    assert lines[:1] == OPENED
    return lines[1:]


def alone(charge: pf.Answer, **policy: Any) -> tuple[pf.Payments, Scripted, VirtualClock]:
    """One channel, which answers the charge so and then is silent."""
    clock = VirtualClock()
    only = Scripted("first", **CLOSES).on(Kind.CHARGE, charge).on(Kind.QUERY, SILENCE)
    return client({"a": only}, clock, **policy), only, clock


def left_for_a_third() -> tuple[pf.Payments, VirtualClock]:
    """Channel `a` refuses, `b` shows a code, ten seconds later the shopper takes `c`."""
    clock = VirtualClock()
    first = Scripted("first", **CLOSES).on(Kind.CHARGE, declined(code="LIMIT", text="words about a shopper"))
    second = Scripted("second", **CLOSES).on(Kind.CHARGE, pending(action=QR)).on(Kind.QUERY, pending())
    second.on(Kind.CLOSE, CLOSED)
    third = Scripted("third", **CLOSES).on(Kind.CHARGE, captured())
    payments = client({"a": first, "b": second, "c": third}, clock)
    payments.pay(order(), "a", consent=["b", "c"])
    clock.advance(10.0)
    payments.switch(order(), "c")
    return payments, clock


def test_a_story_says_why_each_step_was_taken() -> None:
    """What the shopper wished and agreed to, what was sent, what was answered, under which code, and how it ended. A
    refusal's text can speak of the shopper, and is not repeated."""
    payments, _ = left_for_a_third()
    assert story(payments) == [
        "the shop asked to pay with a, agreed to b, c (route default)",
        *FIRST_SENT[1:],
        "attempt 1: the charge answered: declined, finally, because credit_exhausted [LIMIT]",
        f"attempt 2 on b got the number {ORDER}02",
        "attempt 2: charge written down, then sent (request 1)",
        "attempt 2: the charge answered: pending, because awaiting_shopper",
        "attempt 2: handed to the shopper",
        "the shop asked for another way with c (route default)",
        "attempt 2: the query answered: pending, because awaiting_shopper",
        "attempt 2: close written down, then sent (request 2)",
        "attempt 2: the close answered: closed",
        f"attempt 3 on c got the number {ORDER}03",
        "attempt 3: charge written down, then sent (request 1)",
        "attempt 3: the charge answered: captured",
        "attempt 3 pays the order",
        "outcome for the shop: paid",
    ]


def test_money_that_comes_and_goes_back_is_told_with_its_refund() -> None:
    """Given up, paid all the same, given back: the provider's notification, and the refund by its number."""
    payments, first, clock = alone(pending(action=QR))
    first.on(Kind.QUERY, pending()).on(Kind.CLOSE, CLOSED).on(Kind.REFUND, says(pf.Verdict.REFUNDED, amount=AMOUNT))
    payments.pay(order(), "a")
    payments.cancel(ORDER)
    first.on(Kind.QUERY, captured())
    door(first, clock, payments.journal).notify("a", {}, paid_notice(FIRST))
    settle(payments, clock, 60.0)
    assert story(payments)[5:] == [
        "the shop gave the order up",
        "attempt 1: the query answered: pending, because awaiting_shopper",
        "attempt 1: close written down, then sent (request 2)",
        "attempt 1: the close answered: closed",
        "outcome for the shop: cancelled (cancelled)",
        "attempt 1: the provider notified us: captured",
        "attempt 1: the query answered: captured",
        "attempt 1 captured too (cancelled): it goes back",
        f"attempt 1: refund {FIRST}R1 written down, then sent (request 3)",
        "attempt 1: the refund answered: refunded",
    ]


def test_what_the_shop_reported_is_told_as_such() -> None:
    """Not as an answer to a question of ours."""
    payments, _, _ = alone(pending())
    payments.pay(order(), "a", within=1.0)
    payments.report("a", FIRST, captured())
    assert story(payments)[4:] == [
        "attempt 1: the notice was reported by the shop: captured",
        "attempt 1 pays the order",
        "outcome for the shop: paid",
    ]


def test_a_request_that_nobody_came_back_from_fell_silent() -> None:
    """The process died with its charge out; whoever recovers the order says so."""

    def dies(operation: Operation) -> pf.Answer:
        raise Crashed

    payments, only, clock = alone(SILENCE)
    only.on(Kind.CHARGE, dies)
    with pytest.raises(Crashed):
        payments.pay(order(), "a")
    settle(payments, clock, 10.0)
    assert story(payments)[:4] == [*FIRST_SENT, "attempt 1: the charge fell silent: unknown, because crashed"]


@pytest.mark.parametrize(
    ("heard", "told"),
    [
        (captured(pf.Money.of("58.00", "CNY")), "captured, but of 58.00 CNY, not 59.00 CNY"),
        (captured(pf.Money.of("59.00", "USD")), "captured, but of 59.00 USD, not 59.00 CNY"),
        (
            says(pf.Verdict.AUTHORISED, amount=pf.Money.of("60.00", "CNY")),
            "authorised, but of 60.00 CNY, not 59.00 CNY",
        ),
        (pf.Answer(verdict=pf.Verdict.CAPTURED), "captured"),
        (pending(amount=pf.Money.of("58.00", "CNY")), "pending, because awaiting_shopper"),
    ],
    ids=["less", "another currency", "more is held", "no amount", "nothing moved"],
)
def test_another_amount_than_the_orders_is_told(heard: pf.Answer, told: str) -> None:
    """Both amounts, with their currencies, of money that moved or is held; the order's own needs no words."""
    payments, _, _ = alone(heard)
    payments.pay(order(), "a", within=1.0)
    assert story(payments)[:4] == [*FIRST_SENT, f"attempt 1: the charge answered: {told}"]


def test_the_words_of_what_the_merchant_has_to_mend_are_repeated() -> None:
    """The cause, the provider's words for it, and its code."""
    wrong = declined(pf.Cause.MERCHANT_CONFIG, final=False, code="ACCESS", text="the key is not known")
    payments, _, _ = alone(wrong)
    payments.pay(order(), "a", within=1.0)
    said = "attempt 1: the charge answered: declined, because merchant_config (the key is not known) [ACCESS]"
    assert story(payments)[:4] == [*FIRST_SENT, said]


def test_a_trace_as_json_is_the_same_story() -> None:
    """The order, its amount, each line with its time, and the result with the shopper's message in the wanted language;
    Chinese where none is named."""
    payments, clock = left_for_a_third()
    trace = payments.trace(ORDER)
    told = trace.to_json()
    assert {name: told[name] for name in ("order_id", "amount")} == {"order_id": ORDER, "amount": "59.00 CNY"}
    assert told["lines"] == [{"at": line.at, "text": line.text} for line in trace.lines]
    times = [line.at for line in trace.lines]
    assert [at - clock.epoch() for at in times] == [-10.0] * 9 + [0.0] * 9
    assert told["result"] == payments.status(ORDER).to_json("zh-CN")
    assert trace.to_json("en")["result"] == payments.status(ORDER).to_json("en")
    assert sorted(told) == ["amount", "lines", "order_id", "result"]


def test_a_trace_knows_what_to_tell_the_shopper() -> None:
    """The message of where the order stands; Chinese where no language is named."""
    payments, _ = left_for_a_third()
    trace, result = payments.trace(ORDER), payments.status(ORDER)
    assert trace.amount == AMOUNT
    assert [trace.tell_shopper(), trace.tell_shopper("en")] == [result.message("zh-CN"), result.message("en")]
    assert result.message("zh-CN") != result.message("en")


@pytest.mark.parametrize(("source", "said"), [("local", "was held back"), ("courier", "courier")])
def test_who_said_it_is_named(source: str, said: str) -> None:
    """Our own machine held a charge back; and a source that only a newer worker knows is told under its name."""
    payments, _, clock = alone(SILENCE)
    payments.pay(order(), "a", within=1.0)
    seen = Seen(clock.epoch(), 1, "charge", "not_sent", 1, source, cause="time_up")
    ask(payments.journal.submit, Commit(key=KEY, version=None, events=(seen,)))
    assert story(payments)[-1] == f"attempt 1: the charge {said}: not_sent, because time_up"

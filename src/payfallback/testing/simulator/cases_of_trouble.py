"""Schedules about what goes wrong afterwards: closes, refunds, circuits, clocks, the journal."""

from __future__ import annotations

from collections.abc import Mapping

from payfallback.testing.simulator.case import BUSY, CARDS, LEFT, LINKS, NERVOUS, Case, at, fault, pay, switch
from payfallback.testing.simulator.moves import Move
from payfallback.testing.simulator.shops import Shop

OF_TROUBLE: Mapping[str, Case] = {
    "close-racing-pay": Case(
        "the shopper pays in the moment in which the attempt is being closed",
        LINKS,
        (pay(), switch(5.0), at(5.25, "scan", "oldest")),
        1,
        0,
    ),
    "close-refused": Case(
        "the provider refuses to close",
        LINKS,
        (pay(), fault("a", "close_refused", "close", 3.0, 4.0), switch(5.0), at(30.0, "scan", "oldest")),
        1,
        0,
    ),
    "close-timing-out": Case(
        "the close is taken and its answer never comes",
        LINKS,
        (pay(), fault("a", "reply_lost", "close", 2.0, 4.0), switch(5.0)),
        1,
        0,
    ),
    "refund-of-the-loser-fails": Case(
        "the second capture must go back, and the refund fails at first",
        CARDS,
        (
            fault("a", "captured_late:500", "charge"),
            fault("a", "declined", "refund", 1.0),
            pay(),
            switch(11.0),
            at(40.0, "lie"),
            *(at(42.0 + 30 * n, "recover") for n in range(3)),
        ),
        2,
        1,
    ),
    "refund-retried": Case(
        "the refund was taken and its answer was lost: it is sent again under its own number",
        Shop(("blind", "card")),
        (
            fault("a", "captured_late:500", "charge"),
            fault("a", "hang", "refund", 1.0),
            fault("a", "reply_lost", "refund", 1.0),
            pay(),
            switch(11.0),
            at(40.0, "lie"),
            *(at(42.0 + 30 * n, "recover") for n in range(4)),
        ),
        2,
        1,
    ),
    "breaker-opens-in-flight": Case(
        "failures open the circuit while another charge of the channel is on its way",
        BUSY,
        (
            fault("a", "slow:2.5", "charge"),
            pay(),
            fault("a", "http_503", "charge", 4.0, 0.1),
            *(Move(0.2 + 0.1 * number, "pay", 0, number, ("a", "a,b", 20.0)) for number in (1, 2, 3)),
        ),
        3,
        0,
    ),
    "half-open-stampede": Case(
        "the circuit lets one try through, and many come at once",
        BUSY,
        (
            fault("a", "http_503", "charge", 2.0),
            *(Move(0.0, "pay", 0, number, ("a", "", 1.0)) for number in range(4)),
            *(Move(8.0, "pay", 0, number, ("a", "a,b", 10.0)) for number in range(4)),
        ),
        2,
        0,
    ),
    "breaker-blocks-queries": Case(
        "the circuit is open, and what is unknown must be asked about all the same",
        BUSY,
        (
            fault("a", "reply_lost", "charge", 4.0),
            fault("a", "http_503", "query", 2.0),
            *(Move(1.0 * number, "pay", 0, number, ("a", "", 6.0)) for number in range(4)),
            *(at(15.0 * number, "recover") for number in (1, 2, 3)),
        ),
        2,
        0,
    ),
    "health-lost": Case(
        "what the process knew of its channels is gone in the middle of a payment",
        NERVOUS,
        (fault("a", "refused", "charge", 3.0), pay(), at(0.1, "health"), at(0.5, "health"), pay(5.0)),
        1,
        0,
    ),
    "clock-jumps": Case(
        "the clock jumps an hour ahead between sending and the answer, and back again",
        CARDS,
        (fault("a", "slow:2.5", "charge"), pay(), at(0.1, "jump", 3600.0), at(1.0, "jump", -7200.0), pay(4.0)),
        1,
        0,
    ),
    "disk-full-between-send-and-record": Case(
        "the journal is full when the answer is to be written down",
        CARDS,
        (at(0.0, "trap", "call/charge", 1.0, "full:3"), pay(), at(20.0, "recover")),
        1,
        0,
    ),
    "cancelled-while-unknown": Case(
        "the order was given up while its charge was unknown, and then it is captured",
        CARDS,
        (fault("a", "delivered_late:20", "charge"), pay(), at(4.0, "cancel", 1.0)),
        1,
        1,
    ),
    "crash-between-death-and-start": Case(
        "the process dies in the commit of the first attempt's death and the second one's start",
        CARDS,
        (
            fault("a", "declined", "charge"),
            at(0.0, "trap", "seen:charge:declined", 1.0, LEFT),
            pay(),
            pay(25.0, process=1),
        ),
        0,
        0,
    ),
    "yuan-for-fen": Case(
        "the provider took yuan for fen: one hundredth was captured",
        CARDS,
        (fault("a", "wrong_amount:59", "charge"), pay(), at(5.0, "recover")),
        1,
        0,
    ),
    "decline-that-was-not-final": Case(
        "refused, but the same number can still be paid: it is closed before another channel is tried",
        LINKS,
        (fault("a", "declined_open", "charge"), pay(within=20.0), at(3.0, "scan", "oldest")),
        1,
        0,
    ),
    "decline-then-captured": Case(
        "finally refused, and captured all the same after another channel was paid",
        CARDS,
        (fault("a", "declined", "charge"), pay(), at(5.0, "lie")),
        2,
        1,
    ),
}

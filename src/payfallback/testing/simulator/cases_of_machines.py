"""Schedules about the machine: forks, a neighbour that takes the processor, a writer that dies, health that is lost."""

from __future__ import annotations

from collections.abc import Mapping

from payfallback.testing.simulator.case import BUSY, CARDS, CODES, Case, at, fault, pay, switch
from payfallback.testing.simulator.moves import Move
from payfallback.testing.simulator.shops import Shop

ALONE = Shop(("card", "card"), processes=1)

OF_MACHINES: Mapping[str, Case] = {
    "fork-in-flight": Case(
        "the process forks while a charge is on its way, and the child is asked to pay the same order",
        ALONE,
        (fault("a", "slow:2.5", "charge"), pay(), at(0.1, "fork"), pay(0.15, process=1), pay(0.2, "b", process=1)),
        1,
        0,
    ),
    "fork-with-evidence-kept": Case(
        "the process forks while it keeps evidence that the journal would not take: both write it down",
        ALONE,
        (
            at(0.0, "trap", "call/charge", 1.0, "full:8"),
            pay(within=1.0),
            at(2.0, "fork"),
            pay(9.0, process=1),
            pay(9.0),
            at(20.0, "recover", process=1),
        ),
        1,
        0,
    ),
    "parent-dies-after-fork": Case(
        "the parent dies with a charge on its way; its child finds the order locked, then free",
        ALONE,
        (fault("a", "slow:2.5", "charge"), pay(), at(0.1, "fork"), at(0.15, "crash"), pay(0.3, process=1)),
        1,
        0,
    ),
    "cpu-bound-neighbour": Case(
        "another program takes the processor: deadlines and the lease pass between two effects of a payment",
        Shop(("card", "card"), lease=3.0),
        (at(0.0, "neighbour", 60.0, 6.0), pay(), pay(1.0, "b", process=1), at(20.0, "recover", process=1)),
        1,
        0,
    ),
    "lease-ends-before-sending": Case(
        "the lease ends between the intent and the request; meanwhile another process closes the attempt",
        Shop(("card", "card"), lease=3.0),
        (at(0.0, "trap", "call/charge", 1.0, "pause:35"), pay(), pay(16.0, process=1), switch(18.0, process=1)),
        1,
        0,
    ),
    "writer-dies": Case(
        "the journal's writer dies between sending and recording: every later caller of that process hears it at once",
        CARDS,
        (
            fault("a", "slow:1", "charge"),
            pay(within=3.0),
            at(0.3, "journal", "dead", 1.0),
            pay(5.0),
            at(20.0, "recover", process=1),
        ),
        1,
        0,
    ),
    "journal-slow": Case(
        "every commit takes seconds: the time for the charge is gone when its intent is durable",
        Shop(("card", "card"), timeout=1.0),
        (at(0.0, "journal", "slow", 30.0), pay(within=6.0), at(40.0, "recover")),
        0,
        0,
    ),
    "journal-away-before-sending": Case(
        "the journal is away before anything was sent: the shop hears it, and nothing was sent",
        CARDS,
        (at(0.0, "journal", "away", 1.0), pay(), pay(2.0)),
        1,
        0,
    ),
    "redis-flushed": Case(
        "what all processes know of the channels is gone at once, while a circuit is open",
        BUSY,
        (
            fault("a", "http_503", "charge", 2.0),
            *(Move(0.0, "pay", 0, number, ("a", "", 1.0)) for number in (0, 1)),
            *(at(1.5, "health", process=number) for number in (0, 1)),
            *(Move(2.0, "pay", number % 2, number, ("a", "a,b", 10.0)) for number in (2, 3)),
        ),
        2,
        0,
    ),
    "many-payers-and-recoverers": Case(
        "three processes pay, recover and deliver four orders at once while the provider's answers are lost",
        Shop(("again", "card"), health="nervous", orders=4, processes=3),
        (
            fault("a", "reply_lost", "charge", 3.0),
            *(Move(0.1 * n, "pay", n % 3, n % 4, ("a", "a,b", 6.0)) for n in range(8)),
            *(at(2.0 + 7.0 * n, "recover", process=n % 3) for n in range(6)),
            *(at(2.5 + 7.0 * n, "deliver", process=n % 3) for n in range(6)),
        ),
        4,
        0,
    ),
    "stopped-by-hand": Case(
        "a channel is stopped by hand in the middle of the day: nothing half-opens it",
        BUSY,
        (
            at(0.0, "stop", "a", 60.0),
            *(Move(2.0 + number, "pay", number % 2, number, ("a", "a,b", 10.0)) for number in range(4)),
        ),
        4,
        0,
    ),
    "clock-jumps-at-expiry": Case(
        "the clock jumps past the QR code's expiry and back: the provider's own clock counts",
        CODES,
        (pay(), at(1.0, "jump", 120.0), at(2.0, "recover"), at(3.0, "jump", -120.0), at(20.0, "scan", "oldest")),
        1,
        0,
    ),
}

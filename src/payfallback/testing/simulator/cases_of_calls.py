"""Schedules about who asks when: crashes, notifications, several processes, double clicks."""

from __future__ import annotations

from collections.abc import Mapping

from payfallback.testing.simulator.case import CARDS, CODES, LEFT, LINKS, Case, at, fault, pay, switch
from payfallback.testing.simulator.shops import Shop

OF_CALLS: Mapping[str, Case] = {
    "late-success-after-fallback": Case(
        "the first channel said closed, the second was paid, then the first captures all the same",
        CARDS,
        (fault("a", "captured_late:500", "charge"), pay(), switch(11.0), at(40.0, "lie")),
        2,
        1,
    ),
    "crash-between-send-and-record": Case(
        "the request left, and the process died before it could write the answer down",
        CARDS,
        (at(0.0, "trap", "call/charge", 1.0, LEFT), pay(), pay(1.0, process=1), at(30.0, "recover", process=1)),
        1,
        0,
    ),
    "crash-between-record-and-send": Case(
        "the intent is durable, the request never left",
        CARDS,
        (at(0.0, "trap", "sending:charge", 1.0, LEFT), pay(), at(30.0, "recover", process=1)),
        0,
        0,
    ),
    "crash-between-answer-and-record": Case(
        "the provider said captured, and the process died with the answer",
        CARDS,
        (at(0.0, "trap", "seen:charge", 1.0, "crash_before"), pay(), at(30.0, "recover", process=1)),
        1,
        0,
    ),
    "commit-unacknowledged": Case(
        "the journal took the commit and the acknowledgement was lost",
        CARDS,
        (pay(), at(0.02, "journal", "unacknowledged", 1.0), pay(3.0), at(30.0, "recover")),
        1,
        0,
    ),
    "not-found-then-appears": Case(
        "the provider does not find the charge, and then it is there, and paid",
        Shop(("acked", "card")),
        (fault("a", "appears_late:25", "charge"), fault("a", "reply_lost", "charge"), pay(within=20.0)),
        1,
        0,
    ),
    "notification-before-response": Case(
        "the provider's notification overtakes its answer",
        CARDS,
        (at(0.0, "post", "early"), fault("a", "slow:2.5", "charge"), pay()),
        1,
        0,
    ),
    "notification-before-row": Case(
        "a notification comes before the journal has taken what it is about",
        CARDS,
        (
            at(0.0, "post", "early"),
            pay(),
            at(0.21, "journal", "away", 1.0),
            at(0.21, "journal", "away", 1.0, process=1),
        ),
        1,
        0,
    ),
    "notification-twice": Case(
        "every notification comes twice, the second one late",
        CARDS,
        (at(0.0, "post", "twice"), fault("a", "reply_lost", "charge"), pay()),
        1,
        0,
    ),
    "notification-out-of-order": Case(
        "the news of the refund overtakes the news of the payment",
        CARDS,
        (at(0.0, "post", "shuffled"), pay(), at(1.0, "refund", "r1", 0.0), at(40.0, "recover")),
        1,
        1,
    ),
    "notification-forged": Case(
        "somebody else says that the order is paid",
        CODES,
        (pay(), at(1.0, "forged", "a"), at(1.0, "forged", "b")),
        0,
        0,
    ),
    "notification-of-another-account": Case(
        "an authentic notification of another account carries this order's number",
        CODES,
        (pay(), at(1.0, "foreign", "a")),
        0,
        0,
    ),
    "notification-with-another-amount": Case(
        "the provider captured another amount and says so before it answers",
        CARDS,
        (at(0.0, "post", "early"), fault("a", "wrong_amount", "charge"), fault("a", "reply_lost", "charge"), pay()),
        1,
        0,
    ),
    "two-recoverers": Case(
        "two processes find the same order due at the same moment",
        CARDS,
        (
            fault("a", "reply_lost", "charge"),
            at(0.0, "trap", "call/charge", 1.0, "crash_after"),
            pay(),
            *(at(20.0, "recover", process=number) for number in (0, 1)),
            *(at(35.0, "recover", process=number) for number in (1, 0)),
        ),
        1,
        0,
    ),
    "recoverer-with-a-clock-ahead": Case(
        "the clock of one recoverer is an hour ahead: the other one's lease holds all the same",
        CARDS,
        (
            at(0.0, "post", "off"),
            fault("a", "reply_lost", "charge"),
            fault("a", "slow:2.5", "query"),
            at(0.0, "trap", "call/charge", 1.0, "crash_after"),
            pay(),
            at(1.0, "jump", 3600.0, process=1),
            at(20.0, "recover"),
            at(21.0, "recover", process=1),
        ),
        1,
        0,
    ),
    "paused-process-wakes": Case(
        "a process stands still before it sends; another closes its attempt; then it wakes up and sends",
        Shop(("card", "card"), lease=3.0),
        (at(0.0, "trap", "call/charge", 1.0, "pause:35"), pay(), pay(20.0, process=1), switch(21.0, process=1)),
        1,
        0,
    ),
    "paused-before-the-commit": Case(
        "a process stands still before its commit; when it wakes up its version is old",
        Shop(("card", "card"), lease=3.0),
        (at(0.0, "trap", "sending:charge", 1.0, "pause:35"), pay(), pay(10.0, process=1), pay(36.0, process=1)),
        1,
        0,
    ),
    "double-click": Case(
        "the button was pressed twice, and the presses reached two processes",
        CARDS,
        (pay(), pay(process=1), pay(0.005), pay(0.1, process=1)),
        1,
        0,
    ),
    "double-click-on-another-channel": Case(
        "the second press chose another way to pay",
        CARDS,
        (pay(), pay(choice="b", process=1), pay(0.1, choice="b")),
        1,
        0,
    ),
    "cart-edited": Case(
        "the cart changed and was paid under the same order id",
        CARDS,
        (pay(), at(0.05, "edit", 100.0, process=1), at(1.0, "edit", -100.0), pay(2.0)),
        1,
        0,
    ),
    "old-code-paid-after-switch": Case(
        "the shopper left the QR code for a card, and pays the old code all the same",
        LINKS,
        (pay(), switch(5.0), at(5.1, "scan", "oldest"), at(8.0, "scan", "oldest")),
        1,
        0,
    ),
}

"""Schedules about what stands in the books: keys and their lifetime, bills, payments of other code, the console."""

from __future__ import annotations

from collections.abc import Mapping

from payfallback.testing.simulator.case import CARDS, CODES, LINKS, Case, at, fault, pay, switch
from payfallback.testing.simulator.shops import WATCH, Shop

KEYS = Shop(("again", "card"), pay_by=1800.0)

OF_BOOKS: Mapping[str, Case] = {
    "key-forgotten": Case(
        "the provider forgot the key after its lifetime, and the charge under it has still not appeared",
        KEYS,
        (
            at(0.0, "post", "off"),
            fault("a", "appears_late:900", "charge"),
            fault("a", "reply_lost", "charge"),
            fault("a", "hang", "query"),
            pay(within=3.0),
            pay(700.0, within=10.0),
        ),
        1,
        0,
    ),
    "key-ignored": Case(
        "the provider takes the repeated request for a new one: its bill shows it, and a person is told",
        KEYS,
        (
            at(0.0, "post", "off"),
            fault("a", "appears_late:4", "charge"),
            fault("a", "reply_lost", "charge"),
            fault("a", "key_ignored", "charge", 2.0),
            pay(within=20.0),
        ),
        2,
        0,
    ),
    "unlisted-code": Case(
        "the charge is answered with a code that is in no table: it proves nothing, and the trade is asked about",
        CARDS,
        (fault("a", "unlisted", "charge"), pay()),
        1,
        0,
    ),
    "unreadable-answer": Case(
        "the charge was honoured, and its answer is not signed: it proves nothing",
        CARDS,
        (fault("a", "unsigned", "charge"), pay()),
        1,
        0,
    ),
    "captured-after-a-cancel-that-refunds": Case(
        "a cancel that refunds what was paid got no answer, and then the attempt is captured: it cannot win any more",
        Shop(("code", "card")),
        (fault("a", "captured_late:20", "charge"), fault("a", "hang", "close", 3.0), pay(), switch(5.0, within=10.0)),
        1,
        1,
    ),
    "shopper-switches": Case(
        "the shopper leaves the QR code for a card and goes back to it",
        LINKS,
        (pay(), switch(3.0), switch(3.2, "a"), pay(9.0, "b")),
        1,
        0,
    ),
    "notification-late": Case(
        "the answer was lost, and the notification comes when recovery has long asked",
        CARDS,
        (at(0.0, "post", "late"), fault("a", "reply_lost", "charge"), pay(within=1.0), at(30.0, "recover")),
        1,
        0,
    ),
    "adopted": Case(
        "other code has a payment open and hands it over; the shopper pays it, and another channel is asked for",
        CODES,
        (at(0.0, "adopt", "a"), at(5.0, "scan", "oldest"), pay(6.0, "b")),
        1,
        0,
    ),
    "adopted-after-its-notification": Case(
        "the notification of a payment that other code sent comes before it is handed over",
        CARDS,
        (at(0.0, "post", "early"), at(0.0, "journal", "slow", 4.0), at(0.0, "adopt", "a"), pay(12.0, "b")),
        1,
        0,
    ),
    "adopted-and-the-caller-leaves": Case(
        "who hands a payment over goes away in the commit that takes it: other code had sent it all the same",
        CODES,
        (
            at(0.0, "trap", "append", 1.0, "interrupt"),
            at(0.0, "adopt", "a"),
            at(10.0, "recover"),
            at(20.0, "scan"),
            pay(50.0, "b"),
        ),
        1,
        0,
    ),
    "adopted-twice": Case(
        "the acknowledgement of an adoption is lost; when it is tried again its payment has long been voided",
        LINKS,
        (
            at(0.0, "journal", "unacknowledged", 0.5),
            at(0.0, "adopt", "a"),
            at(0.6, "console", "void", 0.0),
            at(1.0, "recover", process=1),
            pay(8.0, "b"),
        ),
        1,
        0,
    ),
    "captured-before-the-last-look": Case(
        "a refused attempt is captured shortly before its watch ends, without a notification: the last look finds it",
        CARDS,
        (
            at(0.0, "post", "off"),
            fault("a", "declined", "charge"),
            pay(),
            *(at(when, "recover") for when in (301.0, 3605.0, WATCH + 1.0, WATCH + 60.0)),
            at(WATCH - 200.0, "lie"),
        ),
        2,
        1,
    ),
    "captured-past-the-horizon": Case(
        "a refused attempt is captured when nobody watches it any more: the bill says so, and the money goes back",
        CARDS,
        (
            at(0.0, "post", "off"),
            fault("a", "declined", "charge"),
            pay(),
            *(at(60.0 * n * n, "recover") for n in range(1, 12)),
            at(WATCH + 100.0, "lie"),
        ),
        2,
        1,
    ),
    "bill-of-a-lost-notification": Case(
        "the bill of the day is read while nobody has asked about a charge yet",
        CARDS,
        (
            at(0.0, "post", "off"),
            fault("a", "reply_lost", "charge"),
            at(0.0, "trap", "call/charge", 1.0, "crash_after"),
            pay(),
            at(3.0, "bill", "a", process=1),
        ),
        1,
        0,
    ),
    "refunded-in-the-console": Case(
        "staff give the money back in the provider's console while the order is paid",
        CARDS,
        (pay(), at(5.0, "console", "refund", 0.0), at(20.0, "recover")),
        1,
        1,
    ),
    "provider-contradicts-itself": Case(
        "a notification calls the paid trade closed: it is asked again, and stays paid",
        CARDS,
        (pay(), at(5.0, "contradict", "closed"), at(20.0, "recover"), pay(30.0, "b")),
        1,
        0,
    ),
}

"""The schedules that break naive designs, by name (design, section 8): each runs alone, and random days mix them."""

from __future__ import annotations

from collections.abc import Mapping

from payfallback._values import value
from payfallback.testing.simulator.moves import Argument, Move
from payfallback.testing.simulator.shops import Shop

_LEFT = "crash_inside"


@value
class Case:
    """A named schedule. `captures` and `refunds`: what the providers' ledger must hold at its end, which shows that the
    schedule plays what its name says."""

    story: str
    shop: Shop
    moves: tuple[Move, ...]
    captures: int
    refunds: int


def _at(at: float, word: str, *args: Argument, process: int = 0) -> Move:
    return Move(at, word, process, 0, args)


def _pay(at: float = 0.0, choice: str = "a", consent: str = "a,b", within: float = 10.0, process: int = 0) -> Move:
    return _at(at, "pay", choice, consent, within, process=process)


def _switch(at: float, choice: str = "b", within: float = 20.0, process: int = 0) -> Move:
    return _at(at, "switch", choice, "a,b", within, process=process)


def _fault(channel: str, fault: str, operation: str = "", times: float = 1.0, at: float = 0.0) -> Move:
    return _at(at, "fault", channel, fault, operation, times)


_CARDS = Shop(("card", "card"))
_CODES = Shop(("qr", "card"))
_NERVOUS = Shop(("card", "card"), health="nervous")
_BUSY = Shop(("again", "card"), health="nervous", orders=4)

CASES: Mapping[str, Case] = {
    "late-success-after-fallback": Case(
        "the first channel said closed, the second was paid, then the first captures all the same",
        _CARDS,
        (_fault("a", "captured_late:500", "charge"), _pay(), _switch(11.0), _at(40.0, "lie")),
        2,
        1,
    ),
    "crash-between-send-and-record": Case(
        "the request left, and the process died before it could write the answer down",
        _CARDS,
        (_at(0.0, "trap", "call/charge", 1.0, _LEFT), _pay(), _pay(1.0, process=1), _at(30.0, "recover", process=1)),
        1,
        0,
    ),
    "crash-between-record-and-send": Case(
        "the intent is durable, the request never left",
        _CARDS,
        (_at(0.0, "trap", "sending:charge", 1.0, _LEFT), _pay(), _at(30.0, "recover", process=1)),
        0,
        0,
    ),
    "crash-between-answer-and-record": Case(
        "the provider said captured, and the process died with the answer",
        _CARDS,
        (_at(0.0, "trap", "seen:charge", 1.0, "crash_before"), _pay(), _at(30.0, "recover", process=1)),
        1,
        0,
    ),
    "commit-unacknowledged": Case(
        "the journal took the commit and the acknowledgement was lost",
        _CARDS,
        (_pay(), _at(0.02, "journal", "unacknowledged", 1.0), _pay(3.0), _at(30.0, "recover")),
        1,
        0,
    ),
    "not-found-then-appears": Case(
        "the provider does not find the charge, and then it is there, and paid",
        Shop(("acked", "card")),
        (_fault("a", "appears_late:25", "charge"), _fault("a", "reply_lost", "charge"), _pay(within=20.0)),
        1,
        0,
    ),
    "notification-before-response": Case(
        "the provider's notification overtakes its answer",
        _CARDS,
        (_at(0.0, "post", "early"), _fault("a", "slow:2.5", "charge"), _pay()),
        1,
        0,
    ),
    "notification-before-row": Case(
        "a notification comes before the journal has taken what it is about",
        _CARDS,
        (_at(0.0, "post", "early"), _pay(), _at(0.21, "journal", "away", 1.0), _at(0.21, "journal", "away", 1.0, process=1)),
        1,
        0,
    ),
    "notification-twice": Case(
        "every notification comes twice, the second one late",
        _CARDS,
        (_at(0.0, "post", "twice"), _fault("a", "reply_lost", "charge"), _pay()),
        1,
        0,
    ),
    "notification-out-of-order": Case(
        "the news of the refund overtakes the news of the payment",
        _CARDS,
        (_at(0.0, "post", "shuffled"), _pay(), _at(1.0, "refund", "r1", 0.0), _at(40.0, "recover")),
        1,
        1,
    ),
    "notification-forged": Case(
        "somebody else says that the order is paid",
        _CODES,
        (_pay(), _at(1.0, "forged", "a"), _at(1.0, "forged", "b")),
        0,
        0,
    ),
    "notification-of-another-account": Case(
        "an authentic notification of another account carries this order's number",
        _CODES,
        (_pay(), _at(1.0, "foreign", "a")),
        0,
        0,
    ),
    "notification-with-another-amount": Case(
        "the provider captured another amount and says so before it answers",
        _CARDS,
        (_at(0.0, "post", "early"), _fault("a", "wrong_amount", "charge"), _fault("a", "reply_lost", "charge"), _pay()),
        1,
        0,
    ),
    "two-recoverers": Case(
        "two processes find the same order due at the same moment",
        _CARDS,
        (
            _fault("a", "reply_lost", "charge"),
            _at(0.0, "trap", "call/charge", 1.0, "crash_after"),
            _pay(),
            *(_at(20.0, "recover", process=number) for number in (0, 1)),
            *(_at(35.0, "recover", process=number) for number in (1, 0)),
        ),
        1,
        0,
    ),
    "paused-process-wakes": Case(
        "a process stands still before it sends; another closes its attempt; then it wakes up and sends",
        Shop(("card", "card"), lease=3.0),
        (_at(0.0, "trap", "call/charge", 1.0, "pause:35"), _pay(), _pay(20.0, process=1), _switch(21.0, process=1)),
        1,
        0,
    ),
    "paused-before-the-commit": Case(
        "a process stands still before its commit; when it wakes up its version is old",
        Shop(("card", "card"), lease=3.0),
        (_at(0.0, "trap", "sending:charge", 1.0, "pause:35"), _pay(), _pay(10.0, process=1), _pay(36.0, process=1)),
        1,
        0,
    ),
    "double-click": Case(
        "the button was pressed twice, and the presses reached two processes",
        _CARDS,
        (_pay(), _pay(process=1), _pay(0.005), _pay(0.1, process=1)),
        1,
        0,
    ),
    "double-click-on-another-channel": Case(
        "the second press chose another way to pay",
        _CARDS,
        (_pay(), _pay(choice="b", process=1), _pay(0.1, choice="b")),
        1,
        0,
    ),
    "cart-edited": Case(
        "the cart changed and was paid under the same order id",
        _CARDS,
        (_pay(), _at(0.05, "edit", 100.0, process=1), _at(1.0, "edit", -100.0), _pay(2.0)),
        1,
        0,
    ),
    "old-code-paid-after-switch": Case(
        "the shopper left the QR code for a card, and pays the old code all the same",
        Shop(("link", "card")),
        (_pay(), _switch(5.0), _at(5.1, "scan", "oldest"), _at(8.0, "scan", "oldest")),
        1,
        0,
    ),
    "close-racing-pay": Case(
        "the shopper pays in the moment in which the attempt is being closed",
        Shop(("link", "card")),
        (_pay(), _switch(5.0), _at(5.25, "scan", "oldest")),
        1,
        0,
    ),
    "close-refused": Case(
        "the provider refuses to close",
        Shop(("link", "card")),
        (_pay(), _fault("a", "close_refused", "close", 3.0, 4.0), _switch(5.0), _at(30.0, "scan", "oldest")),
        1,
        0,
    ),
    "close-timing-out": Case(
        "the close is taken and its answer never comes",
        Shop(("link", "card")),
        (_pay(), _fault("a", "reply_lost", "close", 2.0, 4.0), _switch(5.0)),
        1,
        0,
    ),
    "refund-of-the-loser-fails": Case(
        "the second capture must go back, and the refund fails at first",
        _CARDS,
        (
            _fault("a", "captured_late:500", "charge"),
            _fault("a", "declined", "refund", 1.0),
            _pay(),
            _switch(11.0),
            _at(40.0, "lie"),
            *(_at(42.0 + 30 * n, "recover") for n in range(3)),
        ),
        2,
        1,
    ),
    "refund-retried": Case(
        "the refund was taken and its answer was lost: it is sent again under its own number",
        Shop(("blind", "card")),
        (
            _fault("a", "captured_late:500", "charge"),
            _fault("a", "hang", "refund", 1.0),
            _fault("a", "reply_lost", "refund", 1.0),
            _pay(),
            _switch(11.0),
            _at(40.0, "lie"),
            *(_at(42.0 + 30 * n, "recover") for n in range(4)),
        ),
        2,
        1,
    ),
    "breaker-opens-in-flight": Case(
        "failures open the circuit while another charge of the channel is on its way",
        _BUSY,
        (
            _fault("a", "slow:2.5", "charge"),
            _pay(),
            _fault("a", "http_503", "charge", 4.0, 0.1),
            *(Move(0.2 + 0.1 * number, "pay", 0, number, ("a", "a,b", 20.0)) for number in (1, 2, 3)),
        ),
        4,
        0,
    ),
    "half-open-stampede": Case(
        "the circuit lets one try through, and many come at once",
        _BUSY,
        (
            _fault("a", "http_503", "charge", 6.0),
            *(Move(0.0, "pay", 0, number, ("a", "", 1.0)) for number in range(4)),
            *(Move(8.0, "pay", 0, number, ("a", "a,b", 10.0)) for number in range(4)),
        ),
        4,
        0,
    ),
    "breaker-blocks-queries": Case(
        "the circuit is open, and what is unknown must be asked about all the same",
        _BUSY,
        (
            _fault("a", "reply_lost", "charge", 4.0),
            *(Move(0.0, "pay", 0, number, ("a", "", 6.0)) for number in range(4)),
            *(_at(15.0 * number, "recover") for number in (1, 2, 3)),
        ),
        4,
        0,
    ),
    "health-lost": Case(
        "what the process knew of its channels is gone in the middle of a payment",
        _NERVOUS,
        (_fault("a", "http_503", "charge", 3.0), _pay(), _at(0.1, "health"), _at(0.5, "health"), _pay(5.0)),
        1,
        0,
    ),
    "clock-jumps": Case(
        "the clock jumps an hour ahead between sending and the answer, and back again",
        _CARDS,
        (_fault("a", "slow:2.5", "charge"), _pay(), _at(0.1, "jump", 3600.0), _at(1.0, "jump", -7200.0), _pay(4.0)),
        1,
        0,
    ),
    "disk-full-between-send-and-record": Case(
        "the journal is full when the answer is to be written down",
        _CARDS,
        (_at(0.0, "trap", "call/charge", 1.0, "full:3"), _pay(), _at(20.0, "recover")),
        1,
        0,
    ),
    "cancelled-while-unknown": Case(
        "the order was given up while its charge was unknown, and then it is captured",
        _CARDS,
        (_fault("a", "delivered_late:20", "charge"), _pay(), _at(4.0, "cancel", 1.0)),
        1,
        1,
    ),
    "crash-between-death-and-start": Case(
        "the process dies in the commit of the first attempt's death and the second one's start",
        _CARDS,
        (
            _fault("a", "declined", "charge"),
            _at(0.0, "trap", "seen:charge:declined", 1.0, _LEFT),
            _pay(),
            _pay(25.0, process=1),
        ),
        1,
        0,
    ),
    "yuan-for-fen": Case(
        "the provider took yuan for fen: one hundredth was captured",
        _CARDS,
        (_fault("a", "wrong_amount:59", "charge"), _pay(), _at(5.0, "recover")),
        1,
        0,
    ),
    "decline-that-was-not-final": Case(
        "refused, but the same number can still be paid: it is closed before another channel is tried",
        Shop(("link", "card")),
        (_fault("a", "declined_open", "charge"), _pay(within=20.0), _at(3.0, "scan", "oldest")),
        1,
        0,
    ),
    "decline-then-captured": Case(
        "finally refused, and captured all the same after another channel was paid",
        _CARDS,
        (_fault("a", "declined", "charge"), _pay(), _at(5.0, "lie")),
        2,
        1,
    ),
}

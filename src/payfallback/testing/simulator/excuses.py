"""What looks like a broken promise and is not the library's: said here once, with why."""

from __future__ import annotations

from typing import Protocol

from payfallback._core.operations import Kind
from payfallback.testing.ledger import Ledger, holding
from payfallback.testing.promises import Violation


class Watch(Protocol):
    """What the watch knows of orders with which something strange was done; ids of the shop."""

    lenient: bool
    by_hand: set[str]
    misled: set[str]
    billed: set[str]
    read: bool

    def in_the_dark(self, order_id: str) -> bool:
        """Whether a final answer was taken back, and the last question about it came to nothing true."""

    @property
    def ledger(self) -> Ledger:
        """The providers' own."""


def excused(watch: Watch, violation: Violation) -> bool:
    """Whether it is one of these."""
    return any(excuse(watch, violation) for excuse in _EXCUSES)


def _only_old_news(watch: Watch, violation: Violation) -> bool:
    """An old answer, a late notification or evidence that was kept while the journal was away may be the last that
    the journal holds of an attempt. Whether money is still on hold is the ledger's to say."""
    last = violation.facts.endswith(" authorised") and "nor dead" in violation.facts
    return violation.promise == "I14" and last and not holding(watch.ledger.entries(violation.order_id))


def _by_hand(watch: Watch, violation: Violation) -> bool:
    """What staff gave back nobody had asked the library for."""
    return violation.promise == "I5" and "was refunded" in violation.facts and violation.order_id in watch.by_hand


def _false_word(watch: Watch, violation: Violation) -> bool:
    """A capture of another amount that a notification told of, and that never was."""
    return violation.promise == "I13" and "had been seen" in violation.facts and violation.order_id in watch.misled


def _until_the_bill(watch: Watch, violation: Violation) -> bool:
    """Captured when nobody watched any more, or when whoever looked last was told nothing or something old: only the
    bill tells, and it is read after this."""
    order = violation.order_id
    dark = order in watch.billed or watch.in_the_dark(order) or (watch.lenient and _repeated(watch, order))
    return violation.promise in ("I1", "I13", "I14") and dark and not watch.read


def _repeated(watch: Watch, order_id: str) -> bool:
    """Whether a number was charged twice: a provider that took that for something new may have forgotten what was."""
    numbers = [each.number for each in watch.ledger.arrivals(order_id, Kind.CHARGE)]
    return len(set(numbers)) < len(numbers)


def _done_twice(watch: Watch, violation: Violation) -> bool:
    """A provider that ignored a key did one request twice under one number. No answer of its shows that, only its
    bill, which must then (`Watch.done_twice`). That each request had an intent of its own is checked all the same."""
    if not watch.lenient or violation.promise not in ("I1", "I5", "I9", "I13", "I14"):
        return False
    moved = [each for each in watch.ledger.entries(violation.order_id) if each.what in ("captured", "refunded")]
    return len({(each.what, each.number, each.refund) for each in moved}) < len(moved)


_EXCUSES = (_only_old_news, _by_hand, _false_word, _until_the_bill, _done_twice)

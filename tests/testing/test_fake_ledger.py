"""The provider's own ledger."""

from __future__ import annotations

from threading import Thread

from fake_scenes import JD, PRICE, T0, Story

from payfallback.model import Money
from payfallback.testing import Entry, Ledger


def test_it_is_read_by_order_or_by_number() -> None:
    """Entries are found under the order and under the attempt's number."""
    story = Story().book(1).book(2, "closed")
    assert story.ledger.captures("A1") == story.ledger.captures("A1x01") == story.ledger.captures()
    assert [each.number for each in story.ledger.closes("A1")] == ["A1x02"]
    assert story.ledger.captures("A2") == ()
    assert story.ledger.orders() == ("A1",)


def test_net_and_held() -> None:
    """A partial refund lowers the net; only a whole one ends the capture."""
    story = Story().book(1).book(1, "refunded", Money(900, "CNY"), "r1")
    assert story.ledger.net("A1") == PRICE.minor - 900
    assert len(story.ledger.held("A1")) == 1
    story.book(1, "refunded", Money(PRICE.minor - 900, "CNY"), "r2")
    assert (story.ledger.net("A1"), story.ledger.held("A1")) == (0, ())


def test_peak_of_simultaneous_captures() -> None:
    """The peak counts captures that were held at one time, not captures in all."""
    one_after_other = Story().book(1).book(1, "refunded", refund="r").book(2)
    assert one_after_other.ledger.simultaneous("A1") == 1
    together = Story().book(1).book(2).book(1, "refunded", refund="r")
    assert together.ledger.simultaneous("A1") == 2
    assert together.ledger.simultaneous("nobody") == 0


def test_a_refund_covers_captures_of_its_own_account_only() -> None:
    """The same number at another account is another trade."""
    story = Story().book(1).book(1, "refunded", refund="r", account="alipay/9//production")
    assert len(story.ledger.held("A1")) == 1


def test_threads_write_at_once() -> None:
    """No entry is lost when many threads write."""
    ledger = Ledger()

    def write(name: str) -> None:
        for n in range(300):
            ledger.record(Entry(T0, "captured", JD.id, f"{name}{n}", name, PRICE))

    threads = [Thread(target=write, args=(name,)) for name in "abcd"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(ledger.captures()) == 1200
    assert all(len(ledger.captures(name)) == 300 for name in "abcd")

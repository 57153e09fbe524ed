"""Closing and refunding at a fake provider, as far as its channel declares it."""

from __future__ import annotations

import pytest
from fake_scenes import PRICE, T0, Scene

from payfallback._core.operations import Kind
from payfallback.model import Money
from payfallback.policy import Capabilities
from payfallback.taxonomy import Verdict

QR = Capabilities(starts="shopper", expiry=True, close=True, close_names_trade=True)
MUTE = Capabilities(starts="shopper", expiry=True, close=True)
REVERSE = Capabilities(close=True, close_refunds=True, close_names_trade=True, close_after=15, close_until=600)


def back(scene: Scene, number: str, minor: int, kind: Kind = Kind.REFUND, currency: str = "CNY") -> Verdict:
    """Refund under a number of its own and say what the answer proves."""
    return scene.ask(kind, refund_number=number, refund_amount=Money(minor, currency)).verdict


def test_a_close_that_names_the_trade() -> None:
    """Closing what was not paid is told by name, stays so, and the old code cannot be paid."""
    scene = Scene(QR)
    scene.ask(expires_at=T0 + 120)
    for _ in range(2):
        closed = scene.ask(Kind.CLOSE)
        assert (closed.verdict, closed.named) == (Verdict.CLOSED, True)
    assert not scene.provider.shopper_pays("A1x01")
    assert scene.ask().code == "trade_closed"
    assert len(scene.ledger.closes("A1")) == 1


def test_a_close_that_only_says_ok() -> None:
    """Where the answer does not name what it did, only a later query shows it."""
    scene = Scene(MUTE)
    scene.ask(expires_at=T0 + 120)
    said = scene.ask(Kind.CLOSE)
    assert (said.verdict, said.named) == (Verdict.ACCEPTED, False)
    assert scene.ask(Kind.QUERY).verdict is Verdict.CLOSED


@pytest.mark.parametrize(
    ("can", "verdict", "code"), [(QR, Verdict.CAPTURED, ""), (MUTE, Verdict.DECLINED, "trade_paid")]
)
def test_closing_what_is_paid(can: Capabilities, verdict: Verdict, code: str) -> None:
    """The shopper was faster: the close changes nothing and says so, as far as the channel speaks."""
    scene = Scene(can)
    scene.ask(expires_at=T0 + 120)
    scene.provider.shopper_pays("A1x01")
    answer = scene.ask(Kind.CLOSE)
    assert (answer.verdict, answer.code) == (verdict, code)
    assert len(scene.ledger.held("A1")) == 1


def test_a_cancel_that_refunds() -> None:
    """A reverse gives back what was paid and names it; a repeated one gives nothing back twice."""
    scene = Scene(REVERSE)
    scene.ask()
    scene.clock.advance(20)
    for _ in range(2):
        answer = scene.ask(Kind.CLOSE)
        assert (answer.verdict, answer.named, answer.amount) == (Verdict.REFUNDED, True, PRICE)
    assert scene.ledger.net("A1") == 0
    assert len(scene.ledger.refunds("A1")) == 1
    assert scene.ask(Kind.QUERY).verdict is Verdict.REFUNDED


def test_closing_has_its_time() -> None:
    """A reverse before the earliest or after the latest moment is refused, with the time to wait."""
    scene = Scene(REVERSE)
    scene.ask()
    early = scene.ask(Kind.CLOSE)
    assert (early.verdict, early.code) == (Verdict.DECLINED, "too_early")
    assert early.retry_after == pytest.approx(14.7, abs=0.11)
    scene.clock.advance(700)
    assert scene.ask(Kind.CLOSE).code == "too_late"
    assert len(scene.ledger.held("A1")) == 1


def test_cancelling_what_it_does_not_know_is_no_proof() -> None:
    """A cancel says ok to an unknown number, names nothing, and does not stop the charge that comes after it."""
    scene = Scene(Capabilities(close=True, close_refunds=True, close_names_trade=True))
    said = scene.ask(Kind.CLOSE)
    assert (said.verdict, said.named) == (Verdict.ACCEPTED, False)
    assert scene.ask().verdict is Verdict.CAPTURED


def test_closing_a_declined_trade() -> None:
    """What was refused for good is as good as closed."""
    scene = Scene(QR)
    scene.faults.outage("baitiao", "declined", times=1)
    scene.ask()
    assert scene.ask(Kind.CLOSE).verdict is Verdict.CLOSED


def test_closing_a_hold_voids_it() -> None:
    """Held money is let go."""
    scene = Scene(Capabilities(authorises=True, close=True, close_names_trade=True))
    scene.ask()
    assert scene.ask(Kind.CLOSE).verdict is Verdict.CLOSED
    assert [each.what for each in scene.ledger.entries("A1")] == ["authorised", "closed"]


def test_a_refund_happens_once_per_number() -> None:
    """The same refund number again is the same refund, and the query knows it."""
    scene = Scene()
    scene.ask()
    assert back(scene, "r1", PRICE.minor, Kind.QUERY_REFUND) is Verdict.NOT_FOUND
    assert back(scene, "r1", PRICE.minor) is back(scene, "r1", PRICE.minor) is Verdict.REFUNDED
    assert back(scene, "r1", PRICE.minor, Kind.QUERY_REFUND) is Verdict.REFUNDED
    assert [each.refund for each in scene.ledger.refunds("A1")] == ["r1"]
    assert back(scene, "r1", 5) is Verdict.DECLINED


def test_partial_refunds_stop_at_what_was_captured() -> None:
    """Parts can go back until nothing is left; more is refused for good, and so is another currency."""
    scene = Scene()
    scene.ask()
    assert back(scene, "r1", 100_000) is Verdict.REFUNDED
    assert scene.ask(Kind.QUERY).verdict is Verdict.CAPTURED
    assert back(scene, "r2", PRICE.minor) is Verdict.REFUND_FAILED
    assert back(scene, "r3", 1, currency="USD") is Verdict.REFUND_FAILED
    assert back(scene, "r4", PRICE.minor - 100_000) is Verdict.REFUNDED
    assert (scene.ledger.net("A1"), scene.ledger.held("A1")) == (0, ())
    assert scene.ask(Kind.QUERY).verdict is Verdict.REFUNDED


def test_refunds_that_cannot_be() -> None:
    """Nothing goes back of what never arrived, was not paid, was declined, or is too old."""
    scene = Scene(Capabilities(starts="shopper", refund_until=600))
    assert back(scene, "r1", 1) is Verdict.REFUND_FAILED
    scene.ask()
    assert back(scene, "r2", 1) is Verdict.REFUND_FAILED
    scene.provider.shopper_pays("A1x01")
    with scene.faults.outage("baitiao", "declined", operation="refund"):
        assert back(scene, "r3", 1) is Verdict.REFUND_FAILED
    scene.clock.advance(601)
    assert back(scene, "r4", 1) is Verdict.REFUND_FAILED
    assert scene.ledger.refunds() == ()


def test_a_refund_that_takes_its_time() -> None:
    """A late refund is accepted first, reserves the money, happens later and is notified."""
    scene = Scene()
    scene.ask()
    with scene.faults.outage("baitiao", "captured_late:60", operation="refund"):
        assert back(scene, "r1", PRICE.minor) is Verdict.ACCEPTED
    assert back(scene, "r1", PRICE.minor, Kind.QUERY_REFUND) is Verdict.ACCEPTED
    assert back(scene, "r2", PRICE.minor) is Verdict.REFUND_FAILED
    scene.clock.advance(61)
    assert back(scene, "r1", PRICE.minor, Kind.QUERY_REFUND) is Verdict.REFUNDED
    (notice,) = scene.notices
    assert (notice.kind, notice.refund_number, notice.answer.verdict) == (Kind.REFUND, "r1", Verdict.REFUNDED)

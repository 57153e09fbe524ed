"""What each fault does to a call: to the money, to the answer, and to the time it takes."""

from __future__ import annotations

import pytest
from fake_scenes import PRICE, T0, Scene, operation

from payfallback._core.operations import Kind
from payfallback.model import Money
from payfallback.policy import Capabilities
from payfallback.taxonomy import Cause, Verdict

CLOSES = Capabilities(close=True, close_names_trade=True, resend=600)


@pytest.mark.parametrize(
    ("fault", "verdict", "cause", "captures", "seconds"),
    [
        ("refused", Verdict.NOT_SENT, Cause.NETWORK, 0, 0.1),
        ("http_503", Verdict.UNKNOWN, Cause.PROVIDER_ERROR, 0, 0.2),
        ("flapping", Verdict.UNKNOWN, Cause.PROVIDER_ERROR, 0, 0.2),
        ("hang", Verdict.UNKNOWN, Cause.TIMEOUT, 0, 3.0),
        ("slow:1.5", Verdict.CAPTURED, None, 1, 1.5),
        ("reply_lost", Verdict.UNKNOWN, Cause.NETWORK, 1, 0.2),
        ("malformed", Verdict.UNKNOWN, Cause.API_FAILURE, 1, 0.2),
        ("unsigned", Verdict.UNKNOWN, Cause.API_FAILURE, 1, 0.2),
        ("unlisted", Verdict.UNKNOWN, Cause.UNRECOGNISED, 1, 0.2),
        ("rate_limited:7", Verdict.DECLINED, Cause.RATE_LIMITED, 0, 0.2),
        ("captured_late", Verdict.PENDING, Cause.AWAITING_PROVIDER, 0, 0.2),
        ("declined:overdue", Verdict.DECLINED, Cause.OVERDUE, 0, 0.2),
        ("declined_open:overdue", Verdict.DECLINED, Cause.OVERDUE, 0, 0.2),
        ("delivered_late:9", Verdict.UNKNOWN, Cause.TIMEOUT, 0, 3.0),
        ("appears_late", Verdict.CAPTURED, None, 1, 0.2),
        ("key_ignored", Verdict.CAPTURED, None, 1, 0.2),
        ("close_refused", Verdict.CAPTURED, None, 1, 0.2),
    ],
)
def test_a_struck_charge(fault: str, verdict: Verdict, cause: Cause | None, captures: int, seconds: float) -> None:
    """What the caller can prove, what the provider did, and how long the call took."""
    scene = Scene()
    scene.faults.outage("baitiao", fault)
    answer = scene.ask()
    assert (answer.verdict, answer.cause) == (verdict, cause)
    assert len(scene.ledger.captures()) == captures
    assert scene.clock.monotonic() == pytest.approx(seconds)


def test_a_refused_connection_leaves_no_trace() -> None:
    """Nothing arrives when there is no connection; everything else does."""
    scene = Scene()
    scene.faults.outage("baitiao", "refused", times=1)
    scene.ask()
    assert scene.ledger.arrivals() == ()
    scene.faults.outage("baitiao", "hang", times=1)
    scene.ask()
    assert len(scene.ledger.arrivals()) == 1


def test_slower_than_the_caller_waits() -> None:
    """A slow charge takes the money after its caller gave up, and the merchant is notified."""
    scene = Scene()
    scene.faults.outage("baitiao", "slow:10", operation="charge")
    assert scene.ask().cause is Cause.TIMEOUT
    assert scene.clock.monotonic() == 3.0
    assert scene.ask(Kind.QUERY).verdict is Verdict.NOT_FOUND
    scene.clock.advance(10)
    assert len(scene.ledger.captures()) == len(scene.notices) == 1


def test_a_slow_question_is_answered_from_the_past() -> None:
    """The answer to a slow query is as old as its arrival: it can be stale when it comes."""
    scene = Scene()
    scene.faults.outage("baitiao", "slow:2", operation="query")
    asked = scene.provider.send(operation(Kind.QUERY))
    scene.clock.advance(0.5)
    assert scene.ask().verdict is Verdict.CAPTURED
    scene.clock.advance(2)
    assert scene.provider.read(operation(Kind.QUERY), asked.result()).verdict is Verdict.NOT_FOUND


def test_a_zombie_request() -> None:
    """A request that the network kept takes effect after the caller saw a timeout, and even after a cancel said ok."""
    scene = Scene(Capabilities(close=True, close_refunds=True))
    scene.faults.outage("baitiao", "delivered_late:20", operation="charge", times=1)
    assert scene.ask().verdict is Verdict.UNKNOWN
    assert scene.ask(Kind.CLOSE).verdict is Verdict.ACCEPTED
    assert scene.ledger.captures() == ()
    scene.clock.advance(20)
    assert len(scene.ledger.captures()) == len(scene.notices) == 1


def test_a_zombie_is_refused_after_its_expiry() -> None:
    """With an absolute expiry the provider refuses what the network delivers after it."""
    scene = Scene(Capabilities(expiry=True))
    scene.faults.outage("baitiao", "delivered_late:100", times=1)
    scene.ask(expires_at=T0 + 60)
    scene.clock.advance(200)
    assert len(scene.ledger.arrivals("A1", Kind.CHARGE)) == 1
    assert scene.ledger.captures() == ()


def test_captured_late_captures_at_its_time() -> None:
    """The money moves when the provider gets to it, and the merchant is notified."""
    scene = Scene(CLOSES)
    scene.faults.outage("baitiao", "captured_late:30", times=1)
    scene.ask()
    scene.clock.advance(29)
    assert scene.ask(Kind.QUERY).verdict is Verdict.PENDING
    assert scene.ledger.captures() == ()
    scene.clock.advance(1)
    assert len(scene.ledger.captures()) == len(scene.notices) == 1


def test_closed_in_time_means_never_captured() -> None:
    """A late capture does not happen when the trade was closed before it."""
    scene = Scene(CLOSES)
    scene.faults.outage("baitiao", "captured_late:30")
    scene.ask()
    assert scene.ask(Kind.CLOSE).verdict is Verdict.CLOSED
    scene.clock.advance(60)
    assert (scene.ledger.captures(), scene.notices) == ((), [])


def test_a_shopper_who_pays_at_a_late_provider() -> None:
    """The shopper paid; the provider still works on it."""
    scene = Scene(Capabilities(starts="shopper"))
    scene.faults.outage("baitiao", "captured_late:30")
    scene.ask()
    assert scene.provider.shopper_pays("A1x01")
    assert scene.ask(Kind.QUERY).cause is Cause.AWAITING_PROVIDER
    scene.clock.advance(31)
    assert len(scene.ledger.captures()) == 1


def test_appears_late() -> None:
    """A charge that went through is not found at first."""
    scene = Scene()
    scene.faults.outage("baitiao", "appears_late:60")
    scene.ask()
    assert scene.ask(Kind.QUERY).verdict is Verdict.NOT_FOUND
    scene.clock.advance(60)
    assert scene.ask(Kind.QUERY).verdict is Verdict.CAPTURED


def test_appears_in_time_for_what_was_declared() -> None:
    """What the channel declares about "not found" stays true: the trade is found by its horizon after the expiry."""
    scene = Scene(Capabilities(expiry=True, not_found_after=30))
    scene.faults.outage("baitiao", "appears_late:1000")
    scene.ask(expires_at=T0 + 60)
    scene.clock.advance(89)
    assert scene.ask(Kind.QUERY).verdict is Verdict.NOT_FOUND
    scene.clock.advance(1)
    assert scene.ask(Kind.QUERY).verdict is Verdict.CAPTURED


def test_ignored_keys_charge_twice() -> None:
    """A provider that ignores keys takes the money again, and the ledger shows it; what is closed stays so."""
    scene = Scene(CLOSES)
    scene.faults.outage("baitiao", "key_ignored")
    scene.ask()
    scene.ask(resend=True)
    assert scene.ledger.simultaneous("A1") == 2
    scene.faults.outage("baitiao", "captured_late", operation="charge")
    scene.ask(number="A1x02")
    scene.ask(Kind.CLOSE, "A1x02")
    assert scene.ask(number="A1x02").code == "trade_closed"


def test_ignored_refund_keys_stop_at_what_was_captured() -> None:
    """Even a provider that ignores keys gives back no more than it took."""
    scene = Scene()
    scene.ask()
    scene.faults.outage("baitiao", "key_ignored", operation="refund")
    half = Money(PRICE.minor // 2, "CNY")
    said = [scene.ask(Kind.REFUND, refund_number="r", refund_amount=half).verdict for _ in range(3)]
    assert said == [Verdict.REFUNDED, Verdict.REFUNDED, Verdict.REFUND_FAILED]
    assert scene.ledger.net("A1") == 0


@pytest.mark.parametrize(("fault", "minor"), [("wrong_amount", PRICE.minor + 1), ("wrong_amount:5999", 5999)])
def test_a_wrong_amount_is_told(fault: str, minor: int) -> None:
    """The answer carries what was really captured, so that the core can see the mismatch."""
    scene = Scene()
    scene.faults.outage("baitiao", fault)
    answer = scene.ask()
    assert (answer.verdict, answer.amount) == (Verdict.CAPTURED, Money(minor, "CNY"))
    assert scene.ledger.net("A1") == minor


def test_a_refused_close_changes_nothing() -> None:
    """The trade stays payable while the provider refuses to close it."""
    scene = Scene(Capabilities(starts="shopper", close=True, close_names_trade=True))
    scene.faults.outage("baitiao", "close_refused", times=1)
    scene.ask()
    refused = scene.ask(Kind.CLOSE)
    assert (refused.verdict, refused.code, refused.final) == (Verdict.DECLINED, "close_refused", False)
    assert scene.provider.shopper_pays("A1x01")


def test_a_decline_ends_the_number() -> None:
    """A final refusal is remembered: the query says it, the same number is refused again, nothing moves."""
    scene = Scene(CLOSES)
    scene.faults.outage("baitiao", "declined:credit_exhausted", times=1)
    for answer in (scene.ask(), scene.ask(Kind.QUERY), scene.ask(resend=True)):
        assert (answer.verdict, answer.cause, answer.final) == (Verdict.DECLINED, Cause.CREDIT_EXHAUSTED, True)
    assert scene.ledger.captures() == ()


def test_a_decline_that_was_not_final() -> None:
    """The code refuses, does not end the number, and the shopper can still pay it."""
    scene = Scene()
    scene.faults.outage("baitiao", "declined_open", times=1)
    answer = scene.ask()
    assert (answer.verdict, answer.final) == (Verdict.DECLINED, False)
    assert scene.provider.shopper_pays("A1x01")


@pytest.mark.parametrize("kind", [Kind.QUERY, Kind.CLOSE, Kind.REFUND])
def test_a_rate_limit_on_anything_else_proves_nothing(kind: Kind) -> None:
    """Only a charge that was not taken is refused by a rate limit; the time to wait is told."""
    scene = Scene(CLOSES)
    scene.ask()
    scene.faults.outage("baitiao", "rate_limited:7")
    answer = scene.ask(kind, refund_number="r")
    assert (answer.verdict, answer.cause, answer.retry_after) == (Verdict.UNKNOWN, Cause.RATE_LIMITED, 7)
    assert len(scene.ledger.held("A1")) == 1


def test_the_edge_of_the_timeout() -> None:
    """Money that moved on a call whose answer came just too late has moved."""
    scene = Scene(latency=1.0)
    assert scene.ask(timeout=0.6).cause is Cause.TIMEOUT
    assert scene.clock.monotonic() == 0.6
    assert len(scene.ledger.captures()) == len(scene.notices) == 1


def test_nobody_is_notified_of_what_the_caller_learned() -> None:
    """A capture whose answer arrived is notified only where every movement is."""
    assert not Scene().notices
    quiet, loud = Scene(), Scene(notify="all")
    quiet.ask()
    loud.ask()
    assert (len(quiet.notices), len(loud.notices)) == (0, 1)


def test_notices_have_ids_of_their_own() -> None:
    """Two notifications never share an id."""
    scene = Scene(notify="all")
    scene.ask()
    scene.ask(Kind.REFUND, refund_number="r1", refund_amount=PRICE)
    assert len({each.id for each in scene.notices}) == 2


def test_faults_add_up() -> None:
    """Late money and a lost reply together: the caller knows nothing and the money moves later."""
    scene = Scene()
    scene.faults.outage("baitiao", "captured_late:30")
    scene.faults.outage("baitiao", "reply_lost", operation="charge")
    assert scene.ask().verdict is Verdict.UNKNOWN
    assert scene.ask(Kind.QUERY).cause is Cause.AWAITING_PROVIDER
    scene.clock.advance(30)
    assert len(scene.ledger.captures()) == 1


def test_what_nobody_knows_is_unknown() -> None:
    """Any other exception or value in place of a reply proves nothing, and its name is kept."""
    provider = Scene().provider
    assert provider.read(operation(), KeyError("x")).cause is Cause.UNRECOGNISED
    odd = provider.read(operation(), {"ok": True})
    assert (odd.verdict, odd.code) == (Verdict.UNKNOWN, "dict")

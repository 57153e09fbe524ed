"""A fake provider without faults: it does what its channel declares, in virtual time."""

from __future__ import annotations

from threading import Thread

import anyio.lowlevel
import pytest
from fake_scenes import JD, PRICE, T0, Scene, operation

from payfallback._core.operations import Kind
from payfallback.errors import ConfigError, UnknownOrder
from payfallback.model import Money, Option, Qr
from payfallback.policy import Capabilities
from payfallback.ports import Callables, Clock
from payfallback.taxonomy import Cause, Verdict

SHOPPER = Capabilities(starts="shopper", expiry=True, close=True, close_names_trade=True)
HOLDS = Capabilities(authorises=True, close=True, close_names_trade=True)


def test_it_is_what_the_runtime_expects() -> None:
    """The fake and its clock satisfy the ports."""
    scene = Scene()
    clock: Clock = scene.clock
    assert isinstance(scene.provider, Callables)
    assert clock.monotonic() == 0
    assert scene.provider.memo(operation()) == {}


def test_a_charge_captures_and_takes_time() -> None:
    """A payment code that goes through is captured at once; the call took its latency of virtual time."""
    scene = Scene(latency=0.4)
    answer = scene.ask()
    assert (answer.verdict, answer.amount, answer.number, answer.account) == (Verdict.CAPTURED, PRICE, "A1x01", JD.id)
    assert scene.clock.monotonic() == pytest.approx(0.4)
    assert [(each.number, each.amount) for each in scene.ledger.captures("A1")] == [("A1x01", PRICE)]
    assert answer.provider_time == pytest.approx(T0 + 0.2)
    assert answer.paid_at == answer.provider_time


def test_the_query_tells_what_happened() -> None:
    """Not found before the charge, captured after it, with the provider's own reference."""
    scene = Scene()
    assert scene.ask(Kind.QUERY).verdict is Verdict.NOT_FOUND
    charged = scene.ask()
    asked = scene.ask(Kind.QUERY)
    assert (asked.verdict, asked.provider_ref) == (Verdict.CAPTURED, charged.provider_ref)
    assert charged.provider_ref


def test_a_shown_code_captures_when_the_shopper_pays() -> None:
    """Without the shopper nothing moves; when they pay, the merchant is notified."""
    scene = Scene(SHOPPER)
    shown = scene.ask(expires_at=T0 + 120)
    assert shown.verdict is Verdict.PENDING
    assert isinstance(shown.action, Qr)
    assert scene.ledger.captures() == ()
    assert scene.provider.waiting("A1") == scene.provider.waiting() == ("A1x01",)
    assert scene.provider.shopper_pays("A1x01")
    assert not scene.provider.shopper_pays("A1x01")
    assert len(scene.ledger.captures("A1")) == 1
    (notice,) = scene.notices
    assert (notice.number, notice.kind, notice.answer.verdict) == ("A1x01", Kind.CHARGE, Verdict.CAPTURED)
    assert scene.provider.waiting() == ()


def test_a_number_that_never_arrived_cannot_be_paid() -> None:
    """Paying what the provider has never heard of is a mistake of the test, and is said."""
    with pytest.raises(UnknownOrder, match="A9x01"):
        Scene().provider.shopper_pays("A9x01")


def test_an_expired_code_cannot_be_paid() -> None:
    """After its absolute expiry a shown code is closed by itself."""
    scene = Scene(SHOPPER)
    scene.ask(expires_at=T0 + 60)
    scene.clock.advance(60)
    assert not scene.provider.shopper_pays("A1x01")
    assert scene.ask(Kind.QUERY).verdict is Verdict.CLOSED
    assert [each.at for each in scene.ledger.closes("A1")] == [T0 + 60]


def test_what_arrives_after_its_expiry_is_refused() -> None:
    """A charge that arrives too late is refused by the provider's own clock, whatever the shop's clock says."""
    scene = Scene(Capabilities(expiry=True), skew=5)
    scene.clock.jump_epoch(-3600)
    answer = scene.ask(expires_at=T0 + 5)
    assert (answer.verdict, answer.cause, answer.final) == (Verdict.DECLINED, Cause.EXPIRED, True)
    assert scene.ledger.captures() == ()
    assert scene.ask(Kind.QUERY).verdict is Verdict.NOT_FOUND


def test_a_shopper_who_must_confirm() -> None:
    """A payment code whose shopper has to confirm is pending until they do; their refusal is final."""
    scene = Scene(Capabilities(lives=60))
    scene.faults.outage("baitiao", "user_paying")
    assert scene.ask().cause is Cause.AWAITING_SHOPPER
    assert scene.ask(number="A1x02").verdict is Verdict.PENDING
    assert scene.provider.shopper_pays("A1x01")
    scene.provider.shopper_refuses("A1x02")
    refused = scene.ask(Kind.QUERY, "A1x02")
    assert (refused.verdict, refused.cause, refused.final) == (Verdict.DECLINED, Cause.SHOPPER_CANCELLED, True)
    scene.ask(number="A1x03")
    scene.clock.advance(61)
    assert scene.ask(Kind.QUERY, "A1x03").verdict is Verdict.CLOSED


def test_a_failed_try_leaves_a_shown_code_open() -> None:
    """A shopper whose try failed on the provider's page can pay the same code again."""
    scene = Scene(SHOPPER)
    scene.ask(expires_at=T0 + 120)
    scene.provider.shopper_refuses("A1x01")
    assert scene.ask(Kind.QUERY).verdict is Verdict.PENDING
    assert scene.provider.shopper_pays("A1x01")


def test_hidden_until_scanned() -> None:
    """On a channel that knows a code only once it was scanned, neither query nor close finds it before."""
    scene = Scene(SHOPPER, hidden_until_scanned=True)
    scene.ask(expires_at=T0 + 120)
    assert scene.ask(Kind.QUERY).verdict is Verdict.NOT_FOUND
    assert scene.ask(Kind.CLOSE).code == "trade_not_found"
    scene.provider.shopper_scans("A1x01")
    assert scene.ask(Kind.QUERY).verdict is Verdict.PENDING


def test_authorise_then_capture() -> None:
    """A channel that authorises holds the money; a capture, also a repeated one, takes it once."""
    scene = Scene(HOLDS)
    assert scene.ask().verdict is Verdict.AUTHORISED
    assert (len(scene.ledger.authorisations()), len(scene.ledger.captures())) == (1, 0)
    assert scene.ask(Kind.QUERY).verdict is Verdict.AUTHORISED
    assert scene.ask(Kind.CAPTURE).verdict is scene.ask(Kind.CAPTURE).verdict is Verdict.CAPTURED
    assert len(scene.ledger.captures()) == 1


def test_what_cannot_be_captured() -> None:
    """A capture of nothing, of a voided hold, or one that the provider declines moves no money."""
    scene = Scene(HOLDS)
    assert scene.ask(Kind.CAPTURE).code == "trade_not_found"
    scene.ask()
    with scene.faults.outage("baitiao", "declined:overdue", operation="capture"):
        assert scene.ask(Kind.CAPTURE).cause is Cause.OVERDUE
    scene.ask(Kind.CLOSE)
    gone = scene.ask(Kind.CAPTURE)
    assert (gone.verdict, gone.code, gone.final) == (Verdict.DECLINED, "trade_closed", True)
    assert scene.ledger.captures() == ()


def test_a_resend_is_one_charge_while_the_key_lives() -> None:
    """The same number again is the same charge within the declared time, and a new one after it."""
    scene = Scene(Capabilities(resend=60))
    first = scene.ask()
    again = scene.ask(resend=True)
    assert (again.verdict, again.provider_ref) == (Verdict.CAPTURED, first.provider_ref)
    assert len(scene.ledger.captures("A1")) == 1
    scene.clock.advance(61)
    scene.ask(resend=True)
    assert len(scene.ledger.captures("A1")) == 2
    assert scene.ledger.simultaneous("A1") == 2


def test_a_resend_that_is_not_declared_is_refused() -> None:
    """Where a number may be used once, a second use is refused and does nothing; the first charge stands."""
    scene = Scene(Capabilities())
    scene.ask()
    again = scene.ask(resend=True)
    assert (again.verdict, again.code, again.final) == (Verdict.DECLINED, "number_used", False)
    assert len(scene.ledger.captures()) == 1
    assert len(scene.ledger.arrivals("A1", Kind.CHARGE)) == 2


def test_a_number_keeps_its_amount() -> None:
    """Another amount under the same number is refused."""
    scene = Scene(Capabilities(resend=600))
    scene.ask()
    assert scene.ask(amount=Money(1, "CNY")).code == "parameters_differ"
    assert scene.ledger.net("A1") == PRICE.minor


def test_plans() -> None:
    """A channel with instalments tells them for the amount, rounded up."""
    scene = Scene(plans=(3, 12))
    plans = scene.ask(Kind.PLANS, amount=Money(100, "CNY")).plans
    assert [(each.terms, each.each) for each in plans] == [(3, Money(34, "CNY")), (12, Money(9, "CNY"))]


def test_what_is_not_declared_does_not_exist() -> None:
    """The runtime gets no callable for an operation that the channel does not have."""
    provider = Scene(Capabilities(query=False, refund=False, query_refund=False)).provider
    asked = (Kind.QUERY, Kind.CLOSE, Kind.CAPTURE, Kind.REFUND, Kind.QUERY_REFUND, Kind.PLANS)
    assert [provider.call(operation(kind)) for kind in asked] == [None] * len(asked)


def test_products_of_one_account() -> None:
    """One account can have products that can do different things; an unknown one is refused."""
    scene = Scene()
    two = type(scene.provider)(JD, {"code": Capabilities(), "qr": SHOPPER}, scene.clock, scene.ledger)
    assert two.capabilities("qr") is SHOPPER
    with pytest.raises(ConfigError, match="it has: code, qr"):
        two.capabilities("h5")


def test_the_provider_hears_every_request() -> None:
    """Whoever listens at the provider hears each request when it comes in, also one that is refused."""
    heard = []
    scene = Scene(on_arrival=heard.append)
    scene.ask()
    scene.ask()
    assert [(each.kind, each.number, each.amount) for each in heard] == [(Kind.CHARGE, "A1x01", PRICE)] * 2
    assert tuple(heard) == scene.ledger.arrivals("A1")


def test_send_lets_a_driver_keep_its_own_time() -> None:
    """A driver with a heap of its own sends without waiting; the provider works whether it comes back or not."""
    scene = Scene(latency=1.0)
    exchange = scene.provider.send(operation())
    assert (exchange.takes, scene.clock.monotonic()) == (1.0, 0.0)
    scene.clock.advance(0.6)
    assert len(scene.ledger.captures()) == 1
    scene.clock.advance(0.4)
    assert scene.provider.read(operation(), exchange.result()).verdict is Verdict.CAPTURED


def test_latency_may_depend_on_the_operation() -> None:
    """Each call can take its own time."""
    scene = Scene(latency=lambda asked: 1.5 if asked.kind is Kind.CHARGE else 0.5)
    scene.ask()
    scene.ask(Kind.QUERY)
    assert scene.clock.monotonic() == 2.0


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_the_async_twin() -> None:
    """The same provider answers awaited calls; how to wait can be handed in."""
    waited: list[float] = []

    async def asleep(seconds: float) -> None:
        waited.append(seconds)
        scene.clock.advance(seconds)
        await anyio.lowlevel.checkpoint()

    scene = Scene(is_async=True, asleep=asleep)
    call = scene.provider.call(operation())
    assert call is not None
    answer = scene.provider.read(operation(), await call())
    assert (answer.verdict, waited) == (Verdict.CAPTURED, [0.2])
    plain = Scene(is_async=True)
    await plain.provider.call(operation())()
    assert plain.clock.monotonic() == 0.2


def test_threads_charge_at_once() -> None:
    """Many threads on one provider: every number is captured once, also when two threads send the same one."""
    scene = Scene(Capabilities(resend=3600))

    def pay(prefix: str) -> None:
        for n in range(100):
            scene.ask(number=f"{prefix}{n:04}", order_id=f"{prefix}{n}")

    threads = [Thread(target=pay, args=(prefix,)) for prefix in ("AAA", "AAA", "BBB", "CCC")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(scene.ledger.captures()) == 300
    assert len({each.number for each in scene.ledger.captures()}) == 300


def test_options_share_an_account() -> None:
    """Channels of one account share its numbers: a number used on one cannot be used on another."""
    scene = Scene()
    scene.ask()
    assert scene.ask(option=Option("wechat")).code == "number_used"

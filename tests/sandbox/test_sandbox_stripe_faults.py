"""Every fault has its form at the sandbox's Stripe, for every operation that it has a form for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from sandbox_shop import Shop
from sandbox_stripe_client import StripeMerchant

from payfallback.testing.sandbox import FORMS, Sandbox

OPERATIONS = ("create", "charge", "capture", "query", "close", "refund", "query_refund")
Send = Callable[[], httpx.Response]


class Scene:
    """One merchant with what each operation is about."""

    def __init__(self, sandbox: Sandbox, stripe: StripeMerchant) -> None:
        self.sandbox, self.stripe = sandbox, stripe
        self.paid, self.open, self.ready = stripe.paid("PAID01"), stripe.made("OPEN01"), stripe.made("READY01")
        self.held = stripe.made("HELD01", capture_method="manual")
        stripe.confirm(self.held)

    def send(self, operation: str) -> httpx.Response:
        """The request of one operation."""
        sends: dict[str, Send] = {
            "create": lambda: self.stripe.create("NEWW01", key="k1"),
            "charge": lambda: self.stripe.confirm(self.ready, key="k2"),
            "capture": lambda: self.stripe.capture(self.held),
            "query": lambda: self.stripe.query(self.paid),
            "close": lambda: self.stripe.cancel(self.open),
            "refund": lambda: self.stripe.refund(self.paid, "k3", amount=100),
            "query_refund": lambda: self.stripe.http.get("/v1/refunds", params={"payment_intent": self.paid}),
        }
        return sends[operation]()


@pytest.fixture
def scene(sandbox: Sandbox) -> Iterator[Scene]:
    """A scene on a fresh sandbox."""
    with StripeMerchant(sandbox.url("stripe"), sandbox.credentials["stripe"], timeout=5.0) as merchant:
        yield Scene(sandbox, merchant)


def moved(sandbox: Sandbox) -> tuple[int, int]:
    """How much money moved, and how often."""
    return sandbox.held(), len(sandbox.captures()) + len(sandbox.refunds())


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nothing_is_done_before_the_work(scene: Scene, operation: str) -> None:
    """A 503, a limit and a flapping server refuse before anything moved; then the same request is done."""
    before = moved(scene.sandbox)
    for fault, status in (("http_503", 503), ("rate_limited:3", 429)):
        scene.sandbox.fault("stripe", fault, operation=operation, times=1)
        response = scene.send(operation)
        assert (response.status_code, moved(scene.sandbox)) == (status, before)
        assert response.json()["error"]["type"] in ("api_error", "invalid_request_error")
    assert response.headers["retry-after"] == "3"
    scene.sandbox.fault("stripe", "flapping", operation=operation, times=2)
    assert [scene.send(operation).status_code for _ in range(2)] == [503, 200]


@pytest.mark.parametrize("fault", ["reply_lost", "hang:processed", "http_503:processed", "malformed", "unsigned"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_was_done_is_hidden(scene: Scene, operation: str, fault: str) -> None:
    """Silence, garbage, a portal or a 503 in the place of an answer; the work was done all the same."""
    scene.sandbox.fault("stripe", fault, operation=operation, times=1)
    if fault in ("reply_lost", "hang:processed"):
        scene.stripe.http.timeout = 0.2
        with pytest.raises(httpx.TransportError):
            scene.send(operation)
        scene.stripe.http.timeout = 5.0
    else:
        response = scene.send(operation)
        assert response.status_code in (200, 503)
        assert not response.is_success or b'"object"' not in response.content
    held = {"charge": 2500, "capture": 2500, "refund": 1150}.get(operation, 1250)
    assert scene.sandbox.held() == held


@pytest.mark.parametrize("operation", OPERATIONS)
def test_silence_before_the_work(scene: Scene, operation: str) -> None:
    """A hanging server did nothing."""
    before = moved(scene.sandbox)
    scene.sandbox.fault("stripe", "hang", operation=operation, times=1)
    scene.stripe.http.timeout = 0.1
    with pytest.raises(httpx.ReadTimeout):
        scene.send(operation)
    assert moved(scene.sandbox) == before


def test_refused_connections(scene: Scene) -> None:
    """Nobody listens, until it is lifted."""
    scene.sandbox.fault("stripe", "refused")
    with pytest.raises(httpx.ConnectError):
        scene.send("charge")
    scene.sandbox.clear("stripe")
    assert scene.send("charge").json()["status"] == "succeeded"


def test_slow(scene: Scene) -> None:
    """The answer takes its time and is right."""
    scene.sandbox.fault("stripe", "slow:0.05", operation="charge", times=1)
    response = scene.send("charge")
    assert (response.json()["status"], response.elapsed.total_seconds() >= 0.05) == ("succeeded", True)


def test_captured_late(scene: Scene) -> None:
    """A payment is processing for a while, and a refund pending."""
    scene.sandbox.fault("stripe", "captured_late:30")
    assert scene.send("charge").json()["status"] == "processing"
    assert scene.send("refund").json()["status"] == "pending"
    assert scene.stripe.cancel(scene.ready).status_code == 400
    scene.sandbox.advance(31)
    assert scene.stripe.query(scene.ready).json()["status"] == "succeeded"
    assert scene.stripe.refunds(scene.paid)[0]["status"] == "succeeded"


@pytest.mark.parametrize(
    ("cause", "reason"),
    [("credit_exhausted", "insufficient_funds"), ("risk_rejected", "fraudulent"), ("declined", "do_not_honor")],
)
def test_declined(scene: Scene, cause: str, reason: str) -> None:
    """A cause of the common vocabulary is the issuer's reason; a refund that is declined fails."""
    scene.sandbox.fault("stripe", f"declined:{cause}")
    assert scene.send("charge").json()["error"]["decline_code"] == reason
    refund = scene.send("refund").json()
    assert (refund["status"], refund["failure_reason"]) == ("failed", "declined")
    assert scene.sandbox.held() == 1250


def test_appears_late(scene: Scene) -> None:
    """For a while a charge is neither retrieved nor found."""
    scene.sandbox.fault("stripe", "appears_late:30", operation="charge", times=1)
    scene.send("charge")
    assert scene.stripe.query(scene.ready).status_code == 404
    assert scene.stripe.search("READY01") == []
    scene.sandbox.advance(31)
    assert scene.stripe.query(scene.ready).json()["status"] == "succeeded"
    assert scene.stripe.search("READY01") == [scene.ready]


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name in FORMS["wrong_amount"]])
def test_wrong_amount(scene: Scene, operation: str) -> None:
    """One unit too many is told, and nothing else moves than was asked for."""
    scene.stripe.refund(scene.paid, amount=100)
    right = {"refund": 100, "query_refund": 100}.get(operation, 1250)
    scene.sandbox.fault("stripe", "wrong_amount", operation=operation, times=1)
    told = scene.send(operation).json()
    told = told["data"][0] if told["object"] == "list" else told
    assert told["amount"] == right + 1
    assert all(entry.amount in (100, 1250) for entry in (*scene.sandbox.captures(), *scene.sandbox.refunds()))


def test_key_ignored(scene: Scene) -> None:
    """Without its keys Stripe makes two of everything, and the books show it."""
    scene.sandbox.fault("stripe", "key_ignored")
    assert len({scene.send("create").json()["id"] for _ in range(2)}) == 2
    assert len({scene.send("refund").json()["id"] for _ in range(2)}) == 2
    assert [entry.amount for entry in scene.sandbox.refunds()] == [100, 100]


def test_close_refused(scene: Scene) -> None:
    """A cancel is refused with the intent as it stands."""
    scene.sandbox.fault("stripe", "close_refused", times=1)
    refused = scene.send("close")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "payment_intent_unexpected_state")
    assert scene.send("close").json()["status"] == "canceled"


def test_every_fault_is_tried_here() -> None:
    """No fault of the common vocabulary is left out of this file."""
    words = "refused http_503 slow hang reply_lost rate_limited flapping malformed unsigned captured_late declined"
    assert set(FORMS) == {*words.split(), "appears_late", "wrong_amount", "key_ignored", "close_refused"}


@pytest.mark.parametrize(
    ("do", "told"),
    [
        ("pay", "payment_intent.succeeded"),
        ("refuse", "payment_intent.payment_failed"),
        ("cancel", "payment_intent.canceled"),
        ("hold", "payment_intent.amount_capturable_updated"),
    ],
)
def test_what_stripe_tells(scene: Scene, do: str, told: str) -> None:
    """Each thing that happens to a payment has its event."""
    with Shop() as shop:
        intent = scene.stripe.made(
            "TELL01", payment_method=None, capture_method="manual" if do == "hold" else "automatic"
        )
        scene.sandbox.notifications("stripe", "on", url=shop.url)
        if do == "cancel":
            scene.stripe.cancel(intent)
        elif do == "refuse":
            scene.sandbox.refuse("stripe", "TELL01")
        else:
            scene.sandbox.pay("stripe", "TELL01")
        assert f'"type": "{told}"'.encode() in shop.next().body

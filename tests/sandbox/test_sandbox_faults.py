"""Each fault of the vocabulary, on each operation that has a form for it, at both providers.

The faults of money are in `test_sandbox_money_faults`.
"""

from __future__ import annotations

import httpx
import pytest
from sandbox_operations import NEW, OPEN, PAID, PAIRS, Merchant

from payfallback.testing.sandbox import FORMS, OPERATIONS, Sandbox, SandboxError


def moved(sandbox: Sandbox) -> list[tuple[str, str, int]]:
    """Everything in the books."""
    return [(entry.kind, entry.number, entry.amount) for entry in (*sandbox.captures(), *sandbox.refunds())]


every = pytest.mark.parametrize(("provider", "operation"), PAIRS)
both = pytest.mark.parametrize("provider", ["jdpay", "wechatpay"])
MOVES = {"charge": ("capture", NEW, 599900), "refund": ("refund", PAID, 100)}


def happened(sandbox: Sandbox, merchant: Merchant, operation: str) -> bool:
    """Whether the request that was sent for an operation did what it was for."""
    if operation in MOVES:
        return MOVES[operation] in moved(sandbox)
    return merchant.stands(OPEN) == "closed"


CHANGES = [pair for pair in PAIRS if pair[1] in ("charge", "refund", "close")]
changing = pytest.mark.parametrize(("provider", "operation"), CHANGES)


@every
def test_without_faults_every_operation_succeeds(merchant: Merchant, operation: str) -> None:
    """The picture before: a success under the provider's signature."""
    assert merchant.good(merchant.send(operation))


@every
def test_http_503(sandbox: Sandbox, merchant: Merchant, provider: str, operation: str) -> None:
    """503, no signature, once; the next request is answered."""
    before = moved(sandbox)
    sandbox.fault(provider, "http_503", operation=operation, times=1)
    response = merchant.send(operation)
    assert (response.status_code, merchant.good(response), moved(sandbox)) == (503, False, before)
    assert merchant.good(merchant.send(operation))
    assert [line.status for line in sandbox.requests][-2] == 503


@changing
def test_http_503_may_come_after_processing(
    sandbox: Sandbox, merchant: Merchant, provider: str, operation: str
) -> None:
    """With `processed` the 503 hides that it was done."""
    sandbox.fault(provider, "http_503:processed", operation=operation, times=1)
    assert merchant.send(operation).status_code == 503
    assert happened(sandbox, merchant, operation)


@every
def test_slow(sandbox: Sandbox, merchant: Merchant, provider: str, operation: str) -> None:
    """The right answer, later."""
    sandbox.fault(provider, "slow:0.05", operation=operation)
    response = merchant.send(operation)
    assert merchant.good(response)
    assert response.elapsed.total_seconds() >= 0.05


@changing
def test_slow_is_done_even_if_nobody_waits(sandbox: Sandbox, provider: str, operation: str) -> None:
    """A client that gives up does not undo what it asked for."""
    with Merchant(sandbox, provider) as patient, Merchant(sandbox, provider, timeout=0.3) as hasty:
        patient.prepare()
        sandbox.fault(provider, "slow:5", operation=operation, times=1)
        with pytest.raises(httpx.ReadTimeout):
            hasty.send(operation)
        assert happened(sandbox, patient, operation)


@every
def test_hang(sandbox: Sandbox, merchant: Merchant, provider: str, operation: str) -> None:
    """No answer until the client leaves, and nothing was done."""
    before = moved(sandbox)
    sandbox.fault(provider, "hang", operation=operation, times=1)
    with Merchant(sandbox, provider, timeout=0.2) as hasty, pytest.raises(httpx.ReadTimeout):
        hasty.send(operation)
    assert (moved(sandbox), merchant.stands(OPEN)) == (before, "open")


@changing
def test_hang_may_have_processed(sandbox: Sandbox, merchant: Merchant, provider: str, operation: str) -> None:
    """With `processed` it was done, and nobody says so."""
    sandbox.fault(provider, "hang:processed", operation=operation, times=1)
    with Merchant(sandbox, provider, timeout=0.3) as hasty, pytest.raises(httpx.ReadTimeout):
        hasty.send(operation)
    assert happened(sandbox, merchant, operation)


@every
def test_reply_lost(sandbox: Sandbox, merchant: Merchant, provider: str, operation: str) -> None:
    """The connection is cut without a byte; what was asked for was done."""
    sandbox.fault(provider, "reply_lost", operation=operation, times=1)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        merchant.send(operation)
    if operation in ("charge", "refund", "close"):
        assert happened(sandbox, merchant, operation)


@every
def test_rate_limited(sandbox: Sandbox, merchant: Merchant, provider: str, operation: str) -> None:
    """429 with Retry-After, and nothing was done."""
    before = moved(sandbox)
    sandbox.fault(provider, "rate_limited:7", operation=operation, times=1)
    response = merchant.send(operation)
    assert (response.status_code, response.headers["retry-after"], moved(sandbox)) == (429, "7", before)


@every
def test_flapping(sandbox: Sandbox, merchant: Merchant, provider: str, operation: str) -> None:
    """Every other request fails."""
    sandbox.fault(provider, "flapping", operation=operation)
    statuses = [merchant.send(operation).status_code for _ in range(4)]
    assert [status == 503 for status in statuses] == [True, False, True, False]


@every
def test_malformed(sandbox: Sandbox, merchant: Merchant, provider: str, operation: str) -> None:
    """200 and garbage; what was asked for was done."""
    sandbox.fault(provider, "malformed", operation=operation, times=1)
    response = merchant.send(operation)
    assert (response.status_code, merchant.good(response)) == (200, False)
    if operation in ("charge", "refund", "close"):
        assert happened(sandbox, merchant, operation)


@every
@pytest.mark.parametrize("fault", ["unsigned", "unsigned:wrong"])
def test_unsigned(sandbox: Sandbox, merchant: Merchant, provider: str, operation: str, fault: str) -> None:
    """The right body, and no signature or one under another key."""
    sandbox.fault(provider, fault, operation=operation, times=1)
    response = merchant.send(operation)
    assert (response.status_code in (200, 204), merchant.good(response)) == (True, False)


@every
def test_wrong_amount(sandbox: Sandbox, merchant: Merchant, provider: str, operation: str) -> None:
    """The answer tells one fen too many under a good signature; the books stay true."""
    if operation not in FORMS["wrong_amount"]:
        with pytest.raises(SandboxError, match="has no form"):
            sandbox.fault(provider, "wrong_amount", operation=operation)
        return
    right = {"charge": 599900, "query": 599900, "refund": 100, "query_refund": 1}[operation]
    sandbox.fault(provider, "wrong_amount", operation=operation, times=1)
    response = merchant.send(operation)
    assert (merchant.good(response), merchant.amount(response)) == (True, right + 1)
    assert {amount for _, _, amount in moved(sandbox)} <= {599900, 100, 1}


@both
def test_refused(sandbox: Sandbox, merchant: Merchant, provider: str) -> None:
    """Nothing listens: connecting is refused for real, also for who was connected before; then it listens again."""
    other = {"jdpay": "wechatpay", "wechatpay": "jdpay"}[provider]
    arrived = len(sandbox.requests)
    sandbox.fault(provider, "refused")
    for operation in ("charge", "query", "close", "refund", "query_refund"):
        with pytest.raises(httpx.ConnectError):
            merchant.send(operation)
    assert len(sandbox.requests) == arrived
    with Merchant(sandbox, other) as neighbour:
        assert neighbour.charge(NEW).status_code == 200
    sandbox.clear(provider)
    assert merchant.good(merchant.send("charge"))


@both
def test_refused_ends_by_itself(sandbox: Sandbox, merchant: Merchant, provider: str) -> None:
    """After for_seconds of the providers' clock the port listens again."""
    sandbox.fault(provider, "refused", for_seconds=30)
    with pytest.raises(httpx.ConnectError):
        merchant.send("query")
    sandbox.advance(31)
    for _ in range(100):
        try:
            assert merchant.good(merchant.send("query"))
            return
        except httpx.ConnectError:
            continue
    pytest.fail("it never came back")


def test_every_fault_has_a_form_for_every_operation_it_names() -> None:
    """The vocabulary is the front door's."""
    words = "refused http_503 slow hang reply_lost captured_late declined rate_limited appears_late flapping malformed"
    assert list(FORMS.keys() ^ {*words.split(), "unsigned", "wrong_amount", "key_ignored", "close_refused"}) == []
    assert {operation for forms in FORMS.values() for operation in forms} == set(OPERATIONS)


def test_faults_are_counted_and_timed(sandbox: Sandbox, merchant: Merchant, provider: str) -> None:
    """`after` lets some pass, `times` strikes some, `for_seconds` ends it, an endpoint's own name narrows it."""
    sandbox.fault(provider, "http_503", operation="query", after=1, times=2)
    statuses = [merchant.send("query").status_code for _ in range(4)]
    assert statuses == [200, 503, 503, 200]
    sandbox.fault(provider, "http_503", operation="fkmPay", for_seconds=10)
    assert merchant.open("QRRR0101").status_code == 200
    assert merchant.charge(NEW).status_code == 503
    sandbox.advance(11)
    assert merchant.charge(NEW).status_code == 200


@pytest.mark.parametrize(
    ("fault", "given", "says"),
    [
        ("lightning", {}, "no fault 'lightning'"),
        ("slow:fast", {}, "seconds"),
        ("reply_lost:3", {}, "no parameter"),
        ("unsigned:yes", {}, "only :wrong"),
        ("declined", {}, "declined:credit_exhausted"),
        ("slow", {"operation": "dance"}, "no operation 'dance'"),
        ("close_refused", {"operation": "charge"}, "has for close"),
        ("close_refused", {"operation": "uniorder"}, "has for close"),
        ("refused", {"times": 1}, "for_seconds"),
        ("slow", {"times": 0}, "at least 1"),
    ],
)
def test_a_fault_without_a_form_is_refused(sandbox: Sandbox, fault: str, given: dict[str, object], says: str) -> None:
    """What the sandbox cannot do is said at once, with what it can."""
    with pytest.raises(SandboxError, match=says):
        sandbox.fault("jdpay", fault, **given)
    with pytest.raises(SandboxError, match="no provider"):
        sandbox.fault("nobody", "slow")

"""Each fault of the vocabulary at the sandbox's Alipay, through both doors and on the shopper's pages."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from sandbox_alipay_client import ASKS, CODE, AlipayMerchant, refusal, status

from payfallback.testing.sandbox import Sandbox

PAID, OPEN, NEW = "PAID0101", "OPEN0101", "NEWW0101"
OPERATIONS = ("charge", "query", "close", "refund", "query_refund")
CHANGING = ("charge", "close", "refund")
every = pytest.mark.parametrize("operation", OPERATIONS)
changing = pytest.mark.parametrize("operation", CHANGING)
LOST = (httpx.RemoteProtocolError, httpx.ReadError)


@pytest.fixture
def ready(ali: AlipayMerchant) -> AlipayMerchant:
    """A merchant with a paid trade, a refund of 1 fen, and an order code that was scanned."""
    ali.code(PAID)
    ali.refund(PAID, "0.01", under="R1")
    ali.opens(ali.qr(OPEN).json()["qr_code"])
    return ali


def send(ali: AlipayMerchant, operation: str) -> httpx.Response:
    """Send the request of one operation."""
    sends: dict[str, Callable[[], httpx.Response]] = {
        "charge": lambda: ali.code(NEW),
        "query": lambda: ali.query(PAID),
        "close": lambda: ali.close(OPEN),
        "refund": lambda: ali.refund(PAID, "1.00", under="R2"),
        "query_refund": lambda: ali.query_refund(PAID, "R1"),
    }
    return sends[operation]()


def happened(sandbox: Sandbox, ali: AlipayMerchant, operation: str) -> bool:
    """Whether the request that was sent for an operation did what it was for."""
    if operation == "charge":
        return len(sandbox.captures(NEW)) == 1
    if operation == "refund":
        return [entry.amount for entry in sandbox.refunds(PAID)] == [1, 100]
    return status(ali.query(OPEN)) == "TRADE_CLOSED"


@every
def test_without_faults_every_operation_succeeds(ready: AlipayMerchant, operation: str) -> None:
    """The picture before: a success under Alipay's signature."""
    response = send(ready, operation)
    assert (response.status_code, ready.vouched(response)) == (200, True)


@every
def test_outages(sandbox: Sandbox, ready: AlipayMerchant, operation: str) -> None:
    """503 and garbage carry no signature, slowness does; flapping is every other request."""
    for fault, code in (("http_503", 503), ("malformed", 200)):
        sandbox.fault("alipay", fault, operation=operation, times=1)
        response = send(ready, operation)
        assert (response.status_code, ready.vouched(response)) == (code, False)
    sandbox.fault("alipay", "slow:0.05", operation=operation, times=1)
    assert send(ready, operation).elapsed.total_seconds() >= 0.05
    sandbox.fault("alipay", "flapping", operation=operation)
    assert [send(ready, operation).status_code == 503 for _ in range(4)] == [True, False, True, False]


@changing
@pytest.mark.parametrize("fault", ["reply_lost", "http_503:processed", "malformed", "hang:processed"])
def test_what_is_done_and_not_said(sandbox: Sandbox, ready: AlipayMerchant, operation: str, fault: str) -> None:
    """The reply is missing or broken, and what was asked for was done."""
    sandbox.fault("alipay", fault, operation=operation, times=1)
    with AlipayMerchant(ready.url, ready.known, timeout=0.3) as hasty:
        if fault in ("reply_lost", "hang:processed"):
            with pytest.raises((*LOST, httpx.ReadTimeout)):
                send(hasty, operation)
        else:
            assert not ready.vouched(send(hasty, operation))
    assert happened(sandbox, ready, operation)


@changing
@pytest.mark.parametrize("fault", ["hang", "http_503", "rate_limited:7"])
def test_what_is_not_done(sandbox: Sandbox, ready: AlipayMerchant, operation: str, fault: str) -> None:
    """Nothing happens before these; a limit says when to ask again."""
    sandbox.fault("alipay", fault, operation=operation, times=1)
    with AlipayMerchant(ready.url, ready.known, timeout=0.2) as hasty:
        if fault == "hang":
            with pytest.raises(httpx.ReadTimeout):
                send(hasty, operation)
        else:
            response = send(hasty, operation)
            assert response.headers.get("retry-after") == (None if fault == "http_503" else "7")
    assert not happened(sandbox, ready, operation)


@every
@pytest.mark.parametrize("fault", ["unsigned", "unsigned:wrong"])
def test_unsigned(sandbox: Sandbox, ready: AlipayMerchant, operation: str, fault: str) -> None:
    """The right body, and no signature or one under another key."""
    sandbox.fault("alipay", fault, operation=operation)
    response = send(ready, operation)
    assert (response.status_code, ready.vouched(response)) == (200, False)


def test_errors_may_be_unsigned_too(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """Business errors are signed, and lose their signature like other answers."""
    assert ali.vouched(ali.query("NONE0101"))
    sandbox.fault("alipay", "unsigned", operation="query")
    answer = ali.query("NONE0101")
    assert (*refusal(answer), ali.vouched(answer)) == (400, "ACQ.TRADE_NOT_EXIST", False)


def test_refused(sandbox: Sandbox, ready: AlipayMerchant) -> None:
    """Nothing listens, at either door, until it is lifted."""
    sandbox.fault("alipay", "refused")
    for operation in OPERATIONS:
        with pytest.raises(httpx.ConnectError):
            send(ready, operation)
    sandbox.clear("alipay")
    assert send(ready, "charge").status_code == 200


@pytest.mark.parametrize(
    ("operation", "name", "told"),
    [
        ("charge", "total_amount", "5999.01"),
        ("query", "total_amount", "5999.01"),
        ("refund", "refund_fee", "1.02"),
        ("query_refund", "refund_amount", "0.02"),
    ],
)
def test_wrong_amount(sandbox: Sandbox, ready: AlipayMerchant, operation: str, name: str, told: str) -> None:
    """The answer tells one fen too many under a good signature; the books stay true."""
    sandbox.fault("alipay", "wrong_amount", operation=operation)
    response = send(ready, operation)
    assert (response.json()[name], ready.vouched(response)) == (told, True)
    assert {entry.amount for entry in sandbox.captures()} == {599900}


def test_captured_late(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """A payment code waits, an order code waits after the shopper paid; a close in between comes in time."""
    sandbox.fault("alipay", "captured_late:30", operation="charge")
    assert "gmt_payment" not in ali.code("LATE0101").json()
    for number in ("LATE0102", "LATE0103"):
        ali.qr(number)
        assert sandbox.pay("alipay", number) == "processing"
    ali.close("LATE0103")
    assert [status(ali.query(f"LATE010{n}")) for n in (1, 2, 3)] == ["WAIT_BUYER_PAY"] * 2 + ["TRADE_CLOSED"]
    sandbox.advance(31)
    assert [entry.number for entry in sandbox.captures()] == ["LATE0101", "LATE0102"]


def test_a_refund_may_be_late(sandbox: Sandbox, ready: AlipayMerchant) -> None:
    """Until it is done its query says nothing of it, and the request again moves nothing."""
    sandbox.fault("alipay", "captured_late:30", operation="refund", times=1)
    assert send(ready, "refund").json()["fund_change"] == "N"
    assert "refund_status" not in ready.query_refund(PAID, "R2").json()
    assert send(ready, "refund").json()["fund_change"] == "N"
    sandbox.advance(31)
    assert ready.query_refund(PAID, "R2").json()["refund_status"] == "REFUND_SUCCESS"
    assert [entry.amount for entry in sandbox.refunds()] == [1, 100]


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        ("credit_exhausted", "ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH"),
        ("risk_rejected", "ACQ.PAYMENT_REQUEST_HAS_RISK"),
        ("limit_glitch", "ACQ.PAYMENT_FAIL"),
        ("merchant_not_enabled", "ACQ.ACCESS_FORBIDDEN"),
    ],
)
def test_declined(sandbox: Sandbox, ali: AlipayMerchant, cause: str, code: str) -> None:
    """A payment code is refused by Alipay's code for the cause, and there is no trade."""
    sandbox.fault("alipay", f"declined:{cause}", operation="pay", times=1)
    assert refusal(ali.code(NEW)) == (400, code)
    assert refusal(ali.query(NEW)) == (400, "ACQ.TRADE_NOT_EXIST")
    assert sandbox.captures() == []


def test_a_decline_on_the_page(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """A shopper whose credit is refused may choose another source of money; the merchant's own trouble comes first."""
    sandbox.fault("alipay", "declined:credit_exhausted", operation="page", times=1)
    assert ali.opens(ali.link("page", NEW)).status_code == 302
    assert sandbox.pay("alipay", NEW) == "open"
    assert status(ali.query(NEW)) == "WAIT_BUYER_PAY"
    sandbox.fault("alipay", "declined:merchant_paused", operation="charge", times=2)
    assert "ACQ.MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT" in ali.opens(ali.link("wap", "NEWW0102")).text
    assert refusal(ali.qr("NEWW0103")) == (400, "ACQ.MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT")
    assert sandbox.captures() == []


def test_a_refund_may_be_declined(sandbox: Sandbox, ready: AlipayMerchant) -> None:
    """The merchant has no money to give back."""
    sandbox.fault("alipay", "declined:credit_exhausted", operation="refund", times=1)
    assert refusal(send(ready, "refund")) == (400, "ACQ.SELLER_BALANCE_NOT_ENOUGH")
    assert len(sandbox.refunds()) == 1


def test_appears_late(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """A trade that was paid shows only later, to queries and cancels alike; a cancel in between kills nothing."""
    sandbox.fault("alipay", "appears_late:30", operation="charge", times=1)
    ali.code(NEW)
    assert refusal(ali.query(NEW)) == (400, "ACQ.TRADE_NOT_EXIST")
    assert "action" not in ali.cancel(NEW).json()
    sandbox.advance(31)
    assert (status(ali.query(NEW)), sandbox.held()) == ("TRADE_SUCCESS", 599900)


def test_key_ignored(sandbox: Sandbox, ready: AlipayMerchant) -> None:
    """An Alipay that forgets its numbers charges and refunds twice, and the books show it."""
    sandbox.fault("alipay", "key_ignored", operation="charge")
    sandbox.fault("alipay", "key_ignored", operation="refund")
    for _ in range(2):
        send(ready, "charge")
        send(ready, "refund")
    assert len(sandbox.captures(NEW)) == 2
    assert [entry.amount for entry in sandbox.refunds(PAID)] == [1, 100, 100]


def test_close_refused(sandbox: Sandbox, ready: AlipayMerchant) -> None:
    """Neither a close nor a cancel ends anything."""
    ready.code(NEW, code=ASKS)
    sandbox.fault("alipay", "close_refused", operation="close")
    assert refusal(ready.close(OPEN)) == (400, "ACQ.TRADE_STATUS_ERROR")
    assert refusal(ready.cancel(NEW)) == (400, "ACQ.REASON_TRADE_BEEN_FREEZEN")
    assert [sandbox.pay("alipay", number) for number in (OPEN, NEW)] == ["paid", "paid"]


def test_faults_at_the_gateway(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """The same rules strike both doors; the gateway says a limit with HTTP 200."""
    asked = {"out_trade_no": PAID}
    for fault, says in (("http_503", "503 Service"), ("rate_limited", "isv.app-call-limited")):
        sandbox.fault("alipay", fault, operation="query", times=1)
        assert says in ali.ask("query", asked).text
    sandbox.fault("alipay", "reply_lost", operation="pay", times=1)
    with pytest.raises(LOST):
        ali.ask("pay", {**ali.order(PAID), "scene": "bar_code", "auth_code": CODE})
    assert ali.told(ali.ask("query", asked))["trade_status"] == "TRADE_SUCCESS"
    sandbox.fault("alipay", "unsigned", operation="query", times=1)
    assert '"sign"' not in ali.ask("query", asked).text


def test_a_page_may_be_out_of_order(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """A shopper may meet an Alipay that does not answer, and come again."""
    sandbox.fault("alipay", "http_503", operation="page", times=1)
    link = ali.link("page", NEW)
    assert [ali.opens(link).status_code for _ in range(2)] == [503, 302]

"""The sandbox's UnionPay, from the outside: consumptions, questions, reversals, refunds, pages, notifications."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl

import httpx
import pytest
from sandbox_shop import Shop
from sandbox_unionpay_client import CODE, TOKEN, UnionPayMerchant, now

from payfallback.testing.sandbox import Sandbox


@pytest.fixture
def union(sandbox: Sandbox) -> Iterator[UnionPayMerchant]:
    """A merchant of its UnionPay."""
    with UnionPayMerchant(sandbox.url("unionpay"), sandbox.credentials["unionpay"]) as merchant:
        yield merchant


def test_a_payment_code(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """00 says that the consumption was taken on; a question tells that it was paid, and the ledger shows it once."""
    taken_on = union.answer(union.code("AAAA0101"))
    assert (taken_on["respCode"], taken_on["orderId"], taken_on["txnTime"]) == ("00", "AAAA0101", union.time)
    asked = union.answer(union.query("AAAA0101"))
    assert (asked["respCode"], asked["origRespCode"], asked["txnType"]) == ("00", "00", "01")
    assert (asked["txnAmt"], asked["currencyCode"], asked["queryId"]) == ("599900", "156", taken_on["queryId"])
    assert [entry.amount for entry in sandbox.captures("AAAA0101")] == [599900]


def test_a_number_is_used_once(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """The same consumption again is a repetition and takes no money."""
    assert union.says(union.code("AAAA0101")) == "00"
    assert union.says(union.code("AAAA0101")) == "12"
    assert len(sandbox.captures("AAAA0101")) == 1


def test_a_number_that_nobody_used(union: UnionPayMerchant) -> None:
    """34: not found. The time is part of the key."""
    assert union.says(union.query("NOBODY01")) == "34"
    union.code("AAAA0101")
    assert union.says(union.query("AAAA0101", txnTime="20200101000000")) == "34"


def test_a_password_is_asked_for(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """A code whose owner has to confirm is under way until the shopper does."""
    assert union.says(union.code("AAAA0101", code=CODE[:-4] + "9901")) == "00"
    assert union.says(union.query("AAAA0101")) == "00/05"
    sandbox.pay("unionpay", "AAAA0101")
    assert union.says(union.query("AAAA0101")) == "00/00"


def test_refusals(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """A refused consumption says why, at once and when it is asked about."""
    assert union.says(union.code("AAAA0101", code=CODE[:-4] + "9902")) == "64"
    assert union.says(union.query("AAAA0101")) == "00/64"
    sandbox.fault("unionpay", "declined:risk_rejected", operation="charge")
    assert union.says(union.token("AAAA0102")) == "38"
    assert union.says(union.query("AAAA0102")) == "00/38"
    assert sandbox.captures() == []


def test_a_token(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """A token of this merchant's is charged in the back, also in instalments; another's is refused."""
    assert union.says(union.token("AAAA0101")) == "00"
    more = {"txnSubType": "03", "instalTransInfo": "{numberOfInstallments=06}"}
    assert union.says(union.token("AAAA0102", **more)) == "00"
    assert union.says(union.token("AAAA0103", tokenPayData=f"{{token={TOKEN}&trId=1}}")) == "10"
    assert len(sandbox.captures()) == 2


def test_a_page(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """The browser is sent to the cashier; nothing is known until somebody tries to pay, and a refusal may pass."""
    opened = union.front("AAAA0101", frontUrl="https://shop.example/back")
    assert opened.status_code == 302
    page = httpx.get(opened.headers["location"], trust_env=False).text
    assert "AAAA0101" in page
    assert "https://shop.example/back" in page
    assert union.says(union.query("AAAA0101")) == "34"
    sandbox.refuse("unionpay", "AAAA0101", "credit_exhausted")
    assert union.says(union.query("AAAA0101")) == "00/64"
    sandbox.pay("unionpay", "AAAA0101")
    assert union.says(union.query("AAAA0101")) == "00/00"


def test_the_same_form_again(union: UnionPayMerchant) -> None:
    """A reload shows the same page; another form under the same number is a repetition."""
    first, again = union.front("AAAA0101"), union.front("AAAA0101")
    assert (first.status_code, first.headers["location"]) == (again.status_code, again.headers["location"])
    assert union.says(union.front("AAAA0101", amount=1)) == "12"


def test_a_page_ends_with_its_time(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """After payTimeout nobody can pay, and a question says so."""
    late = now(120)
    union.front("AAAA0101", payTimeout=late)
    sandbox.advance(300)
    assert sandbox.pay("unionpay", "AAAA0101") == "closed"
    assert union.says(union.query("AAAA0101")) == "00/69"
    assert union.says(union.front("AAAA0102", payTimeout=late)) == "10"


def test_an_app(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """An app's payment is made with a tn; then the shopper pays."""
    assert union.answer(union.app("AAAA0101"))["tn"].isdecimal()
    assert union.says(union.query("AAAA0101")) == "34"
    sandbox.pay("unionpay", "AAAA0101")
    assert union.says(union.query("AAAA0101")) == "00/00"


def test_reversals(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """A reversal undoes what was paid and what waits, once; a question then tells of the reversal."""
    union.code("PAID0101")
    union.code("WAIT0101", code=CODE[:-4] + "9901")
    for number in ("PAID0101", "WAIT0101"):
        assert [union.says(union.reverse(number)) for _ in range(2)] == ["00", "00"]
        asked = union.answer(union.query(number))
        assert (asked["txnType"], asked["origRespCode"]) == ("99", "00")
    assert sandbox.held() == 0
    assert len(sandbox.refunds()) == 1
    assert sandbox.pay("unionpay", "WAIT0101") == "reversed"


def test_reversals_that_are_refused(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """Unknown numbers, other products, refused consumptions, and the next clearing day."""
    union.token("TOKN0101")
    union.code("DEAD0101", code=CODE[:-4] + "9902")
    union.code("PAID0101")
    refused = [union.says(union.reverse(number)) for number in ("NOBODY01", "TOKN0101", "DEAD0101")]
    assert refused == ["34", "32", "35"]
    sandbox.advance(86400)
    assert union.says(union.reverse("PAID0101")) == "35"
    assert sandbox.held("PAID0101") == 599900


def test_refunds(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """A refund is a transaction of its own; the same number gives nothing back twice, and not more than was paid."""
    ref = union.answer(union.code("PAID0101"))["queryId"]
    first = union.answer(union.refund("PAID0101", ref, 100))
    assert (first["respCode"], first["origQryId"], first["orderId"]) == ("00", ref, "PAID0101R1")
    assert union.says(union.refund("PAID0101", ref, 100)) == "12"
    asked = union.answer(union.query("PAID0101R1"))
    assert (asked["txnType"], asked["origRespCode"], asked["txnAmt"]) == ("04", "00", "100")
    assert union.says(union.refund("PAID0101", "", 599800, under="PAID0101R2")) == "00"
    assert union.says(union.refund("PAID0101", ref, 1, under="PAID0101R3")) == "36"
    assert union.says(union.query("PAID0101R3")) == "34"
    assert union.says(union.query("PAID0101")) == "00/00"
    assert sandbox.held("PAID0101") == 0


def test_refunds_of_nothing(union: UnionPayMerchant) -> None:
    """What was not paid cannot be given back."""
    union.code("WAIT0101", code=CODE[:-4] + "9901")
    assert union.says(union.refund("WAIT0101")) == "35"
    assert union.says(union.refund("NOBODY01")) == "35"
    assert union.says(union.refund("NOBODY01", "123456789012345678901")) == "35"


def test_who_may_ask(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """Another certificate, another merchant, a changed field and an old time are refused, and nothing happens."""
    assert union.says(union.code("AAAA0101", certId="1")) == "11"
    assert union.says(union.code("AAAA0101", merId="777000000000000")) == "31"
    forged = union.consumption("06", "000000", "AAAA0101", 599900, {"qrNo": CODE}) | {"txnAmt": "1"}
    assert union.says(union.post("backTransReq", forged)) == "11"
    assert union.says(union.code("AAAA0101", txnTime="20200101000000")) == "10"
    assert union.says(union.code("AAAA0101", version="5.0.0")) == "10"
    assert union.says(union.code("AAAA-101")) == "10"
    assert sandbox.captures() == []


@pytest.mark.parametrize("body", [b"", b"{}", b"a=1&a=2", b"txnType=01&orderId=%ff", b"\xff\xfe", b"txnType="])
def test_nonsense(union: UnionPayMerchant, body: bytes) -> None:
    """What is no form is answered like one that has the wrong form."""
    for door in ("backTransReq", "queryTrans", "frontTransReq", "appTransReq"):
        response = union.http.post(f"{union.url}/gateway/api/{door}.do", content=body)
        assert union.says(response) == "10"


def test_notifications(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """Payments, failures in the back and refunds are told, signed, until HTTP 200 comes back."""
    with Shop() as shop:
        shop.answers.put((500, b"later"))
        union.code("PAID0101", backUrl=shop.url)
        told = [_told(union, shop.next().body) for _ in range(2)]
        union.code("DEAD0101", code=CODE[:-4] + "9902", backUrl=shop.url)
        told.append(_told(union, shop.next().body))
        union.refund("PAID0101", amount=100, backUrl=shop.url)
        told.append(_told(union, shop.next().body))
    seen = [(each["txnType"], each["orderId"], each["respCode"], each["txnAmt"]) for each in told]
    paid = ("01", "PAID0101", "00", "599900")
    assert seen == [paid, paid, ("01", "DEAD0101", "64", "599900"), ("04", "PAID0101R1", "00", "100")]
    assert all(union.genuine(each) for each in told)


def test_a_forger(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """A forged notification says "paid" before anybody has paid, under a key that is not UnionPay's."""
    sandbox.notifications("unionpay", "forged")
    with Shop() as shop:
        union.app("OPEN0101", backUrl=shop.url)
        told = _told(union, shop.next().body)
    assert (told["respCode"], union.genuine(told)) == ("00", False)


def _told(union: UnionPayMerchant, body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(), strict_parsing=True))


def test_faults(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """The common faults in UnionPay's form: signatures gone, money twice, late trades, other amounts, too many."""
    sandbox.fault("unionpay", "unsigned", times=1)
    assert not union.genuine(union.read(union.code("AAAA0101").content))
    sandbox.fault("unionpay", "unsigned:wrong", times=1)
    assert not union.genuine(union.read(union.query("AAAA0101").content))
    sandbox.fault("unionpay", "wrong_amount", operation="query", times=1)
    assert union.answer(union.query("AAAA0101"))["txnAmt"] == "599901"
    sandbox.fault("unionpay", "rate_limited", operation="query", times=1)
    assert union.says(union.query("AAAA0101")) == "37"
    sandbox.fault("unionpay", "http_503", operation="query", times=1)
    assert union.query("AAAA0101").status_code == 503
    sandbox.fault("unionpay", "close_refused", times=1)
    assert union.says(union.reverse("AAAA0101")) == "35"
    sandbox.fault("unionpay", "key_ignored", operation="charge", times=1)
    assert union.says(union.code("AAAA0101")) == "00"
    assert len(sandbox.captures("AAAA0101")) == 2


def test_faults_of_time(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """Money that moves later, a trade that shows later, a refund that is done later."""
    sandbox.fault("unionpay", "captured_late:60", operation="charge", times=1)
    assert union.says(union.code("LATE0101")) == "00"
    assert union.says(union.query("LATE0101")) == "00/05"
    sandbox.fault("unionpay", "appears_late:60", operation="charge", times=1)
    assert union.says(union.code("HIDE0101")) == "00"
    assert union.says(union.query("HIDE0101")) == "34"
    sandbox.advance(61)
    assert [union.says(union.query(number)) for number in ("LATE0101", "HIDE0101")] == ["00/00", "00/00"]
    sandbox.fault("unionpay", "captured_late:60", operation="refund", times=1)
    union.refund("LATE0101")
    assert union.says(union.query("LATE0101R1")) == "00/05"
    sandbox.advance(61)
    assert union.says(union.query("LATE0101R1")) == "00/00"


def test_the_log_names_the_payment(sandbox: Sandbox, union: UnionPayMerchant) -> None:
    """Every request is logged under the payment's number and the common name of its operation."""
    union.code("PAID0101")
    union.query("PAID0101")
    union.refund("PAID0101")
    union.query("PAID0101R1")
    union.reverse("PAID0101")
    seen = [(line.operation, line.endpoint, line.number) for line in sandbox.requests]
    assert seen == [
        ("charge", "consume", "PAID0101"),
        ("query", "queryTrans", "PAID0101"),
        ("refund", "refund", "PAID0101"),
        ("query_refund", "queryRefund", "PAID0101"),
        ("close", "reverse", "PAID0101"),
    ]


def test_keys_are_kept(sandbox: Sandbox, key_dir: object) -> None:
    """A folder keeps keys and certificates; the next sandbox of the folder has the same."""
    with Sandbox(key_dir=key_dir) as other:  # type: ignore[arg-type]  # the fixture's type is the path
        assert other.credentials["unionpay"] == sandbox.credentials["unionpay"]
    assert "BEGIN" not in repr(sandbox.credentials["unionpay"])

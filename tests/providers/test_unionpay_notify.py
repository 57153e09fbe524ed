"""UnionPay's notifications: whose trade they are about, what they prove, and how they are acknowledged."""

from __future__ import annotations

import pytest
from unionpay_counterpart import (
    ACCOUNT,
    NUMBER,
    PAID,
    QUERY_ID,
    TOLD,
    bare,
    form,
    signed,
    told,
    unionpay,
)

from payfallback._core.operations import Kind, Notice
from payfallback.errors import NotAuthentic
from payfallback.model import Money
from payfallback.taxonomy import Cause, Verdict

BACK = {**TOLD, "txnType": "04", "orderId": "A1001001R1", "origQryId": QUERY_ID, "queryId": "052511120001117863998"}


def heard(fields: dict[str, str], **options: str) -> Notice:
    """What an authentic notification with these fields is."""
    return unionpay(options=options).notification({}, told(fields), "")


def test_a_payment() -> None:
    """A payment names its merchant, its number and its amount; UnionPay's own number is its id."""
    notice = heard(TOLD)
    assert (notice.number, notice.kind, notice.id) == (NUMBER, Kind.CHARGE, QUERY_ID)
    answer = notice.answer
    assert (answer.verdict, answer.amount, answer.account) == (Verdict.CAPTURED, Money(599900, "CNY"), ACCOUNT.id)
    assert (answer.number, answer.provider_ref, answer.paid_at) == (NUMBER, QUERY_ID, 1762876803.0)


def test_a_payment_that_a_query_has_to_show() -> None:
    """UnionPay's demo advises to ask after a notification; a merchant may want that."""
    answer = heard(TOLD, paid_by="query").answer
    assert (answer.verdict, answer.cause, answer.amount) == (Verdict.PENDING, Cause.AWAITING_PROVIDER, None)
    assert answer.provider_ref == QUERY_ID


def test_of_another_merchant() -> None:
    """A notification of another merchant is that merchant's: the account says so, and the core refuses it."""
    answer = heard({**TOLD, "merId": "777290058110049"}).answer
    assert answer.account == "unionpay/777290058110049//production"


def test_an_answer_is_no_notification() -> None:
    """UnionPay also signs 00 for "taken on" and for "answered": posted as a notification, those prove no result."""
    for result in ("00", "64"):
        with pytest.raises(NotAuthentic):
            heard({**PAID, "origRespCode": result})
    taken_on = {name: text for name, text in TOLD.items() if name not in ("traceNo", "traceTime", "settleAmt")}
    assert heard(taken_on).answer.verdict is Verdict.PENDING
    asked_back = {name: text for name, text in BACK.items() if name != "traceNo"}
    assert heard(asked_back).answer.verdict is Verdict.UNKNOWN


def test_a_failure_may_pass() -> None:
    """A failed payment is asked about; money that was taken is never a failure."""
    failed = heard({**TOLD, "respCode": "64"}).answer
    assert (failed.verdict, failed.cause, failed.final) == (Verdict.DECLINED, Cause.CREDIT_EXHAUSTED, False)
    assert heard({**TOLD, "respCode": "42"}).answer.verdict is Verdict.UNKNOWN
    assert heard({**TOLD, "respCode": "05"}).answer.verdict is Verdict.PENDING


def test_paid_without_an_amount() -> None:
    """ "Paid" has to say how much."""
    fields = {name: text for name, text in TOLD.items() if name != "txnAmt"}
    assert heard(fields).answer.verdict is Verdict.UNKNOWN


def test_a_refund() -> None:
    """A refund names the payment by UnionPay's number, and itself by the merchant's."""
    notice = heard(BACK)
    assert (notice.kind, notice.number, notice.refund_number) == (Kind.REFUND, QUERY_ID, "A1001001R1")
    assert (notice.answer.verdict, notice.answer.amount) == (Verdict.REFUNDED, Money(599900, "CNY"))
    failed = heard({**BACK, "respCode": "36"}).answer
    assert (failed.verdict, failed.final) == (Verdict.REFUND_FAILED, False)
    assert heard({**BACK, "txnAmt": "x"}).answer.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "odd",
    [{"merId": ""}, {"orderId": ""}, {"orderId": "A-1"}, {"txnType": "31"}, {"txnType": "99"}, {"txnType": ""}],
)
def test_about_nothing(odd: dict[str, str]) -> None:
    """What is signed and about no payment or refund is refused."""
    with pytest.raises(NotAuthentic):
        heard({**TOLD, **odd})


def test_a_refund_of_nothing() -> None:
    """A refund that names no payment cannot be anybody's."""
    with pytest.raises(NotAuthentic):
        heard({**BACK, "origQryId": ""})


def test_not_a_form() -> None:
    """Other shapes of the same words: bare, repeated, endless, in another charset."""
    whole = signed(TOLD)
    many = form({f"f{number}": "1" for number in range(200)})
    bodies = (
        b"",
        b"{}",
        bare(whole),
        form(whole) + b"&respCode=00",
        many,
        form(whole) + b"&x=" + b"A" * 70000,
        form({**whole, "reserved": "x"}),
        form(whole).replace(b"respMsg=", b"respMsg=%ff"),
    )
    for body in bodies:
        with pytest.raises(NotAuthentic):
            unionpay().notification({}, body, "")


def test_acknowledged() -> None:
    """HTTP 200 ends the notifications; anything but 200 and 302 asks for another one."""
    adapter = unionpay()
    assert adapter.acknowledge(True)[0] == 200
    assert adapter.acknowledge(False)[0] not in (200, 302)

"""What UnionPay's answers prove: 00 is taken on and not paid, the trade's own result, money that was taken."""

from __future__ import annotations

from typing import Any

import pytest
from unionpay_counterpart import (
    MERCHANT,
    NOW,
    NUMBER,
    PAID,
    QUERY_ID,
    TAKEN_ON,
    TIME,
    answered,
    merchant_signed,
    operation,
    unionpay,
)

from payfallback._core.operations import Answer, Kind
from payfallback._core.safety import leavable
from payfallback.errors import ConfigError
from payfallback.model import AppParams, Form, Money
from payfallback.ports import HttpResponse
from payfallback.providers.code_table import CodeRow
from payfallback.taxonomy import Cause, Verdict

LATE = "Tue, 11 Nov 2025 16:16:01 GMT"  # 15 minutes and 61 seconds after NOW


def said(fields: dict[str, str], kind: Kind = Kind.QUERY, product: str = "code", date: str = "", **more: Any) -> Answer:
    """What is proven when UnionPay says this, signed."""
    options, codes = more.pop("options", None), more.pop("codes", ())
    response = answered(fields, **({"date": date} if date else {}))
    return unionpay(options=options, codes=codes).read(operation(kind, product, **more), response)


def result(code: str, **more: Any) -> Answer:
    """What a query's own result proves."""
    return said({**PAID, "origRespCode": code}, **more)


def test_taken_on_is_not_paid() -> None:
    """00 to a charge says that UnionPay took it on; the trade is asked about under UnionPay's own number too."""
    for product in ("code", "token"):
        answer = said(TAKEN_ON, Kind.CHARGE, product)
        assert (answer.verdict, answer.cause, answer.amount) == (Verdict.PENDING, Cause.AWAITING_PROVIDER, None)
        assert (answer.number, answer.provider_ref) == (NUMBER, QUERY_ID)


def test_paid() -> None:
    """A query whose trade succeeded is a capture of the trade's amount, at the time UnionPay passed it on."""
    answer = said(PAID)
    assert (answer.verdict, answer.amount, answer.number) == (Verdict.CAPTURED, Money(599900, "CNY"), NUMBER)
    assert (answer.provider_ref, answer.paid_at) == (QUERY_ID, NOW - 0.25 + 3)
    assert answer.provider_time == 1762876805.0
    assert "6216" not in repr(answer)


def test_success_with_a_flaw_is_paid() -> None:
    """A6 counts as success, as UnionPay's demo says."""
    assert result("A6").verdict is Verdict.CAPTURED


def test_the_year_of_a_payment() -> None:
    """UnionPay's time of a payment has no year: it is the order's, or the next after New Year's Eve."""
    eve = {"txnTime": "20251231235959", "traceTime": "0101000002"}
    answer = said({**PAID, **eve}, memo={"txnTime": eve["txnTime"]})
    assert answer.paid_at == 1767196802.0
    assert said({**PAID, "traceTime": "9999999999"}).paid_at is None


@pytest.mark.parametrize("odd", [{"txnAmt": ""}, {"txnAmt": "59.99"}, {"txnAmt": "-1"}, {"currencyCode": "840"}])
def test_paid_without_an_amount_that_can_be_read_is_not_known(odd: dict[str, str]) -> None:
    """ "Paid" alone proves nothing: the amount has to be held against the order's."""
    assert said({**PAID, **odd}).verdict is Verdict.UNKNOWN


def test_the_outer_code_is_about_the_question() -> None:
    """A query's respCode says whether the question was answered; only origRespCode speaks of the trade."""
    for code in ("10", "11", "31", "37", "64", "99", "ZZ"):
        answer = said({**PAID, "respCode": code})
        assert (answer.verdict, answer.final, answer.amount) == (Verdict.UNKNOWN, False, None)


def test_not_found() -> None:
    """34 to a question: UnionPay does not know the trade, or not yet; its clock goes along."""
    answer = said({**PAID, "respCode": "34"})
    assert (answer.verdict, answer.number, answer.provider_time) == (Verdict.NOT_FOUND, NUMBER, 1762876805.0)


@pytest.mark.parametrize("code", ["03", "04", "06", "99", "01", "12", "60", "34", "35", ""])
def test_what_stays_open(code: str) -> None:
    """Codes that leave the result open prove nothing, to a charge and to a question alike."""
    charged = said({**TAKEN_ON, "respCode": code}, Kind.CHARGE)
    asked = result(code)
    assert {charged.verdict, asked.verdict} == {Verdict.UNKNOWN}
    assert (charged.final, asked.final) == (False, False)


@pytest.mark.parametrize(("code", "cause"), [("05", Cause.AWAITING_PROVIDER), ("70", Cause.AWAITING_SHOPPER)])
def test_what_is_under_way(code: str, cause: Cause) -> None:
    """Taken on and not decided, or waiting for the shopper: neither paid nor refused."""
    for answer in (said({**TAKEN_ON, "respCode": code}, Kind.CHARGE), result(code)):
        assert (answer.verdict, answer.cause) == (Verdict.PENDING, cause)


@pytest.mark.parametrize("code", ["42", "74", "75"])
@pytest.mark.parametrize("product", ["code", "token", "front", "app"])
def test_money_that_was_taken(code: str, product: str) -> None:
    """The money was taken and something went wrong after that: never a refusal, and never simply paid."""
    answers = [result(code, product=product, expires_at=NOW + 900, date=LATE)]
    if product != "front":
        answers.append(said({**TAKEN_ON, "respCode": code}, Kind.CHARGE, product))
    for answer in answers:
        assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, Cause.CONTRADICTION)
        assert (answer.final, answer.code) == (False, code)


def test_not_even_a_merchants_own_row_makes_taken_money_a_refusal() -> None:
    """An override of 42, 74, 75 or of a code that stays open changes nothing about that."""
    rows = [
        CodeRow("unionpay", "*", code, "x", Verdict.DECLINED, Cause.DECLINED, True, False, "x", True)
        for code in ("42", "74", "75", "01", "12", "60")
    ]
    for row in rows:
        assert result(row.code, codes=rows).verdict is Verdict.UNKNOWN
        assert said({**TAKEN_ON, "respCode": row.code}, Kind.CHARGE, codes=rows).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("64", Cause.CREDIT_EXHAUSTED),
        ("63", Cause.ACCOUNT_FROZEN),
        ("38", Cause.RISK_REJECTED),
        ("66", Cause.IDENTITY_UNVERIFIED),
        ("77", Cause.NOT_ACTIVATED),
        ("31", Cause.MERCHANT_NOT_ENABLED),
        ("10", Cause.MERCHANT_CONFIG),
        ("02", Cause.MAINTENANCE),
    ],
)
def test_refusals(code: str, cause: Cause) -> None:
    """A refusal of a charge is asked about before anything else is tried; the trade's own result then is final."""
    charged = said({**TAKEN_ON, "respCode": code, "respMsg": "失败[1000005]"}, Kind.CHARGE)
    assert (charged.verdict, charged.cause, charged.final) == (Verdict.DECLINED, cause, False)
    assert charged.text == "失败[1000005]"
    for product in ("code", "token"):
        asked = result(code, product=product)
        assert (asked.verdict, asked.cause, asked.final) == (Verdict.DECLINED, cause, True)


def test_a_stated_row_is_final() -> None:
    """A merchant's own row that states the end of a number is believed at once."""
    row = CodeRow("unionpay", "*", "64", "x", Verdict.DECLINED, Cause.CREDIT_EXHAUSTED, True, False, "x", True)
    assert said({**TAKEN_ON, "respCode": "64"}, Kind.CHARGE, codes=[row]).final


def test_a_code_of_no_table() -> None:
    """A code that nobody lists proves nothing, and somebody is told to look it up."""
    for answer in (said({**TAKEN_ON, "respCode": "7Q"}, Kind.CHARGE), result("7Q")):
        assert (answer.verdict, answer.unlisted, answer.code) == (Verdict.UNKNOWN, True, "7Q")


@pytest.mark.parametrize("product", ["front", "app"])
def test_a_page_ends_with_its_time(product: str) -> None:
    """Before payTimeout a failed page can still be paid; a question after it is final, by UnionPay's own clock."""
    more: dict[str, Any] = {"product": product, "expires_at": NOW + 900}
    before = result("64", **more)
    assert (before.verdict, before.cause, before.final) == (Verdict.PENDING, Cause.AWAITING_SHOPPER, False)
    after = result("64", date=LATE, **more)
    assert (after.verdict, after.cause, after.final) == (Verdict.DECLINED, Cause.CREDIT_EXHAUSTED, True)
    assert result("64", date="none", **more).verdict is Verdict.PENDING
    assert result("64", date=LATE, product=product).verdict is Verdict.PENDING
    assert result("05", date=LATE, **more).verdict is Verdict.PENDING


def test_the_form_of_a_page() -> None:
    """An unused number gets the form that the shopper's browser posts, signed, until its time is over."""
    more = {"return_url": "https://shop.example/back", "notify_url": "https://shop.example/n", "expires_at": NOW + 900}
    answer = said({**PAID, "respCode": "34"}, Kind.CHARGE, "front", options={"channel_type": "08"}, **more)
    assert (answer.verdict, answer.cause) == (Verdict.PENDING, Cause.AWAITING_SHOPPER)
    assert isinstance(answer.action, Form)
    assert answer.action.url == "https://gateway.95516.com/gateway/api/frontTransReq.do"
    fields = dict(answer.action.fields)
    assert merchant_signed(fields)
    expected = {
        "txnType": "01",
        "txnSubType": "01",
        "bizType": "000201",
        "channelType": "08",
        "orderId": NUMBER,
        "txnTime": TIME,
        "txnAmt": "599900",
        "payTimeout": "20251112001500",
        "frontUrl": "https://shop.example/back",
        "backUrl": "https://shop.example/n",
        "riskRateInfo": "{commodityName=壶}",
        "merId": MERCHANT,
    }
    assert expected.items() <= fields.items()


def test_no_form_without_an_unused_number() -> None:
    """A number that is in use, a question that failed, or nobody's answer: the shopper is shown nothing."""
    for fields in (
        {**PAID, "origRespCode": "05"},
        {**PAID, "origRespCode": "64"},
        {**PAID, "respCode": "31"},
        {**PAID, "respCode": "37"},
    ):
        answer = said(fields, Kind.CHARGE, "front")
        assert (answer.verdict, answer.action) == (Verdict.UNKNOWN, None)
    assert said(PAID, Kind.CHARGE, "front").verdict is Verdict.CAPTURED


def test_the_tn_of_an_app() -> None:
    """The tn is what the shopper's app needs; without one nothing was made."""
    answer = said({**TAKEN_ON, "tn": "621512345678901234567"}, Kind.CHARGE, "app")
    assert answer.action == AppParams({"tn": "621512345678901234567"})
    assert "62151" not in repr(answer)
    assert said(TAKEN_ON, Kind.CHARGE, "app").verdict is Verdict.UNKNOWN


def test_a_reversal_is_shown_by_a_question() -> None:
    """00 to a reversal is taken on; a question that tells of the reversal shows that the trade is over."""
    reversal = {**TAKEN_ON, "txnType": "99", "txnSubType": "01"}
    assert said(reversal, Kind.CLOSE).verdict is Verdict.ACCEPTED
    shown = said({**PAID, "txnType": "99"})
    assert (shown.verdict, shown.named, shown.amount) == (Verdict.CLOSED, True, None)
    assert said(PAID).verdict is Verdict.CAPTURED
    at_once = said(reversal, Kind.CLOSE, options={"reversed_by": "answer"})
    assert (at_once.verdict, at_once.named) == (Verdict.CLOSED, True)


@pytest.mark.parametrize("code", ["34", "35", "03", "64", "10"])
def test_a_reversal_that_was_refused(code: str) -> None:
    """No code of a reversal ends the trade: it is asked about."""
    answer = said({**TAKEN_ON, "txnType": "99", "respCode": code}, Kind.CLOSE)
    assert answer.verdict in (Verdict.UNKNOWN, Verdict.DECLINED)
    assert (answer.final, answer.named) == (False, False)


def test_a_success_of_another_kind() -> None:
    """A success that is no consumption is not the order's money."""
    for kind in ("04", "31", "00", ""):
        assert said({**PAID, "txnType": kind}).verdict is Verdict.UNKNOWN
    assert said({**PAID, "txnType": "99"}, product="token").verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(("status", "cause"), [(500, Cause.PROVIDER_ERROR), (429, Cause.RATE_LIMITED)])
def test_http_errors(status: int, cause: Cause) -> None:
    """Only HTTP 200 is UnionPay's word; what it asks for is kept."""
    response = answered(PAID, status=status)
    answer = unionpay().read(operation(Kind.QUERY), response)
    assert (answer.verdict, answer.cause, answer.final) == (Verdict.UNKNOWN, cause, False)
    waits = HttpResponse(status=status, headers={"retry-after": "7"}, body=b"")
    assert unionpay().read(operation(), waits).retry_after == 7.0


def test_capabilities() -> None:
    """What each product declares: pages end with their time, codes are reversed, tokens are put last."""
    adapter = unionpay()
    front, app, code, token = (adapter.capabilities(name) for name in ("front", "app", "code", "token"))
    assert (front.starts, app.starts, code.starts, token.starts) == ("shopper", "shopper", "server", "server")
    assert [leavable(each) for each in (front, app, code, token)] == [True, True, True, False]
    assert (front.leaves, app.leaves, code.leaves, token.leaves) == (False, False, True, False)
    assert (code.close_refunds, code.close_names_trade) == (True, False)
    assert all(each.resend is None and each.assumptions for each in (front, app, code, token))
    with pytest.raises(ConfigError):
        adapter.capabilities("pos")
    with pytest.raises(ConfigError):
        unionpay(options={"tr_id": ""}).capabilities("token")
    asked = (("token", 12), ("token", 1), ("code", 3), ("code", 0), ("front", None))
    assert [adapter.takes_terms(*each) for each in asked] == [True, False, False, True, True]

"""Alipay v3 as the sandbox speaks it, met by a merchant written apart from it."""

from __future__ import annotations

import time

import httpx
import pytest
from sandbox_alipay_client import ASKS, REFUSED, TRADE, AlipayMerchant, at, refusal, status

from payfallback.testing.sandbox import Sandbox


def test_a_payment_code_takes_the_money_at_once(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """A payment code is charged while the request runs, and a query tells how much and from where."""
    answer = ali.code("A100101")
    assert (answer.status_code, ali.vouched(answer)) == (200, True)
    assert answer.json()["gmt_payment"]
    told = ali.query("A100101").json()
    assert (told["trade_status"], told["total_amount"], told["send_pay_date"]) == (
        "TRADE_SUCCESS",
        "5999.00",
        answer.json()["gmt_payment"],
    )
    assert told["fund_bill_list"] == [{"fund_channel": "ALIPAYACCOUNT", "amount": "5999.00"}]
    assert [entry.provider_ref for entry in sandbox.captures()] == [told["trade_no"]]
    assert ali.send("query", {"trade_no": told["trade_no"]}).json()["out_trade_no"] == "A100101"


def test_the_same_code_payment_again_pays_once(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """A number stands for one payment: again it is "already paid", with other data it is refused."""
    ali.code("A100101")
    assert refusal(ali.code("A100101")) == (400, "ACQ.TRADE_HAS_SUCCESS")
    assert refusal(ali.code("A100101", "1.00")) == (400, "ACQ.CONTEXT_INCONSISTENT")
    assert refusal(ali.qr("A100101")) == (400, "ACQ.CONTEXT_INCONSISTENT")
    assert len(sandbox.captures()) == 1


def test_a_payment_code_may_ask_for_the_password(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """A code ending in 9901 waits without a time of payment, also when it is sent again, until the shopper pays."""
    for _ in range(2):
        answer = ali.code("A100101", code=ASKS)
        assert (answer.status_code, "gmt_payment" in answer.json()) == (200, False)
    assert status(ali.query("A100101")) == "WAIT_BUYER_PAY"
    assert sandbox.pay("alipay", "A100101") == "paid"
    assert status(ali.query("A100101")) == "TRADE_SUCCESS"


def test_a_password_that_never_comes_ends_the_payment(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """A payment code lives for a minute; then its trade is closed unpaid, without a trace of money."""
    ali.code("A100101", code=ASKS)
    sandbox.advance(61)
    told = ali.query("A100101").json()
    assert (told["trade_status"], told["receipt_amount"], "send_pay_date" in told) == ("TRADE_CLOSED", "0.00", False)
    assert sandbox.pay("alipay", "A100101") == "closed"
    assert refusal(ali.code("A100101", code=ASKS)) == (400, "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR")
    assert sandbox.captures() == []


def test_a_payment_code_may_be_refused(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """A code ending in 9902 is refused for lack of money, again when it is asked again, and leaves no trade."""
    for _ in range(2):
        answer = ali.code("A100101", code=REFUSED)
        assert refusal(answer) == (400, "ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH")
        assert ali.vouched(answer)
    assert refusal(ali.query("A100101")) == (400, "ACQ.TRADE_NOT_EXIST")
    assert sandbox.captures() == []


def test_the_shopper_may_refuse_the_password(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """A payment code whose shopper says no is over."""
    ali.code("A100101", code=ASKS)
    assert sandbox.refuse("alipay", "A100101") == "refused"
    assert status(ali.query("A100101")) == "TRADE_CLOSED"
    assert refusal(ali.code("A100101", code=ASKS)) == (400, "ACQ.PAYMENT_FAIL")


def test_an_order_code_is_no_trade_before_it_is_scanned(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """Unscanned it can be neither asked about nor closed; scanned it waits, and then it is paid or closed."""
    qr_code = ali.qr("A100101").json()["qr_code"]
    assert refusal(ali.query("A100101")) == (400, "ACQ.TRADE_NOT_EXIST")
    assert refusal(ali.close("A100101")) == (400, "ACQ.TRADE_NOT_EXIST")
    scanned = ali.opens(qr_code)
    assert (scanned.status_code, sandbox.control_url in scanned.headers["location"]) == (302, True)
    assert status(ali.query("A100101")) == "WAIT_BUYER_PAY"
    httpx.post(scanned.headers["location"], data={"do": "pay"}, trust_env=False)
    assert status(ali.query("A100101")) == "TRADE_SUCCESS"
    assert [entry.number for entry in sandbox.captures()] == ["A100101"]


def test_a_number_gets_one_order_code(ali: AlipayMerchant) -> None:
    """A second order code under one number is refused."""
    ali.qr("A100101")
    assert refusal(ali.qr("A100101")) == (400, "ACQ.APPLY_PC_MERCHANT_CODE_ERROR")


def test_an_order_code_ends_with_its_absolute_expiry(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """After time_expire nothing can be paid, and a charge that arrives then is refused."""
    until = at(sandbox.now + 90)
    qr_code = ali.qr("A100101", time_expire=until).json()["qr_code"]
    sandbox.advance(91)
    assert sandbox.pay("alipay", "A100101") == "closed"
    assert "ACQ.TRADE_HAS_CLOSE" in ali.opens(qr_code).text
    assert refusal(ali.qr("A100102", time_expire=until)) == (400, "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR")
    assert refusal(ali.code("A100103", time_expire=until)) == (400, "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR")
    assert sandbox.captures() == []


def test_closing_ends_what_is_unpaid_and_nothing_else(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """A close answers with both numbers, also twice; a paid trade stays paid."""
    ali.opens(ali.qr("A100101").json()["qr_code"])
    for _ in range(2):
        assert ali.close("A100101").json().keys() == {"out_trade_no", "trade_no"}
    assert sandbox.pay("alipay", "A100101") == "closed"
    assert status(ali.query("A100101")) == "TRADE_CLOSED"
    ali.code("A100102")
    assert refusal(ali.close("A100102")) == (400, "ACQ.TRADE_STATUS_ERROR")
    assert (len(sandbox.captures()), sandbox.held()) == (1, 599900)


def test_cancelling_says_what_it_did(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """A cancel closes what waits and refunds what was paid, and after it no money is held."""
    ali.code("A100101", code=ASKS)
    ali.code("A100102")
    assert ali.cancel("A100101").json()["action"] == "close"
    assert ali.cancel("A100102").json()["action"] == "refund"
    for number, traced in (("A100101", False), ("A100102", True)):
        told = ali.query(number).json()
        assert (told["trade_status"], "send_pay_date" in told) == ("TRADE_CLOSED", traced)
    assert sandbox.pay("alipay", "A100101") == "reversed"
    assert (len(sandbox.captures()), len(sandbox.refunds()), sandbox.held()) == (1, 1, 0)
    assert refusal(ali.code("A100102")) == (400, "ACQ.TRADE_HAS_CLOSE")


def test_cancelling_an_unknown_number_says_yes_and_kills_nothing(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """A cancel that overtakes its charge names no action, and the charge still takes the money."""
    assert ali.cancel("A100101").json() == {"out_trade_no": "A100101", "retry_flag": "N"}
    assert ali.code("A100101").json()["gmt_payment"]
    assert sandbox.held() == 599900


def test_refunds_add_up_to_the_payment_and_no_further(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """One refund number moves money once; the sum is told with each, and a full refund closes the trade."""
    ali.code("A100101")
    assert refusal(ali.refund("A100101", "5999.01")) == (400, "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
    first = [ali.refund("A100101", "1000.00", under="R1").json() for _ in range(2)]
    assert [(each["fund_change"], each["refund_fee"]) for each in first] == [("Y", "1000.00"), ("N", "1000.00")]
    assert refusal(ali.refund("A100101", "1.00", under="R1")) == (400, "ACQ.DISCORDANT_REPEAT_REQUEST")
    assert status(ali.query("A100101")) == "TRADE_SUCCESS"
    assert ali.refund("A100101", "4999.00", under="R2").json()["refund_fee"] == "5999.00"
    found = ali.query_refund("A100101", "R2").json()
    assert (found["refund_status"], found["refund_amount"]) == ("REFUND_SUCCESS", "4999.00")
    assert (status(ali.query("A100101")), sandbox.held(), len(sandbox.refunds())) == ("TRADE_CLOSED", 0, 2)


def test_refunds_that_fit_nothing(ali: AlipayMerchant) -> None:
    """No refund of what is unpaid or unknown; of a refund that nobody made nothing is said, successfully."""
    ali.code("A100101", code=ASKS)
    assert refusal(ali.refund("A100101")) == (400, "ACQ.TRADE_STATUS_ERROR")
    assert refusal(ali.refund("A100109")) == (400, "ACQ.TRADE_NOT_EXIST")
    unknown = ali.query_refund("A100101", "R9")
    assert (unknown.status_code, unknown.json(), ali.vouched(unknown)) == (200, {}, True)


def test_huabei_takes_three_numbers_of_instalments(ali: AlipayMerchant) -> None:
    """3, 6 or 12 instalments, their fee borne by one side alone; the trade then shows credit as its source."""
    fine = {"hb_fq_num": "12", "hb_fq_seller_percent": "100"}
    ali.code("A100101", extend_params=fine)
    assert ali.query("A100101").json()["fund_bill_list"][0]["fund_channel"] == "PCREDIT"
    for wrong in ({"hb_fq_num": "4"}, {**fine, "hb_fq_seller_percent": "50"}, "12"):
        assert refusal(ali.code("A100102", extend_params=wrong)) == (400, "ACQ.INVALID_PARAMETER")


@pytest.mark.parametrize(
    "wrong",
    [
        {"out_trade_no": "A-1"},
        {"out_trade_no": "A" * 65},
        {"out_trade_no": None},
        {"subject": "a&b=c"},
        {"subject": ""},
        {"total_amount": "0.00"},
        {"total_amount": "1.001"},
        {"total_amount": "a lot"},
        {"total_amount": "Infinity"},
        {"total_amount": True},
        {"total_amount": [1]},
        {"total_amount": "100000000.01"},
        {"time_expire": "tomorrow"},
        {"product_code": "FAST_INSTANT_TRADE_PAY"},
        {"extend_params": [1]},
    ],
    ids=repr,
)
def test_what_is_wrong_is_refused(ali: AlipayMerchant, wrong: dict[str, object]) -> None:
    """A request that is missing something, or has it in another form, is refused under Alipay's signature."""
    answer = ali.qr("A100101", **wrong)
    assert refusal(answer) == (400, "ACQ.INVALID_PARAMETER")
    assert ali.vouched(answer)


def test_codes_and_sellers_that_nobody_has(ali: AlipayMerchant) -> None:
    """A malformed payment code, an unknown scene and another account's number are refused."""
    assert refusal(ali.code("A100101", code="1234")) == (400, "ACQ.PAYMENT_AUTH_CODE_INVALID")
    assert refusal(ali.code("A100101", scene="smile")) == (400, "ACQ.INVALID_PARAMETER")
    assert refusal(ali.code("A100101", seller_id="2088000000000000")) == (400, "ACQ.INVALID_RECEIVE_ACCOUNT")
    assert ali.code("A100101", seller_id=ali.known["seller_id"], code="fp0123abc").status_code == 200
    assert refusal(ali.send("query", {})) == (400, "ACQ.INVALID_PARAMETER")


def test_only_the_apps_own_fresh_signature_is_heard(ali: AlipayMerchant) -> None:
    """Another body, path, time, app, token or no signature at all is refused, without a signature of Alipay's."""
    target, body = f"{TRADE}/query", '{"out_trade_no": "A100101"}'
    right = ali.authorization(target, body)
    wrong = {
        "invalid-signature": ali.authorization(f"{TRADE}/close", body),
        "invalid-timestamp": ali.authorization(target, body, at_time=time.time() - 700),
        "invalid-app-id": right.replace(ali.known["app_id"], "2014072300007148"),
        "missing-signature": "",
        "app-cert-not-exist": right.replace(",nonce", f",app_cert_sn={'0' * 32},nonce"),
    }
    for code, header in wrong.items():
        answer = ali.send("query", body, authorization=header)
        assert (*refusal(answer), ali.vouched(answer)) == (400, code, False)
    rooted = ali.send("query", body, **{"alipay-root-cert-sn": "0" * 32})
    assert refusal(rooted) == (400, "app-cert-not-exist")
    acting = ali.authorization(target, body, extra="202207BB\n")
    answer = ali.send("query", body, authorization=acting, **{"alipay-app-auth-token": "202207BB"})
    assert refusal(answer) == (400, "invalid-app-auth-token")


@pytest.mark.parametrize("body", ["", "[]", "{", "[" * 50000, r'{"subject": "\ud800"}', "\x00"])
def test_bodies_that_are_no_json_object(ali: AlipayMerchant, body: str) -> None:
    """A well-signed body still has to be a JSON object."""
    assert refusal(ali.send("precreate", body)) == (400, "ACQ.INVALID_PARAMETER")


def test_answers_carry_the_providers_time(sandbox: Sandbox, ali: AlipayMerchant) -> None:
    """The signed timestamp follows Alipay's clock, also after it was put forward."""
    sandbox.advance(3600)
    stamp = int(ali.query("A100101").headers["alipay-timestamp"]) / 1000
    assert abs(stamp - time.time() - 3600) < 5

"""WeChat Pay APIv3 as the sandbox speaks it, met by a merchant written apart from it."""

from __future__ import annotations

import time

import httpx
import pytest
from sandbox_wechat_client import PAY, WeChatMerchant, pr_code, refusal, state

from payfallback.testing.sandbox import Sandbox

ASKS = "130061098828009901"
REFUSED = "130061098828009902"


def at(moment: float) -> str:
    """A moment as RFC 3339."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(moment))


def test_a_native_order_is_paid_by_the_shopper_and_not_before(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """A QR order moves no money until the shopper pays; then the query says for whom, how much and when."""
    answer = wechat.native("A100101", attach="A-1001")
    assert answer.status_code == 200
    assert pr_code(answer)
    assert wechat.genuine(answer.headers, answer.content)
    assert (state(wechat.query("A100101")), sandbox.captures()) == ("NOTPAY", [])

    assert sandbox.pay("wechatpay", "A100101", "oShopper") == "paid"
    told = wechat.query("A100101")
    assert wechat.genuine(told.headers, told.content)
    paid = told.json()
    assert (paid["trade_state"], paid["amount"]["total"], paid["payer"]["openid"]) == ("SUCCESS", 599900, "oShopper")
    assert paid["transaction_id"] == sandbox.captures("A-1001")[0].provider_ref
    assert wechat.query_id(paid["transaction_id"]).json() == paid


def test_jsapi_and_h5_hand_out_what_the_shopper_needs(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """JSAPI answers with a prepay id; H5 with an address where the shopper pays."""
    assert wechat.prepay("jsapi", "A100101").json()["prepay_id"].startswith("wx")
    page = wechat.prepay("h5", "A100102").json()["h5_url"]
    httpx.post(page, data={"do": "pay"}, trust_env=False)
    assert [entry.number for entry in sandbox.captures()] == ["A100102"]


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("jsapi", {"payer": {}}),
        ("h5", {"scene_info": {}}),
        ("native", {"notify_url": 1}),
        ("native", {"description": ""}),
    ],
)
def test_what_is_missing_is_named(wechat: WeChatMerchant, kind: str, field: dict[str, object]) -> None:
    """A request without a required part is a parameter error, signed."""
    response = wechat.prepay(kind, "A100101", **field)
    assert refusal(response) == (400, "PARAM_ERROR")
    assert wechat.genuine(response.headers, response.content)


@pytest.mark.parametrize("amount", [0, -1, True, 1.5, "100"])
def test_amounts_are_whole_fen(wechat: WeChatMerchant, amount: object) -> None:
    """Anything but a positive whole number of fen is refused."""
    assert refusal(wechat.native("A100101", amount)) == (400, "PARAM_ERROR")


def test_the_same_order_again_is_the_same_order(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """An identical request returns the same code; a changed one, a paid one and a closed one are refused."""
    assert pr_code(wechat.native("A100101")) == pr_code(wechat.native("A100101"))
    assert refusal(wechat.native("A100101", 1)) == (400, "INVALID_REQUEST")
    sandbox.pay("wechatpay", "A100101")
    assert refusal(wechat.native("A100101")) == (400, "ORDER_PAID")
    wechat.native("A100102")
    wechat.close("A100102")
    assert refusal(wechat.native("A100102")) == (400, "ORDER_CLOSED")
    assert len(sandbox.captures()) == 1


def test_closing_before_the_payment_holds(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """Closing an unpaid order answers 204, also twice, and the order cannot be paid any more."""
    wechat.native("A100101")
    for _ in range(2):
        response = wechat.close("A100101")
        assert (response.status_code, response.content) == (204, b"")
        assert wechat.genuine(response.headers, b"")
    assert sandbox.pay("wechatpay", "A100101") == "closed"
    assert (state(wechat.query("A100101")), sandbox.captures()) == ("CLOSED", [])


def test_closing_after_the_payment_is_refused(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """A paid order is not closed, nor is one that nobody made, nor a payment code."""
    wechat.native("A100101")
    sandbox.pay("wechatpay", "A100101")
    assert refusal(wechat.close("A100101")) == (400, "ORDER_PAID")
    assert refusal(wechat.close("A100109")) == (404, "ORDER_NOT_EXIST")
    wechat.code("A100102", code=ASKS)
    assert refusal(wechat.close("A100102")) == (400, "INVALID_REQUEST")
    assert len(sandbox.captures()) == 1


def test_a_payment_code_pays_at_once(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """A payment code takes the money while the request runs; the number then stands for a paid order."""
    answer = wechat.code("A100101")
    assert (answer.status_code, state(answer), answer.json()["trade_type"]) == (200, "SUCCESS", "MICROPAY")
    assert refusal(wechat.code("A100101")) == (400, "ORDER_PAID")
    assert len(sandbox.captures()) == 1


def test_a_payment_code_may_ask_for_the_password(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """A code ending in 9901 is USERPAYING until the shopper pays on the page."""
    assert state(wechat.code("A100101", code=ASKS)) == "USERPAYING"
    assert state(wechat.code("A100101", code=ASKS)) == "USERPAYING"
    assert sandbox.pay("wechatpay", "A100101") == "paid"
    assert state(wechat.query("A100101")) == "SUCCESS"


def test_a_password_that_never_comes_ends_the_payment(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """A payment code lives for a minute; after it the trade has failed."""
    wechat.code("A100101", code=ASKS)
    sandbox.advance(61)
    assert state(wechat.query("A100101")) == "PAYERROR"
    assert (sandbox.pay("wechatpay", "A100101"), sandbox.captures()) == ("refused", [])


def test_a_payment_code_may_be_refused(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """A code ending in 9902 is refused for lack of balance, again when it is asked again."""
    assert refusal(wechat.code("A100101", code=REFUSED)) == (403, "NOTENOUGH")
    assert refusal(wechat.code("A100101", code=REFUSED)) == (403, "NOTENOUGH")
    assert (state(wechat.query("A100101")), sandbox.captures()) == ("PAYERROR", [])


def test_reversing_closes_what_is_unpaid_and_refunds_what_is_paid(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """After a reverse no money is held, whatever had happened before it, and it may be repeated."""
    wechat.code("A100101", code=ASKS)
    wechat.code("A100102")
    for number in ("A100101", "A100102", "A100102"):
        assert wechat.reverse(number).status_code == 200
        assert state(wechat.query(number)) == "REVOKED"
    assert sandbox.pay("wechatpay", "A100101") == "reversed"
    assert (len(sandbox.captures()), len(sandbox.refunds()), sandbox.held()) == (1, 1, 0)


def test_reversing_ends_what_had_failed(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """A payment that was refused is ended by a reverse, so that a shop that was told neither can be sure."""
    wechat.code("A100101", code=REFUSED)
    assert wechat.reverse("A100101").status_code == 200
    assert (state(wechat.query("A100101")), sandbox.captures()) == ("REVOKED", [])


def test_reversing_an_unknown_number_says_yes_and_kills_nothing(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """A reverse that overtakes its charge is acknowledged, and the charge still takes the money."""
    assert wechat.reverse("A100101").json() == {**wechat.owner, "out_trade_no": "A100101"}
    assert state(wechat.code("A100101")) == "SUCCESS"
    assert len(sandbox.captures()) == 1


def test_an_expired_order_cannot_be_paid_and_stays_open(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """time_expire ends the paying, not the order: it is NOTPAY until it is closed."""
    until = at(sandbox.now + 60)
    wechat.native("A100101", time_expire=until)
    sandbox.advance(61)
    assert sandbox.pay("wechatpay", "A100101") == "open"
    assert (state(wechat.query("A100101")), sandbox.captures()) == ("NOTPAY", [])
    assert refusal(wechat.native("A100101", time_expire=until)) == (400, "INVALID_REQUEST")
    assert wechat.close("A100101").status_code == 204


def test_a_charge_that_arrives_after_its_expiry_lives_for_a_minute(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """WeChat Pay does not refuse an order that was long on its way: it moves the expiry to a minute from now."""
    for number in ("A100101", "A100102"):
        assert wechat.native(number, time_expire=at(sandbox.now - 3600)).status_code == 200
    assert sandbox.pay("wechatpay", "A100101") == "paid"
    sandbox.advance(61)
    assert sandbox.pay("wechatpay", "A100102") == "open"
    assert refusal(wechat.native("A100103", time_expire="tomorrow")) == (400, "PARAM_ERROR")


def test_refunds_add_up_to_the_payment_and_no_further(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """Partial refunds are taken until the payment is used up; one number refunds once."""
    wechat.code("A100101")
    assert refusal(wechat.refund("A100101", 599901)) == (400, "REFUND_EXCEED")
    for _ in range(2):
        answer = wechat.refund("A100101", 100000, under="R1").json()
        assert (answer["status"], answer["amount"]["refund"]) == ("SUCCESS", 100000)
    assert refusal(wechat.refund("A100101", 1, under="R1")) == (400, "RESOURCE_ALREADY_EXISTS")
    ref = sandbox.captures()[0].provider_ref
    assert wechat.refund("", 499900, under="R2", transaction_id=ref).json()["status"] == "SUCCESS"
    assert wechat.query_refund("R2").json()["amount"]["refund"] == 499900
    assert refusal(wechat.refund("A100101", 1, under="R3")) == (400, "REFUND_EXCEED")
    assert (state(wechat.query("A100101")), sandbox.held()) == ("REFUND", 0)


def test_refunds_that_fit_nothing_are_refused(wechat: WeChatMerchant) -> None:
    """No refund of an unpaid order, under another total, of an unknown order; no unknown refund is told of."""
    wechat.native("A100101")
    assert refusal(wechat.refund("A100101")) == (400, "INVALID_REQUEST")
    assert refusal(wechat.refund("A100101", 1, of=2)) == (400, "PARAM_ERROR")
    assert refusal(wechat.refund("A100109")) == (404, "RESOURCE_NOT_EXISTS")
    assert refusal(wechat.query_refund("R9")) == (404, "RESOURCE_NOT_EXISTS")


def test_the_shopper_may_leave_and_come_back(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """A shopper who says no on a WeChat page can still pay; one who refuses the password cannot."""
    wechat.native("A100101")
    assert sandbox.refuse("wechatpay", "A100101", "credit_exhausted") == "open"
    assert sandbox.pay("wechatpay", "A100101") == "paid"
    wechat.code("A100102", code=ASKS)
    assert sandbox.refuse("wechatpay", "A100102") == "refused"
    assert state(wechat.query("A100102")) == "PAYERROR"


def test_only_the_merchants_own_fresh_signature_is_heard(wechat: WeChatMerchant) -> None:
    """Another body, another path, an old time, a foreign serial or no signature at all: 401, signed."""
    target = f"{PAY}/out-trade-no/A100101?mchid={wechat.known['mchid']}"
    wrong = {
        "another path": wechat.authorization("GET", f"{PAY}/out-trade-no/A100102", ""),
        "another method": wechat.authorization("POST", target, ""),
        "an old time": wechat.authorization("GET", target, "", at=time.time() - 400),
        "another serial": wechat.authorization("GET", target, "").replace(wechat.known["serial"], "0" * 40),
        "another scheme": wechat.authorization("GET", target, "").replace("RSA2048", "SM3"),
        "nothing": "",
    }
    for header in wrong.values():
        response = wechat.send("GET", target, authorization=header)
        assert refusal(response) == (401, "SIGN_ERROR")
        assert wechat.genuine(response.headers, response.content)


@pytest.mark.parametrize("body", ["", "[]", "{", "[" * 50000, r'{"description": "\ud800"}', "\x00"])
def test_bodies_that_are_no_json_object_are_refused(wechat: WeChatMerchant, body: str) -> None:
    """A well-signed body still has to be a JSON object."""
    signed = {"authorization": wechat.authorization("POST", f"{PAY}/native", body)}
    response = wechat.http.post(f"{wechat.url}{PAY}/native", content=body, headers=signed)
    assert refusal(response) == (400, "PARAM_ERROR")


def test_a_query_names_its_merchant(wechat: WeChatMerchant) -> None:
    """A query without the merchant's own mchid is refused, by number and by reference alike."""
    for path in ("out-trade-no/A100101", "id/42"):
        assert refusal(wechat.send("GET", f"{PAY}/{path}?mchid=1")) == (400, "PARAM_ERROR")
    assert refusal(wechat.query_id("42")) == (404, "ORDER_NOT_EXIST")


def test_only_payment_codes_are_reversed(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """A QR order is closed, not reversed; a payment code needs a store and a code of digits."""
    wechat.native("A100101")
    assert refusal(wechat.reverse("A100101")) == (400, "INVALID_REQUEST")
    assert refusal(wechat.code("A100102", scene_info={})) == (400, "PARAM_ERROR")
    assert refusal(wechat.code("A100102", code="one two")) == (400, "PARAM_ERROR")
    assert refusal(wechat.send("POST", f"{PAY}/out-trade-no/A100101/close", {"mchid": "1"})) == (400, "MCH_NOT_EXISTS")
    assert sandbox.pay("wechatpay", "A100101") == "paid"


def test_another_merchant_is_refused(wechat: WeChatMerchant) -> None:
    """An order for a foreign mchid or appid is not this merchant's."""
    assert refusal(wechat.native("A100101", mchid="1900000001")) == (400, "MCH_NOT_EXISTS")
    assert refusal(wechat.native("A100101", appid="wx0")) == (400, "APPID_MCHID_NOT_MATCH")


def test_answers_carry_the_providers_time(sandbox: Sandbox, wechat: WeChatMerchant) -> None:
    """The Date header and the signed timestamp follow the provider's clock, also after it was put forward."""
    sandbox.advance(3600)
    headers = wechat.query("A100101").headers
    assert abs(int(headers["wechatpay-timestamp"]) - time.time() - 3600) < 5
    assert time.strptime(headers["date"], "%a, %d %b %Y %H:%M:%S GMT")

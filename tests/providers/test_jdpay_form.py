"""JD Pay's cashier form: what the shopper's browser posts, and what is asked before it is shown."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping

import pytest
from Crypto.Cipher import DES3
from hypothesis import given
from hypothesis import strategies as some
from jdpay_counterpart import NOW, SECRET, answered, decrypt, failure, jdpay, operation, raw_sign, sealed

from payfallback._core.operations import Answer, Kind, Operation
from payfallback._core.safety import leavable
from payfallback.errors import ConfigError, InputMissing
from payfallback.model import Form
from payfallback.providers.jdpay import JdPay
from payfallback.taxonomy import Cause, Verdict

ABSENT = failure("100404", "交易不存在")
SHOP = {"return_url": "https://shop.example/back?o=1&x=<2>", "ref": "u1", "ip": "203.0.113.9"}


def charge(product: str = "baitiao_pc", terms: int | None = 12, **more: object) -> Operation:
    """A charge by form."""
    return operation(product=product, terms=terms, expires_at=NOW + 120, **{**SHOP, **more})


def shown(given: Operation | None = None, adapter: JdPay | None = None, body: bytes = ABSENT) -> Answer:
    """What comes of a charge to whose question JD answers this."""
    return (adapter or jdpay()).read(given or charge(), answered(body))


def form_of(answer: Answer) -> Form:
    """The form that is shown."""
    assert isinstance(answer.action, Form)
    return answer.action


def opened(form: Form) -> Mapping[str, str]:
    """The plain fields of a form, by another library's 3DES."""

    def plain(name: str, text: str) -> str:
        if name in ("version", "merchant", "sign"):
            return text
        block = DES3.new(b64decode(SECRET), DES3.MODE_ECB).decrypt(bytes.fromhex(text))
        return block[4 : 4 + int.from_bytes(block[:4], "big")].decode()

    return {name: plain(name, text) for name, text in form.fields.items()}


def test_a_number_that_jd_does_not_know_is_shown_as_a_form() -> None:
    """The shopper gets a form, and waits: nothing is paid, and JD knows of nothing, before a browser posts it."""
    answer = shown()
    assert (answer.verdict, answer.cause, answer.code) == (Verdict.PENDING, Cause.AWAITING_SHOPPER, "100404")
    assert form_of(answer).url == "https://wepay.jd.com/jdpay/saveOrder"
    assert jdpay().capabilities("baitiao_pc").starts == "shopper"


def test_what_the_form_says() -> None:
    """Every field but three is encrypted; in plain they are the order, its terms, its expiry and the way back."""
    assert {**opened(form_of(shown())), "sign": ""} == {
        "version": "V2.0",
        "merchant": "110224535",
        "device": "0001",
        "tradeNum": "A100101",
        "tradeName": "Kettle & <cup>",
        "tradeTime": "20251112000000",
        "amount": "599900",
        "currency": "CNY",
        "orderType": "0",
        "notifyUrl": "https://shop.example/notify/baitiao",
        "callbackUrl": SHOP["return_url"],
        "ip": "203.0.113.9",
        "userId": "u1",
        "expireTime": "120",
        "installmentNum": "12",
        "sign": "",
    }


def test_the_form_is_signed_over_its_plain_fields_in_order() -> None:
    """The signature is the merchant's, over the sorted fields as they are before encryption."""
    form = form_of(shown())
    plain = {name: text for name, text in opened(form).items() if name != "sign"}
    assert form.fields["sign"] == raw_sign("&".join(f"{k}={plain[k]}" for k in sorted(plain)), "merchant")


def test_the_form_hides_the_shopper() -> None:
    """No address, no reference of the shopper stands readable in the page."""
    page = str(dict(form_of(shown()).fields))
    assert not any(text in page for text in (SHOP["ip"], "u1'", "shop.example"))


def test_before_the_form_jd_is_asked_whether_the_number_is_free() -> None:
    """The charge's one exchange is a signed question about this number."""
    request = jdpay().request(charge())
    inside = decrypt(re.findall("<encrypt>(.*)</encrypt>", request.body.decode())[0])
    assert request.url == "https://paygate.jd.com/service/query"
    assert "<tradeNum>A100101</tradeNum><tradeType>0</tradeType>" in inside


@pytest.mark.parametrize(
    ("product", "url"),
    [
        ("baitiao_h5", "https://h5pay.jd.com"),
        ("jdpay_h5", "https://h5pay.jd.com"),
        ("jdpay_pc", "https://wepay.jd.com"),
    ],
)
def test_each_kind_of_browser_has_its_cashier(product: str, url: str) -> None:
    """PC and phone pages go to JD's two cashiers."""
    assert form_of(shown(charge(product, None))).url == f"{url}/jdpay/saveOrder"


def test_another_address_moves_the_cashier_too() -> None:
    """A test system has the cashier at its own address, unless the options name one."""
    assert form_of(shown(adapter=jdpay(base_url="http://127.0.0.1:1/"))).url == "http://127.0.0.1:1/jdpay/saveOrder"
    moved = jdpay(base_url="http://127.0.0.1:1", options={"pc_url": "http://127.0.0.1:2/"})
    assert form_of(shown(adapter=moved)).url == "http://127.0.0.1:2/jdpay/saveOrder"


@pytest.mark.parametrize("lacking", ["return_url", "ref"])
def test_a_form_needs_the_page_and_the_shopper(lacking: str) -> None:
    """What JD requires is asked for before anything is sent."""
    with pytest.raises(InputMissing, match="required") as error:
        jdpay().request(charge(**{lacking: ""}))
    assert lacking in error.value.hint


def test_a_number_that_jd_knows_is_not_shown_again() -> None:
    """What stands under the number already decides, and no second form is made for it."""
    fields = "<tradeNum>A100101</tradeNum><tradeType>0</tradeType><status>{}</status><amount>599900</amount>"
    paid, open_ = shown(body=sealed(fields.format(2))), shown(body=sealed(fields.format(0)))
    assert (paid.verdict, paid.action) == (Verdict.CAPTURED, None)
    assert (open_.verdict, open_.action) == (Verdict.PENDING, None)


@pytest.mark.parametrize(("status", "body"), [(503, ABSENT), (429, ABSENT), (200, b"<html>"), (200, b"")])
def test_a_broken_gateway_shows_no_form(status: int, body: bytes) -> None:
    """A shopper is not sent to a cashier whose gateway does not answer as JD does: the next channel is tried."""
    answer = jdpay().read(charge(), answered(body, status))
    assert (answer.verdict, answer.action) == (Verdict.UNKNOWN, None)


def test_other_products_get_no_form_for_an_unsigned_answer() -> None:
    """For a payment code the same answer proves nothing."""
    answer = jdpay().read(operation(product="jdpay_code", inputs={"code": "1"}), answered(ABSENT))
    assert (answer.verdict, answer.action) == (Verdict.UNKNOWN, None)


def test_only_the_merchant_can_say_how_jd_tells_that_a_number_is_absent() -> None:
    """By itself an unsigned answer to a query stays unknown; with both options it counts towards `not found`."""
    query = charge()
    asked = operation(Kind.QUERY, product="baitiao_pc")
    told = jdpay(options={"not_found_code": "100404", "expiry_counts_from": "tradeTime"})
    assert jdpay().read(asked, answered(ABSENT)).verdict is Verdict.UNKNOWN
    assert told.read(asked, answered(ABSENT, date="Wed, 12 Nov 2025 00:00:00 GMT")).verdict is Verdict.NOT_FOUND
    assert told.read(asked, answered(failure("100405", "x"))).verdict is Verdict.UNKNOWN
    assert told.read(asked, answered(ABSENT, 503)).verdict is Verdict.UNKNOWN
    assert shown(query, told).verdict is Verdict.PENDING


def test_absence_is_final_only_when_the_merchant_stated_the_expiry_too() -> None:
    """Knowing how JD says `absent` is no proof that a form cannot be posted later."""
    only_code = jdpay(options={"not_found_code": "100404"})
    both = jdpay(options={"not_found_code": "100404", "expiry_counts_from": "tradeTime"})
    assert only_code.capabilities("jdpay_pc").not_found_after is None
    assert both.capabilities("jdpay_pc").not_found_after == 60.0
    assert both.capabilities("jdpay_code").not_found_after is None
    assert leavable(only_code.capabilities("jdpay_pc"))


def test_an_expiry_that_counts_from_elsewhere_is_refused() -> None:
    """The only other start that JD could mean is the unknown one."""
    with pytest.raises(ConfigError, match="expiry_counts_from"):
        jdpay(options={"expiry_counts_from": "arrival"})


def test_terms_of_the_forms() -> None:
    """The Baitiao forms carry a number of instalments; the plain ones do not."""
    assert jdpay().takes_terms("baitiao_h5", 6)
    assert not jdpay().takes_terms("jdpay_h5", 6)


@given(some.binary(max_size=300), some.sampled_from([200, 302, 404, 503]))
def test_no_bytes_are_paid(body: bytes, status: int) -> None:
    """Whatever answers a form's question without JD's signature: unknown, or at most a form to show."""
    answer = jdpay().read(charge(), answered(body, status))
    assert answer.verdict is Verdict.UNKNOWN or isinstance(answer.action, Form)

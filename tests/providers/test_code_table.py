"""The library's tables of codes, as a whole: what may end an attempt, what stays open, and what people are told."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import cache

import alipay_counterpart as ali
import jdpay_counterpart as jd
import pytest
import stripe_counterpart as card
import unionpay_counterpart as union
import wechatpay_counterpart as wx
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from payfallback._core.operations import Answer, Kind
from payfallback.errors import ConfigError
from payfallback.messages import LOCALES, shopper_text, support_text
from payfallback.ports import HttpResponse
from payfallback.providers.code_table import PROVIDERS, CodeRow, code_table
from payfallback.taxonomy import FACTS, Cause, Verdict

NEED_NO_CAUSE = {
    Verdict.CAPTURED,
    Verdict.AUTHORISED,
    Verdict.CLOSED,
    Verdict.ACCEPTED,
    Verdict.REFUNDED,
    Verdict.REFUND_FAILED,
}
ROWS = [row for provider in PROVIDERS for row in code_table(provider).rows()]
CHARGES = {
    "alipay.trade.pay": "code",
    "alipay.trade.precreate": "qr",
    "v2:micropay": "codepay",
}


def test_only_a_stated_refusal_ends_an_attempt() -> None:
    """632 rows read as a refusal that would permit another channel; 575 of them are inferred, and none of these is
    final, so that they are asked about first."""
    would_permit = [row for row in ROWS if row.elsewhere == "yes"]
    inferred = [row for row in would_permit if not row.stated]
    assert (len(would_permit), len(inferred)) == (632, 575)
    assert not any(row.final for row in inferred)
    assert {row.elsewhere for row in ROWS if row.final} == {"yes"}


def test_no_row_that_leaves_the_outcome_open_permits_a_fallback() -> None:
    """What the facts leave open (ambiguous, pending, a number used before, a fault) is never final, and read as a
    refusal only where the provider says that it did not take the request."""
    left_open = [row for row in ROWS if row.elsewhere == "asked"]
    assert len(left_open) > 90
    assert not any(row.final for row in left_open)
    refused = {
        (row.provider, row.code, row.cause, row.resendable) for row in left_open if row.verdict is Verdict.DECLINED
    }
    assert {(cause, again) for _, _, cause, again in refused} == {(Cause.RATE_LIMITED, True)}
    for row in ROWS:
        assert not row.final or row.verdict is Verdict.DECLINED


def test_money_that_was_taken_is_never_left() -> None:
    """UnionPay's 42, 74 and 75 say that the money was taken: no other channel, and a person is told."""
    for code in ("42", "74", "75"):
        row = code_table("unionpay").row("*", code)
        assert row is not None
        assert (row.verdict, row.cause) == (Verdict.UNKNOWN, Cause.CONTRADICTION)
        assert FACTS[Cause.CONTRADICTION].elsewhere == "no"


def test_every_row_says_why() -> None:
    """A cause with texts for the shopper and for support, in both languages; what moved or ended money needs none."""
    for row in ROWS:
        assert row.meaning, row
        assert row.source, row
        if row.cause is None:
            assert row.verdict in NEED_NO_CAUSE, row
            continue
        assert not FACTS[row.cause].internal, row
        status = "not_paid" if row.verdict is Verdict.DECLINED else "pending"
        for locale in LOCALES:
            assert len(shopper_text(status, row.cause, locale)) > 10
            assert row.cause.value in support_text(status, row.cause, locale)


def test_a_refusal_of_a_charge_names_a_cause_that_moves_no_money() -> None:
    """`timeout` beside `declined` would say two things about the same money."""
    not_of_a_charge = ("close", "refund")
    for row in ROWS:
        if row.verdict is Verdict.DECLINED and row.operation.rpartition(":")[2] not in not_of_a_charge:
            assert row.cause is not None
            assert FACTS[row.cause].money == "none", row


def test_shoppers_never_read_that_a_card_is_said_to_be_lost() -> None:
    """Fraud, loss and theft read like any refusal that nobody explains."""
    unexplained = {locale: shopper_text("not_paid", Cause.DECLINED, locale) for locale in LOCALES}
    for code in ("fraudulent", "lost_card", "stolen_card", "pickup_card", "merchant_blacklist"):
        for row in code_table("stripe").of(code):
            assert {locale: shopper_text("not_paid", row.cause, locale) for locale in LOCALES} == unexplained


# ---------------------------------------------------------------- through the adapters


ADAPTERS = {name: cache(make) for name, make in {"wx": wx.wechatpay, "ali": ali.alipay, "jd": jd.jdpay}.items()}
UNION = cache(union.unionpay)


@cache
def _signed_by_wechat(code: str) -> HttpResponse:
    return wx.answered({"code": code, "message": "made up"}, 400)


@cache
def _signed_by_alipay(code: str) -> HttpResponse:
    """By hand: the official SDK takes 40 ms for a signature, and there are hundreds of codes."""
    body = json.dumps({"code": code, "message": "made up"})
    stamp, nonce = str(int(ali.NOW * 1000)), "8be7aa3e9d3c4e0f"
    signature = ali.rsa_key("alipay").sign(f"{stamp}\n{nonce}\n{body}\n".encode(), PKCS1v15(), SHA256())
    headers = {"alipay-timestamp": stamp, "alipay-nonce": nonce, "alipay-signature": b64encode(signature).decode()}
    return HttpResponse(status=400, headers=headers, body=body.encode())


def _wechat(row: CodeRow, kind: Kind, product: str) -> Answer:
    asked = wx.operation(kind, product, refund_number="A100101R1")
    return ADAPTERS["wx"]().read(asked, _signed_by_wechat(row.code))


def _alipay(row: CodeRow, kind: Kind, product: str) -> Answer:
    asked = ali.operation(kind, product, refund_number="A100101R1")
    return ADAPTERS["ali"]().read(asked, _signed_by_alipay(row.code))


def _jd(row: CodeRow, kind: Kind, product: str) -> Answer:
    body = jd.wrapped(jd.encrypt(jd.signed(jd.HEADER + jd.inside("", code=row.code))))
    return ADAPTERS["jd"]().read(jd.operation(kind, product), jd.answered(body))


def _stripe(row: CodeRow, kind: Kind, product: str) -> Answer:
    said = {"decline_code": row.code} if row.operation == "decline_code" else {}
    code = "card_declined" if said else row.code
    return card.read(card.error("card_error", code, **said), kind, status=402)


def _union(row: CodeRow, kind: Kind, product: str) -> Answer:
    fields = {**union.TAKEN_ON, "respCode": row.code, "respMsg": "made up"}
    return UNION().read(union.operation(kind, product), union.answered(fields))


READ: dict[str, tuple[Callable[[CodeRow, Kind, str], Answer], tuple[str, ...]]] = {
    "wechatpay": (_wechat, ("native", "codepay")),
    "alipay": (_alipay, ("qr", "code")),
    "jdpay": (_jd, ("baitiao", "baitiao_code")),
    "stripe": (_stripe, ("card",)),
    "unionpay": (_union, ("code",)),
}


def _met(provider: str, product: str) -> Iterator[str]:
    """The operations whose rows a charge with this product is answered by."""
    yield from ("*", *(operation for operation, of in CHARGES.items() if of == product))


@pytest.mark.parametrize("provider", sorted(READ))
def test_a_charge_is_ended_by_final_rows_alone(provider: str) -> None:
    """Every code of a table, met as the answer to a charge, a close and a query: only a final row of the charge's own
    operation ends it; a close ends nothing by a code; a question refused says nothing of the trade."""
    (read, products), table, refused = READ[provider], code_table(provider), 0
    for row in {row.code: row for row in table.rows()}.values():
        for product in products:
            charged, met = read(row, Kind.CHARGE, product), tuple(_met(provider, product))
            refused += charged.verdict is Verdict.DECLINED
            expected = [each.final for each in table.of(row.code) if each.operation in met]
            assert not charged.final or any(expected), row
            assert not charged.final or charged.verdict is Verdict.DECLINED, row
            assert charged.verdict not in (Verdict.CAPTURED, Verdict.AUTHORISED, Verdict.REFUNDED), row
        assert not read(row, Kind.CLOSE, products[0]).final
        assert read(row, Kind.QUERY, products[0]).verdict in (Verdict.UNKNOWN, Verdict.NOT_FOUND), row
    assert refused > 20 or provider == "jdpay"  # JD publishes no codes of V2


@pytest.mark.parametrize(
    ("provider", "operation", "product"),
    [
        ("wechatpay", "*", "native"),
        ("wechatpay", "v2:micropay", "codepay"),
        ("alipay", "alipay.trade.pay", "code"),
        ("alipay", "alipay.trade.precreate", "qr"),
        ("alipay", "*", "qr"),
    ],
)
def test_adapters_say_what_the_table_says(provider: str, operation: str, product: str) -> None:
    """A listed code proves, to a charge, what its row says, and is nobody's news."""
    read, table = READ[provider][0], code_table(provider)
    for row in table.rows():
        if row.operation != operation or (operation == "*" and table.first(tuple(CHARGES), row.code) is not row):
            continue
        answer = read(row, Kind.CHARGE, product)
        expected = (row.verdict, row.cause, row.final, row.resendable, False)
        assert (answer.verdict, answer.cause, answer.final, answer.resendable, answer.unlisted) == expected, row


# ---------------------------------------------------------------- spellings, interfaces, loading


@pytest.mark.parametrize(
    ("provider", "operation", "one", "other"),
    [
        ("wechatpay", "*", "SYSTEM_ERROR", "SYSTEMERROR"),
        ("wechatpay", "*", "NO_AUTH", "NOAUTH"),
        ("wechatpay", "v2:micropay", "AUTH_CODE_ERROR", "AUTHCODEERROR"),
        ("wechatpay", "v2:closeorder", "ORDERPAID", "ORDER_PAID"),
        ("alipay", "alipay.trade.pay", "ACQ.SYSTEM_ERROR", "AQC.SYSTEM_ERROR"),
        ("alipay", "alipay.trade.refund", "ACQ.SYSTEM_ERROR", "AQC.SYSTEM_ERROR"),
    ],
)
def test_both_spellings_are_met(provider: str, operation: str, one: str, other: str) -> None:
    """WeChat Pay's v2 and v3 differ in underscores; Alipay's official list has a typo."""
    table = code_table(provider)
    first, second = table.row(operation, one), table.row(operation, other)
    assert first is not None
    assert second is not None
    assert (first.verdict, first.cause, first.final) == (second.verdict, second.cause, second.final)


def test_another_interfaces_codes_are_not_met() -> None:
    """JD's quick payment of bank cards says nothing about V2, and Alipay's v2 gateway nothing about v3."""
    assert code_table("jdpay").row("*", "EEB0001") is None
    assert code_table("jdpay").row("quick:pay", "EEB0001") is not None
    assert code_table("jdpay").row("aggre:pay", "EEB0001") is None
    assert code_table("alipay").row("alipay.trade.pay", "40002") is None


def test_unlisted_codes() -> None:
    """A code of no row proves nothing and is news; so is a state that nobody knows."""
    new = CodeRow("", "*", "ZZ", "", Verdict.UNKNOWN, None, False, False, "")
    for provider, (read, products) in READ.items():
        for product in products:
            answer = read(new, Kind.CHARGE, product)
            assert (answer.verdict, answer.cause, answer.unlisted) == (
                Verdict.UNKNOWN,
                Cause.UNRECOGNISED,
                True,
            ), provider
    paid = {**wx.PAID, "trade_state": "HALF_PAID"}
    assert wx.wechatpay().read(wx.operation(Kind.QUERY), wx.answered(paid)).unlisted
    assert not wx.wechatpay().read(wx.operation(Kind.QUERY), wx.answered(wx.PAID)).unlisted


def test_an_unknown_provider() -> None:
    """Says which there are."""
    with pytest.raises(ConfigError, match="known: jdpay"):
        code_table("paypal")


def test_a_table_is_read_when_its_first_code_is_looked_up() -> None:
    """Not when the adapter is loaded, nor when a table is made; and once."""
    program = """
import sys
opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
from payfallback.providers import alipay, jdpay, stripe, unionpay, wechatpay
from payfallback.providers.code_table import code_table
table = code_table("wechatpay")
assert not [name for name in opened if name.endswith(".tsv")]
for code in ("SYSTEMERROR", "NOTENOUGH", "NEW"):
    table.row("*", code)
    code_table("wechatpay").row("*", code)
found = [name for name in opened if name.endswith(".tsv")]
assert len(found) == 1 and found[0].endswith("wechatpay.tsv"), found
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)

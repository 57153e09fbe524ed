"""What JD Pay's answers prove."""

from __future__ import annotations

import pytest
from jdpay_counterpart import (
    ACCOUNT,
    HEADER,
    answered,
    encrypt,
    failure,
    inside,
    jdpay,
    operation,
    sealed,
    signed,
    wrapped,
)

from payfallback._core.operations import Answer, Kind, Plan
from payfallback._core.safety import leavable
from payfallback._values import changed
from payfallback.errors import ConfigError
from payfallback.model import Money, Qr
from payfallback.taxonomy import Cause, Verdict

PAY = (
    "<payList><pay><payType>1</payType><amount>{}</amount><currency>CNY</currency>"
    "<tradeTime>20251112000102</tradeTime><detail><cardHolderMobile>138****6396</cardHolderMobile></detail></pay>"
    "<pay><payType>3</payType><amount>{}</amount><currency>CNY</currency></pay></payList>"
)


def said(fields: str, kind: Kind = Kind.QUERY, product: str = "baitiao", **more: object) -> Answer:
    """What is proven when JD says this, signed."""
    return jdpay().read(operation(kind, product=product, **more), answered(sealed(fields)))


def trade(status: str, more: str = "<amount>599900</amount>") -> str:
    """A payment in this state."""
    return f"<tradeNum>A100101</tradeNum><tradeType>0</tradeType><status>{status}</status>{more}"


def test_paid() -> None:
    """A capture carries number, account, total and time; every part of the total counts."""
    answer = said(trade("2", PAY.format(599000, 900)))
    assert (answer.verdict, answer.amount, answer.number) == (Verdict.CAPTURED, Money(599900, "CNY"), "A100101")
    assert (answer.account, answer.paid_at, answer.code) == (ACCOUNT.id, 1762876862.0, "status=2")


def test_the_trades_own_amount_comes_first() -> None:
    """Where JD tells the trade's amount, its parts are not added up."""
    assert said(trade("2", "<amount>599900</amount>" + PAY.format(1, 2))).amount == Money(599900, "CNY")


@pytest.mark.parametrize(
    "more",
    [
        "",
        "<amount></amount>",
        "<amount>59.99</amount>",
        "<amount>-1</amount>",
        "<amount>9</amount><currency>USD</currency>",
    ],
)
def test_paid_without_an_amount_that_can_be_read_is_not_known(more: str) -> None:
    """ "Paid" alone proves nothing: the amount has to be held against the order's."""
    assert said(trade("2", more)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("status", "verdict", "final", "named"),
    [
        ("0", Verdict.PENDING, False, False),
        ("1", Verdict.PENDING, False, False),
        ("3", Verdict.DECLINED, True, False),
        ("4", Verdict.CLOSED, False, True),
        ("5", Verdict.UNKNOWN, False, False),
        ("", Verdict.UNKNOWN, False, False),
    ],
)
@pytest.mark.parametrize(("kind", "product"), [(Kind.QUERY, "baitiao"), (Kind.CHARGE, "jdpay_code")])
def test_states(kind: Kind, product: str, status: str, verdict: Verdict, final: bool, named: bool) -> None:
    """Failed (3) and closed (4) end a trade, whether the charge or a query says so; unlisted states prove nothing."""
    answer = said(trade(status), kind, product)
    assert (answer.verdict, answer.final, answer.named) == (verdict, final, named)
    assert answer.amount is None


def test_an_order_on_the_cashier_waits_for_the_shopper() -> None:
    """What uniorder returns is shown as a QR code, and nothing is paid yet."""
    fields = (
        "<orderId>1029148637575787617463</orderId><amount>599900</amount><expireTime>120</expireTime>"
        "<tradeNum>A100101</tradeNum><qrCode>https://h5pay.jd.com/code?c=616zlks7djfb1z</qrCode>"
    )
    answer = said(fields, Kind.CHARGE)
    assert (answer.verdict, answer.cause) == (Verdict.PENDING, Cause.AWAITING_SHOPPER)
    assert answer.action == Qr("https://h5pay.jd.com/code?c=616zlks7djfb1z")
    assert (answer.provider_ref, answer.number) == ("1029148637575787617463", "A100101")


def test_another_merchants_trade_is_named_as_such() -> None:
    """Whose trade an answer speaks of is told, so that the core refuses another account's."""
    body = sealed(trade("2"), merchant="999")
    answer = jdpay().read(operation(Kind.QUERY), answered(body))
    assert answer.account == changed(ACCOUNT, merchant="999").id


def test_an_unsigned_refusal_proves_nothing() -> None:
    """A failure carries no signature: its code is kept for people, and the attempt stays unknown."""
    body = failure("EEB0001", "卡号 6225 8812 3456 6178 不支持, 手机 13812346396")
    answer = jdpay().read(operation(), answered(body))
    assert (answer.verdict, answer.cause, answer.final) == (Verdict.UNKNOWN, Cause.UNRECOGNISED, False)
    assert (answer.code, answer.text) == ("EEB0001", "卡号 * 不支持, 手机 *")


def test_a_signed_code_that_is_not_listed_proves_nothing() -> None:
    """Only 000000 is known; anything else, signed or not, is asked about."""
    body = wrapped(encrypt(signed(HEADER + inside(trade("3"), code="100001"))))
    answer = jdpay().read(operation(Kind.QUERY), answered(body))
    assert (answer.verdict, answer.cause, answer.code) == (Verdict.UNKNOWN, Cause.UNRECOGNISED, "100001")


@pytest.mark.parametrize(
    ("status", "cause"),
    [(200, Cause.API_FAILURE), (404, Cause.API_FAILURE), (429, Cause.RATE_LIMITED), (502, Cause.PROVIDER_ERROR)],
)
def test_what_is_not_jds(status: int, cause: Cause) -> None:
    """A gateway's own page says at most whose fault it may be; times in its headers are kept."""
    given = answered(b"<html>", status, date="Wed, 12 Nov 2025 00:00:00 GMT", **{"retry-after": "7"})
    answer = jdpay().read(operation(), given)
    assert (answer.verdict, answer.cause) == (Verdict.UNKNOWN, cause)
    assert (answer.provider_time, answer.retry_after) == (1762905600.0, 7.0)


def revoked(status: str, number: str = "A100101C") -> str:
    """A revoke or refund in this state."""
    return (
        f"<tradeNum>{number}</tradeNum><oTradeNum>A100101</oTradeNum><amount>599900</amount><status>{status}</status>"
    )


@pytest.mark.parametrize(
    ("status", "verdict"),
    [("0", Verdict.PENDING), ("1", Verdict.ACCEPTED), ("2", Verdict.DECLINED), ("9", Verdict.UNKNOWN)],
)
def test_a_revoke_is_taken_but_says_not_what_it_did(status: str, verdict: Verdict) -> None:
    """A revoke that worked may have closed or refunded: only the next query tells, so it is not death."""
    answer = said(revoked(status), Kind.CLOSE)
    assert (answer.verdict, answer.named, answer.final) == (verdict, False, False)


def test_another_revoke_proves_nothing() -> None:
    """An answer about another number is not taken for this one's."""
    assert said(revoked("1", "B1C"), Kind.CLOSE).verdict is Verdict.UNKNOWN
    assert said(revoked("1", "B1"), Kind.REFUND, refund_number="A100101R1").verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("status", "verdict", "amount"),
    [
        ("0", Verdict.PENDING, None),
        ("1", Verdict.REFUNDED, Money(599900, "CNY")),
        ("2", Verdict.REFUND_FAILED, None),
        ("7", Verdict.UNKNOWN, None),
    ],
)
def test_refunds(status: str, verdict: Verdict, amount: Money | None) -> None:
    """0 is in progress, 1 done, 2 failed; the answer names the payment."""
    answer = said(revoked(status, "A100101R1"), Kind.REFUND, refund_number="A100101R1")
    assert (answer.verdict, answer.amount, answer.number) == (verdict, amount, "A100101")


def listed(*refunds: str) -> str:
    """A list of refunds."""
    return "<refList>" + "".join(f"<refund>{each}</refund>" for each in refunds) + "</refList>"


def test_a_refund_is_found_in_the_trades_list() -> None:
    """The list of a trade's refunds tells this one's state, and a signed list without it that it is not there."""
    asked = {"kind": Kind.QUERY_REFUND, "refund_number": "A100101R1"}
    assert said(listed(revoked("0", "X1"), revoked("1", "A100101R1")), **asked).verdict is Verdict.REFUNDED
    assert said(listed(revoked("2", "A100101R1")), **asked).verdict is Verdict.REFUND_FAILED
    assert said(listed(), **asked).verdict is Verdict.NOT_FOUND
    assert said("", **asked).verdict is Verdict.NOT_FOUND


@pytest.mark.parametrize(
    ("status", "verdict"), [("0", Verdict.PENDING), ("1", Verdict.REFUNDED), ("2", Verdict.REFUND_FAILED)]
)
def test_the_two_numbers_of_a_listed_refund_come_in_either_order(status: str, verdict: Verdict) -> None:
    """JD's demo shows them the other way round in this one list; the pair is what tells."""
    told = "<tradeNum>{}</tradeNum><oTradeNum>{}</oTradeNum><amount>100</amount><status>" + status + "</status>"
    asked = {"refund_number": "R1", "refund_amount": Money(100, "CNY")}
    for pair in (("R1", "A100101"), ("A100101", "R1")):
        answer = said(listed(told.format(*pair)), Kind.QUERY_REFUND, **asked)
        assert (answer.verdict, answer.number) == (verdict, "A100101")
    stranger = said(listed(told.format("R1", "B200201")), Kind.QUERY_REFUND, **asked)
    assert stranger.number == "B200201"


def test_what_a_revoke_gave_back_is_back() -> None:
    """A surplus that our own revoke has refunded already is found under the revoke's number."""
    answer = said(listed(revoked("1")), Kind.QUERY_REFUND, refund_number="A100101R1")
    assert (answer.verdict, answer.number) == (Verdict.REFUNDED, "A100101")
    part = said(listed(revoked("1")), Kind.QUERY_REFUND, refund_number="R1", refund_amount=Money(1, "CNY"))
    assert part.verdict is Verdict.NOT_FOUND


def plan(terms: str, total: str, later: str = "52000", fee: str = "24100") -> str:
    """One instalment plan."""
    return (
        f"<billsInfo><plan>{terms}</plan><rate>0.5%</rate><fee>{fee}</fee><planFee>1</planFee>"
        f"<firstPay>{later}</firstPay><laterPay>{later}</laterPay><total>{total}</total></billsInfo>"
    )


def test_plans() -> None:
    """Each plan tells its number of instalments and its sums, whichever unit JD writes them in."""
    answer = said(f"<billsInfoList>{plan('12', '624000')}</billsInfoList>", Kind.PLANS)
    expected = Plan(
        terms=12,
        each=Money(52000, "CNY"),
        first=Money(52000, "CNY"),
        fee=Money(24100, "CNY"),
        total=Money(624000, "CNY"),
        rate="0.5%",
    )
    assert answer.plans == (expected,)
    in_yuan = said(f"<billsInfoList>{plan('12', '6240.00', '520.00', '241.0')}</billsInfoList>", Kind.PLANS)
    assert in_yuan.plans == (expected,)


def test_plans_whose_unit_cannot_be_told_show_no_sums() -> None:
    """A sum that fits neither fen nor yuan is left out rather than shown wrong; odd plans are dropped."""
    fields = f"<billsInfoList>{plan('3', '7')}{plan('many', '624000')}</billsInfoList>"
    assert said(fields, Kind.PLANS).plans == (Plan(terms=3, rate="0.5%"),)
    assert said("<billsInfoList></billsInfoList>", Kind.PLANS).plans == ()


@pytest.mark.parametrize("product", ["baitiao", "baitiao_code", "jdpay", "jdpay_code"])
def test_what_jd_declares(product: str) -> None:
    """Every product can be asked and revoked; nothing is sent twice, and silence never becomes "not found"."""
    declared = jdpay().capabilities(product)
    assert leavable(declared)
    assert (declared.close, declared.close_refunds, declared.close_names_trade) == (True, True, False)
    assert (declared.resend, declared.not_found_after) == (None, None)
    assert (declared.starts == "server") == product.endswith("_code") == ("code" in declared.inputs)
    assert declared.leaves == product.endswith("_code")
    assert declared.assumptions


def test_a_product_nobody_knows() -> None:
    """A misspelt product is refused with those that exist."""
    with pytest.raises(ConfigError, match="baitiao_code"):
        jdpay().capabilities("baitiao_qr")


def test_an_answer_about_a_refund_is_none_about_a_payment() -> None:
    """A query for a payment that is answered with a refund proves nothing."""
    assert said(trade("2").replace("<tradeType>0", "<tradeType>1")).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("time", ["20251312000000", "yesterday", ""])
def test_a_time_that_is_none(time: str) -> None:
    """A payment whose time cannot be read is a payment all the same."""
    answer = said(trade("2", f"<amount>599900</amount><tradeTime>{time}</tradeTime>"))
    assert (answer.verdict, answer.paid_at) == (Verdict.CAPTURED, None)


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [("Wed, 12 Nov 2025 00:00:00 GMT", 28800.0), ("99999999", 86400.0), ("soon", None), ("-5", None)],
)
def test_how_long_to_wait(wait: str, seconds: float | None) -> None:
    """`Retry-After` comes as seconds or as a date, and is believed up to a day."""
    assert jdpay().read(operation(), answered(b"", 503, **{"retry-after": wait})).retry_after == seconds

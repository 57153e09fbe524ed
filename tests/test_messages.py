"""What people are told is true, says what to do, and gives nothing away."""

from __future__ import annotations

import re

import pytest

from payfallback.messages import LOCALES, STATUSES, shopper_text, support_text
from payfallback.model import Money
from payfallback.results import NotPaid, Paid, Pending
from payfallback.taxonomy import FACTS, Cause

every_cause = pytest.mark.parametrize("cause", [None, *Cause], ids=lambda cause: cause.value if cause else "none")
every_locale = pytest.mark.parametrize("locale", LOCALES)

FAILED = re.compile(
    r"fail|declin|reject|refus|unsuccess|error|did not go through|not been charged"
    r"|失败|未成功|不成功|被拒|拒绝|错误|没有扣款|未扣款",
    re.IGNORECASE,
)
NO_CHARGE = re.compile(r"You have not been charged|not charged|本次没有扣款|没有扣款")
OURS = re.compile(
    r"circuit|breaker|fuse|busy|in.flight|budget|retr(y|ies)|recent|stopped|route|openid|journal|crash"
    r"|熔断|并发|限流|停用|配置|路线|日志|崩溃|刚刚|最近|不久前",
    re.IGNORECASE,
)
RISK = re.compile(r"risk|fraud|suspic|lost|stolen|black|unusual|风险|风控|欺诈|可疑|盗|黑名单|异常", re.IGNORECASE)
CODES = re.compile(r"[a-z]+_[a-z]+|HTTP|[0-9]{3}")


@every_locale
@every_cause
def test_a_pending_payment_is_never_called_failed(cause: Cause | None, locale: str) -> None:
    """While a payment is being confirmed no text says or hints that it failed, or that nothing was charged."""
    told = shopper_text("pending", cause, locale)
    assert not FAILED.search(told)
    assert ("请勿重复支付" if locale == "zh-CN" else "do not pay again") in told


@every_locale
@every_cause
def test_support_does_not_call_a_pending_payment_failed_either(cause: Cause | None, locale: str) -> None:
    """The first words that support reads of an uncertain payment are that it is uncertain."""
    assert support_text("pending", cause, locale).startswith("结果尚未确定" if locale == "zh-CN" else "Not known yet")


@every_locale
@pytest.mark.parametrize("cause", [each for each in Cause if FACTS[each].internal], ids=lambda cause: cause.value)
def test_the_librarys_own_reasons_are_not_shown(cause: Cause, locale: str) -> None:
    """A shopper never reads of circuits, queues, stopped channels or recent refusals."""
    assert not any(OURS.search(shopper_text(status, cause, locale)) for status in STATUSES)


@every_locale
def test_the_librarys_own_reasons_read_alike(locale: str) -> None:
    """An open circuit, a full channel, a stopped one and a recent refusal cannot be told apart by their text."""
    hidden = (Cause.CIRCUIT_OPEN, Cause.CHANNEL_BUSY, Cause.CHANNEL_STOPPED, Cause.REFUSED_RECENTLY)
    assert len({shopper_text("not_paid", cause, locale) for cause in hidden}) == 1


@every_locale
@pytest.mark.parametrize("status", STATUSES)
def test_a_risk_refusal_reads_like_any_unexplained_one(status: str, locale: str) -> None:
    """Nobody learns from the checkout that a risk system refused them."""
    told = shopper_text(status, Cause.RISK_REJECTED, locale)
    assert told == shopper_text(status, Cause.DECLINED, locale)
    assert not RISK.search(told)


@every_locale
@every_cause
def test_shoppers_read_no_codes(cause: Cause | None, locale: str) -> None:
    """No cause name, HTTP status or code stands in a shopper's text; support reads the cause by its name."""
    assert not any(CODES.search(shopper_text(status, cause, locale)) for status in STATUSES)
    assert cause is None or all(f"[{cause.value}]" in support_text(status, cause, locale) for status in STATUSES)


@every_cause
def test_each_language_stays_in_its_own(cause: Cause | None) -> None:
    """English texts hold no Chinese; Chinese ones are Chinese."""
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for status in STATUSES:
        assert not chinese.search(shopper_text(status, cause, "en") + support_text(status, cause, "en"))
        told = shopper_text(status, cause, "zh-CN")
        assert chinese.search(told) or told == ""


@every_locale
@every_cause
def test_not_paid_begins_with_the_money(cause: Cause | None, locale: str) -> None:
    """Whoever was not charged reads that first; whose money went back reads that, and not that there was no charge."""
    told = shopper_text("not_paid", cause, locale)
    if cause is Cause.REFUNDED:
        assert ("退回" if locale == "zh-CN" else "refunded") in told
        assert not NO_CHARGE.search(told + support_text("not_paid", cause, locale))
    else:
        assert NO_CHARGE.match(told)


@pytest.mark.parametrize(
    ("locale", "as_in"),
    [
        ("zh", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("zh_Hans_CN", "zh-CN"),
        ("ZH-cn", "zh-CN"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("", "en"),
    ],
)
def test_other_locales_fall_back(locale: str, as_in: str) -> None:
    """Every kind of Chinese reads Chinese; every locale without texts of its own reads English."""
    for tell in (shopper_text, support_text):
        assert tell("not_paid", Cause.OVERDUE, locale) == tell("not_paid", Cause.OVERDUE, as_in)


def test_results_speak_for_themselves() -> None:
    """A result gives its texts by itself, and puts the shopper's into its JSON."""
    paid = Paid(order_id="A1", option="wechat", amount=Money.of("1.00", "CNY"), number="A101")
    refused = NotPaid(order_id="A1", cause=Cause.CREDIT_EXHAUSTED)
    assert paid.message() == "支付成功。"
    assert "额度" in refused.message("zh-CN")
    assert refused.to_json("en")["message"] == refused.message("en")
    assert "credit_exhausted" in refused.support("en")


def test_an_uncertain_payment_says_what_to_do() -> None:
    """Someone whose payment hangs on their own confirmation is told so, in the words of a pending payment."""
    told = Pending(order_id="A1", cause=Cause.AWAITING_SHOPPER).message("en")
    assert "do not pay again" in told
    assert "If you have not paid yet" in told

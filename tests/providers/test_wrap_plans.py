"""What a wrapped SDK can tell before the click, and of the card that it charges."""

from __future__ import annotations

from typing import Any

import pytest

import payfallback as pf
from payfallback.providers.attempt import Attempt

PRICE = pf.Money.of("1200.00", "CNY")
KEY = b"a key of the shop's own"


def paid(attempt: Attempt) -> pf.Answer:
    """The money moved."""
    return pf.Answer(verdict=pf.Verdict.CAPTURED, amount=attempt.amount)


def plans(attempt: Attempt) -> pf.Answer:
    """Twelve instalments, and the limit of whoever asks."""
    told = pf.Plan(terms=12, each=pf.Money(attempt.amount.minor // 12, "CNY"))
    limit = {"rich": "9000.00", "poor": "10.00"}[attempt.ref]
    return pf.Answer(verdict=pf.Verdict.ACCEPTED, plans=(told,), limit=pf.Money.of(limit, "CNY"))


def read(attempt: Attempt, result: Any) -> pf.Answer | None:
    """The callables here answer for themselves."""
    return None


def shop(charge: Any = paid, **more: Any) -> pf.Payments:
    """A client over one wrapped channel with terms."""
    wrapped = pf.wrap(charge, reads=read, account="acme/m-1", last=True, **more)
    return pf.Payments(**pf.channels({"credit": wrapped}, terms={"credit": (12, 6)}), ref_key=KEY)


def states(payments: pf.Payments, ref: str) -> list[tuple[str, bool, pf.Cause | None]]:
    """What a page of this shopper says."""
    told = payments.options(pf.Order("A1", PRICE), shopper=pf.Shopper(ref=ref), within=10.0)
    return [(each.option, each.available, each.reason) for each in told.options]


def test_a_wrapped_channel_tells_plans_and_limits() -> None:
    """Each shopper's own: what one was told is not shown to another."""
    with shop(plans=plans) as payments:
        assert states(payments, "rich") == [
            ("credit/12", True, None),
            ("credit/6", False, pf.Cause.TERM_NOT_SUPPORTED),
        ]
        assert [reason for _, _, reason in states(payments, "poor")] == [pf.Cause.CREDIT_EXHAUSTED] * 2


def test_without_plans_nobody_is_asked() -> None:
    """A channel that cannot be asked is available and not checked."""
    with shop() as payments:
        assert states(payments, "anybody") == [("credit/12", True, None), ("credit/6", True, None)]


@pytest.mark.parametrize(
    "told",
    [
        {"plans": [pf.Plan(terms=12)]},
        {"plans": (12,)},
        {"limit": 9000},
    ],
    ids=["a list", "no plans", "a bare number"],
)
def test_an_answer_of_the_wrong_shape_proves_nothing(told: dict[str, Any]) -> None:
    """A reader's mistake takes nothing from the page."""
    with shop(plans=lambda attempt: pf.Answer(verdict=pf.Verdict.ACCEPTED, **told)) as payments:
        assert all(available for _, available, _ in states(payments, "rich"))


def test_a_wrapped_card_keeps_the_networks_rules() -> None:
    """A code of category 1: this card is not charged again."""
    sent: list[str] = []

    def charge(attempt: Attempt) -> pf.Answer:
        sent.append(attempt.inputs["fingerprint"])
        return pf.Answer(verdict=pf.Verdict.DECLINED, cause=pf.Cause.DECLINED, final=True, network="visa:14")

    with shop(charge, card=("fingerprint", "token"), inputs=("token",)) as payments:
        for n, card in enumerate(("fp1", "fp1", "fp2")):
            inputs = {"credit": {"fingerprint": card, "token": f"tok_{n}"}}
            payments.pay(pf.Order(f"A{n}", PRICE), "credit/12", shopper=pf.Shopper(inputs=inputs))
    assert sent == ["fp1", "fp2"]


def test_names_of_a_card_are_a_tuple() -> None:
    """A lone text would be read letter by letter."""
    with pytest.raises(pf.ConfigError, match="card is"):
        pf.wrap(paid, reads=read, account="acme/m-1", card="fingerprint")  # type: ignore[arg-type]  # the mistake

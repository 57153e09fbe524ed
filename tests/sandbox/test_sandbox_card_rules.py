"""The card networks' rules from end to end: Stripe over HTTP, the memory in a SQLite file, another process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import payfallback as pf
from payfallback._check.starter import starter_config
from payfallback.testing.sandbox import Sandbox

Opens = Callable[[], pf.Payments]


@pytest.fixture
def opens(sandbox: Sandbox, key_dir: Path, tmp_path: Path) -> Iterator[Opens]:
    """Open the shop's client, each time as another process would: on the same journal, with the same sealing key."""
    url = f"sqlite:///{tmp_path / 'payments.db'}?allow_volatile=yes"
    seal = tmp_path / "seal.key"
    seal.write_text("0f" * 32, encoding="ascii")
    seal.chmod(0o600)
    file = tmp_path / "shop.toml"
    text = starter_config({"stripe": sandbox.url("stripe")}, str(key_dir), journal_url=url, seal="${file:seal.key}")
    file.write_text(text, encoding="utf-8")
    opened: list[pf.Payments] = []

    def make() -> pf.Payments:
        opened.append(pf.Payments.from_config(str(file)))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def buy(payments: pf.Payments, order_id: str, method: str, fingerprint: str, ref: str = "u1") -> pf.Result:
    """One purchase with a card that the shop knows by its fingerprint."""
    inputs = {"card": {"payment_method": method, "card_fingerprint": fingerprint}}
    shopper = pf.Shopper(ref=ref, return_url="https://shop.example/back", inputs=inputs)
    order = pf.Order(order_id, pf.Money.of("59.00", "USD"), "kettle")
    return payments.pay(order, "card", shopper=shopper, within=20)


def confirmed(sandbox: Sandbox) -> int:
    """How often Stripe was asked to charge."""
    return sum(arrival.operation == "charge" for arrival in sandbox.requests)


def test_a_stolen_visa_card_is_not_charged_again(sandbox: Sandbox, opens: Opens) -> None:
    """Visa's code 43 comes through Stripe: neither this process nor the next one sends that card again, whoever has
    it now; and the refusal, being for risk, follows the shopper to their other cards."""
    first = buy(opens(), "A1001", "pm_card_visa_chargeDeclinedStolenCard", "fp_visa_1")
    assert isinstance(first, pf.NotPaid)
    assert confirmed(sandbox) == 1
    again = opens()
    second = buy(again, "A1002", "pm_card_visa", "fp_visa_1", ref="u2")  # the same card, entered anew
    third = buy(again, "A1003", "pm_card_visa", "fp_visa_2")
    assert (second.cause, third.cause) == (pf.Cause.REFUSED_RECENTLY, pf.Cause.RISK_REJECTED)
    assert confirmed(sandbox) == 1
    assert isinstance(buy(again, "A1004", "pm_card_visa", "fp_visa_2", ref="u2"), pf.Paid)


def test_mastercards_advice_to_wait_is_kept(sandbox: Sandbox, opens: Opens) -> None:
    """Advice 24 is one hour: the shop is told for how long, and another card of the shopper pays at once."""
    payments = opens()
    buy(payments, "A2001", "pm_card_mastercard_chargeDeclinedInsufficientFunds", "fp_mc_1")
    result = buy(payments, "A2002", "pm_card_mastercard", "fp_mc_1")
    assert isinstance(result, pf.NotPaid)
    assert result.cause is pf.Cause.REFUSED_RECENTLY
    assert result.retry_after is not None
    assert 3500.0 < result.retry_after <= 3600.0
    assert isinstance(buy(payments, "A2003", "pm_card_visa", "fp_visa_2"), pf.Paid)

"""What a code does to an order: another channel is charged at once after a final refusal, and after nothing else."""

from __future__ import annotations

from typing import Any

import pytest

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.providers.code_table import PROVIDERS, CodeRow, code_table
from payfallback.providers.code_words import NETWORKS
from payfallback.providers.proofs import proof
from payfallback.providers.wrap import wrap
from shifted_clock import Shifted

TEA = pf.Order("A1001", pf.Money.of("12.50", "CNY"), "tea")
# What an operation's row would be to a charge; rows that tell how a trade stands are no answers to one.
ROWS = {
    (row.verdict, row.cause, row.final, row.resendable): row
    for provider in PROVIDERS
    if provider not in NETWORKS
    for row in code_table(provider).rows()
    if row.verdict in (pf.Verdict.DECLINED, pf.Verdict.UNKNOWN, pf.Verdict.PENDING)
}


def paid_elsewhere(row: CodeRow) -> tuple[pf.Result, list[str]]:
    """Pay where the first channel answers the charge with this code and can then be asked nothing; what the second
    one was charged."""
    charged: list[str] = []

    def second(attempt: Any) -> pf.Answer:
        charged.append(attempt.number)
        return pf.Answer(verdict=pf.Verdict.CAPTURED, amount=TEA.amount)

    silent = pf.Answer(verdict=pf.Verdict.UNKNOWN, cause=pf.Cause.TIMEOUT)
    first = wrap(
        lambda attempt: proof(Kind.CHARGE, row).answer(row.code, ""),
        query=lambda attempt: silent,
        close=lambda attempt: silent,
        reads=lambda attempt, result: result,
        account="own/m-1",
    )
    other = wrap(second, reads=lambda attempt, result: result, account="own/m-2", last=True)
    settings = pf.channels({"first": first, "other": other}, order=["first", "other"], within=5.0)
    clock = Shifted()
    with pf.Payments(**settings, clock=clock, sleep=clock.sleep) as payments:
        return payments.pay(TEA, "first", consent=["other"]), charged


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: f"{row.provider}-{row.code}")
def test_only_a_final_refusal_moves_on_without_asking(row: CodeRow) -> None:
    """Every verdict, cause and handling that stands in the tables: while the provider cannot be asked, the second
    channel is charged only where the first one's refusal is final, and is no refusal for risk."""
    result, charged = paid_elsewhere(row)
    risk = row.cause is pf.Cause.RISK_REJECTED
    if row.final and not risk:
        assert isinstance(result, pf.Paid)
        assert len(charged) == 1
    else:
        assert charged == []
        assert isinstance(result, pf.NotPaid if row.final else pf.Pending)

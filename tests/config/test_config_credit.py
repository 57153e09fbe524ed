"""What the file says about memory, credit limits and cards reaches the client's policy."""

from __future__ import annotations

import pytest
from config_shop import Shop, told

from payfallback._assemble import assemble
from payfallback._clock import SystemClock
from payfallback.policy import REMEMBERED, CardPolicy, CreditPolicy, MemoryPolicy
from payfallback.providers.wrap import Wrapped
from payfallback.taxonomy import Cause

TABLES = """
[memory]
keep = { overdue = "12h", declined = "5m" }
forget = ["credit_score"]

[credit]
plans_for = "10s"
implausible_below = "0.80"
surge_shoppers = 9
surge_window = "1m"

[cards]
visa = 20
mastercard = 30
mastercard_daily = 5
"""


def test_what_is_not_written_is_the_librarys_own(shop: Shop) -> None:
    """Without the tables the defaults hold, which the documentation lists."""
    settings = shop.load()
    assert (settings.memory, settings.credit, settings.cards) == (MemoryPolicy(), CreditPolicy(), CardPolicy())


def test_what_is_written_is_taken(shop: Shop) -> None:
    """Times and counts as written; what is kept is the usual with the file's changes."""
    shop.text += TABLES
    settings = shop.load()
    keep = {**REMEMBERED, Cause.OVERDUE: 43200.0, Cause.DECLINED: 300.0}
    del keep[Cause.CREDIT_SCORE]
    assert settings.memory == MemoryPolicy(keep=keep)
    assert settings.credit == CreditPolicy(
        plans_for=10.0, implausible_below="0.80", surge_shoppers=9, surge_window=60.0
    )
    assert settings.cards == CardPolicy(visa=20, mastercard=30, mastercard_daily=5)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("overdue =", "overdew =", "overdue"),
        ('"credit_score"', '"credit_scores"', "credit_score"),
        ('implausible_below = "0.80"', "implausible_below = 0.80", "in quotes"),
        ("visa = 20", "visa = 0", "visa"),
        ('plans_for = "10s"', "plans_for = 10", "duration"),
        ("[cards]", "[card]", "cards"),
    ],
)
def test_a_mistake_in_them_is_refused_by_its_line(shop: Shop, old: str, new: str, said: str) -> None:
    """An unknown cause with the nearest one, a bare amount, a limit of nothing."""
    shop.text += TABLES
    shop.replace(old, new)
    error = shop.refused()
    assert any(said in problem for problem in told(error)), told(error)
    assert error.line == shop.line_of(new.split(" = ")[0])


def test_a_memory_without_a_key_is_a_warning(real_shop: Shop, own: Wrapped) -> None:
    """Nothing is remembered without the journal's sealing key, and a file that wants it is told so."""
    real_shop.text += TABLES
    made = assemble(real_shop.load(), clock=SystemClock(), wrapped={"own": own})
    found = [each for each in made.warnings if each.where in (("memory",), ("cards",))]
    assert [each.line for each in found] == [real_shop.line_of("[memory]"), real_shop.line_of("[cards]")]
    assert all("journal.seal" in str(each) for each in found)
    assert made.policy.cards.visa == 20
    real_shop.environ["SEAL"] = "ab" * 32
    real_shop.replace("[journal]", '[journal]\nseal = "${env:SEAL}"')
    sealed = assemble(real_shop.load(), clock=SystemClock(), wrapped={"own": own})
    assert not [each for each in sealed.warnings if each.where in (("memory",), ("cards",))]

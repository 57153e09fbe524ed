"""The table of causes is complete, consistent, and what the documentation shows."""

from __future__ import annotations

import pytest

import causes_page
from payfallback.messages import LOCALES, shopper_text, support_text
from payfallback.taxonomy import FACTS, Cause

every_cause = pytest.mark.parametrize("cause", list(Cause), ids=lambda cause: cause.value)


@every_cause
def test_every_cause_has_all_its_facts(cause: Cause) -> None:
    """Each cause says who can mend it, what it tells of the money, what may be tried, what counts and who is told."""
    facts = FACTS[cause]
    assert all(getattr(facts, column) not in ("", None) for column in type(facts).__value_fields__)


@every_cause
@pytest.mark.parametrize("locale", LOCALES)
def test_every_cause_has_all_its_texts(cause: Cause, locale: str) -> None:
    """Each cause has a sentence for the shopper and one for support, in each language, and they are two sentences."""
    shopper, support = (tell("option", cause, locale) for tell in (shopper_text, support_text))
    assert len(shopper) > 8
    assert len(support.partition("] ")[2]) > 8
    assert shopper not in support


def test_the_tables_know_no_other_cause() -> None:
    """Facts and texts are about the causes there are, and about nothing else."""
    from payfallback import _texts_en, _texts_zh

    assert set(FACTS) == set(_texts_en.CAUSES) == set(_texts_zh.CAUSES) == set(Cause)


@every_cause
def test_uncertain_money_goes_nowhere_unasked(cause: Cause) -> None:
    """A cause that leaves the charge unknown never allows another channel before it is certain."""
    facts = FACTS[cause]
    if facts.money == "unknown":
        assert facts.elsewhere in ("when_certain", "if_shopper_asks", "no")
        assert facts.again not in ("shortly", "after_delay", "other_terms")


@every_cause
def test_what_the_library_decided_does_not_count_against_a_channel(cause: Cause) -> None:
    """A circuit is not held open by refusals of our own gate, nor by what single shoppers lack."""
    facts = FACTS[cause]
    if facts.side in ("library", "shopper"):
        assert facts.counts in ("no", "surge")


def test_a_risk_refusal_needs_the_routes_leave() -> None:
    """A refusal for risk is not shopped around unless the policy allows it."""
    assert FACTS[Cause.RISK_REJECTED].elsewhere == "if_policy_allows"


@pytest.mark.parametrize("name", list(causes_page.tables()))
def test_the_page_shows_the_tables(name: str) -> None:
    """`docs/causes.md` is what the library does: `python tests/causes_page.py` writes its tables."""
    assert causes_page.section(causes_page.PAGE.read_text(encoding="utf-8"), name) == causes_page.tables()[name]

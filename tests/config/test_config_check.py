"""`check` and `explain` say beforehand what would happen, as plain values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from config_shop import Shop

from payfallback._assemble import assemble
from payfallback._check import Report, check, explain, report_of
from payfallback._clock import SystemClock
from payfallback.errors import ConfigError, UnknownOption
from payfallback.model import Money, Order
from payfallback.policy import Policy
from payfallback.providers.wrap import Wrapped
from payfallback.taxonomy import Cause

CLOCK = SystemClock()


def checked(shop: Shop, **wrapped: Any) -> Report:
    """The report of the shop's configuration, with its journal in a folder that this machine has."""
    if shop.environ["PAYFALLBACK_JOURNAL"].startswith("sqlite:////var/"):
        shop.environ["PAYFALLBACK_JOURNAL"] = f"sqlite:///{shop.folder}/payments.db"
    return check(shop.load(), clock=CLOCK, wrapped=wrapped)


def test_a_file_that_is_not_toml_is_placed_once(shop: Shop) -> None:
    """File and line stand beside the message, not in it as well."""
    with pytest.raises(ConfigError) as caught:
        shop.replace("version = 1", "version = = 1").load()
    (only,) = report_of(caught.value).problems
    assert only.line == shop.line_of("version = = 1")
    assert only.message.startswith("not valid TOML: ")


def test_a_sealing_key_that_is_none(real_shop: Shop, own: Wrapped) -> None:
    """A client would not start with it, and `check` says so at its line."""
    real_shop.environ["SEAL"] = "110224535"
    (only,) = checked(real_shop.replace("[journal]", '[journal]\nseal = "${env:SEAL}"'), own=own).problems
    assert only.message == "a sealing key of the journal is not 32 bytes"
    assert only.line == real_shop.line_of("seal = ")


def test_a_right_configuration_has_no_problems(real_shop: Shop, own: Wrapped) -> None:
    """The report names each channel's account and what is assumed of it, and each route's blocking times."""
    report = checked(real_shop, own=own)
    assert report.ok
    assert report.unchecked == ()
    baitiao = next(each for each in report.channels if each.name == "baitiao")
    assert baitiao.account == "jdpay/110224535//production"
    assert any("assumption" in each for each in baitiao.assumptions)
    assert baitiao.order_ids == 24
    assert [route.route for route in report.routes] == ["credit-first", "small", "the rest"]
    assert report.routes[0].worst is not None


def test_a_report_is_json(real_shop: Shop, own: Wrapped) -> None:
    """The report survives JSON, and holds every step's two times."""
    plain = json.loads(json.dumps(checked(real_shop, own=own).to_json()))
    assert plain["ok"] is True
    step = plain["routes"][0]["steps"][0]
    assert step["option"] == "baitiao/12"
    assert step["silent"]["seconds"] == 3.0
    assert step["shown"]["at_deadline"] == "offer"


def test_what_only_the_shops_code_has_is_not_guessed(real_shop: Shop) -> None:
    """From a command line, wrapped channels are named as unchecked; the rest is checked, and nothing is refused."""
    report = checked(real_shop)
    assert report.ok
    assert report.unchecked == ("huabei", "card")
    assert [step.option.id for step in report.routes[2].steps] == ["wechat"]
    assert report.routes[0].worst is None
    assert report.routes[2].worst == 2.5


def test_problems_come_with_their_lines(real_shop: Shop, own: Wrapped) -> None:
    """What a client would be refused with stands in the report, in the order of the file."""
    report = checked(real_shop.replace('product = "native"', 'product = "nativ"'), own=own)
    assert not report.ok
    assert [problem.line for problem in report.problems] == [real_shop.line_of('product = "nativ"')]
    assert report.to_json()["problems"][0]["hint"] == "did you mean native?"


def test_a_file_that_cannot_be_read_has_a_report_too(shop: Shop) -> None:
    """Whatever `load` refuses becomes a report, so that a command line prints one kind of thing."""
    report = report_of(shop.replace('timeout = "3s"', "timeout = 3").replace('within = "5s"', "within = 5").refused())
    assert (report.ok, len(report.problems), report.file) == (False, 2, str(shop.file))


# ---------------------------------------------------------------- explain


@pytest.fixture
def policy(real_shop: Shop, own: Wrapped) -> Policy:
    """The policy of the whole shop."""
    return assemble(real_shop.load(), clock=CLOCK, wrapped={"own": own}).policy


PHONE = Order("A1", Money.of("5999.00", "CNY"))


def test_the_order_that_would_be_tried(policy: Policy) -> None:
    """The choice comes first, then what the shopper agreed to, in the route's order."""
    told = explain(policy, PHONE, "baitiao/12", consent=["wechat", "huabei/12", "baitiao/6"], now=0.0)
    assert told.route == "credit-first"
    assert [each.option.id for each in told.tried] == ["baitiao/12", "baitiao/6", "huabei/12", "wechat"]
    assert [(each.option.id, each.cause) for each in told.passed] == [
        ("baitiao/full", Cause.NOT_CONSENTED),
        ("card", Cause.NOT_CONSENTED),
    ]


def test_why_not_the_rest(policy: Policy) -> None:
    """Each option that is not tried says why: not agreed to, always asked, or passed over."""
    told = explain(policy, PHONE, "baitiao/12", consent=["card"], now=0.0, health={"wechat": Cause.CIRCUIT_OPEN})
    why = {each.option.id: (each.cause, each.offered, each.why) for each in told.passed}
    assert why["huabei/12"] == (Cause.NOT_CONSENTED, True, "the shopper did not agree to it beforehand")
    assert why["card"] == (Cause.NOT_CONSENTED, True, "route 'credit-first' always asks before it")
    assert why["wechat"] == (Cause.CIRCUIT_OPEN, False, "channel wechat is passed over: circuit open")


def test_without_a_choice_the_routes_first_is_tried(policy: Policy) -> None:
    """As `pay` does, and each option says how long it can block."""
    told = explain(policy, PHONE, now=0.0)
    assert [(each.option.id, each.silent.seconds) for each in told.tried] == [("baitiao/12", 3.0)]


def test_other_autonomy_takes_no_other_way(real_shop: Shop, own: Wrapped) -> None:
    """Below `switch` the rest is offered, not taken, and the explanation says so."""
    real_shop.replace('autonomy = "switch"', 'autonomy = "offer"\nshare = 0.5')
    policy = assemble(real_shop.load(), clock=CLOCK, wrapped={"own": own}).policy
    told = explain(policy, PHONE, "baitiao/12", consent=["wechat"], now=0.0)
    assert (told.autonomy, told.share, len(told.tried)) == ("offer", 0.5, 1)
    assert any("autonomy is 'offer'" in each.why for each in told.passed)


def test_routes_that_do_not_match_say_why(policy: Policy) -> None:
    """An order that takes a later route is told what kept it from the earlier ones."""
    told = explain(policy, Order("A1", Money.of("50.00", "CNY")), "wechat", now=0.0)
    assert told.route == "the rest"
    assert told.other_routes == (
        ("credit-first", "starts at 100.00 CNY"),
        ("small", "is for the categories books"),
    )
    assert json.loads(json.dumps(told.to_json()))["tried"][0]["option"] == "wechat"


def test_a_choice_that_nobody_offers(policy: Policy) -> None:
    """A misspelt choice is refused with the one that was meant."""
    with pytest.raises(UnknownOption, match="did you mean baitiao/12"):
        explain(policy, PHONE, "baitiao/1", now=0.0)


def test_a_journal_that_could_not_be_opened_is_a_problem(real_shop: Shop, own: Wrapped) -> None:
    """A folder that is missing is found before the first payment, with the line of the journal's address."""
    real_shop.environ["PAYFALLBACK_JOURNAL"] = f"sqlite:///{real_shop.folder}/missing/payments.db"
    report = checked(real_shop, own=own)
    assert [problem.line for problem in report.problems] == [real_shop.line_of("url = ")]
    assert "does not exist" in report.problems[0].message

"""What is refused before anything is sent, and what never reaches the journal, a log, a `repr` or an error."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import structlog
from core_world import SILENCE, Scripted, captured, client, declined
from money_shop import AMOUNT, KINDS, ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.errors import ProgrammingError
from payfallback.journal.sqlite import SqliteJournal
from payfallback.testing import VirtualClock

SECRETS = {"auth_code": "134500000012345678", "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}
WHO = pf.Shopper(
    ref="shopper-4711",
    ip="203.0.113.9",
    device="device-0815",
    return_url="https://shop.example/back?token=7x7",
    inputs={"a": {"auth_code": SECRETS["auth_code"]}, "": {"openid": SECRETS["openid"]}},
)
PRIVATE = (*SECRETS.values(), "shopper-4711", "203.0.113.9", "device-0815", "token=7x7")


def counter(**declared: Any) -> tuple[pf.Payments, Scripted, Scripted]:
    """Two channels; the first declares what the test says."""
    first = Scripted("first", close=True, close_names_trade=True, **declared).on(Kind.CHARGE, captured())
    second = Scripted("second", inputs=("openid",)).on(Kind.CHARGE, captured())
    return client({"a": first, "b": second}, VirtualClock()), first, second


# ---------------------------------------------------------------- refused before anything is sent


def test_a_missing_input_is_named() -> None:
    """The chosen channel needs a payment code: InputMissing names it and where to put it, and nothing was sent."""
    payments, first, _ = counter(inputs=("auth_code",))
    with pytest.raises(pf.InputMissing, match=r"auth_code.*inputs\['a'\]"):
        payments.pay(order(), "a")
    assert first.asked == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ref": None}, "Shopper.ref is of type NoneType"),
        ({"ref": 4711}, "Shopper.ref is of type int"),
        ({"return_url": b"https://shop.example"}, "Shopper.return_url is of type bytes"),
        ({"inputs": {"a": {"auth_code": 134500000012345678}}}, "Shopper.inputs['a'] is not a table of texts"),
        ({"inputs": {"auth_code": "134500000012345678"}}, "Shopper.inputs['auth_code'] is not a table of texts"),
    ],
)
def test_a_shopper_of_no_text_is_refused(given: dict[str, Any], said: str) -> None:
    """What an adapter could not send is told to the caller, never taken for a failing channel; no value is repeated."""
    payments, first, second = counter()
    for call in (payments.pay, payments.options):
        with pytest.raises(ProgrammingError, match=re.escape(said)) as caught:
            call(order(), shopper=pf.Shopper(**given))
        assert "1345000" not in str(caught.value)
    assert first.asked == second.asked == []


def test_a_refused_call_leaves_the_order_free() -> None:
    """After InputMissing the same order can be paid, with the input."""
    payments, first, _ = counter(inputs=("auth_code",))
    with pytest.raises(pf.InputMissing):
        payments.pay(order(), "a")
    assert isinstance(payments.pay(order(), "a", shopper=WHO), pf.Paid)
    assert first.asked[0].inputs["auth_code"] == SECRETS["auth_code"]


def test_a_fallback_without_its_input_is_passed_over() -> None:
    """Only the shopper's own choice is an error: a fallback that lacks something is not taken."""
    payments, first, second = counter()
    first.on(Kind.CHARGE, declined())
    assert isinstance(payments.pay(order(), "a", consent=["b"]), pf.NotPaid)
    assert second.asked == []


def test_inputs_are_for_a_charge_only() -> None:
    """The charge gets the inputs of its channel; no question or close does."""
    payments, first, _ = counter()
    first.on(Kind.CHARGE, SILENCE)
    payments.pay(order(), "a", shopper=WHO)
    charge, *others = first.asked
    assert dict(charge.inputs) == SECRETS
    assert others
    assert all(not each.inputs and not each.ref and not each.ip and not each.return_url for each in others)


def test_short_numbers_are_padded_to_what_the_provider_takes() -> None:
    """UnionPay takes no number below eight characters, others none below six: zeros stand in front."""
    heard: list[str] = []

    def paid(attempt: pf.Attempt) -> pf.Answer:
        heard.append(attempt.number)
        return pf.Answer(verdict=pf.Verdict.CAPTURED, amount=attempt.amount)

    for alphabet in ("[0-9A-Za-z]{8,32}", "[0-9A-Za-z]{1,32}"):
        own = pf.wrap(paid, query=paid, reads=lambda attempt, result: None, account="own/m1", number=alphabet)
        with pf.Payments(**pf.channels({"a": own})) as payments:
            payments.pay(pf.Order("A1", AMOUNT), "a")
    assert heard == ["0000A101", "00A101"]


@pytest.mark.parametrize("order_id", ["A" * 25, "*" * 64], ids=["too long", "nothing left of it"])
def test_a_number_that_does_not_fit_is_refused(order_id: str) -> None:
    """Numbers are never hashed or cut: NumberInvalid, before anything is recorded or sent."""
    payments, first, _ = counter(number="[0-9A-Za-z]{8,26}")
    with pytest.raises(pf.NumberInvalid, match=r"'a'"):
        payments.pay(pf.Order(order_id, AMOUNT), "a")
    assert first.asked == []
    with pytest.raises(pf.UnknownOrder):
        payments.status(order_id)


@pytest.mark.parametrize(
    ("choice", "consent"), [("c", ()), ("a/12", ()), ("a", ("c",)), ("a", ("b/full",)), ("", ()), ("a//", ())], ids=str
)
def test_an_unknown_option_is_refused(choice: str, consent: tuple[str, ...]) -> None:
    """A channel or terms that no configuration offers, chosen or ticked: UnknownOption, and nothing was sent."""
    payments, first, second = counter()
    for call in (payments.pay, payments.switch):
        with pytest.raises(pf.UnknownOption):
            call(order(), choice, consent=consent)
    assert first.asked == second.asked == []


def test_without_a_choice_the_route_begins() -> None:
    """No choice takes the route's first option."""
    payments, _, _ = counter()
    result = payments.pay(order())
    assert isinstance(result, pf.Paid)
    assert result.option == "a"


@pytest.mark.parametrize("call", ["pay", "switch"])
def test_inside_a_transaction_nothing_is_sent(call: str) -> None:
    """The shop's own check says that a transaction is open: InsideTransaction, and nothing was sent."""
    only = Scripted("only").on(Kind.CHARGE, captured())
    payments = client({"a": only}, VirtualClock(), in_transaction=lambda: True)
    with pytest.raises(pf.InsideTransaction):
        getattr(payments, call)(order(), "a")
    assert only.asked == []


@pytest.mark.parametrize("inside", [True, False])
def test_djangos_own_transaction_is_noticed(inside: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Django is loaded, its connection says whether a transaction is open; nobody has to configure it."""
    django = ModuleType("django.db.transaction")
    connection = type("Connection", (), {"in_atomic_block": inside})
    monkeypatch.setattr(django, "get_connection", connection, raising=False)
    monkeypatch.setitem(sys.modules, "django.db.transaction", django)
    payments, first, _ = counter()
    if inside:
        with pytest.raises(pf.InsideTransaction):
            payments.pay(order(), "a")
        assert first.asked == []
    else:
        assert isinstance(payments.pay(order(), "a"), pf.Paid)


def test_an_async_callable_is_refused_at_construction() -> None:
    """`Payments` cannot await: ConfigError names the channel and the client that can."""
    with pytest.raises(pf.ConfigError, match=r"'a'.*AsyncPayments"):
        client({"a": Scripted("only", is_async=True)}, VirtualClock())


def test_a_channel_without_a_provider_is_refused() -> None:
    """A policy that names a channel nobody is behind."""
    given = pf.channels({"a": Scripted("only")})
    with pytest.raises(pf.ConfigError, match="'a'"):
        pf.Payments(given["policy"], {})


@pytest.mark.parametrize("cls", [pf.Payments, pf.AsyncPayments])
def test_an_unsafe_route_is_refused_with_three_ways_out(cls: type) -> None:
    """A first channel that nothing can end: ConfigError names the route, the channel and the three ways out."""
    given = pf.channels({"stuck": Scripted("first"), "b": Scripted("second")})
    with pytest.raises(pf.ConfigError) as refused:
        cls(**given)
    text = str(refused.value)
    assert "default" in text
    assert "stuck" in text
    assert all(way in text for way in ("close", "last", "expiry"))


@pytest.mark.parametrize(
    "out",
    [
        {"declared": {"close": True}},
        {"declared": {"expiry": True, "not_found_after": 30.0}},
        {"channel": {"stuck": {"last": True}}},
        {"order": ["b", "stuck"], "second": {"close": True}},
    ],
    ids=["close", "expiry", "last", "put last"],
)
def test_each_way_out_is_one(out: dict[str, Any]) -> None:
    """What the error proposes makes the route one that can be configured."""
    providers = {
        "stuck": Scripted("first", **out.get("declared", {})),
        "b": Scripted("second", **out.get("second", {})),
    }
    more = {name: out[name] for name in ("channel", "order") if name in out}
    with pf.Payments(**pf.channels(providers, **more)) as payments:
        assert set(payments.policy.channels) == {"stuck", "b"}


def test_every_kind_of_these_tests_is_safe() -> None:
    """The channels that the other tests use may all stand first in a route."""
    for kind in KINDS.values():
        payments = pf.Payments(**pf.channels({"a": Scripted("first", **kind), "b": Scripted("second")}))
        assert [option.id for option in payments.policy.routes[0].order] == ["a", "b"]


# ---------------------------------------------------------------- what is private stays private


def test_nothing_private_reaches_the_file(tmp_path: Path) -> None:
    """Payment code, openid, address, device and the shopper's reference are in no byte of the journal's files."""
    first = Scripted("first", close=True, close_names_trade=True).on(Kind.CHARGE, SILENCE)
    second = Scripted("second").on(Kind.CHARGE, captured())
    journal = SqliteJournal(tmp_path / "journal.db", allow_volatile=True)
    payments = client({"a": first, "b": second}, VirtualClock(), journal, ref_key=b"the shop's own key")
    payments.pay(order(), "a", consent=["b"], shopper=WHO)
    payments.switch(order(), "b", shopper=WHO)
    payments.refund(ORDER, "r-1") if isinstance(payments.status(ORDER), pf.Paid) else payments.cancel(ORDER)
    stored = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    payments.close()
    assert ORDER.encode() in stored
    assert [each for each in PRIVATE if each.encode() in stored] == []


def test_nothing_private_shows_in_a_repr() -> None:
    """Neither the shopper nor what is sent to a provider shows what the shopper gave."""
    payments, first, _ = counter()
    result = payments.pay(order(), "a", shopper=WHO)
    shown = f"{WHO!r} {first.asked!r} {result!r} {payments.trace(ORDER)!r}"
    assert [each for each in PRIVATE if each in shown] == []


def test_nothing_private_is_told_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    """No event that an observer hears, and no log line, carries what the shopper gave."""
    heard: list[Any] = []
    first = Scripted("first").on(Kind.CHARGE, SILENCE)
    more: dict[str, Any] = {
        "observer": lambda event, **fields: heard.append((event, fields)),
        "channel": {"a": {"last": True}},
    }
    payments = client({"a": first}, VirtualClock(), **more)
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as logged:
        payments.pay(order(), "a", shopper=WHO)
        payments.cancel(ORDER)
    assert heard
    shown = f"{heard!r} {logged!r} {caplog.text}"
    assert [each for each in PRIVATE if each in shown] == []


def test_an_error_does_not_repeat_what_was_given() -> None:
    """A refused call names what is missing, not what was there."""
    payments, _, _ = counter(inputs=("auth_code", "store_id"))
    with pytest.raises(pf.InputMissing) as refused:
        payments.pay(order(), "a", shopper=WHO)
    assert [each for each in PRIVATE if each in str(refused.value)] == []


def test_without_a_key_the_reference_is_not_kept_at_all() -> None:
    """A plain hash of a reference would be personal data: without the shop's key nothing of it is written."""
    payments, _, _ = counter()
    payments.pay(order(), "a", shopper=WHO)
    found: list[Any] = []
    payments.journal.load(f"|{ORDER}", found.append)
    assert found[0].events[0].ref == ""

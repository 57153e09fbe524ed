"""Arguments that a type checker would refuse: each gets a typed error that says what is wrong, before anything is
recorded or sent."""

from __future__ import annotations

import decimal
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from attack_scene import door
from core_world import FIRST, SILENCE, JournalThatFails, Scripted, captured, client
from money_shop import AMOUNT, ORDER, order

import payfallback as pf
from payfallback._core.operations import Kind
from payfallback.journal.memory import MemoryJournal
from payfallback.journal.sqlite import SqliteJournal
from payfallback.ports import Journal
from payfallback.testing import VirtualClock

Call = Callable[[Any], Any]
NEW = pf.Order("A1002", AMOUNT)


def limited(name: str, limit: object) -> Call:
    """A call for so many orders or outcomes."""
    first = (print,) if name == "deliver" else ()
    return lambda payments: getattr(payments, name)(*first, limit=limit)


def consenting(given: object) -> Call:
    """A payment with this consent."""
    return lambda payments: payments.pay(NEW, "a", consent=given)


# What is called, and what the error must say.
LIMITS: dict[str, tuple[Call, str]] = {
    f"{name} {place}": (limited(name, limit), "limit")
    for name in ("recover", "due", "deliver")
    for place, limit in enumerate(("5", None, 5.0, math.inf, True, -1, 2**70, 10**5000))
}
CONSENTS: dict[str, tuple[Call, str]] = {
    f"consent {given!r}": (consenting(given), said)
    for given, said in (
        (None, "consent is a list of option ids, not a NoneType"),
        (7, "consent is a list of option ids, not a int"),
        ("a", r"write consent=\['a'\]"),
        ([None], "an option id is text, not a NoneType"),
        ([["a"]], "an option id is text, not a list"),
        ([b"a"], "an option id is text, not a bytes"),
    )
}
OTHERS: dict[str, tuple[Call, str]] = {
    "report nothing": (lambda payments: payments.report("a", FIRST, None), "a pf.Answer, not a NoneType"),
    "report a word": (lambda payments: payments.report("a", FIRST, "paid"), "a pf.Answer, not a str"),
    "report a table": (
        lambda payments: payments.report("a", FIRST, {"verdict": "captured"}),
        "a pf.Answer, not a dict",
    ),
    "report a verdict of another kind": (
        lambda payments: payments.report("a", FIRST, pf.Answer(verdict="captured")),  # type: ignore[arg-type]  # the point
        "a verdict that is no pf.Verdict",
    ),
    "report no number": (lambda payments: payments.report("a", None, captured()), "number, as text, not a NoneType"),
    "report to a list": (lambda payments: payments.report(["a"], FIRST, captured()), "no channel"),
    "adopt an id": (lambda payments: payments.adopt("A1002", "a", "OLD1", sent_at=1.0), "an Order, not a str"),
    "adopt no option": (lambda payments: payments.adopt(NEW, None, "OLD1", sent_at=1.0), "an option id is text"),
    "adopt a list of options": (
        lambda payments: payments.adopt(NEW, ["a"], "OLD1", sent_at=1.0),
        "an option id is text",
    ),
    "adopt no number": (lambda payments: payments.adopt(NEW, "a", "", sent_at=1.0), "the number under which"),
    "adopt a text of a time": (lambda payments: payments.adopt(NEW, "a", "OLD1", sent_at="2026"), "sent_at=a str"),
    "refund a number": (lambda payments: payments.refund(ORDER, 7), "a refund id is of type int"),
    "refund an empty id": (lambda payments: payments.refund(ORDER, ""), "a refund id is empty"),
    "refund without a reason": (
        lambda payments: payments.refund(ORDER, "r-1", reason=None),
        "reason is of type NoneType",
    ),
}
WRONG = {**LIMITS, **CONSENTS, **OTHERS}


@pytest.fixture(params=["memory", "sqlite"])
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[VirtualClock, JournalThatFails]]:
    """A journal of either kind that counts its commits."""
    clock = VirtualClock()
    inner: Journal = MemoryJournal(clock)
    if request.param == "sqlite":
        inner = SqliteJournal(tmp_path / "journal.db", clock=clock, allow_volatile=True)
    yield clock, JournalThatFails(inner)
    inner.close()


def test_no_wrong_argument_is_recorded_or_sent(watched: tuple[VirtualClock, JournalThatFails]) -> None:
    """Each raises a `ProgrammingError` that says what is wrong; the order stays as it is, and nobody is asked."""
    clock, journal = watched
    provider = Scripted("first").on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    payments = client({"a": provider}, clock, journal, channel={"a": {"last": True}})
    payments.pay(order(), "a", within=1.0)
    clock.advance(60.0)
    asked, commits, told = len(provider.asked), journal.commits, {}
    for name, (call, said) in WRONG.items():
        with pytest.raises(pf.ProgrammingError, match=said):
            call(payments)
        told[name] = (len(provider.asked), journal.commits)
    assert told == dict.fromkeys(WRONG, (asked, commits))
    assert [due.order_id for due in payments.due()] == [ORDER]


@pytest.mark.anyio
async def test_the_async_client_refuses_the_same() -> None:
    """`AsyncPayments` raises the same errors for the same arguments."""
    clock = VirtualClock()
    provider = Scripted("first", is_async=True).on(Kind.CHARGE, SILENCE).on(Kind.QUERY, SILENCE)
    journal = JournalThatFails(MemoryJournal(clock))
    payments = pf.AsyncPayments(
        **pf.channels({"a": provider}, channel={"a": {"last": True}}),
        journal=journal,
        clock=clock,
        sleep=anyio.sleep,
    )
    for call, said in WRONG.values():
        with pytest.raises(pf.ProgrammingError, match=said):
            await call(payments)
    assert (provider.asked, journal.commits) == ([], 0)
    await payments.aclose()


BODY = json.dumps({"kind": "charge", "number": FIRST, "verdict": "captured", "minor": AMOUNT.minor}).encode()
NOTICES: dict[str, tuple[Any, Any, Any, str]] = {
    "a text for a body": ({}, BODY.decode(), "", "body is bytes, not a str"),
    "a parsed body": ({}, json.loads(BODY), "", "body is bytes, not a dict"),
    "no body": ({}, None, "", "body is bytes, not a NoneType"),
    "no headers": (None, BODY, "", "headers are a table of texts, not a NoneType"),
    "a list of headers": ([("a", "b")], BODY, "", "headers are a table of texts, not a list"),
    "headers in bytes": ({b"x-sign": b"secret"}, BODY, "", "there is a bytes with a bytes"),
    "a number in the headers": ({"x-time": 5}, BODY, "", "there is a str with a int"),
    "a query in bytes": ({}, BODY, b"a=1", "query is text, not a bytes"),
}


@pytest.mark.parametrize("name", NOTICES)
def test_what_is_no_notification_is_the_shops_own_mistake(name: str) -> None:
    """A `ProgrammingError` says what to hand in, and repeats nothing; the same one, handed in well, is taken."""
    headers, body, query, said = NOTICES[name]
    clock = VirtualClock()
    journal = JournalThatFails(MemoryJournal(clock))
    provider = Scripted("first").on(Kind.CHARGE, SILENCE)
    client({"a": provider}, clock, journal).pay(order(), "a", within=0.5)
    desk, commits = door(provider, clock, journal), journal.commits
    with pytest.raises(pf.ProgrammingError, match=said) as refused:
        desk.notify("a", headers, body, query=query)
    assert "secret" not in str(refused.value)
    assert journal.commits == commits
    assert desk.notify("a", {"X-Sign": "secret"}, BODY).handled
    assert isinstance(desk.status(ORDER), pf.Paid)


class FrameworkHeaders:
    """As some web frameworks have them: a table, but no `Mapping`."""

    def items(self) -> Iterator[tuple[str, str]]:
        """Names and texts."""
        yield "X-Sign", "secret"


@pytest.mark.parametrize("of", [bytes, bytearray, memoryview])
def test_a_notification_comes_as_the_web_framework_has_it(of: Callable[[bytes], Any]) -> None:
    """Bytes of every kind, and headers that are a table without being a `Mapping`, are read."""
    clock = VirtualClock()
    journal, provider = MemoryJournal(clock), Scripted("first").on(Kind.CHARGE, SILENCE)
    client({"a": provider}, clock, journal).pay(order(), "a", within=0.5)
    headers: Any = FrameworkHeaders()
    assert door(provider, clock, journal).notify("a", headers, of(BODY)).order_id == ORDER


@pytest.mark.parametrize("currency", [["CNY"], {"CNY"}, {}, None, 156, b"CNY"])
def test_no_currency_but_a_code_is_taken(currency: Any) -> None:
    """`MoneyInvalid`, whatever else is given."""
    with pytest.raises(pf.MoneyInvalid, match="currency"):
        pf.Money(1, currency)
    with pytest.raises(pf.MoneyInvalid, match="currency"):
        pf.Money.of("0.01", currency)


@pytest.mark.parametrize(
    "text", ["1e99999999", "1e-99999999", "9" * 6000, "1e30", "1" * 29 + ".01", "nan", "inf", "1,5", ""]
)
def test_what_no_amount_is_raises_money_invalid(text: str) -> None:
    """However large or small: a typed error at once, and never a number that is rounded."""
    with pytest.raises(pf.MoneyInvalid):
        pf.Money.of(text, "CNY")


@pytest.mark.parametrize("context", [decimal.Context(prec=4), decimal.Context(Emax=2), decimal.ExtendedContext])
def test_an_amount_does_not_depend_on_the_shops_decimal_context(context: decimal.Context) -> None:
    """Where the shop calculates with four digits, 12345.67 is 12345.67 all the same, and a text is no amount."""
    with decimal.localcontext(context):
        assert pf.Money.of("12345.67", "CNY") == pf.Money(1_234_567, "CNY")
        assert pf.Money.of(decimal.Decimal("99999999999.99"), "CNY").minor == 9_999_999_999_999
        for text in ("12.345", "much"):
            with pytest.raises(pf.MoneyInvalid):
                pf.Money.of(text, "CNY")

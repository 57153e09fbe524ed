"""The judge of the killing rounds is no rubber stamp: what the kills must never do, planted, is found."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from processes_audit import Audit
from processes_kills import crews, murder
from processes_town import PRICE, Town
from processes_verdict import lost_so_far, verdict

import payfallback as pf
from payfallback._core.events import Settled, Won
from payfallback._values import changed

pytestmark = pytest.mark.slow

ORDERS = ("VERDICT1", "VERDICT2")
SHOPPER = pf.Shopper(inputs={"baitiao_code": {"code": "130000000000001234"}})


def pay_and_deliver(town: Town) -> None:
    """Two orders that are paid, and told to the shop."""
    with town.payments() as payments:
        for order in ORDERS:
            result = payments.pay(
                pf.Order(order, PRICE, attributes={"place": "store"}), "baitiao_code", shopper=SHOPPER
            )
            assert isinstance(result, pf.Paid)
            town.diary.write(told="paid", order=order, number=result.number, at=0.0)
        payments.deliver(lambda o: town.diary.write(outcome=o.id, kind=o.kind, order=o.order_id, number=o.number))


def lose_a_line(audit: Audit) -> None:
    """The books hold one capture less."""
    del audit.ledger[0]


def take_twice(audit: Audit) -> None:
    """The same capture once more, under the same number."""
    audit.ledger.append(audit.ledger[0])


def take_under_another_number(audit: Audit) -> None:
    """A second attempt of the same order captured too, and the journal never planned it."""
    audit.ledger.append({**audit.ledger[0], "number": "VERDICT102"})


def lose_an_order(audit: Audit) -> None:
    """A commit that was acknowledged is gone."""
    del audit.stored["VERDICT1"]


def tell_nobody(audit: Audit) -> None:
    """An outcome that was decided and not delivered."""
    del audit.delivered[0]


def say_paid_of_another(audit: Audit) -> None:
    """The shop was told that an order is paid by a number that is not its winner's."""
    audit.told.append({**audit.told[0], "number": "VERDICT102"})


def drop_the_end(audit: Audit) -> None:
    """An order without its outcome, and without a time at which somebody looks at it again."""
    stored = audit.stored["VERDICT1"]
    open_still = tuple(event for event in stored.events if not isinstance(event, Settled | Won))
    audit.stored["VERDICT1"] = changed(stored, events=open_still, due=None)


def say_unpaid_and_take(audit: Audit) -> None:
    """Somebody was told that nothing is open; the attempt that was out by then captured a minute later."""
    at = audit.ledger[0]["at"]
    audit.told.append({"told": "not_paid", "order": "VERDICT1", "number": "", "at": at})
    audit.ledger[0] = {**audit.ledger[0], "at": at + 60.0}


def call_it_away(audit: Audit) -> None:
    """The only click of an order was told that nothing was sent."""
    audit.clicks, audit.unavailable = [{"click": "VERDICT1"}], ["VERDICT1"]


PLANTED: dict[Callable[[Audit], None], set[str]] = {
    lose_a_line: {"called paid, and holds nothing"},
    take_twice: {"holds another sum"},
    take_under_another_number: {"unknown to the journal", "captured twice", "neither won nor given back"},
    lose_an_order: {
        "unknown to the journal",
        "told, and not in the journal",
        "told paid, and the journal says otherwise",
    },
    drop_the_end: {"nobody will look again", "undecided", "open, though it could be settled"},
    say_unpaid_and_take: {"captured after it was told unpaid"},
    call_it_away: {"sent, though said not to be"},
    tell_nobody: {"its outcome was never told"},
    say_paid_of_another: {"told paid, and the journal says otherwise", "called paid, and holds nothing"},
}


def test_what_is_planted_is_found(town: Town) -> None:
    """A day on which all is well is called well; the same day with one thing wrong in it is not."""
    pay_and_deliver(town)
    assert verdict(Audit(town)) == []
    for plant, expected in PLANTED.items():
        audit = Audit(town)
        plant(audit)
        found = {each.partition(":")[0] for each in verdict(audit)}
        assert expected <= found, (plant.__name__, found)


def test_a_payer_that_charges_before_it_journals_is_found(town: Town) -> None:
    """The kills themselves catch a payer whose intent becomes durable a moment after the charge."""
    chance = random.Random(4)
    with crews(town, 1, "processes_careless.py") as (careless,):
        for number in range(40):
            careless.begin(role="pay", name="C", **murder(chance, town, number))
            assert careless.end()["killed"] == 9
            found = lost_so_far(Audit(town))
            if found:
                break
    assert any(each.startswith(("I2 ", "unknown to the journal")) for each in found), found

"""The demo, and the auditor that judges it."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from cli_desk import Desk, at_a_terminal, spawn

from payfallback.cli.demo.audit import audit
from payfallback.cli.demo.buyers import Shelf, buyers
from payfallback.cli.demo.control import Control
from payfallback.cli.demo.plan import PHASES, beside
from payfallback.model import Money
from payfallback.results import NotPaid, Outcome, Paid, Pending
from payfallback.testing.sandbox import FORMS

SHELF = Shelf(
    credit=("credit/12", "credit/6", "other/12"),
    plain=("full", "card", "lasting"),
    store=("till", "counter"),
    abroad=("card",),
    inputs={
        **dict.fromkeys(("credit", "other", "full", "lasting"), ()),
        "card": ("payment_method",),
        "till": ("code",),
        "counter": ("code",),
    },
    lasting=frozenset({"lasting"}),
)
PROMISES = ("captured_twice", "paid_without_capture", "captured_not_recorded", "undelivered")


def _phases(told: str) -> list[str]:
    """The phases of which a line was printed."""
    lines = re.findall(r"^ *\d+ s  (\w+(?: \w+)*)(?:,|  )", told, re.MULTILINE)
    return [name for name in lines if name != "faults lifted"]


@pytest.mark.slow
def test_the_demo_keeps_every_promise(tmp_path: Path) -> None:
    """A small demo in a process of its own: the last line is the sum, and the providers' ledger agrees with it."""
    running = spawn("demo", "--orders", 51, "--seed", 7, "--json", folder=tmp_path)
    out, err = running.communicate(timeout=120)
    told = json.loads(out.splitlines()[-1])
    assert running.returncode == 0, err
    assert [told[name] for name in PROMISES] == [0, 0, 0, 0]
    assert told["orders"] == 51 == told["paid"] + told["not_paid"] + told["pending"]
    assert told["paid"] >= 30
    assert told["seconds"] < 60
    assert _phases(err) == [phase.name for phase in PHASES]
    assert max(map(len, err.splitlines())) <= 80
    assert len(told["by_channel"]) >= 5
    assert list(tmp_path.iterdir()) == []


def test_the_demo_leaves_a_shop_to_look_around_in(desk: Desk) -> None:
    """With --keep, configuration and journal stay, and `status`, `trace` and `open` work on them."""
    ended = desk.run("demo", "--orders", 4, "--keep", "kept")
    assert ended.code == 0
    assert "orders captured twice" in ended.out
    assert "tell the shopper" in ended.out
    assert desk.run("status", "--config", "kept/payfallback.toml").code == 0
    assert "charge written down" in desk.run("trace", "DEMO00001", "--config", "kept/payfallback.toml").out
    refused = desk.run("demo", "--keep", "kept")
    assert (refused.code, "is not empty" in refused.err) == (2, True)


def test_the_demo_says_when_a_promise_is_broken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the providers to hold one order's money twice, it would be said, and the exit code would be 1."""
    honest = Control.ledger
    monkeypatch.setattr(Control, "ledger", lambda control: honest(control) * 2)
    ended = desk.run("demo", "--orders", 2, "--seed", 3)
    assert ended.code == 1
    assert "orders captured twice   <- A PROMISE IS BROKEN" in ended.out


def test_the_demo_draws_a_table_on_a_terminal(tmp_path: Path) -> None:
    """On a terminal a table moves while it plays; its last state stays above the sum."""
    code, drawn = at_a_terminal("demo", "--orders", 2, "--seed", 3, folder=tmp_path)
    assert code == 0
    table, _, after = drawn.rpartition("passed over")
    assert "2 orders in" in after
    assert all(channel in after for channel in ("baitiao", "huabei", "wechat", "card"))
    assert "half open" in after or "closed" in after
    assert "told paid without a capture" in after
    assert "\x1b[1A" in table  # it moved
    assert "\x1b[2K" not in after  # and was not wiped away


def test_the_demo_can_be_interrupted(tmp_path: Path) -> None:
    """Ctrl-C ends it with 130, without a traceback and without leaving a file."""
    running = spawn("demo", folder=tmp_path, TMPDIR=str(tmp_path))
    assert running.stdout is not None
    while "refused" not in running.stdout.readline():
        pass
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (130, "")
    assert list(tmp_path.iterdir()) == []


def test_the_demo_goes_through_every_fault() -> None:
    """Each fault of the vocabulary has a phase, and the same seed brings the same shoppers."""
    struck = {rule.partition(":")[0] for phase in PHASES for rule, _ in phase.rules}
    assert struck == set(FORMS)
    assert list(buyers(40, 1, SHELF)) == list(buyers(40, 1, SHELF))
    assert list(buyers(40, 1, SHELF)) != list(buyers(40, 2, SHELF))
    assert sum(len(crowd) for _, crowd in buyers(240, 1, SHELF)) == 240


def test_every_provider_has_its_share_of_the_trouble() -> None:
    """While JD Pay is in trouble another provider is too, each in its turn, with faults that differ."""
    others = ["alipay", "wechatpay", "stripe", "unionpay"]
    troubles = [beside(place, others) for place in range(len(PHASES))]
    assert [phase.well for phase in PHASES] == [trouble is None for trouble in troubles]
    met = {name: {fault for who, fault in filter(None, troubles) if who == name} for name in others}
    assert all(len(faults) >= 3 for faults in met.values())
    assert {fault.partition(":")[0] for faults in met.values() for fault in faults} <= set(FORMS)
    assert beside(1, []) is None


def test_shoppers_buy_what_the_shop_offers() -> None:
    """Whoever gives up or changes the way begins with what can be closed; nobody chooses what is not on the shelf."""
    crowd = [buyer for _, part in buyers(400, 5, SHELF) for buyer in part]
    offered = {*SHELF.credit, *SHELF.plain, *SHELF.store, *SHELF.abroad}
    assert {each for buyer in crowd for each in (buyer.choice, *buyer.consent)} == offered
    assert not [buyer for buyer in crowd if buyer.way in ("leaves", "switches") and buyer.choice == "lasting"]
    assert {buyer.amount.currency for buyer in crowd if buyer.choice == "card" and buyer.amount.currency != "CNY"} == {
        "USD"
    }
    assert all(buyer.inputs["till"]["code"] for buyer in crowd if buyer.choice == "till")


# ---------------------------------------------------------------- an auditor that notices nothing proves nothing

MONEY = Money(59_00, "CNY")


def _paid(order_id: str) -> Paid:
    return Paid(order_id=order_id, option="wechat", amount=MONEY, number=f"{order_id}01")


def _entry(kind: str, number: str) -> dict[str, Any]:
    return {"kind": kind, "number": number, "amount": MONEY.minor}


def _outcome(order_id: str) -> Outcome:
    return Outcome(id=f"{order_id}:paid", order_id=order_id, kind="paid", amount=MONEY, at=0.0)


CAPTURED = [_entry("capture", "A101")]


@pytest.mark.parametrize(
    ("ledger", "result", "told", "outcomes", "broken"),
    [
        (CAPTURED, _paid("A1"), {"A1"}, [_outcome("A1")], None),
        ([*CAPTURED, _entry("capture", "A102"), _entry("refund", "A102")], _paid("A1"), {"A1"}, [_outcome("A1")], None),
        ([], NotPaid(order_id="A1"), set(), [], None),
        ([], Pending(order_id="A1"), set(), [], None),
        (CAPTURED * 2, _paid("A1"), {"A1"}, [_outcome("A1")], "captured_twice"),
        ([*CAPTURED, _entry("capture", "A102")], _paid("A1"), {"A1"}, [_outcome("A1")], "captured_twice"),
        ([], _paid("A1"), {"A1"}, [_outcome("A1")], "paid_without_capture"),
        ([], NotPaid(order_id="A1"), {"A1"}, [], "paid_without_capture"),
        (CAPTURED, Pending(order_id="A1"), set(), [], "captured_not_recorded"),
        (CAPTURED, NotPaid(order_id="A1"), set(), [], "captured_not_recorded"),
        (CAPTURED, _paid("A1"), {"A1"}, [], "undelivered"),
    ],
)
def test_the_auditor_notices(
    ledger: list[dict[str, Any]], result: Any, told: set[str], outcomes: list[Outcome], broken: str | None
) -> None:
    """Each broken promise is counted under its own name, and a surplus that went back is none."""
    found = audit({"A1": MONEY.minor}, {"A1": result}, told, ledger, outcomes, 0)
    assert {name: getattr(found, name) for name in PROMISES} == {name: int(name == broken) for name in PROMISES}
    assert found.kept is (broken is None)

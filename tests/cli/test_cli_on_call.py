"""`status`, `trace`, `open` and `channels`: what a person on call sees and does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli_desk import Desk, TestShop
from cli_planted import plant_stuck_surplus

from payfallback.results import ActionRequired, NotPaid, Paid, Pending


def test_status_of_a_quiet_shop(desk: Desk, shop: TestShop) -> None:
    """Everything works: each channel says so, no money is uncertain, and the exit code is 0."""
    assert isinstance(shop.in_store("STORE1"), Paid)
    shop.payments.deliver(lambda outcome: None)
    told = desk.run("status")
    assert told.code == 0
    assert re.search(r"^baitiao_code +ok +100 % of 1 +\d\.\d s +0", told.out, re.MULTILINE)
    assert "money     0 orders uncertain · 0 need a person · 0 paid twice" in told.out
    assert "shop      0 outcomes undelivered" in told.out
    assert "whose" not in told.out


def test_status_shows_uncertain_money(desk: Desk, shop: TestShop) -> None:
    """While JD keeps silent, the table says how much money is uncertain, for how long, and whose trouble it is."""
    for place in range(5):
        assert isinstance(shop.lose_the_answer(f"STORE{place}", "100.00"), Pending)
    shop.in_store("STORE9", by="wechat_code")
    told = desk.run("status")
    assert told.code == 0
    assert re.search(r"^baitiao_code +FAILING .* 0 % of 5 .* 5 +network 5", told.out, re.MULTILINE)
    assert "whose     jdpay's, not ours: wechat_code answers normally" in told.out
    assert re.search(r"money     5 orders uncertain, ¥500\.00, oldest \d+ s, next look", told.out)
    assert "shop      1 outcome undelivered" in told.out


def test_status_as_json(desk: Desk, shop: TestShop) -> None:
    """One object with the same figures, exact."""
    shop.lose_the_answer("STORE1", "123.45")
    told = desk.run("status", "--json").json
    assert told["money"]["uncertain"] == 1
    assert told["money"]["sums"] == [{"minor": 12345, "currency": "CNY"}]
    assert [each["channel"] for each in told["channels"]] == ["baitiao", "baitiao_code", "wechat", "wechat_code"]
    code = told["channels"][1]
    assert (code["asked"], code["failed"], code["open"], code["provider"]) == (1, 1, 1, "jdpay")
    assert told["complete"] is True


def test_status_says_that_nobody_recovers(desk: Desk, shop: TestShop) -> None:
    """Orders that were due long ago mean that no worker recovers."""
    plant_stuck_surplus(shop.payments.journal, "OLD1", due_ago=600.0)
    told = desk.run("status")
    assert "recovery  1 order due, the oldest for 10 min 00 s: nobody recovers" in told.out


def test_status_exits_1_when_money_is_held_twice_and_not_going_back(desk: Desk, shop: TestShop) -> None:
    """Two captures of one order, of which the second cannot be refunded, are a broken promise."""
    plant_stuck_surplus(shop.payments.journal, "TWICE1")
    told = desk.run("status")
    assert told.code == 1
    assert "1 order uncertain" in told.out
    assert "1 need a person · 1 paid twice" in told.out


def test_status_needs_no_secrets_of_providers(desk: Desk, shop: TestShop) -> None:
    """Whoever is on call sees the journal without being able to read a key."""
    shop.in_store("STORE1")
    text = shop.config.read_text(encoding="utf-8")
    shop.config.write_text(re.sub(r"\$\{file:[^}]+\}", "${env:NOT_HERE}", text), encoding="utf-8")
    assert desk.run("check").code == 2
    assert desk.run("status").code == 0
    assert "支付成功" in desk.run("trace", "STORE1").out


@pytest.mark.parametrize("command", ["status", "open", "channels list", "trace A1", "recover", "deliver --command cat"])
def test_a_journal_that_cannot_be_read_is_exit_code_3(desk: Desk, shop: TestShop, command: str) -> None:
    """Every command says so in one line when the journal is not what it should be."""
    Path("payments.db").write_bytes(b"not a journal at all, and longer than a header of one hundred bytes" * 4)
    ended = desk.run(*command.split())
    assert (ended.code, ended.err.count("\n")) == (3, 1)
    assert "payments.db" in ended.err


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("[accounts]", 2, "no [journal] with a url"),
        ("this is not TOML", 2, "not valid TOML"),
        ("[journal]\nurl = '${env:NOT_SET}'", 2, "environment variable NOT_SET is not set"),
        ("[journal]\nurl = 'memory:'", 3, "only the process that holds it can see"),
        ("[journal]\nurl = 'sqlite:///no/such/folder/payments.db'", 3, "does not exist"),
        ("#" * 1_100_000, 2, "is larger than"),
    ],
)
def test_what_says_where_the_journal_is_may_be_wrong(desk: Desk, text: str, code: int, said: str) -> None:
    """A configuration that names no journal is code 2; a journal that cannot be reached from here is code 3."""
    Path("payfallback.toml").write_text(text, encoding="utf-8")
    ended = desk.run("status")
    assert (ended.code, ended.err.count("\n")) == (code, 1)
    assert said in ended.err


def test_a_journal_is_never_created_by_looking(desk: Desk, shop: TestShop) -> None:
    """An empty journal at a mistyped path would say that all is well: there is none, and none is made."""
    ended = desk.run("status")
    assert ended.code == 3
    assert "there is no journal at" in ended.err
    assert not Path("payments.db").exists()


def test_trace_finds_an_order_by_every_name_it_has(desk: Desk, shop: TestShop) -> None:
    """Order id, attempt number and the provider's reference lead to the same story."""
    paid = shop.in_store("STORE1", by="wechat_code")
    assert isinstance(paid, Paid)
    stories = {desk.run("trace", name).out for name in ("STORE1", paid.number, paid.provider_ref)}
    assert len(stories) == 1
    story = stories.pop()
    assert "attempt 1: charge written down, then sent (request 1)" in story
    assert "tell the shopper (zh-CN)  支付成功。" in story
    assert "tell the shopper (en)  Your payment is complete." in story


def test_trace_of_an_unknown_never_says_failed(desk: Desk, shop: TestShop) -> None:
    """What to tell the shopper while a payment is uncertain: it is being confirmed, do not pay again."""
    shop.lose_the_answer("STORE1")
    story = desk.run("trace", "STORE1", "--locale", "zh-CN").out
    assert "请勿重复支付" in story
    assert "失败" not in story
    assert desk.run("trace", "STORE1", "--json").json["result"]["status"] == "pending"


def test_trace_of_nothing_known(desk: Desk, shop: TestShop) -> None:
    """An unknown text is wrong usage, with a hint."""
    shop.in_store("STORE1")
    ended = desk.run("trace", "NOPE")
    assert ended.code == 2
    assert "'NOPE'" in ended.err


def test_a_person_is_needed_is_exit_code_4(desk: Desk, shop: TestShop) -> None:
    """JD confirms another amount than the order's: never paid, and `recover`, `open`, `status` and `trace` say 4."""
    shop.sandbox.fault("jdpay", "wrong_amount")
    shop.in_store("STORE1", within=4.0)
    shop.payments.recover(within=5)
    assert [desk.run(*words).code for words in (("status",), ("open",), ("trace", "STORE1"))] == [4, 4, 4]
    assert "PERSON" in desk.run("open", "--uncertain").out


def test_open_lists_what_is_not_settled(desk: Desk, shop: TestShop) -> None:
    """Largest first when asked; --uncertain leaves out who is only standing in front of a QR code."""
    assert isinstance(shop.on_the_web("WEB1", "200.00"), ActionRequired)
    shop.lose_the_answer("STORE1", "59.00")
    shop.lose_the_answer("STORE2", "590.00")
    shop.sandbox.fault("jdpay", "declined:risk_rejected")
    assert isinstance(shop.in_store("STORE3"), NotPaid)
    by_amount = desk.run("open", "--sort", "amount", "--json").objects
    assert [each["order_id"] for each in by_amount] == ["STORE2", "WEB1", "STORE1"]
    uncertain = desk.run("open", "--uncertain", "--json").objects
    assert [each["order_id"] for each in uncertain] == ["STORE1", "STORE2"]
    shown = desk.run("open", "--limit", "1")
    assert "and 2 more" in shown.out
    assert "¥59.00" in shown.out
    assert desk.run("open", "--sort", "colour").code == 2


def test_open_lists_money_that_is_going_back(desk: Desk, shop: TestShop) -> None:
    """A paid order whose second capture goes back is not settled."""
    shop.in_store("STORE1")
    plant_stuck_surplus(shop.payments.journal, "TWICE1")
    (only,) = desk.run("open", "--json").objects
    assert (only["order_id"], only["state"], only["uncertain"]) == ("TWICE1", "paid", True)
    assert "paid, money going back PERSON" in desk.run("open", "--sort", "due").out


def test_a_stopped_channel_is_not_charged_and_says_why(desk: Desk, shop: TestShop) -> None:
    """A stop is obeyed by a client that runs already, within its 2 s; it is listed, and can be taken back."""
    shop.in_store("STORE1")
    stopped = desk.run("channels", "stop", "baitiao_code", "--for", "1h", "--reason", "INC-2291", "--actor", "ops")
    assert stopped.code == 0
    assert "is stopped until" in stopped.out
    shop.payments.status("STORE1")
    for place in range(30):
        result = shop.in_store(f"AGAIN{place}", within=0.5)
        if isinstance(result, NotPaid):
            break
        _a_moment()
    assert isinstance(result, NotPaid)
    assert re.search(r"baitiao_code +STOPPED", desk.run("status").out)
    assert "INC-2291 (ops, until" in desk.run("status").out
    listed = {each["channel"]: each["stop"] for each in desk.run("channels", "list", "--json").objects}
    assert listed["baitiao_code"]["reason"] == "INC-2291"
    assert listed["wechat"] is None
    assert desk.run("channels", "resume", "baitiao_code", "--reason", "mended", "--json").json["was_stopped"] is True
    assert "was not stopped" in desk.run("channels", "resume", "baitiao_code", "--reason", "twice").out
    assert "INC-2291" not in desk.run("channels", "list").out


def _a_moment() -> None:
    import time

    time.sleep(0.1)  # a real worker looks at the switches once a second


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("baitao", "--reason", "x"), "did you mean baitiao?"),
        (("baitiao", "--reason", "x", "--for", "soon"), "is not a duration"),
        (("baitiao",), "--reason"),
    ],
)
def test_a_stop_that_makes_no_sense_stops_nothing(
    desk: Desk, shop: TestShop, words: tuple[str, ...], said: str
) -> None:
    """A mistyped channel, an endless duration or a missing reason is exit code 2."""
    shop.in_store("STORE1")
    ended = desk.run("channels", "stop", *words)
    assert ended.code == 2
    assert said in ended.err
    assert all(each["stop"] is None for each in desk.run("channels", "list", "--json").objects)

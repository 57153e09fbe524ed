"""`init`, `check`, `explain` and `schema`."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
from cli_desk import Desk, TestShop

from payfallback.config import load


@pytest.fixture
def started(desk: Desk) -> Desk:
    """A desk in a folder where `init` was run."""
    assert desk.run("init").code == 0
    return desk


def test_init_writes_a_configuration_with_nothing_to_mend(started: Desk) -> None:
    """After `init`, `check` finds nothing to mend, and says how long each route can block."""
    checked = started.run("check")
    assert checked.code == 0
    assert "ok " in checked.out
    assert re.search(r"^route instalments: at most \d+ s until", checked.out, re.MULTILINE)
    assert "assumed" in checked.out
    assert "warning" not in checked.out


def test_init_keeps_what_it_writes_to_its_owner(started: Desk) -> None:
    """The configuration and the keys can be read by their owner only."""
    files = [Path("payfallback.toml"), *Path("sandbox-keys").iterdir()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_init_never_replaces_a_configuration_by_itself(started: Desk) -> None:
    """A second `init` is refused, and --force replaces the file while the keys stay."""
    keys = {file.name: file.read_bytes() for file in Path("sandbox-keys").iterdir()}
    Path("payfallback.toml").write_text("# mine", encoding="utf-8")
    refused = started.run("init")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == "payfallback: payfallback.toml: is there already (--force replaces it)\n"
    assert Path("payfallback.toml").read_text(encoding="utf-8") == "# mine"
    assert started.run("init", "--force").code == 0
    assert load("payfallback.toml").channels
    assert {file.name: file.read_bytes() for file in Path("sandbox-keys").iterdir()} == keys


def test_init_writes_into_another_folder(desk: Desk) -> None:
    """`init DIR --json` says where things are."""
    told = desk.run("init", "shop", "--json")
    assert told.json["config"] == "shop/payfallback.toml"
    assert desk.run("check", "--config", "shop/payfallback.toml").code == 0


def test_check_names_file_line_and_hint(started: Desk) -> None:
    """What is wrong is told on stderr with file, line and what to do; the exit code is 2."""
    text = Path("payfallback.toml").read_text(encoding="utf-8")
    Path("payfallback.toml").write_text(text.replace('product = "native"', 'product = "nativ"'), encoding="utf-8")
    line = text[: text.index('product = "native"')].count("\n") + 1
    checked = started.run("check")
    assert checked.code == 2
    assert checked.err.startswith(f"payfallback: payfallback.toml:{line}: channels.wechat.product")
    assert "did you mean native?" in checked.err
    told = started.run("check", "--json")
    assert (told.code, told.json["ok"], told.json["problems"][0]["line"]) == (2, False, line)


def test_check_notes_what_only_the_shops_code_knows(started: Desk) -> None:
    """A wrapped channel is noted, a channel that no route leads to is a warning."""
    text = Path("payfallback.toml").read_text(encoding="utf-8")
    more = '[accounts.own]\nprovider = "wrap"\nmerchant = "1"\n[channels.till]\naccount = "own"\n'
    Path("payfallback.toml").write_text(text + more, encoding="utf-8")
    checked = started.run("check")
    assert checked.code == 0
    assert "no route leads to this channel" in checked.out
    assert "channel till: wrapped by your own code" in checked.out
    assert started.run("explain", "--amount", "59.00").code == 2


def test_check_never_prints_a_secret(started: Desk) -> None:
    """Neither `check` nor an error repeats a key, a secret, or what was written in its place."""
    text = Path("payfallback.toml").read_text(encoding="utf-8")
    slipped = text.replace('secret = "${file:sandbox-keys/jdpay_secret.txt}"', 'secret = "hunter2-is-my-secret"')
    Path("payfallback.toml").write_text(slipped, encoding="utf-8")
    checked = started.run("check")
    assert checked.code == 2
    assert "expected a reference" in checked.err
    assert "hunter2" not in checked.err + checked.out


def test_a_missing_configuration_is_one_line(desk: Desk) -> None:
    """Without a configuration the error says how to get one."""
    checked = desk.run("check")
    assert checked.code == 2
    assert checked.err.count("\n") == 1
    assert "`payfallback init` writes one" in checked.err


def test_the_configuration_can_be_named_by_the_environment(
    started: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PAYFALLBACK_CONFIG names the file where --config does not."""
    monkeypatch.setenv("PAYFALLBACK_CONFIG", str(tmp_path / "payfallback.toml"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert started.run("check").code == 0


def test_check_asks_the_journal_for_lost_accounts(desk: Desk, shop: TestShop) -> None:
    """An open attempt whose account the file no longer has is named: nobody could ask about it."""
    shop.lose_the_answer("STORE1")
    assert desk.run("check", "--journal").code == 0
    text = shop.config.read_text(encoding="utf-8")
    shop.config.write_text(text.replace('environment = "sandbox"', 'environment = "another"'), encoding="utf-8")
    checked = desk.run("check", "--journal", "--json")
    assert checked.code == 2
    assert [each["number"] for each in checked.json["lost_accounts"]] == ["STORE101"]
    assert "STORE1" in checked.err


def test_explain_says_what_would_be_tried_and_why_not_the_rest(started: Desk) -> None:
    """Consented ways follow the choice; others are offered, or always asked about."""
    words = ("explain", "--amount", "5999.00", "--choice", "baitiao/12", "--consent", "wechat")
    told = started.run(*words, "--json").json
    assert [each["option"] for each in told["tried"]] == ["baitiao/12", "wechat"]
    passed = {each["option"]: each["offered"] for each in told["passed"]}
    assert passed.items() >= {"baitiao/6": True, "baitiao/full": True, "huabei/12": True, "card": True}.items()
    shown = started.run(*words)
    assert shown.code == 0
    assert "route instalments, autonomy switch" in shown.out
    assert "always asks before it" in shown.out


def test_explain_takes_the_orders_attributes(started: Desk) -> None:
    """Another route for another order."""
    told = started.run("explain", "--amount", "59.00", "--attribute", "place=store", "--json").json
    assert told["route"] == "store"


def test_explain_knows_stops_by_hand(desk: Desk, shop: TestShop) -> None:
    """A channel that somebody stopped would not be tried."""
    shop.in_store("STORE1")
    assert desk.run("channels", "stop", "baitiao", "--reason", "drill").code == 0
    told = desk.run("explain", "--amount", "5999.00", "--choice", "baitiao/12", "--consent", "wechat", "--json").json
    assert [each["option"] for each in told["tried"]] == ["wechat"]
    assert told["passed"][0]["cause"] == "channel_stopped"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--amount", "1.234"), "CNY has 2 after the point"),
        (("--amount", "5999.00", "--choice", "baitiao/13"), "baitiao/12"),
        (("--amount", "5999.00", "--attribute", "place"), "KEY=VALUE"),
    ],
)
def test_explain_refuses_what_makes_no_sense(started: Desk, words: tuple[str, ...], said: str) -> None:
    """Wrong usage is exit code 2 and says what would be right."""
    ended = started.run("explain", *words)
    assert ended.code == 2
    assert said in ended.err


@pytest.mark.parametrize("of", ["config", "results"])
def test_schema_prints_json_schemas(desk: Desk, of: str) -> None:
    """Both schemas are JSON; any other name is wrong usage."""
    assert json.loads(desk.run("schema", of).out)["$schema"].startswith("https://json-schema.org/")
    assert desk.run("schema", of, "--json").json["title"].startswith("payfallback")
    assert desk.run("schema", "nonsense").code == 2

"""`recover` and `deliver`: finishing what is open, and telling the shop."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_desk import Desk, TestShop, at_a_terminal, spawn
from cli_planted import plant_stuck_surplus

import door
from payfallback.results import Paid

KEEP_CODE = "import os,sys; open(os.environ['PAYFALLBACK_OUTCOME_ID'][-4:], 'w').write(sys.stdin.read())"
KEEP = f'{sys.executable} -c "{KEEP_CODE}"'


class Shelf(door.Door):
    """The shop's address for outcomes."""

    def __init__(self) -> None:
        super().__init__(self._take, "/outcomes")
        self.took: list[tuple[str, Any]] = []
        self.status = 200

    def _take(self, posted: door.Posted) -> door.Answer:
        headers = {name.lower(): text for name, text in posted.headers.items()}
        self.took.append((headers["idempotency-key"], json.loads(posted.body)))
        return door.Answer(self.status, {"location": "http://192.0.2.1/"})


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """An address that takes outcomes."""
    with Shelf() as made:
        yield made


# ---------------------------------------------------------------- recover


def test_recover_finds_the_capture_whose_answer_was_lost(desk: Desk, shop: TestShop) -> None:
    """Another process asks JD, finds the money, and says what it did; nothing is charged again."""
    shop.lose_the_answer("STORE1")
    ended = desk.run("recover")
    assert ended.code == 0
    assert ended.out.startswith("1 order due")
    assert "looked at 1 order in " in ended.out
    assert "1 settled, 0 given back, 0 need a person" in ended.out
    assert isinstance(shop.payments.status("STORE1"), Paid)
    assert len(shop.sandbox.captures("STORE1")) == 1


def test_recover_draws_a_bar_on_a_terminal(shop: TestShop, tmp_path: Path) -> None:
    """Whoever waits for it sees how far it is."""
    shop.lose_the_answer("STORE1")
    code, drawn = at_a_terminal("recover", folder=tmp_path)
    assert code == 0
    assert "recovering" in drawn
    assert "1 settled" in drawn


def test_recover_with_nothing_to_do(desk: Desk, shop: TestShop) -> None:
    """It ends at once, and its last line of JSON is the sum."""
    shop.in_store("STORE1")
    ended = desk.run("recover", "--json")
    assert (ended.code, ended.json["looked"], ended.json["left"]) == (0, 0, 0)


def test_recover_says_that_a_person_is_needed(desk: Desk, shop: TestShop) -> None:
    """What no machine can settle is exit code 4, in the run that finds it."""
    plant_stuck_surplus(shop.payments.journal, "TWICE1", due_ago=1.0, person_called=False)
    ended = desk.run("recover", "--json")
    assert (ended.code, ended.json["needs_person"]) == (4, 1)


def test_recover_watches_until_it_is_stopped(shop: TestShop, tmp_path: Path) -> None:
    """As a service it goes on until SIGTERM, and that is exit code 0."""
    shop.lose_the_answer("STORE1")
    watching = spawn("recover", "--watch", "--every", "100ms", folder=tmp_path)
    assert watching.stdout is not None
    assert "until Ctrl-C" in watching.stdout.readline()
    assert "looked at 1: 1 settled" in watching.stdout.readline()
    watching.send_signal(signal.SIGTERM)
    _, err = watching.communicate(timeout=20)
    assert (watching.returncode, err) == (0, "")


def test_recover_takes_the_shops_own_client(desk: Desk, shop: TestShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Channels that wrap an SDK live in the shop's code: --app names its client, or what makes it."""
    shop.in_store("STORE1")
    code = "from payfallback import Payments\ndef made():\n    return Payments.from_config('payfallback.toml')\n"
    Path("my_shop.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert desk.run("recover", "--app", "my_shop:made").code == 0
    told = desk.run("explain", "--amount", "5999.00", "--app", "my_shop:made", "--json").json
    assert told["route"] == "instalments"
    for wrong in ("my_shop", "my_shop:other", "no_such_shop:made", "json:JSONDecoder"):
        assert desk.run("recover", "--app", wrong).code == 2


# ---------------------------------------------------------------- deliver


def test_deliver_to_a_command(desk: Desk, shop: TestShop) -> None:
    """The outcome is JSON on stdin; exit code 0 means told, and it is not told again."""
    shop.in_store("STORE1", "59.00")
    assert desk.run("deliver", "--command", KEEP).out.splitlines() == [
        "told STORE1:paid",
        "1 outcome told, 0 not taken",
    ]
    told = json.loads(Path("paid").read_text(encoding="utf-8"))
    assert (told["order_id"], told["kind"], told["amount"]["minor"]) == ("STORE1", "paid", 5900)
    assert desk.run("deliver", "--command", KEEP, "--json").json == {"told": 0, "refused": 0}


def test_what_a_command_prints_is_not_our_output(desk: Desk, shop: TestShop) -> None:
    """A command may say what it likes: stdout stays JSON."""
    shop.in_store("STORE1")
    ended = desk.run("deliver", "--command", "cat", "--json")
    assert [each["told"] for each in ended.objects] == [True, 1]
    assert "STORE1" in ended.err


@pytest.mark.parametrize(
    ("command", "within", "why"),
    [
        (f"{sys.executable} -c 'raise SystemExit(3)'", "30s", "exit code 3"),
        (f"{sys.executable} -c 'import time; time.sleep(60)'", "200ms", "no exit within 0.2 s"),
    ],
)
def test_an_outcome_that_is_not_taken_stays(desk: Desk, shop: TestShop, command: str, within: str, why: str) -> None:
    """A command that fails or hangs has not been told: exit code 1, and the outcome waits for the next time."""
    shop.in_store("STORE1")
    ended = desk.run("deliver", "--command", command, "--timeout", within)
    assert ended.code == 1
    assert ended.err == f"payfallback: outcome STORE1:paid was not taken: {why}\n"
    assert desk.run("deliver", "--command", "cat").code == 0


def test_deliver_to_an_address(desk: Desk, shop: TestShop, shelf: Shelf) -> None:
    """A POST with the outcome's id as Idempotency-Key; 2xx means told."""
    shop.in_store("STORE1")
    shop.in_store("STORE2")
    assert desk.run("deliver", "--url", shelf.url).code == 0
    assert [key for key, _ in shelf.took] == ["STORE1:paid", "STORE2:paid"]
    assert shelf.took[0][1]["id"] == "STORE1:paid"


@pytest.mark.parametrize("status", [500, 302])
def test_an_address_that_refuses_is_told_again(desk: Desk, shop: TestShop, shelf: Shelf, status: int) -> None:
    """Neither an error nor a redirect counts as told, and a redirect is not followed."""
    shop.in_store("STORE1")
    shelf.status = status
    ended = desk.run("deliver", "--url", shelf.url, "--json")
    assert (ended.code, ended.objects[0]["refused"]) == (1, f"HTTP {status}")
    shelf.status = 204
    assert desk.run("deliver", "--url", shelf.url).code == 0
    assert [key for key, _ in shelf.took] == ["STORE1:paid"] * 2


def test_deliver_watches_and_one_bad_outcome_holds_up_nothing(shop: TestShop, shelf: Shelf, tmp_path: Path) -> None:
    """While one outcome is not taken, others are told; it is offered again by itself."""
    shop.in_store("STORE1")
    shelf.status = 503
    watching = spawn("deliver", "--watch", "--every", "50ms", "--url", shelf.url, folder=tmp_path)
    assert watching.stdout is not None
    _until(lambda: len(shelf.took) == 1)
    shelf.status = 200
    shop.in_store("STORE2")
    assert [watching.stdout.readline() for _ in range(2)] == ["told STORE2:paid\n", "told STORE1:paid\n"]
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=20)
    assert watching.returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name one target"),
        (("--command", "cat", "--url", "https://shop.example/"), "name one target"),
        (("--url", "http://shop.example/outcomes"), "not encrypted"),
        (("--url", "http://127.0.0.1.shop.example/"), "not encrypted"),
        (("--url", "https://user:hunter2@shop.example/"), "holds a password"),
        (("--url", "ftp://shop.example/"), "not an address"),
        (("--url", "http://[::1"), "not an address"),
        (("--command", "'"), "cannot be read"),
        (("--command", ""), "names no command"),
        (("--command", "/no/such/command"), "cannot be started"),
    ],
)
def test_a_target_that_makes_no_sense_is_refused(desk: Desk, shop: TestShop, words: tuple[str, ...], said: str) -> None:
    """Wrong usage is exit code 2 before anything is told, and a password is not repeated."""
    shop.in_store("STORE1")
    ended = desk.run("deliver", *words)
    assert ended.code == 2
    assert said in ended.err
    assert "hunter2" not in ended.err
    assert len(desk.run("deliver", "--command", "cat", "--json").objects) == 2


def _until(reached: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, os.times()
        time.sleep(0.02)

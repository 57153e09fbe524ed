"""`journal archive`, `purge`, `verify` and `export` at the command line."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli_desk import Desk, spawn
from cli_old_orders import DAY, LongAgo, plant, shown, story, write

from payfallback._core import events as e
from payfallback.journal.sqlite import SqliteJournal
from payfallback.model import ClientSecret

LINE = {
    "payfallback", "key", "order_id", "merchant", "state", "amount_minor", "currency", "opened_at", "settled_at",
    "needs_person", "version", "due", "outcomes", "events",
}  # fmt: skip  # as documented


def logs(path: Path) -> dict[str, str]:
    """Each order's log, as it stands in the file."""
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT order_id, log FROM orders"))


def gone(path: Path) -> set[str]:
    """Orders whose stories are out of the journal."""
    return {order for order, log in logs(path).items() if log.startswith('{"e":"archived"')}


def lines(file: Path) -> list[dict[str, Any]]:
    """An archive's lines."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


# ---------------------------------------------------------------- archive and purge


def test_old_stories_are_archived(desk: Desk, tmp_path: Path) -> None:
    """They stand in the file, whole, and only then leave the journal; what is young or open stays."""
    path = plant(tmp_path, story("A1", 500), story("A2", 401), story("A3", 300), shown("A4", 500))
    told = desk.run("journal", "archive", "--to", "old.jsonl")
    assert (told.code, told.err) == (0, "")
    assert "the stories of 2 orders (14 events) were taken out" in told.out
    assert gone(path) == {"A1", "A2"}
    first, second = lines(tmp_path / "old.jsonl")
    assert (set(first), first["order_id"], second["order_id"]) == (LINE, "A1", "A2")
    assert [event["e"] for event in first["events"]] == [
        "opened", "asked", "planned", "sending", "seen", "won", "settled",
    ]  # fmt: skip  # as they happened
    assert (first["state"], first["amount_minor"], first["outcomes"]) == ("paid", 590_00, {"A1:paid": True})
    assert stat.S_IMODE((tmp_path / "old.jsonl").stat().st_mode) == 0o600
    assert desk.run("journal", "verify").code == 0


def test_an_archive_is_added_to(desk: Desk, tmp_path: Path) -> None:
    """A second run appends what is old by then; a third finds nothing."""
    plant(tmp_path, story("A1", 500), story("A2", 200))
    for days, count in ((400, 1), (100, 2), (100, 2)):
        assert desk.run("journal", "archive", "--to", "old.jsonl", "--older-than", days).code == 0
        assert len(lines(tmp_path / "old.jsonl")) == count


def test_old_stories_are_purged(desk: Desk, tmp_path: Path) -> None:
    """A dry run counts them, and says of the others why they stay; then they go."""
    path = plant(tmp_path, story("A1", 200), story("A2", 150), story("A3", 10), deliver=False)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE outcomes SET delivered_at = 1 WHERE order_id <> 'A2'")
    for dry, verb, left in ((["--dry-run"], "would be taken", set()), ([], "were taken", {"A1"})):
        told = desk.run("journal", "purge", "--older-than", 100, *dry)
        assert told.code == 0
        assert f"the stories of 1 order (7 events) {verb} out" in told.out
        assert "1 order of that age stay: the shop has not heard its outcome" in told.out
        assert gone(path) == left


def test_a_day_can_be_named(desk: Desk, tmp_path: Path) -> None:
    """`--before` takes a date instead of an age, and JSON tells the same."""
    path = plant(tmp_path, story("A1", 300), story("A2", 200))
    day = time.strftime("%Y-%m-%d", time.localtime(time.time() - 250 * DAY))
    told = desk.run("journal", "purge", "--before", day, "--json")
    assert told.json == {"dry_run": False, "gone": 1, "events": 7, "kept": {}}
    assert gone(path) == {"A1"}
    assert desk.run("journal", "purge", "--before", "yesterday").code == 2


@pytest.mark.parametrize("command", [("purge",), ("purge", "--dry-run"), ("archive", "--to", "old.jsonl")])
def test_a_short_age_is_refused(desk: Desk, tmp_path: Path, command: tuple[str, ...]) -> None:
    """Nothing of the last 90 days goes, whoever asks; nothing is written either."""
    path = plant(tmp_path, story("A1", 89))
    told = desk.run("journal", *command, "--older-than", 80)
    assert (told.code, "less than 90 days" in told.err) == (2, True)
    assert gone(path) == set()
    assert not (tmp_path / "old.jsonl").exists()


def test_nothing_is_written_over(desk: Desk, tmp_path: Path) -> None:
    """An archive goes to a file of its own: not to another one, not to a pipe, not into a missing folder."""
    path = plant(tmp_path, story("A1", 500))
    (tmp_path / "notes.txt").write_text("important", encoding="utf-8")
    os.mkfifo(tmp_path / "pipe")
    for to in ("notes.txt", "pipe", "none/old.jsonl", "/dev/null", "."):
        told = desk.run("journal", "archive", "--to", to)
        assert told.code == 2, to
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "important"
    assert gone(path) == set()


def test_half_a_line_is_cut_off(desk: Desk, tmp_path: Path) -> None:
    """What a crash left at the end of an archive was never removed from the journal, and comes again whole."""
    path = plant(tmp_path, story("A1", 500))
    archive = tmp_path / "old.jsonl"
    for left in ('{"pay', '{"payfallback":1,"key":"|A0"}\n{"payfallback":1,"key":"|A1","eve'):
        archive.write_text(left, encoding="utf-8")
        assert desk.run("journal", "archive", "--to", "old.jsonl", "--dry-run").code == 0
    assert desk.run("journal", "archive", "--to", "old.jsonl").code == 0
    assert [line["key"] for line in lines(archive)] == ["|A0", "|A1"]
    assert gone(path) == {"A1"}


def test_two_at_once_do_not_mix(desk: Desk, tmp_path: Path) -> None:
    """A second process is told that the archive is being written."""
    import fcntl

    plant(tmp_path, story("A1", 500))
    with (tmp_path / "old.jsonl").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        told = desk.run("journal", "archive", "--to", "old.jsonl")
    assert (told.code, "another process is writing" in told.err) == (2, True)


MANY = 450


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A journal of many old orders, in several batches."""
    return plant(tmp_path, *(story(f"B{number:04}", 500) for number in range(MANY)))


def nothing_is_lost(path: Path, archive: Path) -> None:
    """Whatever left the journal stands in the archive, whole."""
    there = {line["order_id"]: line for line in lines(archive)} if archive.exists() else {}
    for order, log in logs(path).items():
        events = there[order]["events"] if log.startswith('{"e":"archived"') else [*map(json.loads, log.splitlines())]
        assert [event["e"] for event in events][::6] == ["opened", "settled"]


@pytest.mark.slow
def test_a_killed_archiver_loses_nothing(desk: Desk, full: Path, tmp_path: Path) -> None:
    """`kill -9` between writing and removing, in any batch: the next run finishes, and each story is in the archive."""
    archive = tmp_path / "old.jsonl"
    for size in (1, 250_000):
        with spawn("journal", "archive", "--to", "old.jsonl", folder=tmp_path) as archiver:
            while archiver.poll() is None and (not archive.exists() or archive.stat().st_size < size):
                time.sleep(0.001)
            archiver.kill()
            archiver.communicate()
        whole = archive.read_bytes()
        archive.write_bytes(whole[: whole.rfind(b"\n") + 1])  # what a reader takes: the lines that are whole
        nothing_is_lost(full, archive)
        archive.write_bytes(whole)
    assert desk.run("journal", "archive", "--to", "old.jsonl").code == 0
    nothing_is_lost(full, archive)
    assert len(gone(full)) == len({line["order_id"] for line in lines(archive)}) == MANY
    assert desk.run("journal", "verify").code == 0


@pytest.mark.slow
def test_a_full_disk_removes_nothing(desk: Desk, full: Path, tmp_path: Path) -> None:
    """An archive that cannot be written ends the command; the story is where it was, and room brings it on."""
    limited = ["sh", "-c", 'ulimit -f 200; exec "$0" "$@"', sys.executable, "-m", "payfallback.cli"]
    words = ["journal", "archive", "--to", "old.jsonl"]
    told = subprocess.run([*limited, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (told.returncode, "cannot be written" in told.stderr) == (3, True)
    assert (tmp_path / "old.jsonl").read_bytes() == b""
    assert gone(full) == set()
    assert desk.run(*words).code == 0
    assert len(gone(full)) == MANY


# ---------------------------------------------------------------- verify and export


def test_a_whole_journal_is_said_to_be_whole(desk: Desk, tmp_path: Path) -> None:
    """In one line, or one object."""
    plant(tmp_path, story("A1", 500), shown("A2", 1))
    told = desk.run("journal", "verify")
    assert (told.code, told.out) == (0, "looked at 2 orders: all is whole\n")
    assert desk.run("journal", "verify", "--json").json == {"orders": 2, "damaged": 0, "wanted": 0}


def test_damage_is_said_with_what_to_do(desk: Desk, tmp_path: Path) -> None:
    """One line a finding, with the order and a way out; the exit code says that something is broken."""
    path = plant(tmp_path, story("A1", 500), story("A2", 500))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE orders SET version = 9 WHERE key = '|A1'")
    told = desk.run("journal", "verify")
    assert told.code == 1
    first, last = told.out.splitlines()
    assert first.startswith("gap  A1  its version is 9, but there are 7 events -> ")
    assert last == "looked at 2 orders: 1 thing damaged, 0 things for a person"
    objects = desk.run("journal", "verify", "--json").objects
    assert (objects[0]["kind"], objects[0]["order"], objects[0]["damage"]) == ("gap", "A1", True)


def test_a_forgotten_order_is_woken(desk: Desk, tmp_path: Path) -> None:
    """It is found, and with `--wake` recovery looks at it again."""
    path = plant(tmp_path, shown("A1", 1))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE orders SET due = NULL")
    assert desk.run("journal", "verify").code == 1
    assert desk.run("journal", "verify", "--wake").code == 1
    assert desk.run("journal", "verify").code == 0
    with closing(sqlite3.connect(path)) as connection:
        ((due, version),) = connection.execute("SELECT due, version FROM orders").fetchall()
    assert (time.time() - 60 < due <= time.time(), version) == (True, 6)


def test_an_unclaimed_notification_wants_a_person(desk: Desk, tmp_path: Path) -> None:
    """Nothing is broken, and the exit code says that somebody should look."""
    path = plant(tmp_path, story("A1", 500))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO inbox(account, number, kind, digest, at, body) VALUES('a', 'N1', 'k', 'd', 0, '{}')"
        )
    told = desk.run("journal", "verify")
    assert (told.code, "number N1 of a, which no order has" in told.out) == (4, True)


def test_all_is_exported(desk: Desk, tmp_path: Path) -> None:
    """To a new file of mode 0600, or to stdout; open orders, and what is left of retired ones, too."""
    plant(tmp_path, story("A1", 500), story("A2", 200), shown("A3", 1))
    assert desk.run("journal", "purge").code == 0
    told = desk.run("journal", "export", "--to", "all.jsonl")
    assert (told.code, told.out) == (0, "3 orders written to all.jsonl\n")
    assert [set(line) for line in lines(tmp_path / "all.jsonl")] == [LINE] * 3
    assert [line["events"][0]["e"] for line in lines(tmp_path / "all.jsonl")] == ["archived", "opened", "opened"]
    assert desk.run("journal", "export").objects == lines(tmp_path / "all.jsonl")
    assert stat.S_IMODE((tmp_path / "all.jsonl").stat().st_mode) == 0o600
    assert desk.run("journal", "export", "--to", "all.jsonl").code == 2


def test_what_happened_since_is_exported(desk: Desk, tmp_path: Path) -> None:
    """Only orders to which something came on that day or later."""
    plant(tmp_path, story("A1", 500), story("A2", 200), shown("A3", 1))
    day = time.strftime("%Y-%m-%d", time.localtime(time.time() - 300 * DAY))
    assert [line["order_id"] for line in desk.run("journal", "export", "--since", day).objects] == ["A2", "A3"]


def test_secrets_stay_at_home(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the journal keeps sealed is in no export and no archive, though the key to open it is there."""
    monkeypatch.setenv("SEAL", "5e" * 32)
    sealed = '[journal]\nurl = "sqlite:///payments.db?allow_volatile=yes"\nseal = ["${env:SEAL}"]\n'
    (tmp_path / "payfallback.toml").write_text(sealed, encoding="utf-8")
    events = story("A1", 500)
    secret = e.Seen(events[4].at, 1, "charge", "pending", 1, action=ClientSecret("pi_1_secret_x"))
    old: dict[str, Any] = {"clock": LongAgo(), "allow_volatile": True}
    with closing(SqliteJournal(tmp_path / "payments.db", seal="5e" * 32, **old)) as journal:
        write(journal, [(*events[:4], secret, *events[4:])])
    assert desk.run("journal", "export", "--to", "all.jsonl").code == 0
    assert desk.run("journal", "archive", "--to", "old.jsonl").code == 0
    for file in ("all.jsonl", "old.jsonl"):
        (line,) = lines(tmp_path / file)
        assert line["events"][4]["action"] == ["client_secret"]


def test_an_order_that_cannot_be_read_is_exported_as_that(desk: Desk, tmp_path: Path) -> None:
    """The others are there, and the exit code says that something is broken."""
    path = plant(tmp_path, story("A1", 500), story("A2", 500))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE orders SET log = log || 'nonsense' WHERE key = '|A1'")
    told = desk.run("journal", "export")
    assert (told.code, [line["key"] for line in told.objects]) == (1, ["|A1", "|A2"])
    assert "cannot be read" in told.objects[0]["problem"]
    assert desk.run("journal", "purge").code == 0
    assert gone(path) == {"A2"}


def test_looking_makes_no_journal(desk: Desk, tmp_path: Path) -> None:
    """At a mistyped path nothing is whole, purged or exported."""
    (tmp_path / "payfallback.toml").write_text('[journal]\nurl = "sqlite:///no.db"\n', encoding="utf-8")
    for words in (["verify"], ["export"], ["purge"], ["archive", "--to", "old.jsonl"]):
        assert desk.run("journal", *words).code == 3
    assert {each.name for each in tmp_path.iterdir()} == {"payfallback.toml"}

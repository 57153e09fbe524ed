"""The file of a SQLite journal: what is accepted, what is refused, and that what is refused stays untouched."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from journal_cases import add, ask, load, new, submit, won

from payfallback.errors import ConfigError, JournalUnavailable
from payfallback.journal import move_journal
from payfallback.journal._schema import APPLICATION_ID, VERSION
from payfallback.journal.sqlite import SqliteJournal

Opens = Callable[..., SqliteJournal]


def database(path: Path, *statements: str) -> None:
    """Some SQLite file."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in ("CREATE TABLE t(x)", "INSERT INTO t VALUES(1)", *statements):
            connection.execute(statement)
        connection.commit()


def test_nothing_is_created_before_the_first_use(open_sqlite: Opens, tmp_path: Path) -> None:
    """A client can be built before a fork, or only to check a configuration."""
    journal = open_sqlite()
    assert list(tmp_path.iterdir()) == []
    assert ask(journal.load, "|A1") is None
    assert (tmp_path / "journal.db").exists()


def test_a_new_file_is_its_owners_only(open_sqlite: Opens, tmp_path: Path) -> None:
    """The journal, its log and its index have mode 0600, whatever the umask; nothing else is left in the folder."""
    before = os.umask(0o022)
    try:
        submit(open_sqlite(), new())
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600}


def test_what_was_written_is_there_after_reopening(open_sqlite: Opens) -> None:
    """A second opening finds the first one's orders and goes on."""
    first = open_sqlite()
    submit(first, new())
    first.close()
    second = open_sqlite()
    assert submit(second, add(1, won())).version == 2


def test_two_openings_see_each_other(open_sqlite: Opens) -> None:
    """Two journals of one process on one file are one journal."""
    first, second = open_sqlite(), open_sqlite()
    submit(first, new())
    assert submit(second, add(1, won())).ok
    assert submit(first, add(1, won())).conflict == "version"
    second.close()
    assert load(first).version == 2


def test_a_relative_path_stays_where_it_was(
    open_sqlite: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later change of the working directory does not move the journal."""
    monkeypatch.chdir(tmp_path)
    journal = SqliteJournal("journal.db", allow_volatile=True)
    monkeypatch.chdir("/")
    submit(journal, new())
    journal.close()
    assert (tmp_path / "journal.db").exists()


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "not a database": (lambda path: path.write_bytes(b"order,amount\n" * 99), "not a SQLite database"),
    "another database": (database, "not a journal of payfallback"),
    "another log format": (lambda path: database(path, "PRAGMA journal_mode = WAL"), "not a journal of payfallback"),
    "another application": (lambda path: database(path, "PRAGMA application_id = 7"), "not a journal of payfallback"),
    "empty": (lambda path: path.write_bytes(b""), "cut off or empty"),
    "cut off": (lambda path: path.write_bytes(b"SQLite format 3\x00\x10\x00"), "cut off or empty"),
    "newer": (
        lambda path: database(
            path, f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {VERSION + 1}"
        ),
        "upgrade this process",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_another_file_is_refused_and_untouched(open_sqlite: Opens, tmp_path: Path, kind: str) -> None:
    """A file that is no journal of this version is named, and no byte of it, nor of its folder, changes."""
    make, message = REFUSED[kind]
    path = tmp_path / "journal.db"
    make(path)
    before = {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in tmp_path.iterdir()}
    with pytest.raises(ConfigError, match=message):
        open_sqlite()
    assert {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in tmp_path.iterdir()} == before


def test_a_file_that_appears_later_is_refused_at_first_use(open_sqlite: Opens, tmp_path: Path) -> None:
    """What comes between building the client and its first payment is found as well."""
    journal = open_sqlite()
    database(tmp_path / "journal.db")
    before = (tmp_path / "journal.db").read_bytes()
    for _ in range(2):
        with pytest.raises(JournalUnavailable, match="not a journal of payfallback"):
            submit(journal, new())
    assert (tmp_path / "journal.db").read_bytes() == before


def test_a_journal_that_loses_its_end_says_so(open_sqlite: Opens, tmp_path: Path) -> None:
    """A journal of which only the first page is left cannot be read, and is not made new."""
    journal = open_sqlite()
    submit(journal, new())
    journal.close()
    path = tmp_path / "journal.db"
    path.write_bytes(path.read_bytes()[:4096])
    with pytest.raises((ConfigError, JournalUnavailable)):
        submit(open_sqlite(), add(1, won()))
    assert path.stat().st_size == 4096


def test_a_folder_is_refused(open_sqlite: Opens, tmp_path: Path) -> None:
    """A folder, a missing folder and a named pipe are not places for a journal."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, message in (("folder", "not a file"), ("pipe", "not a file"), ("missing/journal.db", "does not exist")):
        with pytest.raises(ConfigError, match=message):
            open_sqlite(name)


def test_a_log_without_its_journal_is_refused(open_sqlite: Opens, tmp_path: Path) -> None:
    """A left-over log may hold acknowledged commits; a new journal of that name would destroy them."""
    (tmp_path / "journal.db-wal").write_bytes(b"\x37\x7f\x06\x82")
    with pytest.raises(ConfigError, match="moved or deleted without its log"):
        open_sqlite()


def test_a_journal_that_another_process_makes_meanwhile_is_no_remains(
    open_sqlite: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that start together on a fresh disk open one journal; none takes the log of the fastest for a leftover.

    The fastest one makes its file between the two looks of another: first for the journal, then for its log.
    """
    exists, fastest, looked = Path.exists, open_sqlite(), list[Path]()

    def exists_a_moment_later(path: Path) -> bool:
        if path.name == "journal.db-wal" and path not in looked:
            looked.append(path)
            submit(fastest, new())
        return exists(path)

    monkeypatch.setattr(Path, "exists", exists_a_moment_later)
    assert load(open_sqlite()).version == 1
    assert looked


def test_a_symbolic_link_leads_to_the_journal(open_sqlite: Opens, tmp_path: Path) -> None:
    """The log lies beside the real file, so both names are one journal."""
    (tmp_path / "data").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "data" / "journal.db")
    submit(open_sqlite("link.db"), new())
    assert (tmp_path / "data" / "journal.db-wal").exists()
    assert load(open_sqlite("data/journal.db")).version == 1


# ---------------------------------------------------------------- machines


def test_a_second_machine_is_refused(open_sqlite: Opens, tmp_path: Path) -> None:
    """The journal records the machine that made it; another one does not open it, nor touch it."""
    journal = open_sqlite(host="one")
    submit(journal, new())
    journal.close()
    before = (tmp_path / "journal.db").read_bytes()
    with pytest.raises(ConfigError, match="belongs to another machine"):
        open_sqlite(host="two")
    with pytest.raises(ConfigError, match="belongs to another machine"):
        open_sqlite()
    assert {each.name for each in tmp_path.iterdir()} == {"journal.db"}
    assert (tmp_path / "journal.db").read_bytes() == before


def test_a_moved_journal_is_made_this_machines(open_sqlite: Opens, tmp_path: Path) -> None:
    """After a move on purpose one call makes the journal belong here, with all that is in it."""
    journal = open_sqlite(host="one")
    submit(journal, new())
    journal.close()
    move_journal(str(tmp_path / "journal.db"), host="two")
    assert load(open_sqlite(host="two")).version == 1


def test_moving_nothing_is_an_error(tmp_path: Path) -> None:
    """There must be a journal to be moved."""
    with pytest.raises(ConfigError, match="there is no journal"):
        move_journal(str(tmp_path / "journal.db"))

"""Where a journal may lie, and addresses."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from journal_cases import new, submit

from payfallback.errors import ConfigError
from payfallback.journal import open_journal
from payfallback.journal._place import file_system
from payfallback.journal.memory import MemoryJournal
from payfallback.journal.sqlite import SqliteJournal

MEMORY_DISK = Path("/dev/shm")
MOUNTS = """\
/dev/vda / ext4 rw 0 0
tmpfs /run tmpfs rw 0 0
filer:/export /srv/shared nfs4 rw 0 0
overlay /srv/shared/box overlay rw 0 0
//nas/pay /srv/my\\040folder cifs rw 0 0
me@box:/ /home/me/far fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib/shop", "ext4"),
        ("/run", "tmpfs"),
        ("/runner", "ext4"),
        ("/srv/shared/deep/down", "nfs4"),
        ("/srv/shared/box/data", "overlay"),
        ("/srv/my folder", "cifs"),
        ("/home/me/far/away", "fuse.sshfs"),
    ],
)
def test_the_file_system_of_a_folder_is_known(folder: str, kind: str) -> None:
    """The innermost mount decides; names with blanks and names that only begin alike are told apart."""
    assert file_system(Path(folder), MOUNTS) == kind


@pytest.mark.skipif(not MEMORY_DISK.is_dir(), reason="this system has no /dev/shm, which is a tmpfs on Linux")
def test_a_disk_in_memory_is_refused() -> None:
    """What a restart loses is no journal, unless a test says that it knows."""
    path = MEMORY_DISK / f"payfallback-{os.getpid()}.db"
    with pytest.raises(ConfigError, match="in memory"):
        SqliteJournal(path)
    SqliteJournal(path, allow_volatile=True).close()
    assert not path.exists()


AS_NOBODY = """
import os, sys
from payfallback.errors import ConfigError
from payfallback.journal.sqlite import SqliteJournal
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
for path in sys.argv[1:]:
    try:
        SqliteJournal(path, allow_volatile=True)
    except ConfigError as problem:
        print(problem.message)
"""


def test_what_this_user_cannot_write_is_refused() -> None:
    """A read-only folder and a read-only journal are named before anything is tried."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal = SqliteJournal(folder / "journal.db", allow_volatile=True)
        submit(journal, new())
        journal.close()
        (folder / "journal.db").chmod(0o444)
        for mode, message in ((0o555, f"the journal's folder {folder} is not writable"), (0o777, "is read-only")):
            folder.chmod(mode)
            told = subprocess.run(
                [sys.executable, "-c", AS_NOBODY, str(folder / "journal.db")],
                capture_output=True,
                text=True,
                check=True,
            )
            assert message in told.stdout


# ---------------------------------------------------------------- addresses


def test_addresses_name_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory, a relative path, and an absolute one with its four slashes."""
    monkeypatch.chdir(tmp_path)
    assert isinstance(open_journal("memory:"), MemoryJournal)
    relative = open_journal("sqlite:///pay.db?allow_volatile=yes")
    absolute = open_journal(f"sqlite:///{tmp_path}/pay.db?allow_volatile=yes&host=shop-1")
    assert isinstance(relative, SqliteJournal)
    assert isinstance(absolute, SqliteJournal)
    assert relative.path == absolute.path == tmp_path.resolve() / "pay.db"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("oracle://shop:hunter2@db/pay", "supported: memory:, sqlite:///relative"),
        ("journal.db", "supported: memory:, sqlite:///relative"),
        ("", "supported: memory:"),
        ("sqlite:", "has no path"),
        ("sqlite://journal.db", "has no path"),
        ("sqlite:///", "has no path"),
        ("sqlite:///x.db?hots=a", "no option 'hots'"),
    ],
)
def test_another_address_is_refused(address: str, message: str) -> None:
    """The error names what is supported, and never repeats an address that may hold a password."""
    with pytest.raises(ConfigError, match=message) as caught:
        open_journal(address)
    assert "hunter2" not in str(caught.value)


STORES = """
import sys
from payfallback.journal import open_journal
open_journal(sys.argv[1])
print(sorted({"sqlite3", "cryptography", "tenacity", "asyncio", "ctypes"} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("address", "loaded"), [("memory:", "[]"), ("sqlite:///x.db?allow_volatile=yes", "['sqlite3']")]
)
def test_a_store_loads_what_it_needs(tmp_path: Path, address: str, loaded: str) -> None:
    """A journal in memory does not load SQLite, and SQLite loads neither ciphers nor retries before they are used."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", STORES, address], capture_output=True, text=True, check=True, cwd=tmp_path, env=clean
    )
    assert done.stdout.strip() == loaded

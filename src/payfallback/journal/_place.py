"""Where a journal may live: a file of this machine's own disk. Looks without touching."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from payfallback.errors import ConfigError

_VOLATILE = frozenset({"tmpfs", "ramfs", "devtmpfs", "hugetlbfs", "rootfs"})
_SHARED = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "9p", "afs", "coda", "ceph", "lustre", "gfs2", "ocfs2"),
        *("glusterfs", "beegfs", "gpfs", "orangefs", "davfs", "vboxsf", "prl_fs", "fuse.sshfs", "fuse.glusterfs"),
        *("fuse.ceph", "fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.davfs", "fuse.vmhgfs-fuse", "fuse.mount.ntfs"),
        *("fuse.juicefs", "fuse.moosefs", "fuse.smbnetfs", "fuse.curlftpfs", "fuse.goofys", "fuse.blobfuse2"),
    }
)
_MOUNTS = "/proc/self/mounts"  # proc(5); where there is none (macOS, Windows) the kind of file system stays unknown


def check_place(path: Path, *, allow_volatile: bool) -> None:
    """Raises `ConfigError` when no journal can be kept at this path, saying what would be a better one."""
    _check_folder(path)
    _check_file(path)
    kind = file_system(path.parent, _mounts())
    if kind in _SHARED:
        raise ConfigError(
            f"the journal {path} would lie on a network file system ({kind}), where SQLite loses commits",
            hint="use a local disk, or a PostgreSQL journal for several machines",
        )
    if kind in _VOLATILE and not allow_volatile:
        raise ConfigError(
            f"the journal {path} would lie in memory ({kind}) and be gone after a restart", hint="use a local disk"
        )


def _check_folder(path: Path) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise ConfigError(f"the journal's folder {folder} does not exist", hint="create it, writable by this user only")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(
            f"the journal's folder {folder} is not writable by this user",
            hint="SQLite keeps its log beside the journal; give this user the folder",
        )


def _check_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        _check_no_remains(path)
        return
    if not stat.S_ISREG(mode):
        raise ConfigError(f"the journal {path} is not a file", hint="name a file, such as /var/lib/shop/payments.db")
    if not os.access(path, os.R_OK | os.W_OK):
        raise ConfigError(f"the journal {path} is read-only for this user", hint="make it writable by this user")


def _check_no_remains(path: Path) -> None:
    """A log without its journal holds commits that a new journal of that name would destroy.

    Looked at once more when there is a log: another process may have made both since the journal was looked for.
    """
    left = Path(f"{path}-wal")
    if left.exists() and not path.exists():
        raise ConfigError(
            f"{left} is there and the journal {path} is not: it was moved or deleted without its log",
            hint="bring the journal back beside its log, or move the log away",
        )


def file_system(folder: Path, mounts: str) -> str:
    """The kind of file system that holds a folder, by a mount table such as /proc/self/mounts; "" if it tells none."""
    found, longest = "", -1
    for point, kind in _read_mounts(mounts):
        if folder.is_relative_to(point) and len(point) >= longest:
            found, longest = kind, len(point)
    return found


def _read_mounts(mounts: str) -> Iterator[tuple[str, str]]:
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) > 2:
            yield re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[1]), fields[2]


def _mounts() -> str:
    try:
        return Path(_MOUNTS).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""

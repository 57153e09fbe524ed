"""Which machine this is. SQLite's write-ahead log is shared memory: one file serves the processes of one machine."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

from payfallback._values import value

_MACHINE_IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")  # machine-id(5): one per installation, kept over boots
_BOOT_ID = "/proc/sys/kernel/random/boot_id"  # random(4): one per boot of one kernel, the same in its containers


@value
class Host:
    """A machine. `machine` outlives a reboot; `boot` does not, but is shared by all containers of one kernel.

    Both are digests: machine-id(5) asks not to expose the id itself. `name` is for people.
    """

    machine: str
    boot: str
    name: str

    def is_same(self, machine: str, boot: str) -> bool:
        """Whether a recorded machine is this one: the same installation, or the very same running kernel."""
        return machine == self.machine or (boot != "" and boot == self.boot)


def this_host(named: str | None = None) -> Host:
    """The machine this process runs on. `named` takes the place of what can be found out, containers' ids included."""
    name = platform.node()
    if named is not None:
        return Host(f"named:{named}", "", name)
    machine = next(filter(None, map(_read, _MACHINE_IDS)), "")
    boot = _read(_BOOT_ID)
    return Host(_digest(f"id:{machine}" if machine else f"name:{name}"), _digest(f"boot:{boot}") if boot else "", name)


def _read(path: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
    return "" if text == "uninitialized" else text


def _digest(text: str) -> str:
    return hashlib.sha256(f"payfallback journal {text}".encode()).hexdigest()[:24]

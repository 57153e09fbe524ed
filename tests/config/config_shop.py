"""A shop's folder: the front door's own configuration, completed, and its secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from payfallback.config import ConfigProblems, Settings, load

HERE = Path(__file__).parent
FRONT_DOOR = (HERE / "front-door.toml").read_text(encoding="utf-8")
WHOLE = FRONT_DOOR + (HERE / "rest-of-shop.toml").read_text(encoding="utf-8")


class Shop:
    """A folder with a configuration and its secrets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "payfallback.toml"
        self.text = WHOLE
        self.environ = {
            "PAYFALLBACK_JOURNAL": "sqlite:////var/lib/shop/payments.db",
            "JD_3DES": "jd-shared-secret",
            "WX_PRIVATE_KEY": "wx private pem",
            "WX_V3_NEW": "new-v3-key",
            "WX_V3_OLD": "old-v3-key",
        }
        for name in ("jd_2026", "jd_pub_2026", "jd_pub_2024", "wx_pub"):
            self.secret(f"{name}.pem", f"{name} pem\n")

    def secret(self, name: str, text: str, mode: int = 0o600) -> None:
        """Put a file into the folder of secrets."""
        path = self.folder / "secrets" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def replace(self, old: str, new: str) -> Shop:
        """Edit the configuration; the text to replace must be there."""
        assert old in self.text
        self.text = self.text.replace(old, new)
        return self

    def load(self) -> Settings:
        """Read the configuration as it stands now."""
        self.file.write_text(self.text, encoding="utf-8")
        return load(self.file, environ=self.environ)

    def refused(self) -> ConfigProblems:
        """The error that the configuration is refused with."""
        with pytest.raises(ConfigProblems) as caught:
            self.load()
        return caught.value

    def line_of(self, text: str) -> int:
        """The line on which a text first stands."""
        return self.text[: self.text.index(text)].count("\n") + 1


def told(error: Any) -> list[str]:
    """The problems of an error, each with its hint."""
    return [str(problem) for problem in error.problems]

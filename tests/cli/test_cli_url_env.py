"""`--url-env`: what is done to a journal as a whole, done by another role than the shop's."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_desk import Desk
from cli_old_orders import plant, story


@pytest.mark.parametrize("words", [("verify",), ("export",), ("purge",), ("archive", "--to", "old.jsonl")])
def test_another_roles_address_is_taken(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """From an environment variable, in place of the configuration's; one that is not set is wrong usage."""
    path = plant(tmp_path, story("A1", 500))
    monkeypatch.setenv("KEEPER_URL", f"sqlite:///{path}?allow_volatile=yes")
    (tmp_path / "payfallback.toml").write_text('[journal]\nurl = "sqlite:///none.db"\n', encoding="utf-8")
    assert desk.run("journal", *words).code == 3
    assert desk.run("journal", *words, "--url-env", "NOBODYS_URL").code == 2
    told = desk.run("journal", *words, "--url-env", "KEEPER_URL")
    assert (told.code, told.err) == (0, "")
    assert "1 order" in told.out or '"order_id":"A1"' in told.out.replace(" ", "")

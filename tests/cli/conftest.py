"""A desk to type at, and a shop behind a sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_desk import Desk, TestShop

from payfallback.client import Payments
from payfallback.testing import starter_config
from payfallback.testing.sandbox import Sandbox


@pytest.fixture(scope="session")
def cli_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Test keys that every shop of this run shares."""
    folder = tmp_path_factory.mktemp("cli-keys")
    with Sandbox(key_dir=folder):
        return folder


@pytest.fixture
def desk(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Desk:
    """A command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Desk(capfd, monkeypatch)


@pytest.fixture
def shop(tmp_path: Path, cli_keys: Path) -> Iterator[TestShop]:
    """A shop as `init` would configure it, with its journal on disk and both providers running."""
    with Sandbox(key_dir=cli_keys) as sandbox:
        config = tmp_path / "payfallback.toml"
        urls = {"jdpay": sandbox.jdpay_url, "wechatpay": sandbox.wechatpay_url}
        journal = "sqlite:///payments.db?allow_volatile=yes"  # the folder for tests may lie in memory
        config.write_text(starter_config(urls, str(cli_keys), journal_url=journal), encoding="utf-8")
        with Payments.from_config(str(config)) as payments:
            yield TestShop(config, sandbox, payments)

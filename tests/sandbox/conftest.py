"""A sandbox for each test, on keys that are made once, and merchants that talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_jd_client import JdMerchant
from sandbox_wechat_client import WeChatMerchant

from payfallback.testing.sandbox import Sandbox


@pytest.fixture(scope="session")
def key_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox-keys")


@pytest.fixture
def sandbox(key_dir: Path) -> Iterator[Sandbox]:
    with Sandbox(key_dir=key_dir) as running:
        yield running


@pytest.fixture
def jd(sandbox: Sandbox) -> Iterator[JdMerchant]:
    with JdMerchant(sandbox.jdpay_url, sandbox.credentials["jdpay"]) as merchant:
        yield merchant


@pytest.fixture
def wechat(sandbox: Sandbox) -> Iterator[WeChatMerchant]:
    with WeChatMerchant(sandbox.wechatpay_url, sandbox.credentials["wechatpay"]) as merchant:
        yield merchant

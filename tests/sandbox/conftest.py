"""A sandbox for each test, on keys that are made once, and merchants that talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_alipay_client import AlipayMerchant
from sandbox_jd_client import JdMerchant
from sandbox_operations import Merchant
from sandbox_stripe_client import StripeMerchant
from sandbox_wechat_client import WeChatMerchant

from payfallback.testing.sandbox import Sandbox


@pytest.fixture(scope="session")
def key_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys that every sandbox of this run shares."""
    return tmp_path_factory.mktemp("sandbox-keys")


@pytest.fixture
def sandbox(key_dir: Path) -> Iterator[Sandbox]:
    """A running sandbox, fresh for one test."""
    with Sandbox(key_dir=key_dir) as running:
        yield running


@pytest.fixture
def jd(sandbox: Sandbox) -> Iterator[JdMerchant]:
    """A merchant of its JD Pay."""
    with JdMerchant(sandbox.jdpay_url, sandbox.credentials["jdpay"]) as merchant:
        yield merchant


@pytest.fixture
def wechat(sandbox: Sandbox) -> Iterator[WeChatMerchant]:
    """A merchant of its WeChat Pay."""
    with WeChatMerchant(sandbox.wechatpay_url, sandbox.credentials["wechatpay"]) as merchant:
        yield merchant


@pytest.fixture
def ali(sandbox: Sandbox) -> Iterator[AlipayMerchant]:
    """A merchant of its Alipay."""
    with AlipayMerchant(sandbox.url("alipay"), sandbox.credentials["alipay"]) as merchant:
        yield merchant


@pytest.fixture
def stripe(sandbox: Sandbox) -> Iterator[StripeMerchant]:
    """A merchant of its Stripe."""
    with StripeMerchant(sandbox.url("stripe"), sandbox.credentials["stripe"]) as merchant:
        yield merchant


@pytest.fixture
def provider() -> str:
    """The provider of a test that does not name one."""
    return "jdpay"


@pytest.fixture
def merchant(provider: str, sandbox: Sandbox) -> Iterator[Merchant]:
    """A merchant with a paid and an open trade."""
    with Merchant(sandbox, provider, timeout=5.0) as client:
        client.prepare()
        yield client

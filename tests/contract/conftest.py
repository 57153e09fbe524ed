"""One sandbox for the whole contract: every test has orders of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from contract_world import Shop, opened

from payfallback.testing.sandbox import Sandbox
from payfallback.testing.sandbox.registry import ENTRIES


@pytest.fixture(scope="session")
def contract_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop and its sandbox."""
    keys = tmp_path_factory.mktemp("contract-keys")
    with Sandbox(key_dir=keys) as sandbox, opened(sandbox, keys, tmp_path_factory.mktemp("contract")) as shop:
        yield shop


@pytest.fixture
def shop(contract_shop: Shop) -> Iterator[Shop]:
    """The same, without anybody's faults, and silent: notifications are turned on where they are tested."""
    contract_shop.sandbox.clear()
    for provider in ENTRIES:
        contract_shop.sandbox.notifications(provider, "off")
    yield contract_shop
    contract_shop.sandbox.clear()

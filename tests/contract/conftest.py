"""Sandboxes for the whole contract: every test has orders of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from contract_world import Shop, opened

from payfallback.testing.sandbox import Sandbox
from payfallback.testing.sandbox.registry import ENTRIES


def _opened(folders: pytest.TempPathFactory, timeout: str) -> Iterator[Shop]:
    keys = folders.mktemp("contract-keys")
    with Sandbox(key_dir=keys) as sandbox, opened(sandbox, keys, folders.mktemp("contract"), timeout) as shop:
        yield shop


@pytest.fixture(scope="session")
def patient_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop that waits long enough for an answer on any machine."""
    yield from _opened(tmp_path_factory, "6s")


@pytest.fixture(scope="session")
def hasty_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop that soon takes no answer for a silence, which costs its tests real time."""
    yield from _opened(tmp_path_factory, "600ms")


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """One of the two, without anybody's faults, and silent: notifications are turned on where they are tested."""
    callspec = getattr(request.node, "callspec", None)
    silent = callspec is not None and str(callspec.params.get("fault", "")).startswith("hang")
    opened_shop: Shop = request.getfixturevalue("hasty_shop" if silent else "patient_shop")
    opened_shop.sandbox.clear()
    for provider in ENTRIES:
        opened_shop.sandbox.notifications(provider, "off")
    yield opened_shop
    opened_shop.sandbox.clear()

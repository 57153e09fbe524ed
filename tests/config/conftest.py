"""Fixtures of the configuration's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from config_keys import DES_KEY, V3_KEY, key_pair
from config_shop import Shop

from payfallback.providers.wrap import Wrapped, wrap


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A folder with a right configuration, to be edited."""
    return Shop(tmp_path)


@pytest.fixture
def real_shop(shop: Shop) -> Shop:
    """The same with keys and secrets that the shipped providers take."""
    private, public = key_pair()
    for name, pem in (("jd_2026", private), ("jd_pub_2026", public), ("jd_pub_2024", public), ("wx_pub", public)):
        shop.secret(f"{name}.pem", pem)
    shop.environ |= {"JD_3DES": DES_KEY, "WX_PRIVATE_KEY": private, "WX_V3_NEW": V3_KEY, "WX_V3_OLD": V3_KEY}
    return shop.replace('options = { goods_tag = "spring" }', 'options = { store_out_id = "7" }')


@pytest.fixture
def own() -> Wrapped:
    """Callables of the shop's own that can be asked and closed, as the configuration's account `own`."""
    return wrap(
        lambda attempt: None,
        query=lambda attempt: None,
        close=lambda attempt: None,
        reads=lambda attempt, result: None,
        account="bank/acct_1",
        timeout=2.0,
    )

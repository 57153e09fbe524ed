"""A right configuration file becomes values."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from config_shop import FRONT_DOOR, Shop

from payfallback.config import load
from payfallback.model import Money, Option
from payfallback.policy import Account


def test_the_front_doors_file_loads(shop: Shop) -> None:
    """The file that the documentation shows is read as it stands, once its other channels exist."""
    settings = shop.load()
    baitiao = settings.channels["baitiao"]
    assert settings.autonomy == "switch"
    assert settings.within == 5.0
    assert settings.pay_by == 1800.0
    assert settings.journal.url == "sqlite:////var/lib/shop/payments.db"
    assert (baitiao.account, baitiao.product, baitiao.terms) == ("jd", "baitiao", (12, 6, 0))
    assert (baitiao.timeout, baitiao.max_in_flight, baitiao.number) == (3.0, 40, "{order}{seq:02}")
    assert baitiao.notify_url == "https://shop.example/notify/baitiao"


def test_credentials_stand_in_lists(shop: Shop) -> None:
    """Of the keys the first signs and all verify; a key can end, at a moment that is the same everywhere."""
    jd = shop.load().accounts["jd"]
    assert jd.account == Account(name="jd", provider="jdpay", merchant="110224535")
    assert [key.pem for key in jd.sign] == ["jd_2026 pem"]
    assert [(key.id, key.until) for key in jd.verify] == [
        ("2026", None),
        ("2024", datetime(2026, 12, 30, 16, tzinfo=UTC).timestamp()),
    ]
    assert jd.secrets == ("jd-shared-secret",)


def test_everything_of_an_account(shop: Shop) -> None:
    """An account names its app and environment, another address, several secrets and what only its provider knows."""
    wx = shop.load().accounts["wx"]
    assert (wx.account.app, wx.account.environment) == ("wxd678efh567hjk6h", "sandbox")
    assert wx.base_url == "http://wechat.internal:9100"
    assert wx.sign[0].pem == "wx private pem"
    assert wx.secrets == ("new-v3-key", "old-v3-key")
    assert wx.options == {"goods_tag": "spring"}


def test_everything_of_a_channel(shop: Shop) -> None:
    """A channel's own times, limits, circuit and retries come before the defaults, key by key."""
    wechat = shop.load().channels["wechat"]
    assert (wechat.timeout, wechat.expiry, wechat.max_in_flight) == (2.5, 120.0, 12)
    assert wechat.notify_url == "https://shop.example/special"
    assert (wechat.circuit.failures_in_a_row, wechat.circuit.open_for, wechat.circuit.slow_after) == (3, 60.0, 1.5)
    assert wechat.circuit.failure_rate == 0.5
    assert (wechat.retry.attempts, wechat.first_wait, wechat.longest_wait) == (2, 0.1, 2.0)


def test_labels_and_last(shop: Shop) -> None:
    """A channel has names for the shopper, and can be one after which nothing is tried."""
    channels = shop.load().channels
    assert channels["huabei"].label == {"zh-CN": "花呗", "en": "Huabei"}
    assert channels["card"].last
    assert not channels["huabei"].last


def test_routes_keep_their_order_and_conditions(shop: Shop) -> None:
    """Routes come out as written: options in order, amounts in minor units, moments in seconds."""
    first, small, rest = shop.load().routes
    assert [option.id for option in first.order][:3] == ["baitiao/12", "baitiao/6", "baitiao/full"]
    assert first.always_ask == (Option("baitiao", 0), Option("card"))
    assert (first.when.at_least, first.when.at_most) == (Money(10000, "CNY"), Money(5000000, "CNY"))
    assert (small.when.categories, small.when.regions, small.when.attributes) == (
        ("books",),
        ("CN-SH",),
        {"member": "yes"},
    )
    assert small.when.start == datetime(2025, 12, 31, 16, tzinfo=UTC).timestamp()
    assert small.shop_around_risk
    assert not rest.shop_around_risk


def test_defaults_reach_every_channel(shop: Shop) -> None:
    """What `[defaults]` says holds for each channel that says nothing else."""
    shop.replace(
        "[journal]",
        'timeout = "4s"\nexpiry = "90s"\nlease = "15s"\nmax_attempts = 4\nsurplus_tries = 2\n'
        "circuit = { minimum = 9, open_for = '7s' }\nretry = { attempts = 5, budget = 2.5 }\n[journal]",
    )
    settings = shop.load()
    card, wechat = settings.channels["card"], settings.channels["wechat"]
    assert (card.timeout, card.expiry, card.circuit.minimum, card.retry.attempts) == (4.0, 90.0, 9, 5)
    assert (wechat.circuit.minimum, wechat.circuit.open_for, wechat.retry.attempts) == (9, 60.0, 2)
    assert wechat.retry.budget == 2.5
    assert (settings.lease, settings.max_attempts, settings.surplus_tries) == (15.0, 4, 2)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("250ms", 0.25), ("5s", 5.0), ("1.5s", 1.5), ("30m", 1800.0), ("2h", 7200.0), ("1d", 86400.0)],
)
def test_durations_name_their_unit(shop: Shop, written: str, seconds: float) -> None:
    """A duration is a number with its unit."""
    assert shop.replace('pay_by = "30m"', f'pay_by = "{written}"').load().pay_by == seconds


def test_autonomy_and_share(shop: Shop) -> None:
    """How far it goes by itself, and on which part of the orders, are two keys."""
    shop.replace('autonomy = "switch"', 'autonomy = "offer"\nshare = 0.25')
    settings = shop.load()
    assert (settings.autonomy, settings.share) == ("offer", 0.25)


def test_a_text_is_a_configuration_too(shop: Shop) -> None:
    """`load` reads a text as well as a path; files are then looked up in the working directory."""
    text = 'version = 1\njournal.url = "memory:"\n[accounts.a]\nprovider = "wrap"\nmerchant = "m"\n'
    text += '[channels.card]\naccount = "a"\n[[routes]]\norder = ["card"]\n'
    assert load(text, environ={}).routes[0].name == "route 1"


def test_the_process_environment_is_the_default(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an environment of its own, `load` looks secrets up in the process's."""
    for name, text in shop.environ.items():
        monkeypatch.setenv(name, text)
    shop.file.write_text(shop.text, encoding="utf-8")
    assert load(str(shop.file)).accounts["jd"].secrets == ("jd-shared-secret",)


def test_a_byte_order_mark_does_no_harm(shop: Shop) -> None:
    """Editors on Windows put a mark before the first key, and the file is read all the same."""
    shop.text = "\ufeff" + shop.text
    assert shop.load().autonomy == "switch"


def test_seal_keys_are_one_or_several(shop: Shop) -> None:
    """The journal is sealed with one key, or with the first of several that all open."""
    shop.environ["SEAL"] = "k1"
    shop.environ["OLD"] = "k0"
    url = 'url = "${env:PAYFALLBACK_JOURNAL}"'
    assert shop.replace(url, url + '\nseal = "${env:SEAL}"').load().journal.seal == ("k1",)
    shop.replace('seal = "${env:SEAL}"', 'seal = ["${env:SEAL}", "${env:OLD}"]')
    assert shop.load().journal.seal == ("k1", "k0")


def test_settings_show_no_secret(shop: Shop) -> None:
    """The values of a configuration can be printed without giving a key or a secret away."""
    shown = repr(shop.load())
    for secret in ("jd-shared-secret", "new-v3-key", "jd_2026 pem", "/var/lib/shop"):
        assert secret not in shown


def test_a_relative_file_is_found_beside_the_configuration(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not matter in which directory the shop was started."""
    monkeypatch.chdir(Path("/"))
    assert shop.load().accounts["jd"].sign[0].pem == "jd_2026 pem"


def test_the_front_door_is_quoted_whole() -> None:
    """The file under test is the one that the documentation shows."""
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert FRONT_DOOR.strip() in page

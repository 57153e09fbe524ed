"""`payfallback init` writes a configuration that works against the sandbox as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from payfallback._check import check, explain
from payfallback._clock import SystemClock
from payfallback._config_values import Settings
from payfallback.client import Payments
from payfallback.config import load
from payfallback.errors import ConfigError
from payfallback.model import Money, Order, Qr, Shopper
from payfallback.results import ActionRequired, Paid
from payfallback.testing import starter_config
from payfallback.testing.sandbox import Sandbox
from payfallback.testing.sandbox.registry import ENTRIES


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Both providers on loopback, with their test keys in a folder."""
    with Sandbox(key_dir=tmp_path_factory.mktemp("shop") / "sandbox-keys") as running:
        yield running


@pytest.fixture(scope="module")
def file(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter's text, beside the sandbox's keys."""
    folder = next(tmp_path_factory.getbasetemp().glob("shop*"))
    text = starter_config({"jdpay": sandbox.jdpay_url, "wechatpay": sandbox.wechatpay_url})
    path = folder / "payfallback.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def settings(file: Path) -> Settings:
    """What the starter says."""
    return load(file, environ={})


def test_the_starter_has_nothing_to_mend(settings: Settings) -> None:
    """The first `payfallback check` after `init` finds no problem and warns of nothing."""
    report = check(settings, clock=SystemClock())
    assert (report.problems, report.warnings, report.unchecked) == ((), (), ())
    assert all(route.worst is not None for route in report.routes)


def test_the_starter_keeps_its_journal_beside_itself(settings: Settings, file: Path) -> None:
    """The journal is a file beside the configuration, wherever the shop is started."""
    assert settings.journal.url == f"sqlite:///{file.parent}/payments.db"


def test_the_starter_pays_on_the_web(file: Path, sandbox: Sandbox) -> None:
    """Baitiao in 12 instalments comes back as something to show, and is paid once the shopper has paid it."""
    payments = Payments.from_config(str(file), journal="memory:")
    order = Order("WEB1", Money.of("5999.00", "CNY"), "a phone")
    shown = payments.pay(order, "baitiao/12", consent=["wechat"])
    assert isinstance(shown, ActionRequired)
    assert isinstance(shown.action, Qr)
    assert sandbox.pay("jdpay", shown.number) == "paid"
    assert isinstance(payments.status("WEB1", ask=True), Paid)
    payments.close()


def test_the_starter_pays_in_a_store(file: Path, sandbox: Sandbox) -> None:
    """A payment code is charged at the counter, by the route for stores."""
    payments = Payments.from_config(str(file), journal="memory:")
    shopper = Shopper(inputs={"": {"code": "134567890123456789"}})
    order = Order("STORE1", Money.of("59.00", "CNY"), "tea", attributes={"place": "store"})
    assert explain(payments.policy, order, now=0.0).route == "store"
    assert isinstance(payments.pay(order, "wechat_code", shopper=shopper), Paid)
    assert len(sandbox.captures("STORE1")) == 1
    payments.close()


def test_every_provider_of_the_sandbox_can_be_configured() -> None:
    """Whoever adds a provider to the sandbox adds it to the starter."""
    urls = {name: f"http://127.0.0.1:{entry.port}" for name, entry in ENTRIES.items()}
    text = starter_config(urls)
    for name, url in urls.items():
        assert f'provider = "{name}"' in text
        assert f'base_url = "{url}"' in text


@pytest.mark.parametrize("name", list(ENTRIES))
def test_one_provider_is_enough(tmp_path: Path, name: str) -> None:
    """A starter with a single provider has nothing to mend either."""
    with Sandbox(key_dir=tmp_path / "sandbox-keys") as running:
        (tmp_path / "payfallback.toml").write_text(starter_config({name: running.url(name)}), encoding="utf-8")
    report = check(load(tmp_path / "payfallback.toml", environ={}), clock=SystemClock())
    assert (report.problems, report.warnings) == ((), ())


def test_a_starter_needs_a_provider() -> None:
    """Without any address there is nothing to configure."""
    with pytest.raises(ConfigError, match="no address of a provider"):
        starter_config({"nobody": "http://127.0.0.1:1"})


def test_a_seal_can_be_asked_for() -> None:
    """The starter takes a reference to a key that seals the journal, never the key itself."""
    text = starter_config({"jdpay": "http://127.0.0.1:1", "wechatpay": "http://127.0.0.1:2"}, seal="${file:seal.key}")
    assert 'seal = "${file:seal.key}"' in text

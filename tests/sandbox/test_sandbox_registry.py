"""What holds for every provider of the registry, and what the common parts offer each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sandbox_jd_client import JdMerchant
from sandbox_shop import Shop
from sandbox_wechat_client import WeChatMerchant

from payfallback.testing.sandbox import OPERATIONS, Sandbox, SandboxError
from payfallback.testing.sandbox.bank import Bank, Happening
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Endpoint
from payfallback.testing.sandbox.ledger import Ledger
from payfallback.testing.sandbox.registry import ENTRIES
from payfallback.testing.sandbox.trades import Refund, State, Trade

every_provider = pytest.mark.parametrize("name", list(ENTRIES))


@pytest.fixture
def control(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client of the control server."""
    with httpx.Client(base_url=sandbox.control_url, trust_env=False, verify=False) as client:
        yield client


# ---------------------------------------------------------------- the registry


@every_provider
def test_every_provider_has_a_port_keys_and_words(sandbox: Sandbox, name: str) -> None:
    """A provider of the registry answers on a port of its own, has credentials, and a name in both languages."""
    assert httpx.get(sandbox.url(name), trust_env=False, verify=False).status_code in (400, 401, 404, 405)
    assert sandbox.urls[name] == sandbox.url(name)
    assert all(isinstance(value, str) and value for value in sandbox.credentials[name].values())
    assert ENTRIES[name].words.keys() == {"zh", "en"}


@every_provider
def test_every_provider_takes_faults_by_both_names(sandbox: Sandbox, name: str) -> None:
    """A fault can be asked for by the common name of each of its operations, and by the provider's own."""
    sandbox.fault(name, "refused", for_seconds=60)
    with pytest.raises(httpx.ConnectError):
        httpx.get(sandbox.url(name), trust_env=False, verify=False)
    sandbox.clear(name)
    sandbox.fault(name, "slow:0.01", operation="charge")
    with pytest.raises(SandboxError, match="no operation"):
        sandbox.fault(name, "slow", operation="nonsense")


def test_no_two_providers_are_the_same() -> None:
    """Names and usual ports differ, so that all of them run beside each other, and the control server on 8700."""
    ports = [entry.port for entry in ENTRIES.values()]
    assert len({8700, *ports}) == len(ports) + 1
    assert all(name == entry.name for name, entry in ENTRIES.items())


def test_keys_carry_their_providers_name(tmp_path: Path) -> None:
    """Every file in the folder of keys begins with its provider's name: two providers never share one."""
    with Sandbox(key_dir=tmp_path):
        files = [file.name for file in tmp_path.iterdir()]
    assert all(any(file.startswith(f"{name}_") for file in files) for name in ENTRIES)
    assert not [file for file in files if not file.startswith(tuple(f"{name}_" for name in ENTRIES))]


def test_a_port_for_nobody_is_refused() -> None:
    """A port is given to a provider of the registry, or to the control server."""
    with pytest.raises(SandboxError, match="no provider 'nobody': the sandbox has jdpay"):
        Sandbox(ports={"nobody": 0})


def test_an_address_of_nobody(sandbox: Sandbox) -> None:
    """Asking for the address of what is not there names what is."""
    with pytest.raises(SandboxError, match="wechatpay"):
        sandbox.url("nobody")


# ---------------------------------------------------------------- one ledger, by order


def test_the_page_shows_an_order_over_all_providers(
    sandbox: Sandbox, control: httpx.Client, jd: JdMerchant, wechat: WeChatMerchant
) -> None:
    """One order's numbers stand together whoever was told its name, with what was taken in all, and a mark when two
    payments were kept."""
    jd.qr("A100101")
    wechat.native("A100102", attach="A-1001")
    wechat.native("B200201")
    sandbox.pay("wechatpay", "A100102")
    page = control.get("/", params={"lang": "en"}).text
    groups = page.split("<tbody>")[1:]
    assert ["B200201" in groups[0], "A100101" in groups[1], "A100102" in groups[1]] == [True] * 3
    assert "Order A-1001" in groups[1]
    assert groups[1].count("¥5,999.00") == 6  # asked for twice; taken and held of one number, and in all
    assert "charged more than once" not in page
    jd.code("A100103")
    assert "charged more than once" in control.get("/", params={"lang": "en"}).text
    jd.refund("A100103", 599900)
    assert "charged more than once" not in control.get("/", params={"lang": "en"}).text


# ---------------------------------------------------------------- what the common parts offer


class Told:
    """What a bank tells of."""

    def __init__(self) -> None:
        self.happened: list[str] = []

    def __call__(self, happening: Happening, trade: Trade, refund: Refund | None) -> None:
        """Keep what happened."""
        self.happened.append(happening)


@pytest.fixture
def held() -> tuple[Bank, Trade, Ledger, Told]:
    """A payment of 50.00 dollars that the merchant has only set aside."""
    ledger, told = Ledger(), Told()
    bank = Bank("anybody", ledger, Clock(), told, refusals_are_final=False)
    trade = Trade("anybody", "A100101", 5000, "card", 0.0, 9e9, currency="USD", holds=True)
    bank.open(trade)
    bank.pay(trade, "")
    return bank, trade, ledger, told


def test_money_that_is_set_aside_is_not_captured(held: tuple[Bank, Trade, Ledger, Told]) -> None:
    """After paying nothing stands in the books; taking a part of it captures that part, once."""
    bank, trade, ledger, told = held
    assert (trade.state, ledger.entries(), trade.refundable) == (State.AUTHORIZED, [], 0)
    assert not bank.take(trade, 5001)
    assert bank.take(trade, 3000)
    assert not bank.take(trade, 2000)
    assert [(entry.amount, entry.currency) for entry in ledger.captures()] == [(3000, "USD")]
    assert (trade.state, trade.refundable) == (State.PAID, 3000)
    assert told.happened == ["opened", "authorized", "paid"]


def test_money_that_is_set_aside_can_be_let_go(held: tuple[Bank, Trade, Ledger, Told]) -> None:
    """Closing it moves no money, and it cannot be taken afterwards."""
    bank, trade, ledger, _ = held
    bank.close(trade)
    assert not bank.take(trade, 5000)
    assert (trade.state, ledger.entries()) == (State.CLOSED, [])


def test_what_is_only_created_cannot_be_paid() -> None:
    """A shopper cannot pay what waits for another request of the merchant's."""
    ledger = Ledger()
    bank = Bank("anybody", ledger, Clock(), Told(), refusals_are_final=False)
    trade = bank.open(Trade("anybody", "A100101", 5000, "card", 0.0, 9e9, state=State.CREATED))
    assert bank.shopper_pays("A100101", "").state is State.CREATED
    trade.state = State.OPEN
    assert bank.shopper_pays("A100101", "").state is State.PAID


def test_endpoints_may_share_a_path() -> None:
    """Where a gateway is told the method in its parameters, each endpoint says which requests it is for."""
    pay = Endpoint("pay", "charge", "POST", "/gateway.do", when=lambda query, body: query.get("method") == "pay")
    rest = Endpoint("rest", "query", "POST", "/gateway.do")
    assert [each.is_for({"method": "pay"}, b"") for each in (pay, rest)] == [True, True]
    assert not pay.is_for({"method": "query"}, b"")


def test_the_address_for_notifications_can_be_told_once(sandbox: Sandbox, control: httpx.Client) -> None:
    """Over HTTP as well; only an address of this machine is taken."""
    with Shop() as shop:
        given = {"provider": "jdpay", "mode": "on", "url": shop.url}
        assert control.post("/notifications", json=given).status_code == 200
    with pytest.raises(SandboxError, match="this machine"):
        sandbox.notifications("jdpay", "on", url="https://shop.example/notify")


def test_every_operation_is_known(sandbox: Sandbox) -> None:
    """Whatever a provider's endpoints do has a common name, under which faults are asked for."""
    for name in ENTRIES:
        with pytest.raises(SandboxError, match=", ".join(OPERATIONS)):
            sandbox.fault(name, "slow", operation="nonsense")

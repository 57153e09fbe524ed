"""The sandbox as a thing that is started, stopped, kept and trusted: ports, keys, threads, independence."""

from __future__ import annotations

import ast
import os
import signal
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sandbox_jd_client import JdMerchant
from sandbox_operations import Merchant

import payfallback.testing.sandbox as package
from payfallback.testing.sandbox import Sandbox, SandboxError, UnknownNumber

ALLOWED = {"starlette", "uvicorn", "cryptography", "defusedxml", *sys.stdlib_module_names}
OWN = "payfallback.testing.sandbox"


def imported(file: Path) -> set[str]:
    """The modules that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module or "")
    return names


def test_the_sandbox_shares_no_code_with_what_it_checks() -> None:
    """Every import is the sandbox's own, the standard library's, or a third party's; nothing of payfallback."""
    files = list(Path(package.__file__).parent.rglob("*.py"))
    assert len(files) > 30
    for file in files:
        for name in imported(file):
            own = name == OWN or name.startswith(f"{OWN}.")
            assert own or name.partition(".")[0] in ALLOWED, f"{file.name} imports {name}"


def test_ports_are_open_while_it_runs_and_closed_after(key_dir: Path) -> None:
    """A sandbox stops by itself at the end of its block, and its books can still be read."""
    with Sandbox(key_dir=key_dir) as sandbox, Merchant(sandbox, "jdpay") as merchant:
        merchant.charge("A100101")
        urls = [sandbox.jdpay_url, sandbox.wechatpay_url, sandbox.control_url]
    for url in urls:
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, trust_env=False, verify=False)
    assert len(sandbox.captures("A1001")) == 1
    with pytest.raises(SandboxError, match="not running"):
        sandbox.fault("jdpay", "slow")
    with pytest.raises(SandboxError, match="make a new one"):
        sandbox.start()
    sandbox.stop()


def test_given_ports_are_used_or_named_when_taken(key_dir: Path) -> None:
    """A port that is taken is an error that names it, and nothing is left behind."""
    with Sandbox(key_dir=key_dir) as first:
        port = int(first.jdpay_url.rpartition(":")[2])
        with pytest.raises(SandboxError, match=str(port)), Sandbox(key_dir=key_dir, ports={"control": port}):
            pass
    with Sandbox(key_dir=key_dir, ports={"jdpay": port}) as second:
        assert second.jdpay_url == first.jdpay_url


def test_a_refusing_port_is_kept(sandbox: Sandbox) -> None:
    """While connections are refused nobody else is given the port."""
    port = int(sandbox.jdpay_url.rpartition(":")[2])
    sandbox.fault("jdpay", "refused")
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    sandbox.clear()
    assert httpx.get(sandbox.jdpay_url, trust_env=False, verify=False).status_code == 404


def test_only_loopback() -> None:
    """It cannot be put on an address that others can reach."""
    with pytest.raises(SandboxError, match="loopback"):
        Sandbox(host="0.0.0.0")


def test_before_its_start_it_has_nothing() -> None:
    """Addresses and keys exist once it runs."""
    with pytest.raises(SandboxError, match="not been started"):
        _ = Sandbox().jdpay_url


def test_keys_are_kept_for_the_owner_only(tmp_path: Path) -> None:
    """The next sandbox on the same folder has the same merchants and keys; others cannot read them."""
    folder = tmp_path / "keys"
    with Sandbox(key_dir=folder) as first:
        pass
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert {"jdpay_private_key.pem", "jdpay_provider_public_key.pem", "wechatpay_apiv3_key.txt"} <= files.keys()
    assert set(files.values()) == {0o600}
    with Sandbox(key_dir=str(folder)) as second:
        assert second.credentials == first.credentials
    (folder / "jdpay_private_key.pem").write_text("nonsense")
    with pytest.raises(SandboxError, match="delete it"), Sandbox(key_dir=folder):
        pass


def test_secrets_do_not_show(sandbox: Sandbox) -> None:
    """The repr of credentials names what there is and shows none of it."""
    text = repr(sandbox.credentials)
    assert "private_key" in text
    assert not any(value in text for known in sandbox.credentials.values() for value in known.values())


def test_a_seed_repeats_identifiers(key_dir: Path) -> None:
    """The same requests to a sandbox of the same seed get the same references."""
    refs = []
    for _ in range(2):
        with Sandbox(key_dir=key_dir, seed=7) as sandbox, Merchant(sandbox, "jdpay") as merchant:
            merchant.charge("A100101")
            refs.append(sandbox.captures()[0].provider_ref)
    assert refs[0] == refs[1]


def test_a_number_that_nobody_charged(sandbox: Sandbox) -> None:
    """A shopper cannot pay what does not exist."""
    with pytest.raises(UnknownNumber):
        sandbox.pay("jdpay", "A100101")
    with pytest.raises(SandboxError, match="no provider"):
        sandbox.pay("nobody", "A100101")


@pytest.mark.parametrize("provider", ["jdpay", "wechatpay"])
def test_twenty_threads_charge_one_number_once(sandbox: Sandbox, provider: str) -> None:
    """Twenty clients at once under one number: one capture, and under key_ignored twenty."""

    def charge(number: str) -> None:
        with Merchant(sandbox, provider) as merchant:
            merchant.charge(number)

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(charge, ["ONCE0101"] * 20))
        assert len(sandbox.captures("ONCE0101")) == 1
        sandbox.fault(provider, "key_ignored")
        list(threads.map(charge, ["MANY0101"] * 20))
    assert len(sandbox.captures("MANY0101")) == 20
    assert len(sandbox.requests) == 40


@pytest.mark.parametrize("provider", ["jdpay", "wechatpay"])
def test_twenty_shoppers_pay_one_order_once(sandbox: Sandbox, provider: str) -> None:
    """Twenty threads press Pay while the order is closed and refunds are asked for: the books add up."""
    with Merchant(sandbox, provider) as merchant:
        merchant.open("OPEN0101")
        with ThreadPoolExecutor(20) as threads:
            states = list(threads.map(lambda _: sandbox.pay(provider, "OPEN0101"), range(20)))
        assert states == ["paid"] * 20
        assert len(sandbox.captures("OPEN0101")) == 1


def test_orders_are_found_by_their_numbers(sandbox: Sandbox, jd: JdMerchant) -> None:
    """An order's captures are those of its numbers, order plus two digits, or those that name it."""
    for number, note in (("A101", ""), ("A102", ""), ("A10101", ""), ("Z9", "A1")):
        jd.code(number, note=note)
    assert [entry.number for entry in sandbox.captures("A1")] == ["A101", "A102", "Z9"]
    assert [entry.number for entry in sandbox.captures("A101")] == ["A101", "A10101"]
    assert sandbox.held("Z9") == 599900


SERVE = """
from pathlib import Path
from payfallback.testing.sandbox import Sandbox, serve
serve(Sandbox(key_dir=Path({keys!r})), on_ready=lambda sandbox: print(sandbox.control_url, flush=True))
print("ended", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_runs_until_it_is_told_to_end(key_dir: Path, number: signal.Signals) -> None:
    """A process of its own serves until SIGINT or SIGTERM, and ends in order."""
    command = [sys.executable, "-c", SERVE.format(keys=str(key_dir))]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as run:
        assert run.stdout is not None
        url = run.stdout.readline().strip()
        assert httpx.get(f"{url}/health", trust_env=False, verify=False).json()["ok"] is True
        run.send_signal(number)
        out, err = run.communicate(timeout=20)
    assert (run.returncode, out, err) == (0, "ended\n", "")

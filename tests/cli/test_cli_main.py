"""The entry point itself, and the sandbox as a process."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from cli_desk import Desk, TestShop, spawn

from payfallback.client import Payments
from payfallback.model import Money, Order
from payfallback.results import ActionRequired
from payfallback.testing import starter_config
from payfallback.testing.sandbox.registry import ENTRIES

HEAVY = ("rich", "httpx", "pydantic", "starlette", "uvicorn", "anyio", "cryptography", "pybreaker", "sqlite3")


@pytest.mark.parametrize("words", [(), ("--help",), ("channels", "--help"), ("demo", "-h")])
def test_help_names_every_command(desk: Desk, words: tuple[str, ...]) -> None:
    """Help is printed for the program, for a group and for a command."""
    ended = desk.run(*words)
    assert "Usage: payfallback" in ended.out + ended.err


def test_help_names_the_exit_codes(desk: Desk) -> None:
    """What the exit codes mean can be looked up at the desk."""
    told = desk.run("--help").out
    assert "2 wrong usage or configuration" in told
    assert "4 something needs a person" in " ".join(told.split())


def test_the_version_is_the_packages(desk: Desk) -> None:
    """`--version` prints the installed version."""
    from importlib.metadata import version

    assert desk.run("--version").out == f"{version('payfallback')}\n"


@pytest.mark.parametrize(
    "words", [("nonsense",), ("status", "--nonsense"), ("explain",), ("recover", "--within", "0s")]
)
def test_wrong_usage_is_exit_code_2(desk: Desk, words: tuple[str, ...]) -> None:
    """Whatever the command line cannot understand ends with 2, without a traceback."""
    ended = desk.run(*words)
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_help_loads_nothing_heavy() -> None:
    """Typing `payfallback --help` waits for no HTTP client, database or cipher of ours."""
    code = (
        "import sys, typer\nbefore = {name.partition('.')[0] for name in sys.modules}\n"
        "sys.argv = ['payfallback', '--help']\nfrom payfallback.cli import main\ncode = main()\n"
        "print(code, sorted({name.partition('.')[0] for name in sys.modules} - before))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    code_and_modules = ended.stdout.splitlines()[-1]
    assert code_and_modules.startswith("0 ")
    assert [name for name in HEAVY if f"'{name}'" in code_and_modules] == []


@pytest.mark.parametrize(
    ("missing", "words", "extra"),
    [("typer", ["status"], "cli"), ("rich", ["check"], "cli"), ("starlette", ["sandbox"], "sandbox")],
)
def test_a_missing_extra_is_named(tmp_path: Path, cli_keys: Path, missing: str, words: list[str], extra: str) -> None:
    """Without an extra's packages the one line says what to install, and the exit code is 2."""
    shutil.copytree(cli_keys, tmp_path / "sandbox-keys")
    urls = {"jdpay": "http://127.0.0.1:1", "wechatpay": "http://127.0.0.1:2"}
    (tmp_path / "payfallback.toml").write_text(starter_config(urls), encoding="utf-8")
    code = (
        f"import sys; sys.modules[{missing!r}] = None; sys.argv = ['payfallback', *{words!r}]\n"
        "from payfallback.cli import main; sys.exit(main())"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ended.returncode == 2
    assert f"pip install 'payfallback[{extra}]'" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_reader_that_has_seen_enough_is_no_error(shop: TestShop, tmp_path: Path) -> None:
    """`payfallback open | head -1` ends quietly."""
    for place in range(3):
        shop.on_the_web(f"WEB{place}")
    script = f"{sys.executable} -m payfallback.cli schema | true; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


# ---------------------------------------------------------------- sandbox


def test_the_sandbox_serves_a_shop_until_ctrl_c(tmp_path: Path) -> None:
    """`sandbox --write-config` starts both providers and writes a configuration with which one can pay at once."""
    running = spawn(
        "sandbox", "--free-ports", "--key-dir", "keys", "--write-config", "shop.toml", "--json", folder=tmp_path
    )
    assert running.stdout is not None
    told = json.loads(running.stdout.readline())
    with Payments.from_config(str(tmp_path / "shop.toml"), journal="memory:") as payments:
        shown = payments.pay(Order("WEB1", Money.of("5999.00", "CNY"), "a phone"), "baitiao/12")
    assert isinstance(shown, ActionRequired)
    request = urllib.request.Request(
        f"{told['control_url']}/pay", json.dumps({"provider": "jdpay", "number": shown.number}).encode()
    )
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["state"] == "paid"
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (0, "")


def test_the_sandbox_says_how_to_use_it(tmp_path: Path) -> None:
    """For people it prints where everything is, and how to break it."""
    running = spawn("sandbox", "--free-ports", "--write-config", "shop.toml", folder=tmp_path)
    assert running.stdout is not None
    told = {line[:12].strip(): line for line in (running.stdout.readline() for _ in range(7 + len(ENTRIES)))}
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=20)
    assert running.returncode == 0
    assert {"control", "test keys", "wrote", "break it", "mend it", "Ctrl-C ends"} <= told.keys()
    assert all(f"{entry.words['en']:<13}http://127.0.0.1:" in told[entry.words["en"]] for entry in ENTRIES.values())
    assert "reply_lost" in told[""]
    assert max(map(len, told.values())) <= 81


def test_the_sandbox_of_init_answers_where_init_said(desk: Desk) -> None:
    """The ports that `init` writes are the sandbox's own default ports."""
    desk.run("init")
    text = Path("payfallback.toml").read_text(encoding="utf-8")
    told = " ".join(desk.run("sandbox", "--help").out.split())
    assert "control 8700" in told
    for name, entry in ENTRIES.items():
        assert f"http://127.0.0.1:{entry.port}" in text
        assert f"{name} {entry.port}" in told


def test_a_taken_port_is_one_line(desk: Desk, shop: TestShop) -> None:
    """A port in use is exit code 2 and says which."""
    port = shop.sandbox.jdpay_url.rpartition(":")[2]
    ended = desk.run("sandbox", "--free-ports", "--port", f"jdpay={port}")
    assert ended.code == 2
    assert f"cannot use port {port}" in ended.err


@pytest.mark.parametrize("port", ["jdpay", "jdpay=x", "jdpay=70000", "nobody=1"])
def test_a_port_is_named(desk: Desk, port: str) -> None:
    """A port that cannot be understood is wrong usage, before anything starts."""
    ended = desk.run("sandbox", "--free-ports", "--port", port)
    assert ended.code == 2
    assert port.partition("=")[0] in ended.err


def test_the_sandbox_never_replaces_a_configuration(desk: Desk, shop: TestShop) -> None:
    """`--write-config` onto a file that is there is refused before anything starts."""
    ended = desk.run("sandbox", "--write-config", "payfallback.toml")
    assert ended.code == 2
    assert "is there already" in ended.err

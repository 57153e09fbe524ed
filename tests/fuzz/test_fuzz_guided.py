"""libFuzzer, guided by coverage, at every reader; where atheris has a wheel (Linux on x86-64)."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from platform import machine

import pytest

from payfallback.testing import starter_config
from payfallback.testing.sandbox import Sandbox

SCRIPT = Path(__file__).with_name("guided_readers.py")
HERE = (
    sys.platform == "linux" and sys.version_info < (3, 14) and machine() == "x86_64"
)  # the dev extra installs atheris there
RUNS = 30_000


@pytest.mark.skipif(find_spec("atheris") is None and not HERE, reason="atheris has no wheel for this machine")
def test_no_input_breaks_a_reader_or_is_believed(tmp_path: Path) -> None:
    """Tens of thousands of inputs that look for new paths through every adapter: none raises, none is believed."""
    with Sandbox(key_dir=tmp_path / "keys") as sandbox:
        text = starter_config(sandbox.urls, str(tmp_path / "keys"), journal_url="memory:")
    config = tmp_path / "payfallback.toml"
    config.write_text(text, encoding="utf-8")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate((b'{"code":"SUCCESS"}', b"<jdpay><result/></jdpay>", b"respCode=00&signature=x")):
        for place in range(8):
            (corpus / f"{number}-{place}").write_bytes(bytes([place, 0, 0]) + seed)
    environ = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE")}
    limits = [f"-runs={RUNS}", "-max_total_time=45", "-max_len=4096", "-rss_limit_mb=1024", "-timeout=10"]
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), str(config), str(corpus), *limits, f"-artifact_prefix={tmp_path}/"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "Done " in ended.stderr

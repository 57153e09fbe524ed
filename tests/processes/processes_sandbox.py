"""A process with a sandbox: prints where it is, and lives until its standard input ends."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from payfallback.testing.sandbox import Sandbox


def main(key_dir: str) -> None:
    """Serve both providers."""
    with Sandbox(key_dir=Path(key_dir)) as sandbox:
        urls = {
            "jdpay_url": sandbox.jdpay_url,
            "wechatpay_url": sandbox.wechatpay_url,
            "control_url": sandbox.control_url,
        }
        print(json.dumps(urls), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])

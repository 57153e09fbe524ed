"""A client that shares its health and forks: argv is the server's address and a prefix."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from sharing_shops import Shop, until

warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)  # that is what is tried here


def main() -> int:
    """What the parent finds out reaches the child, and the other way round."""
    with Shop(sys.argv[1], sys.argv[2]) as shop:
        shop.pay()
        shop.looks()
        child = os.fork()
        if child == 0:
            shop.pay()
            until(lambda: shop.state == "open")
            print("the child heard" if shop.pay() == ["wechat"] and not shop.told else shop.heard, flush=True)
            shop.payments._built.shared.gate.rejoin("baitiao")  # alone: nobody is told
            shop.down = True
            shop.pay()
            shop.pay()
            shop.looks()
            shop.payments.close()
            sys.exit(0)
        shop.down = True
        shop.pay()
        shop.pay()
        shop.looks()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        openings = shop.health.heard.circuits
        shop.looks()
        told = {word.worker for word in shop.health.heard.circuits.values()}
        ours = shop.payments._built.shared.sharing
        assert openings
        assert ours is not None
        print("the parent heard" if told - {ours._following.worker} and not shop.told else told)
    return 0


if __name__ == "__main__":
    sys.exit(main())

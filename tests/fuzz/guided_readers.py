"""Coverage-guided fuzzing of every provider's reader and notification door, with atheris (libFuzzer).

    python tests/fuzz/guided_readers.py CONFIG_FILE -max_total_time=60

The first three bytes choose provider, operation and status; the rest is the body. It ends with the first input that
makes a reader raise, or that is believed although nobody signed it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["payfallback"]):
    import payfallback as pf
    from payfallback._assemble import assemble
    from payfallback._assemble.accounts import SHIPPED
    from payfallback._clock import SystemClock
    from payfallback.config import load
    from payfallback.ports import HttpResponse, Kind, Operation

    for module, _ in SHIPPED.values():
        import_module(module)

KINDS = (Kind.CHARGE, Kind.QUERY, Kind.CLOSE, Kind.REFUND, Kind.QUERY_REFUND)
STATUSES = (200, 202, 204, 400, 401, 404, 429, 500, 503)
NOTHING = {pf.Verdict.UNKNOWN, pf.Verdict.NOT_FOUND}
AMOUNT = pf.Money(12800, "CNY")


class Believed(Exception):
    """A reader took bytes that nobody signed for proof."""


def doors(config: str) -> list[tuple[str, Any, str, pf.Option]]:
    """A provider, a product and an option of each channel of a configuration."""
    whole = assemble(load(config), clock=SystemClock())
    return [
        (channel.account.provider, whole.providers[channel.account.name], channel.product, channel.options[0])
        for channel in whole.policy.channels.values()
    ]


def one_input(data: bytes, ways: list[tuple[str, Any, str, pf.Option]]) -> None:
    """Read it as an answer and as a notification."""
    if len(data) < 3:
        return
    name, provider, product, option = ways[data[0] % len(ways)]
    kind, status, body = KINDS[data[1] % len(KINDS)], STATUSES[data[2] % len(STATUSES)], data[3:]
    asked = Operation(kind, "A1", "A10001", AMOUNT, option, product=product, refund_number="A10001R1")
    answer = provider.read(asked, HttpResponse(status=status, headers={}, body=body))
    if name != "stripe" and answer.verdict not in NOTHING and answer.action is None:
        raise Believed(f"{name} {kind.value} {status}: {answer}")
    try:
        notice = provider.notification({"content-type": "application/json"}, body, "")
    except pf.NotAuthentic:
        return
    raise Believed(f"{name}: {notice}")


def main() -> None:
    """Fuzz until libFuzzer's own arguments say that it is enough."""
    config = Path(sys.argv.pop(1))
    ways = doors(str(config))
    atheris.Setup(sys.argv, lambda data: one_input(data, ways))
    atheris.Fuzz()


if __name__ == "__main__":
    main()

"""The same orders, paid by two processes at the same moment: a double click that a load balancer sent to both."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from typing import Any

import pytest
from processes_audit import Audit
from processes_town import HERE, Town

ORDERS = 50
WAYS = {
    "the same payment code": ("wechat_code", "wechat_code", "paid"),
    "payment codes of two providers": ("wechat_code", "baitiao_code", "paid"),
    "the same QR code": ("wechat", "wechat", "action_required"),
    "QR codes of two providers": ("wechat", "baitiao/full", "action_required"),
}


def race(town: Town, *choices: str, consent: str = "") -> dict[str, list[dict[str, Any]]]:
    """Let one process for each choice pay every order; what they were told, by order."""
    racers = []
    for name, choice in enumerate(choices):
        given = (str(town.config), str(town.diary.path), str(name), choice, consent, str(ORDERS))
        script = [sys.executable, str(HERE / "processes_racer.py"), *given]
        racers.append(subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.close()
    for racer in racers:
        assert racer.wait(timeout=60.0) == 0
        racer.stdout.close()  # type: ignore[union-attr]  # it is a pipe, as asserted above
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in town.diary.lines("told"):
        told[line["order"]].append(line)
    return told


def at_once(told: dict[str, list[dict[str, Any]]]) -> int:
    """How many orders both were in the middle of at one moment."""
    return sum(max(line["began"] for line in two) < min(line["ended"] for line in two) for two in told.values())


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_both_are_told_the_same(town: Town, way: str) -> None:
    """Of two processes that pay an order at once, on one channel or on two, one charges it; both are told the same."""
    one, two, status = WAYS[way]
    for provider in ("jdpay", "wechatpay"):
        town.control.fault(provider, "slow:0.02", "charge")
    told = race(town, one, two)
    audit = Audit(town)
    assert len(told) == ORDERS
    assert at_once(told) > ORDERS / 5
    assert {order: {(line["told"], line["number"][:-2]) for line in both} for order, both in told.items()} == {
        order: {(status, order)} for order in told
    }
    assert all(len({line["number"] for line in both}) == 1 for both in told.values())
    charges = Counter(line["number"][:-2] for line in audit.requests if line["operation"] == "charge")
    assert charges == Counter(told.keys())
    assert len(audit.held()) == (ORDERS if status == "paid" else 0)
    assert audit.promises(settled=False) == []


@pytest.mark.slow
def test_falling_back_together(town: Town) -> None:
    """While WeChat Pay answers nothing, both processes' shoppers agreed to JD: each order changes over,
    and is charged once there."""
    town.control.fault("wechatpay", "reply_lost", "charge")
    told = race(town, "wechat", "wechat", consent="baitiao/full")
    audit = Audit(town)
    assert {line["told"] for both in told.values() for line in both} == {"action_required"}
    assert all(len({line["number"] for line in both}) == 1 for both in told.values())
    sent = [line for line in audit.requests if line["operation"] == "charge"]
    charges = Counter((line["number"][:-2], line["provider"]) for line in sent)
    assert set(charges.values()) == {1}
    assert {order for order, provider in charges if provider == "jdpay"} == set(told)
    assert any(provider == "wechatpay" for _, provider in charges)  # until their circuits open
    assert audit.promises(settled=False) == []

"""A reader is the shop's own code: what is wrong with an answer that it made up is said in words."""

from __future__ import annotations

from typing import Any

import pytest
from core_world import ORDER, QR, Scripted, client, order

import payfallback as pf
from payfallback._core.operations import Kind, Plan
from payfallback.testing import VirtualClock

FLAWS: dict[str, tuple[dict[str, Any], str]] = {
    "verdict": ({"verdict": "captured"}, "a verdict that is no pf.Verdict"),
    "cause": ({"cause": "declined"}, "a cause that is no pf.Cause"),
    "amount": ({"amount": 59}, "amount=int: give pf.Money"),
    "limit": ({"limit": 59}, "limit=int: give pf.Money"),
    "plans, a list": ({"plans": [Plan(terms=3)]}, "plans that are no tuple of pf.Plan"),
    "plans, of numbers": ({"plans": (3, 6)}, "plans that are no tuple of pf.Plan"),
    "text": ({"text": 5}, "text=int: give a str"),
    "the last text": ({"network": None}, "network=NoneType: give a str"),
    "the first time": ({"provider_time": "now"}, "provider_time=str: give seconds"),
    "a later time": ({"paid_at": "now"}, "paid_at=str: give seconds"),
    "the last time": ({"retry_after": "1"}, "retry_after=str: give seconds"),
    "all times": (dict.fromkeys(("provider_time", "paid_at", "retry_after"), "now"), "provider_time=str: give seconds"),
    "two times": (dict.fromkeys(("provider_time", "paid_at"), "now"), "provider_time=str: give seconds"),
    "action": ({"action": "https://pay.example/1"}, "action=str: give pf.Qr, pf.Redirect, pf.Form ..."),
    "action, with a time": ({"action": "url", "paid_at": 1.0}, "action=str: give pf.Qr, pf.Redirect, pf.Form ..."),
}
SOUND: dict[str, dict[str, Any]] = {
    "nothing": {},
    "plans": {"plans": (Plan(terms=3), Plan(terms=6))},
    "times": {"provider_time": 1.0, "paid_at": 2, "retry_after": 0.5},
    "an action": {"action": QR},
}


def read(**answered: Any) -> str:
    """What a charge's answer is told as."""
    clock = VirtualClock()
    only = Scripted("only", close=True).on(Kind.CHARGE, pf.Answer(**{"verdict": pf.Verdict.PENDING, **answered}))
    payments = client({"a": only}, clock)
    payments.pay(order(), "a", within=0.5)
    return " ".join(line.text for line in payments.trace(ORDER).lines)


@pytest.mark.parametrize(("answered", "words"), FLAWS.values(), ids=FLAWS.keys())
def test_a_flawed_answer_is_told_by_its_field(answered: dict[str, Any], words: str) -> None:
    """The trace names the field, what was found there, and what to give instead."""
    assert f"the reader's Answer has {words}" in read(**answered)


@pytest.mark.parametrize("answered", SOUND.values(), ids=SOUND.keys())
def test_a_sound_answer_is_taken_as_it_is(answered: dict[str, Any]) -> None:
    """Plans, times in whole or broken seconds and each kind of action are no flaw."""
    assert "the reader's Answer" not in read(**answered)

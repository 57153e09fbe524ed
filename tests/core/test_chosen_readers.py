"""A reader is the shop's own code: what is wrong with an answer that it made up is said in words."""

from __future__ import annotations

import math
from typing import Any, cast

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
    "no time": ({"paid_at": True}, "paid_at=bool: give seconds"),
    "a time that never comes": ({"paid_at": math.inf}, "paid_at=float: give seconds"),
    "milliseconds": ({"paid_at": 1.8e12}, "paid_at=float: give seconds"),
    "far before": ({"paid_at": -1.8e12}, "paid_at=float: give seconds"),
    "half a character": ({"text": "\ud800"}, "half a character (a lone surrogate) in one of its texts"),
    "memo of numbers": ({"memo": {"a": 1}}, "a memo that is no table of texts"),
    "memo by numbers": ({"memo": {1: "a"}}, "a memo that is no table of texts"),
    "no code": ({"action": pf.Qr(cast(Any, None))}, "Qr.code=NoneType: give a str"),
    "no url": ({"action": pf.Redirect(cast(Any, None))}, "Redirect.url=NoneType: give a str"),
    "no secret": ({"action": pf.ClientSecret(cast(Any, 5))}, "ClientSecret.secret=int: give a str"),
    "fields": ({"action": pf.Form("https://a", {"a": cast(Any, 1)})}, "Form.fields that are no table of texts"),
    "params": ({"action": pf.AppParams({"a": cast(Any, 1)})}, "AppParams.params that are no table of texts"),
    "action": ({"action": "https://pay.example/1"}, "action=str: give pf.Qr, pf.Redirect, pf.Form ..."),
    "action, with a time": ({"action": "url", "paid_at": 1.0}, "action=str: give pf.Qr, pf.Redirect, pf.Form ..."),
}
SOUND: dict[str, dict[str, Any]] = {
    "nothing": {},
    "plans": {"plans": (Plan(terms=3), Plan(terms=6))},
    "times": {"provider_time": 1.0, "paid_at": 2, "retry_after": 0.5},
    "a name in Chinese": {"text": "京东"},
    "a memo": {"memo": {"a": "b"}},
    "a code": {"action": QR},
    "a page": {"action": pf.Redirect("https://a")},
    "a form": {"action": pf.Form("https://a", {"a": "b"})},
    "a secret": {"action": pf.ClientSecret("s")},
    "parameters": {"action": pf.AppParams({"a": "b"})},
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

"""A code that nobody lists is told once, with what to do, and counted; the payment is asked about."""

from __future__ import annotations

import json
import os
import sys
import warnings
from typing import Any

import pytest
import wechatpay_counterpart as wx
from faulty_server import Request, Response, serving
from over_http import RealClock

import payfallback as pf
from payfallback.providers.wrap import Wrapped, wrap
from shifted_clock import Shifted

NEWS = "provider.unlisted_code"


class Heard:
    """An observer that keeps what is told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def __call__(self, event: str, /, **fields: Any) -> None:
        """Keep the news."""
        if event == NEWS:
            self.told.append(fields)


def odd(*codes: str) -> Wrapped:
    """A wrapped SDK that answers each charge with the next code, and each question with `ORDER_NOT_EXIST`."""
    left = list(codes)

    def charge(attempt: Any) -> Any:
        return 400, json.dumps({"code": left.pop(0) if len(left) > 1 else left[0]})

    return wrap(
        charge,
        query=lambda attempt: (404, json.dumps({"code": "ORDER_NOT_EXIST"})),
        close=lambda attempt: (204, ""),
        reads="wechatpay",
        account="wechatpay/m-1",
    )


def pay(payments: pf.Payments, *ids: str) -> list[pf.Result]:
    """Pay some orders, one after the other."""
    return [payments.pay(pf.Order(each, pf.Money.of("12.50", "CNY"))) for each in ids]


def settings(provider: Any, **channel: Any) -> dict[str, Any]:
    """One channel, which is the last one of its route; waiting costs no time."""
    clock = Shifted()
    shop = pf.channels({"wx": provider}, channel={"wx": {"last": True, **channel}}, within=5.0)
    return {**shop, "clock": clock, "sleep": clock.sleep}


def test_told_once_with_what_to_do() -> None:
    """Each code of each operation, once; the result is not known, and never "not paid"."""
    heard = Heard()
    with pf.Payments(**settings(odd("NEW_A", "NEW_A", "NEW_B")), observer=heard) as payments:
        results = pay(payments, "A1", "A2", "A3", "A4")
    assert all(isinstance(each, pf.Pending) for each in results)
    assert [(each["channel"], each["operation"], each["code"]) for each in heard.told] == [
        ("wx", "charge", "NEW_A"),
        ("wx", "charge", "NEW_B"),
    ]
    assert heard.told[0]["order_id"] == "A1"
    assert "asked about" in heard.told[0]["hint"]


def test_the_hint_names_the_account_of_the_file() -> None:
    """For a shipped adapter, over HTTP: where a row of the merchant's own would stand."""
    body = json.dumps({"code": "BRAND_NEW", "message": "订单异常"}).encode()

    def reply(_: Request) -> Response:
        return Response(400, body, wx.stamped(body, at=RealClock().epoch()))

    heard = Heard()
    with serving(reply) as server:
        adapter = wx.wechatpay(RealClock(), base_url=server.url)  # type: ignore[arg-type]  # any clock will do
        given = settings(adapter, product="native", notify_url="https://shop.example/n")
        with pf.Payments(**given, observer=heard) as payments:
            pay(payments, "A10001")
    assert {(each["operation"], each["code"]) for each in heard.told} >= {("charge", "BRAND_NEW")}
    assert len(heard.told) == len({(each["operation"], each["code"]) for each in heard.told})
    assert "[[accounts.wx.codes]]" in heard.told[0]["hint"]


def test_a_listed_code_is_no_news() -> None:
    """Nor is one in the other spelling."""
    heard = Heard()
    with pf.Payments(**settings(odd("TRADEERROR", "TRADE_ERROR")), observer=heard) as payments:
        pay(payments, "A1", "A2")
    assert heard.told == []


def test_news_are_bounded() -> None:
    """A provider that makes up a code for each order fills no memory and no log for ever."""
    from payfallback._runtime.unlisted import MOST, Unlisted

    heard, provider = Heard(), odd("NEW")
    news = Unlisted(heard)
    for place in range(MOST + 50):
        news.met("wx", provider, "charge", f"NEW_{place}")
    assert len(heard.told) == MOST


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_worker_tells_its_own_news() -> None:
    """After a fork everything is news again: the parent's log may be another one."""
    heard = Heard()
    given = settings(odd("NEW_A"))
    with pf.Payments(**given, observer=heard) as payments:
        pay(payments, "A1")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # threads and fork: that is the point
            child = os.fork()
        if child == 0:
            pay(payments, "A2")
            os._exit(0 if len(heard.told) == 2 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(heard.told) == 1

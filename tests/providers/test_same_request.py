"""Under one number the same request is sent again, or none: what an attempt's first request was made of is kept."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alipay_sandboxed import adapter_for

import payfallback as pf
from payfallback._core.events import Planned
from payfallback.journal.memory import MemoryJournal
from payfallback.storage import Stored
from payfallback.testing import VirtualClock
from payfallback.testing.sandbox import Sandbox

CODE, OTHER_CODE = "280000000000000009", "280000000000000008"
KEY = b"a key of the shop's own"
AMOUNT = pf.Money.of("59.90", "CNY")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for each test."""
    with Sandbox() as running:
        yield running


class Till:
    """A shop that takes Alipay payment codes, in virtual time; its first charge gets no answer that proves anything."""

    def __init__(self, sandbox: Sandbox, key: bytes) -> None:
        self.clock = VirtualClock(time.time())
        self.journal = MemoryJournal(self.clock)
        self.heard: list[str] = []
        self._sandbox = sandbox
        adapter = adapter_for(sandbox)
        channel = pf.Channel(
            name="alipay", account=adapter.account, capabilities=adapter.capabilities("code"), product="code", last=True
        )
        route = pf.Route(name="all", order=(pf.Option("alipay"),))
        self.payments = pf.Payments(
            pf.Policy(channels={"alipay": channel}, routes=(route,)),
            {"alipay": adapter},
            self.journal,
            clock=self.clock,
            sleep=self.clock.sleep,
            backoff=lambda channel, resend: 3.6,
            observer=lambda event, **fields: self.heard.append(event),
            ref_key=key,
        )

    def pay(self, code: str, *, title: str = "tea", within: float) -> pf.Result:
        """The cashier scans a code."""
        shopper = pf.Shopper(inputs={"alipay": {"code": code}})
        return self.payments.pay(pf.Order("T1001", AMOUNT, title), "alipay", shopper=shopper, within=within)

    def charges(self) -> int:
        """How many charges Alipay was sent."""
        return sum(each.operation == "charge" for each in self._sandbox.requests)

    def memo(self) -> dict[str, str]:
        """What the journal keeps with the attempt."""
        stored: list[Stored] = []
        self.journal.load("|T1001", stored.append)
        (planned,) = [event for event in stored[0].events if type(event) is Planned]
        return dict(planned.memo)


@contextmanager
def left_open(sandbox: Sandbox, key: bytes = KEY) -> Iterator[Till]:
    """An order whose charge was refused with a 503, and which the caller could not wait for."""
    sandbox.fault("alipay", "http_503", operation="charge", times=1)
    till = Till(sandbox, key)
    with till.payments:
        assert isinstance(till.pay(CODE, within=4.0), pf.Pending)
        assert till.charges() == 1
        yield till


def test_the_same_request_is_sent_again(sandbox: Sandbox) -> None:
    """The same code again, once Alipay does not know the number: the same charge is made again and paid."""
    with left_open(sandbox) as till:
        assert isinstance(till.pay(CODE, within=20.0), pf.Paid)
        assert till.charges() == 2
    assert len(sandbox.captures("T100101")) == 1


@pytest.mark.parametrize(("key", "code", "title"), [(KEY, OTHER_CODE, "tea"), (KEY, CODE, "cake"), (b"", CODE, "cake")])
def test_another_request_under_the_same_number_is_never_sent(
    sandbox: Sandbox, key: bytes, code: str, title: str
) -> None:
    """Another payment code or another title would be another request: it is not sent, and the observer hears it."""
    with left_open(sandbox, key) as till:
        assert isinstance(till.pay(code, title=title, within=20.0), pf.Pending)
        assert till.charges() == 1
    assert till.heard.count("attempt.resend_refused") == 1


@pytest.mark.parametrize(("key", "form"), [(KEY, "k:[0-9a-f]{16}"), (b"", "p:[0-9a-f]{16}")])
def test_nothing_of_the_shopper_is_kept(sandbox: Sandbox, key: bytes, form: str) -> None:
    """What is kept of the request is a short fingerprint, which says whether the shop's own key went into it."""
    with left_open(sandbox, key) as till:
        memo = till.memo()
    assert re.fullmatch(form, memo["payfallback.body"])
    assert CODE not in repr(memo)

"""Bytes that no provider sent, at every reader and every notification door: nothing breaks, and nothing is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from contract_around import Around
from contract_world import WAYS, Shop, Way
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import payfallback as pf
from payfallback._values import changed
from payfallback.ports import HttpResponse, Kind, Operation, Wire
from sandbox_time import SandboxTime

ONE_EACH = list({way.provider: way for way in WAYS}.values())
SIGNED = [way for way in ONE_EACH if way.provider != "stripe"]  # Stripe answers without a signature, over TLS
NOTHING = {pf.Verdict.UNKNOWN, pf.Verdict.NOT_FOUND}
DEEP = 50_000
LAUGHS = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
HOSTILE = {
    "empty": b"",
    "nothing but zeros": b"\0" * 4096,
    "two megabytes": b"a" * (2 << 20),
    "deep lists": b"[" * DEEP,
    "deep objects": b'{"a":' * DEEP,
    "deep elements": b"<a>" * DEEP,
    "a billion laughs": f'<?xml version="1.0"?><!DOCTYPE j [<!ENTITY a0 "ha">{LAUGHS}]><j>&a9;</j>'.encode(),
    "a file of ours": b'<!DOCTYPE j [<!ENTITY x SYSTEM "file:///etc/passwd">]><jdpay><result>&x;</result></jdpay>',
    "names twice": b'{"code":"SUCCESS","code":"FAIL","trade_state":"SUCCESS","trade_state":"SUCCESS"}',
    "fields twice": b"respCode=00&respCode=00&origRespCode=00&signature=x&signature=y",
    "another charset": '{"trade_state":"SUCCESS","商户":"号"}'.encode("gbk"),
    "sixteen bits": '{"trade_state":"SUCCESS"}'.encode("utf-16"),
    "seven bits": b"+AHsAIgB0AHIAYQBkAGU-",
    "a huge number": b'{"total":' + b"9" * 10_000 + b"}",
    "not a number": b'{"total":NaN,"amount":Infinity,"trade_state":"SUCCESS"}',
    "lone surrogates": b'{"trade_state":"\\ud800SUCCESS"}',
    "a web page": b"<html><body>502 Bad Gateway</body></html>",
}
KINDS = (Kind.CHARGE, Kind.QUERY, Kind.CLOSE, Kind.REFUND, Kind.QUERY_REFUND)


class Recording(Around):
    """An adapter that keeps what it was asked to read, and what that proved."""

    def __init__(self, provider: Wire) -> None:
        super().__init__(provider)
        self.read_of: list[tuple[Operation, HttpResponse, pf.Answer]] = []

    def read(self, operation: Operation, response: HttpResponse) -> pf.Answer:
        """Read it, and keep it."""
        answer = super().read(operation, response)
        self.read_of.append((operation, response, answer))
        return answer


@pytest.fixture
def recorded(shop: Shop, request: pytest.FixtureRequest) -> Recording:
    """Real answers of a provider to a payment, a question and a refund."""
    way: Way = request.param
    mine = shop.payments._built
    recording = Recording(mine.providers[way.channel])  # type: ignore[arg-type]  # all of the sandbox's are Wire
    providers: dict[str, Any] = {**mine.providers, way.channel: recording}
    time = SandboxTime(shop.sandbox)
    with pf.Payments(shop.payments.policy, providers, clock=time, sleep=time.sleep) as payments:
        order, told = Shop(shop.sandbox, payments).pay(way)
        if isinstance(told, pf.ActionRequired):
            shop.shopper_pays(told)
        payments.status(order.id, ask=True)
        payments.refund(order.id, "r-1")
    return recording


def operation(way: Way, kind: Kind) -> Operation:
    """A request as the library would make it."""
    option = pf.Option.parse(way.option)
    amount = pf.Money(12800, "CNY")
    return Operation(kind, "A1", "A10001", amount, option, refund_number="A10001R1", refund_amount=amount)


@pytest.mark.parametrize("status", [200, 400, 401, 404, 500])
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("way", SIGNED, ids=lambda way: way.provider)
def test_hostile_answers_prove_nothing(shop: Shop, way: Way, name: str, status: int) -> None:
    """Too large, too deep, laden with entities, in another charset: read in no time, and believed in nothing."""
    provider: Any = shop.payments._built.providers[way.channel]
    product = shop.payments.policy.channels[way.channel].product
    for kind in KINDS:
        asked = changed(operation(way, kind), product=product)
        answer = provider.read(asked, HttpResponse(status=status, headers={}, body=HOSTILE[name]))
        assert answer.verdict in NOTHING or answer.action is not None  # a page is made here, and moves nothing


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("way", ONE_EACH, ids=lambda way: way.provider)
def test_hostile_notifications_are_refused(shop: Shop, way: Way, name: str) -> None:
    """Whatever is posted to the notification address, it is answered, not taken, and raises nothing."""
    ack = shop.payments.notify(way.channel, {"Content-Type": "application/json"}, HOSTILE[name], query="a=b&a=c")
    assert not ack.handled
    assert ack.order_id is None


@pytest.mark.parametrize("recorded", SIGNED, ids=lambda way: way.provider, indirect=True)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_answer_is_not_believed(recorded: Recording, data: st.DataObject) -> None:
    """One byte more, less or other in a real answer: it proves nothing, or exactly what it proved before."""
    asked, response, proved = data.draw(st.sampled_from(recorded.read_of))
    body = bytearray(response.body)
    place = data.draw(st.integers(0, max(0, len(body) - 1)))
    how = data.draw(st.sampled_from(["flip", "drop", "add", "cut", "double"]))
    if how == "flip" and body:
        body[place] ^= data.draw(st.integers(1, 255))
    elif how == "drop":
        del body[place : place + data.draw(st.integers(1, 8))]
    elif how == "add":
        body[place:place] = data.draw(st.binary(min_size=1, max_size=8))
    elif how == "cut":
        del body[place:]
    else:
        body *= 2
    answer = recorded.inner.read(asked, changed(response, body=bytes(body)))
    same = (answer.verdict, answer.amount, answer.number) == (proved.verdict, proved.amount, proved.number)
    assert same or answer.verdict in NOTHING or answer.action is not None


@pytest.mark.parametrize("recorded", SIGNED, ids=lambda way: way.provider, indirect=True)
def test_an_answer_to_another_question_is_not_evidence_of_this_one(recorded: Recording) -> None:
    """A real, signed answer about another number is never taken for this attempt's."""
    for asked, response, _ in recorded.read_of:
        if asked.kind not in (Kind.QUERY, Kind.CHARGE):
            continue
        other = changed(asked, number="OTHER00001")
        answer = recorded.inner.read(other, response)
        speaks = answer.verdict in (pf.Verdict.CAPTURED, pf.Verdict.REFUNDED, pf.Verdict.CLOSED)
        assert not speaks or answer.number != other.number, json.dumps(str(answer))

"""Alipay's older door, `gateway.do`: everything in parameters, one of which names the operation; RSA2 over all of them.

Answers are `{"<method>_response":{...},"sign":"..."}`, signed over the very text of the inner object. Requests that a
shopper's browser brings are answered with a page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from payfallback.testing.sandbox.alipay import fields, signing
from payfallback.testing.sandbox.alipay.codes import GATEWAY, ApiError
from payfallback.testing.sandbox.alipay.keys import AlipayKeys
from payfallback.testing.sandbox.alipay.rest import certificates
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call, Reply
from payfallback.testing.sandbox.incoming import read_object

# An assumption, and wide: SDKs write the local time of their machine, without a zone.
OLDEST = 86400.0
MOST_FIELDS = 100
_COMMON = ("notify_url", "return_url")
_SUCCESS = ("10000", "Success")
_WAITS = ("10003", "order success pay inprocess")  # a payment code whose shopper still types the password


def parameters(query: Mapping[str, str], body: bytes) -> dict[str, str]:
    """The fields of the address and of the form."""
    try:
        form = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        form = []
    return {**query, **dict(form)}


class Gateway:
    """Verifies the requests of the gateway and signs its answers."""

    def __init__(self, keys: AlipayKeys, clock: Clock) -> None:
        self._keys, self._clock = keys, clock

    def read(self, call: Call) -> None:
        """Parse `biz_content`; keep what it says, or what is wrong with it."""
        asked = parameters(call.query, call.body)
        given = read_object(asked.get("biz_content", "{}").encode("utf-8", "replace"))
        if given is None:
            call.given = ApiError("ACQ.INVALID_PARAMETER", "biz_content")
            return
        call.given = given | {name: asked[name] for name in _COMMON if name in asked}
        named = given.get("out_trade_no")
        call.number = named[:64] if isinstance(named, str) else ""

    def verify(self, call: Call) -> None:
        """Raises `ApiError` unless this app signed all the parameters."""
        asked = parameters(call.query, call.body)
        sign = asked.pop("sign", "")
        if not sign:
            raise ApiError("missing-signature")
        if asked.get("app_id") != self._keys.credentials["app_id"]:
            raise ApiError("invalid-app-id")
        certificates(self._keys, asked.get("app_cert_sn", ""), asked.get("alipay_root_cert_sn", ""))
        right = asked.get("sign_type") == "RSA2" and asked.get("charset", "").lower() == "utf-8"
        if not right or not signing.verified(self._keys.app.public_key(), signing.joined(asked), sign):
            raise ApiError("invalid-signature")
        self._timely(call, asked)
        if asked.get("app_auth_token"):
            raise ApiError("invalid-app-auth-token")

    def _timely(self, call: Call, asked: Mapping[str, str]) -> None:
        at = fields.read_local(asked.get("timestamp", ""))
        if at is None:
            raise ApiError("invalid-timestamp")
        by_shopper = call.endpoint.name in ("page", "wap")  # such an address lives until its own time_expire
        moments = (self._clock.now(), self._clock.real())
        if not by_shopper and all(abs(at - moment) > OLDEST for moment in moments):
            raise ApiError("invalid-timestamp")

    # ------------------------------------------------------------ answers to the merchant

    def reply(self, told: dict[str, Any], call: Call) -> Reply:
        """A signed success."""
        waits = call.endpoint.name == "pay" and "gmt_payment" not in told
        code, message = _WAITS if waits else _SUCCESS
        return self._signed({"code": code, "msg": message, **told}, call)

    def refusal(self, problem: ApiError, call: Call) -> Reply:
        """An error, with HTTP 200 as all of the gateway's answers; only those of the business are signed."""
        if problem.code not in GATEWAY:
            business = {"code": "40004", "msg": "Business Failed", "sub_code": problem.code, "sub_msg": problem.message}
            return self._signed(business, call)
        code, message, sub_code, words = GATEWAY[problem.code]
        told = {"code": code, "msg": message, "sub_code": sub_code, "sub_msg": words}
        return _reply(f'{{"error_response":{_encoded(told)}}}')

    def unavailable(self, call: Call) -> Reply:
        """HTTP 503."""
        return Reply(
            503, b"<html><body>503 Service Temporarily Unavailable</body></html>", {"Content-Type": "text/html"}
        )

    def rate_limited(self, call: Call, after: float) -> Reply:
        """Too many calls."""
        return self.refusal(ApiError("app-call-limited"), call)

    def _signed(self, told: dict[str, Any], call: Call) -> Reply:
        asked = parameters(call.query, call.body)
        content, unsigned = _encoded(told), call.struck.word("unsigned")
        name = asked.get("method", "").replace(".", "_") + "_response"
        parts = [f"{json.dumps(name)}:{content}"]
        if asked.get("app_cert_sn"):
            parts.append(f'"alipay_cert_sn":"{self._keys.alipay_serial}"')
        if unsigned != "":
            key = self._keys.app if unsigned == "wrong" else self._keys.alipay
            parts.append(f'"sign":"{signing.signature(key, content.encode())}"')
        return _reply("{" + ",".join(parts) + "}")

    # ------------------------------------------------------------ answers to the shopper

    def sent_on(self, address: str) -> Reply:
        """The shopper's browser goes to the cashier page."""
        return Reply(302, b"", {"Location": address})

    def apology(self, problem: ApiError) -> Reply:
        """A page that says why the shopper cannot pay here."""
        page = f"<!doctype html><meta charset=utf-8><title>支付宝</title><p>{escape(problem.message)}</p>"
        page += f"<p>{escape(problem.code)}</p>"
        return Reply(200, page.encode(), {"Content-Type": "text/html;charset=utf-8"})


def _reply(text: str) -> Reply:
    return Reply(200, text.encode(), {"Content-Type": "text/html;charset=utf-8"})


def _encoded(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))

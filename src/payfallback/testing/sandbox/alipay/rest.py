"""Alipay's v3 door: JSON over HTTP, signed in headers."""

from __future__ import annotations

import json
from typing import Any

from payfallback.testing.sandbox.alipay import signing
from payfallback.testing.sandbox.alipay.codes import GATEWAY, ApiError
from payfallback.testing.sandbox.alipay.keys import AlipayKeys
from payfallback.testing.sandbox.clock import Clock
from payfallback.testing.sandbox.exchange import Call, Reply
from payfallback.testing.sandbox.incoming import read_object
from payfallback.testing.sandbox.mint import Mint


class Rest:
    """Verifies v3's requests and signs its answers. An app in certificate mode is answered in it."""

    def __init__(self, keys: AlipayKeys, clock: Clock, mint: Mint) -> None:
        self._keys, self._clock, self._mint = keys, clock, mint

    def read(self, call: Call) -> None:
        """Parse the body, or the address of a GET; keep what it says, or what is wrong with it."""
        if call.endpoint.method == "GET":
            call.given = ApiError("ACQ.INVALID_PARAMETER", "body") if call.body else dict(call.query)
            return
        given = read_object(call.body)
        call.given = ApiError("ACQ.INVALID_PARAMETER", "JSON") if given is None else given
        named = (given or {}).get("out_trade_no")
        call.number = named[:64] if isinstance(named, str) else ""

    def verify(self, call: Call) -> None:
        """Raises `ApiError` unless this app signed the request, not long ago."""
        header, token = call.headers.get("authorization", ""), call.headers.get("alipay-app-auth-token", "")
        claim = signing.read_claim(header)
        if claim is None:
            raise ApiError("missing-signature")
        if claim.app_id != self._keys.credentials["app_id"]:
            raise ApiError("invalid-app-id")
        root = call.headers.get("alipay-root-cert-sn", "")
        certificates(self._keys, claim.app_cert_sn, root)
        # Either clock will do: a test may put the provider's forward and leave its own.
        if not claim.is_recent(self._clock.now(), self._clock.real()):
            raise ApiError("invalid-timestamp")
        key = self._keys.app.public_key()
        if not claim.holds(key, call.endpoint.method, call.target, call.body, token):
            raise ApiError("invalid-signature")
        if token:
            raise ApiError("invalid-app-auth-token")

    def reply(self, told: dict[str, Any], call: Call) -> Reply:
        """A signed success."""
        return self._signed(200, told, call)

    def refusal(self, problem: ApiError, call: Call) -> Reply:
        """A business error, signed; what the gateway itself refuses is not."""
        told = {"code": problem.code, "message": problem.message, "links": []}
        return self._plain(400, told) if problem.code in GATEWAY else self._signed(400, told, call)

    def unavailable(self, call: Call) -> Reply:
        """HTTP 503, with a body that no signature vouches for."""
        return self._plain(503, {"code": "unknow-error", "message": "服务暂不可用", "links": []})

    def rate_limited(self, call: Call, after: float) -> Reply:
        """HTTP 429 with `Retry-After`; that the status is this one is an assumption."""
        problem = ApiError("app-call-limited")
        told = {"code": problem.code, "message": problem.message, "links": []}
        return self._signed(429, told, call, {"Retry-After": str(max(1, round(after)))})

    def _plain(self, status: int, told: dict[str, Any]) -> Reply:
        return Reply(status, _encoded(told), {"Content-Type": "application/json;charset=utf-8"})

    def _signed(self, status: int, told: dict[str, Any], call: Call, headers: dict[str, str] | None = None) -> Reply:
        body, unsigned = _encoded(told), call.struck.word("unsigned")
        sent = {"Content-Type": "application/json;charset=utf-8", "alipay-trace-id": self._mint.text(32)}
        sent |= headers or {}
        if unsigned == "":
            return Reply(status, body, sent)
        stamp, nonce = str(int(self._clock.now() * 1000)), self._mint.text(32)
        key = self._keys.app if unsigned == "wrong" else self._keys.alipay
        message = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
        signed = {"alipay-timestamp": stamp, "alipay-nonce": nonce, "alipay-signature": signing.signature(key, message)}
        if "app_cert_sn=" in call.headers.get("authorization", ""):
            signed["alipay-sn"] = self._keys.alipay_serial
        return Reply(status, body, sent | signed)


def certificates(keys: AlipayKeys, app_serial: str, root_serial: str) -> None:
    """Raises `ApiError` unless both certificates are named and ours, or neither is named."""
    if not app_serial and not root_serial:
        return
    if app_serial != keys.app_serial:
        raise ApiError("app-cert-not-exist")
    if root_serial != keys.root_serial:
        raise ApiError("invalid-alipay-root-cert-sn")


def _encoded(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()

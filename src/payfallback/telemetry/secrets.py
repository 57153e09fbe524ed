"""Which names promise a secret: whatever stands under them is masked whole."""

from __future__ import annotations

import re
from functools import lru_cache

MASK = "[redacted]"

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LAST = {"key", "sign", "signature", "pin", "pwd", "cvv", "cvc", "auth", "credential", "credentials", "passphrase"}
_ANYWHERE = {"secret", "secrets", "password", "passwd", "authorization", "cookie", "cookies"}
_ENDINGS = (
    *("openid", "unionid", "token", "secret", "password", "authcode", "paymentcode", "paycode", "qrpaycode"),
    *("apikey", "appkey", "mchkey", "accesskey", "privatekey", "secretkey", "signkey", "cvv2"),
)
_OPEN = {"idempotencykey"}  # the attempt's own number, whatever it is called


@lru_cache(maxsize=2048)
def is_secret(name: str) -> bool:
    """Whether a field, header or parameter of this name holds a secret: `openid`, `X-Sign`, `clientSecret` ..."""
    words = [word.lower() for word in _WORDS.findall(name[:64])]
    if not words:
        return False
    joined = "".join(words)
    if joined in _OPEN:
        return False
    return words[-1] in _LAST or not _ANYWHERE.isdisjoint(words) or joined.endswith(_ENDINGS)

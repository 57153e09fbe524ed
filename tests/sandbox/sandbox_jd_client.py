"""A JD Pay merchant of the tests' own: it shares no code with the sandbox or with the library's adapter.

RSA is done by plain arithmetic, XML by string and regular expression, so that only 3DES comes from a library.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from datetime import datetime, timedelta, timezone
from hashlib import sha256

import httpx
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
SERVICE = {"plans": "queryBaiTiaoFQ"}


def trade_time(offset: float = 0.0) -> str:
    """JD's tradeTime, some seconds from now."""
    moment = datetime.now(timezone(timedelta(hours=8))) + timedelta(seconds=offset)
    return moment.strftime("%Y%m%d%H%M%S")


class JdMerchant:
    """Sends signed requests and reads sealed answers."""

    def __init__(self, url: str, credentials: dict[str, str], timeout: float = 5.0) -> None:
        self.url, self.merchant = url, credentials["merchant"]
        self.key = load_pem_private_key(
            credentials["private_key"].encode(), None, unsafe_skip_rsa_key_validation=True
        ).private_numbers()
        self.theirs = load_pem_public_key(credentials["provider_public_key"].encode()).public_numbers()
        self.des = Cipher(TripleDES(b64decode(credentials["secret"])), modes.ECB())
        self.http = httpx.Client(timeout=timeout, trust_env=False, verify=False)

    def __enter__(self) -> JdMerchant:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def sign(self, text: str) -> str:
        """The merchant's signature of a text."""
        size = (self.key.public_numbers.n.bit_length() + 7) // 8
        digest = sha256(text.encode()).hexdigest().encode()
        padded = b"\x00\x01" + b"\xff" * (size - 3 - len(digest)) + b"\x00" + digest
        number = self.private(int.from_bytes(padded, "big"))
        return b64encode(number.to_bytes(size, "big")).decode()

    def private(self, number: int) -> int:
        """number ** d mod n, by the two primes."""
        k = self.key
        one, two = pow(number, k.dmp1, k.p), pow(number, k.dmq1, k.q)
        return two + k.q * (k.iqmp * (one - two) % k.p)

    def genuine(self, text: str, signature: str) -> bool:
        """Whether a signature is JD's."""
        number = pow(int.from_bytes(b64decode(signature), "big"), self.theirs.e, self.theirs.n)
        return number.to_bytes(256, "big").endswith(b"\x00" + sha256(text.encode()).hexdigest().encode())

    def lock(self, text: str) -> str:
        """3DES, to hexadecimal."""
        data = text.encode()
        block = len(data).to_bytes(4, "big") + data
        cipher = self.des.encryptor()
        return (cipher.update(block + b"\0" * (-len(block) % 8)) + cipher.finalize()).hex()

    def unlock(self, text: str) -> str:
        """3DES, from hexadecimal."""
        cipher = self.des.decryptor()
        block = cipher.update(bytes.fromhex(text)) + cipher.finalize()
        return block[4 : 4 + int.from_bytes(block[:4], "big")].decode()

    def envelope(self, fields: dict[str, object], signature: str | None = None) -> bytes:
        """A request body; with `signature` in place of the right one."""
        inside = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
        plain = f"{HEAD}<jdpay>{inside}</jdpay>"
        signed = plain.replace("</jdpay>", f"<sign>{signature or self.sign(plain)}</sign></jdpay>")
        encrypt = b64encode(self.lock(signed).encode()).decode()
        outer = f"<version>V2.0</version><merchant>{self.merchant}</merchant><encrypt>{encrypt}</encrypt>"
        return f"{HEAD}<jdpay>{outer}</jdpay>".encode()

    def read(self, body: bytes) -> dict[str, str]:
        """The fields of an answer or notification, with `code`; `genuine` says whether JD's signature holds."""
        text = body.decode()
        code = re.search(r"<code>(.*?)</code>", text)[1]
        sealed = re.search(r"<encrypt>(.*?)</encrypt>", text)
        if sealed is None:
            return {"code": code, "genuine": ""}
        inner = self.unlock(b64decode(sealed[1]).decode())
        signature = re.search(r"<sign>(.*?)</sign>", inner)
        plain = re.sub(r"<sign>.*?</sign>", "", inner)
        genuine = signature is not None and self.genuine(plain, signature[1])
        flat = dict(re.findall(r"<(\w+)>([^<>]*)</\1>", plain))
        return {**flat, "code": code, "genuine": "yes" if genuine else "", "xml": plain}

    def post(self, endpoint: str, **fields: object) -> httpx.Response:
        """Send one request."""
        body = self.envelope({"version": "V2.0", "merchant": self.merchant, **fields})
        headers = {"content-type": "application/xml"}
        return self.http.post(f"{self.url}/service/{SERVICE.get(endpoint, endpoint)}", content=body, headers=headers)

    def ask(self, endpoint: str, **fields: object) -> dict[str, str]:
        """Send one request and read its answer."""
        response = self.post(endpoint, **fields)
        assert response.status_code == 200
        return self.read(response.content)

    # ---- the operations, with everything that JD requires

    def qr(self, number: str, amount: int = 599900, expire: int = 120, **more: object) -> httpx.Response:
        """An order that the shopper pays by QR code."""
        given = {"tradeTime": trade_time(), **more}
        return self.post(
            "uniorder",
            tradeNum=number,
            tradeName="耳机",
            amount=amount,
            currency="CNY",
            orderType=0,
            notifyUrl=given.pop("notifyUrl", "http://127.0.0.1:9/notify"),
            expireTime=expire,
            **given,
        )

    def code(
        self, number: str, amount: int = 599900, token: str = "1234567890123456", **more: object
    ) -> httpx.Response:
        """A payment by the code on the shopper's phone."""
        return self.post(
            "fkmPay",
            tradeNum=number,
            tradeName="耳机",
            tradeTime=trade_time(),
            amount=amount,
            currency="CNY",
            token=token,
            device="1",
            **more,
        )

    def query(self, number: str) -> httpx.Response:
        """Ask about a charge."""
        return self.post("query", tradeNum=number, tradeType=0)

    def revoke(self, number: str, amount: int = 599900, under: str = "") -> httpx.Response:
        """Revoke a charge."""
        fields = {"oTradeNum": number, "amount": amount, "currency": "CNY", "tradeTime": trade_time()}
        return self.post("revoke", tradeNum=under or f"V{number}", **fields)

    def refund(self, number: str, amount: int = 599900, under: str = "", **more: object) -> httpx.Response:
        """Refund a charge."""
        fields = {"oTradeNum": number, "amount": amount, "currency": "CNY", "tradeTime": trade_time(), **more}
        fields.setdefault("notifyUrl", "http://127.0.0.1:9/notify")
        return self.post("refund", tradeNum=under or f"R{number}", **fields)

    def query_refund(self, number: str) -> httpx.Response:
        """Ask for the refunds of a charge."""
        return self.post("queryRefund", oTradeNum=number, tradeType=1)

    def plans(self, amount: int) -> httpx.Response:
        """Ask for instalment plans."""
        return self.post("plans", tradeNum="P1", amount=amount)

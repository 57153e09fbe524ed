"""A UnionPay merchant of the tests' own: it shares no code with the sandbox or with the library's adapter."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from urllib.parse import urlencode

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

NO_NOTICE = "http://www.specialUrl.com"
CODE, TOKEN = "6227520738923344502", "6235240000020837064"


def now(ahead: float = 0.0) -> str:
    """The time in Beijing as UnionPay writes it, some seconds ahead."""
    return (datetime.now(timezone(timedelta(hours=8))) + timedelta(seconds=ahead)).strftime("%Y%m%d%H%M%S")


def digest(fields: dict[str, str]) -> bytes:
    """What is signed."""
    text = "&".join(f"{name}={text}" for name, text in sorted(fields.items()) if name != "signature")
    return sha256(text.encode()).hexdigest().encode()


class UnionPayMerchant:
    """Sends signed forms and verifies answers."""

    def __init__(self, url: str, credentials: dict[str, str], timeout: float = 5.0) -> None:
        self.url, self.known = url, credentials
        self.key = load_pem_private_key(credentials["private_key"].encode(), None, unsafe_skip_rsa_key_validation=True)
        self.middle = x509.load_pem_x509_certificate(credentials["middle_certificate"].encode())
        self.http = httpx.Client(timeout=timeout, trust_env=False, verify=False)
        self.time = now()

    def __enter__(self) -> UnionPayMerchant:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def signed(self, fields: dict[str, str]) -> dict[str, str]:
        """A form under the merchant's signature."""
        whole = {name: text for name, text in fields.items() if text}
        signature = self.key.sign(digest(whole), padding.PKCS1v15(), SHA256())
        return {**whole, "signature": b64encode(signature).decode()}

    def form(self, kind: str, sub_type: str, business: str, number: str, more: dict[str, str]) -> dict[str, str]:
        """The fields of a request."""
        return self.signed(
            {
                "version": "5.1.0",
                "encoding": "UTF-8",
                "signMethod": "01",
                "certId": self.known["cert_id"],
                "merId": self.known["merchant"],
                "accessType": "0",
                "txnType": kind,
                "txnSubType": sub_type,
                "bizType": business,
                "orderId": number,
                "txnTime": self.time,
                **more,
            }
        )

    def post(self, door: str, fields: dict[str, str]) -> httpx.Response:
        """Send a form."""
        sent = {"content-type": "application/x-www-form-urlencoded;charset=UTF-8"}
        return self.http.post(f"{self.url}/gateway/api/{door}.do", content=urlencode(fields), headers=sent)

    # ---- the operations

    def code(self, number: str, amount: int = 599900, code: str = CODE, **more: str) -> httpx.Response:
        """A payment by the code on the shopper's phone."""
        return self.post("backTransReq", self.consumption("06", "000000", number, amount, {"qrNo": code, **more}))

    def token(self, number: str, amount: int = 599900, token: str = TOKEN, **more: str) -> httpx.Response:
        """A payment with the shopper's token."""
        data = f"{{token={token}&trId={self.known['tr_id']}}}"
        fields = self.consumption("01", "000902", number, amount, {"tokenPayData": data, **more})
        return self.post("backTransReq", fields)

    def app(self, number: str, amount: int = 599900, **more: str) -> httpx.Response:
        """A payment in the shopper's app."""
        return self.post("appTransReq", self.consumption("01", "000201", number, amount, more))

    def front(self, number: str, amount: int = 599900, **more: str) -> httpx.Response:
        """The shopper's browser posts the form."""
        return self.post("frontTransReq", self.consumption("01", "000201", number, amount, more))

    def consumption(self, sub: str, business: str, number: str, amount: int, more: dict[str, str]) -> dict[str, str]:
        """The fields of a consumption."""
        given = {"channelType": "08", "txnAmt": str(amount), "currencyCode": "156", "backUrl": NO_NOTICE, **more}
        return self.form("01", sub, business, number, given)

    def query(self, number: str, **more: str) -> httpx.Response:
        """Ask about a transaction."""
        return self.post("queryTrans", self.form("00", "00", "000000", number, more))

    def reverse(self, number: str, **more: str) -> httpx.Response:
        """Undo a payment by code."""
        return self.post("backTransReq", self.form("99", "01", "000000", number, {"channelType": "08", **more}))

    def refund(self, number: str, ref: str = "", amount: int = 599900, under: str = "", **more: str) -> httpx.Response:
        """Give money back: of UnionPay's `ref`, or of the payment under the merchant's number."""
        known = {"origQryId": ref} if ref else {"origOrderId": number, "origTxnTime": self.time}
        given = {"channelType": "08", "txnAmt": str(amount), "currencyCode": "156", "backUrl": NO_NOTICE}
        return self.post(
            "backTransReq", self.form("04", "00", "000000", under or f"{number}R1", {**given, **known, **more})
        )

    # ---- what comes back

    def read(self, body: bytes) -> dict[str, str]:
        """A bare answer."""
        return dict(re.findall(r"([A-Za-z]+)=((?:-----BEGIN[^&]*|[^&{\[]|\{[^}]*\}|\[[^\]]*\])*)", body.decode()))

    def genuine(self, fields: dict[str, str]) -> bool:
        """Whether the certificate comes from the trusted authority, is UnionPay's, and made the signature."""
        if "signature" not in fields:
            return False
        certificate = x509.load_pem_x509_certificate(fields["signPubKeyCert"].encode())
        certificate.verify_directly_issued_by(self.middle)
        (name,) = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        if str(name.value).split("@")[2] != "中国银联股份有限公司":
            return False
        try:
            signature = b64decode(fields["signature"])
            certificate.public_key().verify(signature, digest(fields), padding.PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True

    def answer(self, response: httpx.Response) -> dict[str, str]:
        """An answer, which must be genuine."""
        fields = self.read(response.content)
        assert response.status_code == 200
        assert self.genuine(fields)
        return fields

    def says(self, response: httpx.Response) -> str:
        """The code of a genuine answer; of a question that was answered, the trade's own result after a slash."""
        fields = self.answer(response)
        orig = fields.get("origRespCode")
        return fields["respCode"] + (f"/{orig}" if orig else "")

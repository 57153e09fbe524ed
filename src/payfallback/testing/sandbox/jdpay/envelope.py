"""JD Pay V2's envelope: XML, a raw RSA signature, 3DES, hexadecimal, base64, XML.

Read from JD's demo and from public integrations, and written here without the library's adapter, so that each checks
the other. Steps as a provider sees them: open what a merchant sealed, seal what the provider answers.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from binascii import unhexlify
from collections.abc import Mapping
from hashlib import sha256
from xml.etree.ElementTree import Element, ParseError

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import ECB
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

# Messages that JD signed come with both spellings of the header; a client must verify the one that came.
HEADER = '<?xml version="1.0" encoding="UTF-8"?>'
SPACED = '<?xml version="1.0" encoding="UTF-8" ?>'


class Unreadable(Exception):
    """Not an envelope, or not sealed with this merchant's keys. `why`: "xml", "encrypt", "sign" or "merchant"."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def raw_signature(key: RSAPrivateKey, text: str) -> str:
    """The private-key operation over the 64 hexadecimal digits of SHA-256, padded by PKCS#1 type 1, no DigestInfo."""
    return b64encode(key.sign(sha256(text.encode()).hexdigest().encode(), PKCS1v15(), NoDigestInfo())).decode()


def signature_holds(key: RSAPublicKey, text: str, signature: str) -> bool:
    """Whether the text was signed by the owner of the key."""
    try:
        recovered = key.recover_data_from_signature(b64decode(signature), PKCS1v15(), NoDigestInfo())
    except (InvalidSignature, ValueError):
        return False
    return recovered == sha256(text.encode()).hexdigest().encode()


class Cabinet:
    """The 3DES side: DESede, ECB, a 4-byte big-endian length before the text, zero bytes behind it."""

    def __init__(self, secret: str) -> None:
        self._cipher = Cipher(TripleDES(b64decode(secret)), ECB())  # noqa: S305  # the provider's protocol, not a choice

    def lock(self, text: str) -> str:
        """Hexadecimal ciphertext."""
        data = text.encode()
        block = len(data).to_bytes(4, "big") + data
        encryptor = self._cipher.encryptor()
        return (encryptor.update(block + bytes(-len(block) % 8)) + encryptor.finalize()).hex()

    def unlock(self, hexadecimal: str) -> str:
        """The text. Raises `Unreadable`."""
        try:
            decryptor = self._cipher.decryptor()
            block = decryptor.update(unhexlify(hexadecimal)) + decryptor.finalize()
            length = int.from_bytes(block[:4], "big")
            if not block or length > len(block) - 4:
                raise Unreadable("encrypt")
            return block[4 : 4 + length].decode()
        except ValueError:
            raise Unreadable("encrypt") from None


def parse(text: str | bytes) -> Element:
    """XML without entities, document types or anything from outside. Raises `Unreadable`."""
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError):  # LookupError: an encoding that nobody knows
        raise Unreadable("xml") from None
    if root.tag != "jdpay":
        raise Unreadable("xml")
    return root


def open_request(body: bytes, merchant: str, cabinet: Cabinet, key: RSAPublicKey) -> dict[str, str]:
    """The signed fields of a request. Raises `Unreadable`."""
    outer = {child.tag: (child.text or "").strip() for child in parse(body)}
    if outer.get("version") != "V2.0" or outer.get("merchant") != merchant:
        raise Unreadable("merchant")
    try:
        inner = cabinet.unlock(b64decode(outer.get("encrypt", ""), validate=True).decode("ascii"))
    except (NotBase64, UnicodeDecodeError):
        raise Unreadable("encrypt") from None
    fields = {child.tag: child.text or "" for child in parse(inner.encode())}
    signature = fields.pop("sign", "")
    signed = inner.replace(f"<sign>{signature}</sign>", "", 1)
    if not signature or signed == inner or not signature_holds(key, signed, signature):
        raise Unreadable("sign")
    if fields.get("merchant") != merchant:
        raise Unreadable("merchant")
    return fields


Tree = Mapping[str, "str | Tree | list[tuple[str, Tree]]"]


def to_xml(tree: Tree) -> str:
    """Elements in order; a list holds (name, content) pairs."""
    return "".join(_element(name, content) for name, content in tree.items())


def _element(name: str, content: str | Tree | list[tuple[str, Tree]]) -> str:
    if isinstance(content, str):
        inside = content.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    elif isinstance(content, list):
        inside = "".join(_element(child, inner) for child, inner in content)
    else:
        inside = to_xml(content)
    return f"<{name}>{inside}</{name}>"


def seal(tree: Tree, merchant: str, cabinet: Cabinet, key: RSAPrivateKey | None) -> bytes:
    """A provider's signed answer or notification; without a key, the same with nothing to show that it is genuine.

    As in messages that JD signed: what tells of a payment has the spaced header and its signature in the middle,
    everything else has the plain header and its signature at the end.
    """
    of_payment = tree.get("tradeType") == "0"
    header, end = (SPACED, "</tradeType>") if of_payment else (HEADER, "</jdpay>")
    result: Tree = {"code": "000000", "desc": "success" if of_payment else "成功"}
    plain = f"{header}<jdpay>{to_xml({'version': 'V2.0', 'merchant': merchant, 'result': result, **tree})}</jdpay>"
    if key is not None:
        signature = f"<sign>{raw_signature(key, plain)}</sign>"
        plain = plain.replace(end, end + signature if of_payment else signature + end, 1)
    encrypt = b64encode(cabinet.lock(plain).encode()).decode()
    outer = to_xml({"version": "V2.0", "merchant": merchant, "result": result, "encrypt": encrypt})
    return f"{HEADER}<jdpay>{outer}</jdpay>".encode()


def failure(merchant: str, code: str, text: str) -> bytes:
    """A failure as JD sends it: a code, a text, and neither encryption nor signature."""
    outer = to_xml({"version": "V2.0", "merchant": merchant, "result": {"code": code, "desc": text}})
    return f"{HEADER}<jdpay>{outer}</jdpay>".encode()

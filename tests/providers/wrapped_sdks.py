"""The real SDKs, wrapped and pointed at a loopback server, and what their providers would sign."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any

import pytest
import stripe
from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.request.AlipayTradePayRequest import AlipayTradePayRequest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from faulty_server import Request, Response
from wechatpayv3 import WeChatPay, WeChatPayType

from payfallback._core.operations import Kind, Operation
from payfallback.model import Money, Option
from payfallback.providers.wrap import Attempt, Wrapped, wrap

TIMEOUT = 1.0  # seconds that an SDK waits for an answer
KEY_ID = "PUB_KEY_ID_0116"
Channel = Callable[[str], AbstractContextManager[Wrapped]]


def operation(kind: Kind = Kind.CHARGE, **more: Any) -> Operation:
    """An operation on an order of 12.50 yuan."""
    own = {"option": Option("own"), "product": "", "number": "A1001N01", "amount": Money(1250, "CNY"), "title": "tea"}
    return Operation(**{"kind": kind, "order_id": "A1001", "timeout": TIMEOUT, **own, **more})


def answer_of(wrapped: Wrapped, asked: Operation) -> Any:
    """Do what the runtime does with sync callables: call, then read what came of it."""
    call = wrapped.call(asked)
    assert call is not None
    try:
        result = call()
    except Exception as error:  # noqa: BLE001  # what the runtime does around a provider call
        result = error
    return wrapped.read(asked, result)


# ---------------------------------------------------------------- keys of the merchant and of the providers


@cache
def key(owner: str) -> rsa.RSAPrivateKey:
    """A key made for this run."""
    assert owner in ("merchant", "provider")
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def sign(message: bytes) -> str:
    """Sign as the provider: RSA with SHA-256, base64."""
    signature = key("provider").sign(message, padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode()


def private_pem(form: serialization.PrivateFormat) -> str:
    """The merchant's private key."""
    plain = serialization.NoEncryption()
    return key("merchant").private_bytes(serialization.Encoding.PEM, form, plain).decode()


def public_pem() -> str:
    """The provider's public key."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key("provider").public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def _bare(pem: str) -> str:
    return "".join(line for line in pem.splitlines() if not line.startswith("-"))


# ---------------------------------------------------------------- stripe-python


def stripe_client(url: str, retries: int | None = 0) -> stripe.StripeClient:
    """The SDK's own client, with requests underneath."""
    transport = stripe.RequestsClient(timeout=TIMEOUT)
    return stripe.StripeClient(
        "sk_test_made_up", base_addresses={"api": url}, max_network_retries=retries, http_client=transport
    )


@contextmanager
def stripe_channel(url: str, retries: int | None = 0, *, sdk_retries_off: bool = False) -> Iterator[Wrapped]:
    """Charge creates and confirms; the others speak of the intent that an answer named."""
    client = stripe_client(url, retries)
    intents, refunds = client.v1.payment_intents, client.v1.refunds

    def charge(a: Attempt) -> object:
        params: Any = {"amount": a.amount.minor, "currency": "cny", "confirm": True, "metadata": {"attempt": a.number}}
        return intents.create(params=params, options={"idempotency_key": a.number})

    def refund(a: Attempt) -> object:
        return refunds.create(params={"payment_intent": a.provider_ref}, options={"idempotency_key": a.refund_number})

    yield wrap(
        charge,
        query=lambda a: intents.retrieve(a.provider_ref),
        close=lambda a: intents.cancel(a.provider_ref),
        refund=refund,
        reads="stripe",
        account="stripe/acct_1",
        timeout=TIMEOUT,
        sdk_retries_off=sdk_retries_off,
    )
    client._requestor._client.close()  # it has no public door for that


def stripe_says(body: Mapping[str, Any], status: int = 200, **headers: str) -> Callable[[Request], Response]:
    """A server that answers like Stripe, with a Date."""
    told = {"Content-Type": "application/json", "Date": "Wed, 11 Nov 2026 15:46:31 GMT", **headers}
    return lambda _: Response(status, json.dumps(body).encode(), told)


# ---------------------------------------------------------------- the official Alipay SDK


@contextmanager
def alipay_channel(url: str, *, app_private_key: str | None = None) -> Iterator[Wrapped]:
    """Every operation goes through `execute`; the loopback server does not look at the method."""
    config = AlipayClientConfig()
    config.server_url = "http://127.0.0.1/gateway.do"  # with a port in it, the SDK raises a TypeError
    config.app_id = "2021000000000000"
    config.timeout = TIMEOUT
    pem = private_pem(serialization.PrivateFormat.TraditionalOpenSSL)
    config.app_private_key = _bare(pem) if app_private_key is None else app_private_key
    config.alipay_public_key = _bare(public_pem())
    client = DefaultAlipayClient(config)

    def execute(a: Attempt) -> object:
        request = AlipayTradePayRequest()
        request.biz_content = {"out_trade_no": a.number, "total_amount": a.amount.major, "subject": a.title}
        return client.execute(request)

    with _routed(int(url.rpartition(":")[2])):
        yield wrap(
            execute,
            query=execute,
            close=execute,
            refund=execute,
            query_refund=execute,
            reads="alipay",
            account="alipay/2088000000000000/2021000000000000",
            timeout=TIMEOUT,
        )


@contextmanager
def _routed(port: int) -> Iterator[None]:
    """The SDK always takes port 80, which a test may not bind; and after an error it leaves its socket open."""
    connect = socket.create_connection
    made: list[socket.socket] = []

    def routed(address: tuple[str, int], *args: Any, **more: Any) -> socket.socket:
        made.append(connect((address[0], port) if address == ("127.0.0.1", 80) else address, *args, **more))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "create_connection", routed)
        yield
    for each in made:
        each.close()


def alipay_says(**body: Any) -> Callable[[Request], Response]:
    """A server that answers like the gateway: the body, and a signature over its very bytes."""
    content = json.dumps({"msg": "Success", **body}, ensure_ascii=False)
    text = f'{{"alipay_trade_pay_response":{content},"sign":"{sign(content.encode())}"}}'
    return lambda _: Response(200, text.encode(), {"Content-Type": "text/html;charset=utf-8"})


# ---------------------------------------------------------------- wechatpayv3


def wechat_client(url: str) -> WeChatPay:
    """The SDK's own client, verifying with the platform's public key."""
    client = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid="1900000001",
        private_key=_bare(private_pem(serialization.PrivateFormat.PKCS8)),
        cert_serial_no="5D0E3B8E2C6F4A1B",
        appid="wx0000000000000001",
        apiv3_key="0" * 32,
        notify_url="https://shop.example/notify",
        public_key=public_pem(),
        public_key_id=KEY_ID,
        timeout=TIMEOUT,
    )
    client._core._gate_way = url  # the SDK has no setting for its host
    return client


@contextmanager
def wechat_channel(url: str) -> Iterator[Wrapped]:
    """A native order by the attempt's number."""
    client = wechat_client(url)

    def charge(a: Attempt) -> object:
        amount = {"total": a.amount.minor, "currency": a.amount.currency}
        return client.pay(description=a.title, out_trade_no=a.number, amount=amount)

    def refund(a: Attempt) -> object:
        amount = {"refund": a.amount.minor, "total": a.amount.minor, "currency": "CNY"}
        return client.refund(out_refund_no=a.refund_number, out_trade_no=a.number, amount=amount)

    yield wrap(
        charge,
        query=lambda a: client.query(out_trade_no=a.number),
        close=lambda a: client.close(a.number),
        refund=refund,
        query_refund=lambda a: client.query_refund(out_refund_no=a.refund_number),
        reads="wechatpay",
        account="wechatpay/1900000001/wx0000000000000001",
        starts="shopper",
        timeout=TIMEOUT,
    )


def wechat_says(
    body: Mapping[str, Any] | None, status: int = 200, *, serial: str = KEY_ID, last: bool = False
) -> Callable[[Request], Response]:
    """A server that answers like WeChat Pay: signed over timestamp, nonce and body."""
    text = "" if body is None else json.dumps(body)
    headers = {
        "Wechatpay-Timestamp": "1794389191",
        "Wechatpay-Nonce": "b3JkZXI",
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature": sign(f"1794389191\nb3JkZXI\n{text}\n".encode()),
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        **({} if body is None else {"Content-Type": "application/json"}),
    }
    return lambda _: Response(status, text.encode(), headers, last=last)

"""WeChat Pay (微信支付) APIv3: requests as values, and what each answer proves (docs/providers/wechatpay.md)."""

from __future__ import annotations

import re
import secrets as chance
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, BinaryIO
from urllib.parse import quote

from payfallback._core.operations import Answer, Kind, Notice, Operation
from payfallback._values import changed
from payfallback.bills import BillDays, BillLine
from payfallback.errors import ConfigError, NotAuthentic
from payfallback.model import Action, Qr, Redirect
from payfallback.policy import Account, Capabilities
from payfallback.ports import Clock, HttpRequest, HttpResponse
from payfallback.providers import _wechatpay_answers as answers
from payfallback.providers import _wechatpay_bill as bills
from payfallback.providers import _wechatpay_params as params
from payfallback.providers import _wechatpay_products as products
from payfallback.providers import _wechatpay_requests as requests
from payfallback.providers._wechatpay_codes import is_signature, is_unknown_trade, proof_of
from payfallback.providers._wechatpay_sign import Signer
from payfallback.providers.code_table import CodeRow, CodeTable, code_table
from payfallback.providers.codes import (
    BEIJING,
    clean_code,
    http_date,
    known_options,
    plain_number,
    retry_after,
    unknown,
)
from payfallback.providers.keys import Key
from payfallback.taxonomy import Cause, Verdict

TOLERANCE = 300.0  # seconds between WeChat Pay's clock and ours on a notification (the official SDKs' value)
_RESEND = frozenset({500, 501, 503})  # stated (official guide): the same parameters again, two or three times


class WechatPay:
    """One merchant account at WeChat Pay APIv3, behind the `Wire` protocol. Does no I/O and is safe for threads.

    account.app is the appid, account.merchant the mchid. sign: private keys, `Key.id` the certificate's serial number;
    verify: platform certificates (id: serial number) or public keys (id: PUB_KEY_ID_...); the first signs, all verify.
    secrets: APIv3 keys, all decrypt. options: see `_wechatpay_requests.OPTIONS`. nonce: 16 to 32 letters and digits.
    codes: the merchant's own rows of the table of codes.
    Raises `ConfigError` for keys, secrets or options that cannot be right; `check` parses the keys as well.
    """

    def __init__(
        self,
        account: Account,
        *,
        sign: Sequence[Key],
        verify: Sequence[Key],
        secrets: Sequence[str],
        base_url: str = "https://api.mch.weixin.qq.com",
        clock: Clock,
        options: Mapping[str, str] | None = None,
        nonce: Callable[[], str] | None = None,
        codes: Sequence[CodeRow] = (),
    ) -> None:
        if not account.app:
            raise ConfigError(f"account {account.name!r}: WeChat Pay needs an appid", hint="give it as `app`")
        self.account = account
        self._signer = Signer(account.merchant, sign, verify, secrets)
        self._base = base_url.rstrip("/")
        self._clock = clock
        self._options = known_options("wechatpay", options, requests.OPTIONS)
        self._codes = code_table("wechatpay", codes)
        self._nonce = nonce if nonce is not None else lambda: chance.token_hex(16)

    def check(self) -> None:
        """Parse every key now, to find a bad one before the first payment does. Raises `ConfigError`."""
        self._signer.check()

    def capabilities(self, product: str) -> Capabilities:
        """What this product can do. Raises `ConfigError` for a product this adapter does not have."""
        return products.capabilities(product)

    def takes_terms(self, product: str, terms: int | None) -> bool:
        """Whether a product can be asked for these terms: none of them can be asked for instalments."""
        return terms is None

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """Which key signed: what the shopper's app gets must be signed with the same one."""
        return {"key": self._signer.key_id}

    def request(self, operation: Operation) -> HttpRequest:
        """Build the request. Raises `InputMissing` without openid, payment code or address where they are needed,
        `NumberInvalid` for a refund number that does not fit, `MoneyInvalid` unless CNY."""
        products.capabilities(operation.product)
        method, target, draft = requests.draft(operation, self.account, self._options)
        body, now = requests.encode(draft), self._clock.epoch()
        headers = {
            "accept": "application/json",
            "user-agent": "payfallback",
            "authorization": self._signer.authorization(method, target, body, int(now), self._nonce()),
        }
        if body:
            headers["content-type"] = "application/json"
        if serial := self._signer.answering_key(now):
            headers["wechatpay-serial"] = serial
        return HttpRequest(method=method, url=self._base + target, headers=headers, body=body)

    def read(self, operation: Operation, response: HttpResponse) -> Answer:
        """What a response proves. Only what WeChat Pay signed does, but for a 404 of an unknown trade, which counts
        towards "not found" alone."""
        now = self._clock.epoch()
        signed_at = self._signer.signed_at(response.headers, response.body, now)
        body = answers.json_object(response.body) if len(response.body) <= 256 * 1024 else None
        wait = retry_after(response.headers, now)
        if signed_at is None:
            return _unsigned(self._codes, operation, response, body or {}, wait)
        if body is None:
            return unknown(Cause.API_FAILURE, response.status, "signed, but not a JSON object", retry_after=wait)
        if 200 <= response.status < 300:
            return changed(self._said(operation, response.status, body), provider_time=signed_at)
        return changed(
            _refused(self._codes, operation, response.status, body), provider_time=signed_at, retry_after=wait
        )

    def _said(self, operation: Operation, status: int, body: Mapping[str, Any]) -> Answer:
        if operation.kind in (Kind.REFUND, Kind.QUERY_REFUND):
            return answers.refund_for(operation, body, self.account)
        if operation.kind is Kind.CLOSE:
            number, account = answers.text_in(body, "out_trade_no"), answers.account_of(body, self.account)
            return Answer(verdict=Verdict.ACCEPTED, number=number, account=account)
        if operation.kind is Kind.CHARGE and operation.product != "codepay":
            return self._prepaid(operation, body)
        return answers.trade(body, self.account)

    def _prepaid(self, operation: Operation, body: Mapping[str, Any]) -> Answer:
        action = self._action(operation, body)
        if action is None:
            return unknown(Cause.UNRECOGNISED, "prepay", "nothing that the shopper could pay with")
        return Answer(verdict=Verdict.PENDING, cause=Cause.AWAITING_SHOPPER, action=action)

    def _action(self, operation: Operation, body: Mapping[str, Any]) -> Action | None:
        code, link = answers.text_in(body, "code_url"), answers.text_in(body, "h5_url")
        if operation.product == "native":
            return Qr(code) if re.fullmatch(r"[!-~]{1,512}", code) else None
        if operation.product == "h5":
            return (
                Redirect(_returning(link, operation.return_url))
                if re.fullmatch(r"https?://[!-~]{1,512}", link)
                else None
            )
        prepay = answers.text_in(body, "prepay_id")
        if not re.fullmatch(r"[0-9A-Za-z_-]{1,64}", prepay):
            return None
        make = params.for_app if operation.product == "app" else params.for_bridge
        return make(self._signer, self.account, prepay, int(self._clock.epoch()), self._nonce())

    def notification(self, headers: Mapping[str, str], body: bytes, query: str) -> Notice:
        """Read and verify a notification of a payment or a refund. Raises `NotAuthentic`."""
        now = self._clock.epoch()
        lowered = {name.lower(): text for name, text in headers.items()}
        signed_at = self._signer.signed_at(lowered, body, now)
        if signed_at is None:
            raise NotAuthentic("not signed by WeChat Pay", hint="a key in `verify` must have the id it names")
        if abs(now - signed_at) > TOLERANCE:
            raise NotAuthentic(
                f"signed {abs(now - signed_at):.0f} s {'ago' if now > signed_at else 'ahead of our clock'}",
                hint="replayed, or this machine's clock is wrong; WeChat Pay sends it again, and a query tells as well",
            )
        envelope = answers.json_object(body) or {}
        notice = self._notice(envelope, answers.text_in(envelope, "id"))
        return changed(notice, answer=changed(notice.answer, provider_time=signed_at))

    def _notice(self, envelope: Mapping[str, Any], event: str) -> Notice:
        resource = envelope.get("resource")
        sealed: Mapping[str, Any] = resource if isinstance(resource, Mapping) else {}
        inside = answers.json_object(self._signer.decrypt(sealed) or b"") or {}
        number, refund = plain_number(inside.get("out_trade_no")), plain_number(inside.get("out_refund_no"))
        if not number:
            raise NotAuthentic("WeChat Pay's notification does not open", hint="an APIv3 key in `secrets` must fit it")
        if refund:
            answer = answers.refund(inside, self.account, state_in="refund_status")
            return Notice(number=number, answer=answer, kind=Kind.REFUND, refund_number=refund, id=clean_code(event))
        return Notice(number=number, answer=answers.trade(inside, self.account), id=clean_code(event))

    bill_days = BillDays(zone=BEIJING)

    def bill(self, day: date) -> Generator[HttpRequest, HttpResponse, bytes]:
        """Fetch the trade bill of a day. Raises `BillUnavailable`."""
        return bills.fetched(day, self._get, self._signed)

    def bill_lines(self, source: BinaryIO, day: date) -> Iterator[BillLine]:
        """Read a trade bill. Raises `BillUnavailable`."""
        return bills.lines(source)

    def _get(self, target: str) -> HttpRequest:
        now = self._clock.epoch()
        headers = {
            "accept": "application/json",
            "authorization": self._signer.authorization("GET", target, b"", int(now), self._nonce()),
        }
        if serial := self._signer.answering_key(now):
            headers["wechatpay-serial"] = serial
        return HttpRequest(method="GET", url=self._base + target, headers=headers)

    def _signed(self, response: HttpResponse) -> Mapping[str, Any] | None:
        if self._signer.signed_at(response.headers, response.body, self._clock.epoch()) is None:
            return None
        return answers.json_object(response.body)

    def acknowledge(self, handled: bool) -> tuple[int, Mapping[str, str], bytes]:
        """200 ends the notifications; 500 asks for another one."""
        body = {"code": "SUCCESS", "message": "成功"} if handled else {"code": "FAIL", "message": "失败"}
        return 200 if handled else 500, {"content-type": "application/json"}, requests.encode(body)


def _returning(link: str, page: str) -> str:
    """The link, with the page that the shopper's browser comes back to."""
    return f"{link}{'&' if '?' in link else '?'}redirect_url={quote(page, safe='')}" if page else link


def _refused(table: CodeTable, operation: Operation, status: int, body: Mapping[str, Any]) -> Answer:
    """An error that WeChat Pay signed."""
    code = answers.text_in(body, "code")
    proven = proof_of(table, operation.kind, operation.product, code, status)
    return proven.answer(clean_code(code) or f"HTTP{status}", body.get("message"))


def _unsigned(
    table: CodeTable, operation: Operation, response: HttpResponse, body: Mapping[str, Any], wait: float | None
) -> Answer:
    """A body that anybody may have written. It proves nothing; its code is kept for people."""
    status, code, date = response.status, answers.text_in(body, "code"), http_date(response.headers)
    if operation.kind is Kind.QUERY and status == 404 and is_unknown_trade(table, code):
        return Answer(
            verdict=Verdict.NOT_FOUND, cause=Cause.AWAITING_PROVIDER, code=clean_code(code), provider_time=date
        )
    again = status in _RESEND and operation.product != "codepay" and operation.kind in (Kind.CHARGE, Kind.REFUND)
    answer = unknown(
        _cause(status, code),
        code or f"HTTP{status}",
        body.get("message"),
        provider_time=date,
        retry_after=wait,
        resendable=again,
    )
    return changed(answer, unlisted=True) if code and not table.of(code) else answer


def _cause(status: int, code: str) -> Cause:
    if status == 401 or is_signature(code):
        return Cause.MERCHANT_CONFIG
    if status == 429:
        return Cause.RATE_LIMITED
    return Cause.PROVIDER_ERROR if status >= 500 else Cause.API_FAILURE

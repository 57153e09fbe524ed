"""Alipay (支付宝) OpenAPI v3: requests as values, and what each answer proves (docs/providers/alipay.md)."""

from __future__ import annotations

import secrets as chance
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, BinaryIO

from payfallback._core.operations import Answer, Kind, Notice, Operation
from payfallback._values import changed
from payfallback.bills import BillDays, BillLine
from payfallback.errors import ConfigError, NotAuthentic
from payfallback.policy import Account, Capabilities
from payfallback.ports import Clock, HttpRequest, HttpResponse
from payfallback.providers import _alipay_answers as answers
from payfallback.providers import _alipay_bill as bills
from payfallback.providers import _alipay_notices as notices
from payfallback.providers import _alipay_pages as pages
from payfallback.providers import _alipay_products as products
from payfallback.providers import _alipay_requests as requests
from payfallback.providers._alipay_codes import is_not_found, proof_of, unsigned
from payfallback.providers._alipay_json import json_object, text_in
from payfallback.providers._alipay_sign import LARGEST, Signer
from payfallback.providers.code_table import CodeRow, CodeTable, code_table
from payfallback.providers.codes import BEIJING, clean_code, http_date, known_options, retry_after, unknown
from payfallback.providers.keys import Key
from payfallback.taxonomy import Cause, Verdict

_RESENT = (Kind.CHARGE, Kind.REFUND)  # facts §2: the same number and parameters again are one payment, one refund


class Alipay:
    """One merchant account at Alipay's OpenAPI v3, behind the `Wire` protocol. Does no I/O and is safe for threads.

    account.app is the app_id, account.merchant the seller's 2088 number. sign: the app's private keys; verify: Alipay's
    public keys, or in certificate mode its certificates; the first signs, all verify. secrets: none, Alipay has no
    shared secret. options: see `_alipay_requests.OPTIONS`; `app_cert` and `root_cert` turn on certificate mode.
    codes: the merchant's own rows of the table of codes.
    Raises `ConfigError` for keys or options that cannot be right; `check` parses keys and certificates as well.
    """

    def __init__(
        self,
        account: Account,
        *,
        sign: Sequence[Key],
        verify: Sequence[Key],
        secrets: Sequence[str] = (),
        base_url: str = "https://openapi.alipay.com",
        clock: Clock,
        options: Mapping[str, str] | None = None,
        nonce: Callable[[], str] | None = None,
        codes: Sequence[CodeRow] = (),
    ) -> None:
        if not account.app:
            raise ConfigError(f"account {account.name!r}: Alipay needs an app_id", hint="give it as `app`")
        if secrets:
            raise ConfigError("Alipay has no shared secret", hint="leave `secret` out; content is not encrypted (AES)")
        self.account = account
        self._options = requests.checked(known_options("alipay", options, requests.OPTIONS))
        self._signer = Signer(
            account.app,
            sign,
            verify,
            app_cert=self._options["app_cert"],
            root_cert=self._options["root_cert"],
            token=self._options["app_auth_token"],
        )
        self._base = base_url.rstrip("/")
        self._clock = clock
        self._codes = code_table("alipay", codes)
        self._nonce = nonce if nonce is not None else lambda: chance.token_hex(16)

    def check(self) -> None:
        """Parse every key and certificate now, to find a bad one before the first payment does. Raises
        `ConfigError`."""
        self._signer.check()

    def capabilities(self, product: str) -> Capabilities:
        """What this product can do. Raises `ConfigError` for a product this adapter does not have."""
        return products.capabilities(product)

    def takes_terms(self, product: str, terms: int | None) -> bool:
        """Whether a product can be asked for these terms: Huabei for 3, 6 or 12 instalments, the others for none."""
        return products.takes_terms(product, terms)

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """Nothing: Alipay answers for the merchant's own number alone."""
        return {}

    def request(self, operation: Operation) -> HttpRequest:
        """Build the request. Raises `InputMissing` without a payment code where one is needed, `UnknownOption` for
        terms the product cannot be asked for, `NumberInvalid` for a refund number that does not fit, `MoneyInvalid`
        unless CNY."""
        products.capabilities(operation.product)
        target, draft = requests.draft(operation, self.account, self._options)
        body = requests.encode(draft)
        signed = self._signer.headers("POST", target, body, self._clock.epoch(), self._nonce())
        common_headers = {"accept": "application/json", "content-type": "application/json", "user-agent": "payfallback"}
        return HttpRequest(method="POST", url=self._base + target, headers={**common_headers, **signed}, body=body)

    def read(self, operation: Operation, response: HttpResponse) -> Answer:
        """What a response proves. Only what Alipay signed does, but for an unknown trade, which counts towards "not
        found" alone. A page is shown when its number is found unused."""
        now = self._clock.epoch()
        signed_at = self._signer.signed_at(response.headers, response.body, now)
        if not pages.is_page(operation):
            return self._proven(operation, response, signed_at, now)
        found = self._proven(changed(operation, kind=Kind.QUERY), response, signed_at, now)
        trusted = signed_at is not None or self._options["redirect_needs"] == "answer"
        return pages.shown(found, lambda: self._page(operation, now), trusted=trusted)

    def _page(self, operation: Operation, now: float) -> str:
        return pages.address(operation, self.account, self._options, self._signer, self._base, now)

    def _proven(self, operation: Operation, response: HttpResponse, signed_at: float | None, now: float) -> Answer:
        """`signed_at`: when Alipay signed the response; None where nothing shows that it did."""
        status = response.status
        body = json_object(response.body) if len(response.body) <= LARGEST else None
        wait = retry_after(response.headers, now)
        if signed_at is None:
            stranger = clean_code(self._signer.unknown_serial(response.headers, now))
            hint = f"names a certificate that is not in `verify`: {stranger}" if stranger else ""
            return _unsigned(self._codes, operation, response, body or {}, wait, hint)
        if body is None:
            answer = unknown(Cause.API_FAILURE, status, "signed, but not a JSON object", retry_after=wait)
        elif status == 202:  # opendocs 054oog: accepted and not processed; the same request again
            again = operation.kind in _RESENT
            answer = unknown(Cause.PROVIDER_ERROR, "HTTP202", retry_after=wait, resendable=again)
        elif 200 <= status < 300:
            answer = answers.said(operation, body, pay_proves=self._options["paid_by"] == "answer")
        else:
            answer = changed(_refused(self._codes, operation, status, body), retry_after=wait)
        return changed(answer, provider_time=signed_at)

    def notification(self, headers: Mapping[str, str], body: bytes, query: str) -> Notice:
        """Read and verify a notification of a trade. Raises `NotAuthentic`."""
        form, now = notices.parse(body), self._clock.epoch()
        signature = form.get("sign", b"").decode("ascii", "replace")
        if form.get("sign_type") != b"RSA2":
            raise NotAuthentic("not signed with RSA2", hint="set the app's signature type to RSA2 at Alipay")
        if not any(self._signer.holds(signature, text, now) for text in notices.signed_texts(form)):
            raise NotAuthentic("not signed by Alipay", hint="a key in `verify` must be Alipay's, not the app's own")
        return notices.notice(form, self.account)

    bill_days = BillDays(zone=BEIJING)

    def bill(self, day: date) -> Generator[HttpRequest, HttpResponse, bytes]:
        """Fetch the bill of trades of a day. Raises `BillUnavailable`."""
        return bills.fetched(day, self._get, self._signed)

    def bill_lines(self, source: BinaryIO, day: date) -> Iterator[BillLine]:
        """Read the details (业务明细) of a day. Raises `BillUnavailable`."""
        return bills.lines(source, day)

    def _get(self, target: str) -> HttpRequest:
        signed = self._signer.headers("GET", target, b"", self._clock.epoch(), self._nonce())
        headers = {"accept": "application/json", "user-agent": "payfallback", **signed}
        return HttpRequest(method="GET", url=self._base + target, headers=headers)

    def _signed(self, response: HttpResponse) -> Mapping[str, Any] | None:
        if self._signer.signed_at(response.headers, response.body, self._clock.epoch()) is None:
            return None
        return json_object(response.body)

    def acknowledge(self, handled: bool) -> tuple[int, Mapping[str, str], bytes]:
        """`success`, exactly, ends the notifications; anything else asks for another one."""
        return 200 if handled else 500, {"content-type": "text/plain"}, b"success" if handled else b"fail"


def _refused(table: CodeTable, operation: Operation, status: int, body: Mapping[str, Any]) -> Answer:
    """An error that Alipay signed."""
    code = text_in(body, "code")
    proven = proof_of(table, operation.kind, operation.product in products.CODES, code, status)
    return proven.answer(clean_code(code) or f"HTTP{status}", body.get("message"))


def _unsigned(
    table: CodeTable,
    operation: Operation,
    response: HttpResponse,
    body: Mapping[str, Any],
    wait: float | None,
    hint: str,
) -> Answer:
    """A body that anybody may have written. It proves nothing; its code is kept for people."""
    status, code, date = response.status, text_in(body, "code"), http_date(response.headers)
    if operation.kind is Kind.QUERY and 400 <= status < 500 and is_not_found(table, code):
        return Answer(
            verdict=Verdict.NOT_FOUND, cause=Cause.AWAITING_PROVIDER, code=clean_code(code), provider_time=date
        )
    told = unsigned(table, operation.kind, code, status)
    answer = unknown(
        told.cause or Cause.UNRECOGNISED,
        code or f"HTTP{status}",
        hint or body.get("message"),
        provider_time=date,
        retry_after=wait,
        resendable=told.resendable and operation.kind in _RESENT,
    )
    return changed(answer, unlisted=told.unlisted)

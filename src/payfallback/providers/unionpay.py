"""UnionPay (银联) ACP 5.1.0: requests as values, and what each answer proves (docs/providers/unionpay.md)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import date
from typing import BinaryIO
from urllib.parse import urlencode

from payfallback._core.operations import Answer, Kind, Notice, Operation
from payfallback._values import changed
from payfallback.bills import BillDays, BillLine
from payfallback.errors import ConfigError, NotAuthentic
from payfallback.model import Form
from payfallback.policy import Account, Capabilities
from payfallback.ports import Clock, HttpRequest, HttpResponse
from payfallback.providers import _unionpay_answers as answers
from payfallback.providers import _unionpay_bill as bills
from payfallback.providers import _unionpay_notices as notices
from payfallback.providers import _unionpay_products as products
from payfallback.providers import _unionpay_requests as requests
from payfallback.providers._beijing import stamp
from payfallback.providers._unionpay_fields import Fields, answer_fields, code_in, form_fields
from payfallback.providers._unionpay_sign import Signer
from payfallback.providers.code_table import CodeRow, code_table
from payfallback.providers.codes import http_date, known_options, retry_after, unknown
from payfallback.providers.keys import Key
from payfallback.taxonomy import Cause, Verdict

_OK = 200
_REFUNDS = (Kind.REFUND, Kind.QUERY_REFUND)
_HEADERS: Mapping[str, str] = {
    "accept": "application/x-www-form-urlencoded, text/plain, text/html",
    "content-type": "application/x-www-form-urlencoded;charset=UTF-8",
    "user-agent": "payfallback",
}


class UnionPay:
    """One merchant at UnionPay's gateway, behind the `Wire` protocol. Does no I/O and is safe for threads.

    account.merchant is the merId. sign: the merchant's private keys, each under its certId; verify: the certificates
    of the CAs that issue UnionPay's (middle and root). secrets: none. options: see `_unionpay_requests.OPTIONS`.
    codes: the merchant's own rows, before the library's table. Raises `ConfigError` for keys or options that cannot
    be right; `check` parses keys and certificates as well.
    """

    def __init__(
        self,
        account: Account,
        *,
        sign: Sequence[Key],
        verify: Sequence[Key],
        secrets: Sequence[str] = (),
        base_url: str = "https://gateway.95516.com",
        clock: Clock,
        options: Mapping[str, str] | None = None,
        codes: Sequence[CodeRow] = (),
    ) -> None:
        if secrets:
            raise ConfigError("UnionPay has no shared secret here", hint="leave `secret` out: signMethod is 01, RSA")
        self.account = account
        self._options = requests.checked(known_options("unionpay", options, requests.OPTIONS))
        self._signer = Signer(account, sign, verify)
        self._reading = answers.Reading(table=code_table("unionpay", codes), options=self._options)
        self._base = base_url.rstrip("/") + "/gateway/api"
        self._files = bills.address(base_url, self._options["file_url"])
        self.bill_days: BillDays = bills.days(self._files)
        self._clock = clock

    def check(self) -> None:
        """Parse every key and certificate now, to find a bad one before the first payment does. Raises
        `ConfigError`."""
        self._signer.check()

    def capabilities(self, product: str) -> Capabilities:
        """What this product can do. Raises `ConfigError` for a product this adapter does not have, and for `token`
        without the option that it needs."""
        found = products.capabilities(product)
        if product == "token" and not self._options["tr_id"]:
            raise ConfigError("unionpay product 'token' needs the option `tr_id`", hint="UnionPay gives it to you")
        return found

    def takes_terms(self, product: str, terms: int | None) -> bool:
        """Whether a product can be asked for these terms: only a token's consumption takes instalments."""
        return products.takes_terms(product, terms)

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """The time that is part of a trade's key."""
        return {"txnTime": stamp(operation.now or self._clock.epoch())}

    def request(self, operation: Operation) -> HttpRequest:
        """Build the request; a front charge asks whether its number is unused. Raises `InputMissing` without a payment
        code, a token or a page to return to where one is needed, and for a question about a refund whose time is not
        known; `UnknownOption` for terms the product cannot be asked for, `NumberInvalid` for a refund number that does
        not fit, `MoneyInvalid` unless CNY."""
        products.capabilities(operation.product)
        path, fields = requests.draft(operation, self.account.merchant, self._options, self._clock.epoch())
        return self._post(f"{self._base}/{path}.do", fields)

    def _post(self, url: str, fields: Fields) -> HttpRequest:
        body = urlencode(self._signer.signed(fields)).encode()
        return HttpRequest(method="POST", url=url, headers=_HEADERS, body=body)

    def read(self, operation: Operation, response: HttpResponse) -> Answer:
        """What a response proves. Only what UnionPay signed does, about the trade that was asked about."""
        now = self._clock.epoch()
        date, wait = http_date(response.headers), retry_after(response.headers, now)
        fields = answer_fields(response.body)
        if fields is None or response.status != _OK or not self._signer.holds(fields, now):
            answer = _unsigned(response.status, fields)
        elif not self._names(operation, fields, now):
            answer = unknown(Cause.CONTRADICTION, code_in(fields, "respCode"), "signed, and about another trade")
        else:
            reading = changed(self._reading, provider_time=date)
            front = operation.kind is Kind.CHARGE and operation.product == "front"
            answer = self._shown(operation, fields, reading, now) if front else answers.said(operation, fields, reading)
        return changed(answer, provider_time=date, retry_after=wait)

    def _names(self, operation: Operation, fields: Fields, now: float) -> bool:
        """Whether the answer repeats the key that was asked about: merchant, number and time."""
        asked = (operation.number, requests.txn_time(operation, now))
        if operation.kind in _REFUNDS:
            asked = (operation.refund_number, requests.refund_time(operation, now))
        told = (fields.get("merId"), fields.get("orderId"), fields.get("txnTime"))
        return told == (self.account.merchant, *asked)

    def _shown(self, operation: Operation, fields: Fields, reading: answers.Reading, now: float) -> Answer:
        """A front charge whose number UnionPay does not know yet gets its form; anything else is told as it is."""
        found = answers.said(changed(operation, kind=Kind.QUERY), fields, reading)
        if found.verdict is Verdict.PENDING:
            return unknown(Cause.CONTRADICTION, found.code, "the number is in use, though nothing was shown")
        if found.verdict is not Verdict.NOT_FOUND:
            return found
        path, asked = requests.charge(operation, self.account.merchant, self._options, now)
        form = Form(f"{self._base}/{path}.do", self._signer.signed(asked))
        return changed(found, verdict=Verdict.PENDING, cause=Cause.AWAITING_SHOPPER, action=form)

    def notification(self, headers: Mapping[str, str], body: bytes, query: str) -> Notice:
        """Read and verify a notification: of a payment, or of a refund. Raises `NotAuthentic`."""
        fields = form_fields(body)
        if fields is None:
            raise NotAuthentic("not a notification of UnionPay's", hint="hand over the body as it came")
        if not self._signer.holds(fields, self._clock.epoch()):
            raise NotAuthentic(
                "not signed by UnionPay", hint="`verify` must hold the middle certificate of this environment"
            )
        return notices.notice(fields, self.account, self._reading)

    def bill(self, day: date) -> Generator[HttpRequest, HttpResponse, bytes]:
        """Fetch the file of a clearing day. Raises `BillUnavailable`."""
        asked = bills.request(self.account.merchant, day, stamp(self._clock.epoch()))
        return bills.fetched(asked, lambda fields: self._post(self._files, fields), self._signed)

    def _signed(self, response: HttpResponse) -> Fields | None:
        fields = answer_fields(response.body, bills.LARGEST_ANSWER) if response.status == _OK else None
        return fields if fields is not None and self._signer.holds(fields, self._clock.epoch()) else None

    def bill_lines(self, source: BinaryIO, day: date) -> Iterator[BillLine]:
        """Read the ZM file of a clearing day. Raises `BillUnavailable`."""
        return bills.lines(source, day, self.account.merchant)

    def acknowledge(self, handled: bool) -> tuple[int, Mapping[str, str], bytes]:
        """HTTP 200 ends the notifications; anything but 200 and 302 asks for another one."""
        return 200 if handled else 500, {"content-type": "text/plain"}, b"ok" if handled else b"fail"


def _unsigned(status: int, fields: Fields | None) -> Answer:
    """A body that anybody may have written. It proves nothing; its code is kept for people."""
    code = code_in(fields, "respCode") if fields is not None else ""
    if status == 429:
        return unknown(Cause.RATE_LIMITED, code or "HTTP429")
    broken = status >= 500 or status == _OK
    return unknown(Cause.PROVIDER_ERROR if broken else Cause.API_FAILURE, code or f"HTTP{status}", "not signed")

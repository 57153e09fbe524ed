"""JD's aggregate payment (京东聚合支付 V3.0): requests as values, what each answer proves (docs/providers/jdpay.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from payfallback._core.operations import Answer, Kind, Notice, Operation
from payfallback._values import changed
from payfallback.errors import ConfigError, NotAuthentic
from payfallback.policy import Account, Capabilities
from payfallback.ports import Clock, HttpRequest, HttpResponse
from payfallback.providers import _jdpay_aggregate_answers as answers
from payfallback.providers import _jdpay_aggregate_products as products
from payfallback.providers import _jdpay_aggregate_requests as requests
from payfallback.providers._jdpay_aggregate_envelope import Envelope, Fields, Unreadable, flat
from payfallback.providers.code_table import CodeRow, code_table
from payfallback.providers.codes import (
    clean_code,
    clean_text,
    http_date,
    known_options,
    plain_number,
    retry_after,
    unknown,
)
from payfallback.providers.keys import Key
from payfallback.providers.proofs import Proof, proof
from payfallback.taxonomy import Cause, Verdict

_PRODUCTION, _SCANS = "https://apipayx.jd.com", "https://payx.jd.com"
_HEADERS = {"content-type": "application/json; charset=utf-8", "accept": "application/json"}


class JdPayAggregate:
    """One merchant account at JD's aggregate payment, behind the `Wire` protocol. Does no I/O; safe for threads.

    account.merchant is the merchantNo, account.app the systemId. sign / verify: none, JD signs with a shared key.
    secrets: base64 3DES keys; the first encrypts, all decrypt. options: see `_jdpay_aggregate_requests.OPTIONS`;
    `md5_key` is required. codes: the merchant's own rows for JD's errCodes, under operations such as `aggre:pay`.
    Raises `ConfigError` for secrets or options that cannot be right.
    """

    def __init__(
        self,
        account: Account,
        *,
        sign: Sequence[Key] = (),
        verify: Sequence[Key] = (),
        secrets: Sequence[str],
        base_url: str = _PRODUCTION,
        clock: Clock,
        options: Mapping[str, str] | None = None,
        codes: Sequence[CodeRow] = (),
    ) -> None:
        if not account.app:
            raise ConfigError(f"account {account.name!r}: needs the systemId that JD assigned", hint="give it as `app`")
        if sign or verify:
            raise ConfigError("JD's aggregate payment has no RSA keys", hint="leave `sign` and `verify` out")
        self.account = account
        self._options = known_options("jdpay_aggregate", options, requests.OPTIONS)
        self._envelope = Envelope(account.merchant, account.app, secrets, self._options["md5_key"].split())
        self._codes = code_table("jdpay", codes)
        self._base = base_url.rstrip("/")
        scans = self._options["scan_url"].rstrip("/")
        self._scans = scans or (_SCANS if self._base == _PRODUCTION else self._base)
        self._clock = clock

    def check(self) -> None:
        """Nothing more to parse: keys are read when the account is made."""

    def capabilities(self, product: str) -> Capabilities:
        """What this product can do. Raises `ConfigError` for a product this adapter does not have."""
        return products.capabilities(product, absent_is_told=bool(self._options["not_found_code"]))

    def takes_terms(self, product: str, terms: int | None) -> bool:
        """Whether a product can be asked for these terms: none of them can be asked for instalments."""
        return terms is None

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """Nothing: JD answers for the merchant's own number alone."""
        return {}

    def request(self, operation: Operation) -> HttpRequest:
        """Build the request. Raises `InputMissing` without a payment code or the till's address, `NumberInvalid` for a
        refund number that does not fit, `MoneyInvalid` unless CNY."""
        self.capabilities(operation.product)
        service, fields = requests.draft(operation, self._options, self._clock.epoch())
        base = self._scans if service == "getScanUrl" else self._base
        body = self._envelope.seal(fields)
        return HttpRequest(method="POST", url=f"{base}/{service}", headers=dict(_HEADERS), body=body)

    def read(self, operation: Operation, response: HttpResponse) -> Answer:
        """What a response proves: only its signed inside does. Anything else keeps its code, no more."""
        wait = retry_after(response.headers, self._clock.epoch())
        outside: Fields = {}
        try:
            outside = flat(response.body)
            inside = self._envelope.open(outside)
        except Unreadable as error:
            answer = _unsigned(outside, response.status, str(error), wait)
        else:
            answer = self._signed(operation, inside)
        return changed(answer, provider_time=http_date(response.headers))

    def _signed(self, operation: Operation, inside: Fields) -> Answer:
        if answers.took(inside):
            return answers.said(operation, inside, self.account)
        code, text = inside.get("errCode", ""), clean_text(inside.get("errCodeDes"))
        if operation.kind is Kind.QUERY and code and code == self._options["not_found_code"]:
            return Answer(verdict=Verdict.NOT_FOUND, cause=Cause.AWAITING_PROVIDER, code=clean_code(code))
        row = self._codes.row(f"aggre:{_CALLED.get(operation.kind, operation.kind.value)}", code)
        unlisted = Proof(Verdict.UNKNOWN, Cause.UNRECOGNISED, unlisted=bool(code))
        return (unlisted if row is None else proof(operation.kind, row)).answer(code, text)

    def notification(self, headers: Mapping[str, str], body: bytes, query: str) -> Notice:
        """Read and verify a notification, of a payment or a refund. Raises `NotAuthentic`."""
        try:
            inside = self._envelope.open(flat(body))
        except Unreadable as error:
            raise NotAuthentic(f"not a notification of JD's aggregate payment: {error}") from None
        number, back = plain_number(inside.get("outTradeNo")), plain_number(inside.get("outRefundNo"))
        if not number or not answers.took(inside):
            raise NotAuthentic("authentic, but neither a payment nor a refund", hint="a query tells how it stands")
        account = answers.account_of(inside, self.account)
        if back:
            return Notice(
                number=number,
                answer=changed(answers.refund(inside), account=account),
                kind=Kind.REFUND,
                refund_number=back,
            )
        return Notice(number=number, answer=changed(answers.trade(inside), account=account))

    def acknowledge(self, handled: bool) -> tuple[int, Mapping[str, str], bytes]:
        """`ok` ends the notifications (a public integration); anything else asks for another one."""
        return 200 if handled else 500, {"content-type": "text/plain"}, b"ok" if handled else b"no"


_CALLED = {Kind.CHARGE: "pay", Kind.QUERY: "querytrade", Kind.REFUND: "refund", Kind.QUERY_REFUND: "queryrefund"}


def _unsigned(outside: Fields, status: int, why: str, wait: float | None) -> Answer:
    """A body that anybody may have written. It proves nothing; its code is kept for people."""
    code = outside.get("errCode", "")
    if status == 429:
        cause = Cause.RATE_LIMITED
    elif status >= 500:
        cause = Cause.PROVIDER_ERROR
    else:
        cause = Cause.UNRECOGNISED if code else Cause.API_FAILURE
    return unknown(cause, code or f"HTTP{status}", outside.get("errCodeDes") or why, retry_after=wait)

"""JD Pay (京东支付) V2 and Baitiao (白条): requests as values, what each answer proves (docs/providers/jdpay.md)."""

from __future__ import annotations

import secrets as chance
from collections.abc import Callable, Mapping, Sequence

from payfallback._core.operations import Answer, Kind, Notice, Operation
from payfallback._values import changed
from payfallback.errors import NotAuthentic
from payfallback.policy import Account, Capabilities
from payfallback.ports import Clock, HttpRequest, HttpResponse
from payfallback.providers import _jdpay_answers as answers
from payfallback.providers import _jdpay_products as products
from payfallback.providers import _jdpay_requests as requests
from payfallback.providers._beijing import stamp
from payfallback.providers._jdpay_envelope import Envelope
from payfallback.providers._jdpay_form import Cashier
from payfallback.providers._jdpay_xml import Fields, Unreadable, parse, text_in, text_of
from payfallback.providers.code_table import CodeRow, code_table
from payfallback.providers.codes import (
    clean_code,
    http_date,
    known_options,
    plain_number,
    retry_after,
    unknown,
)
from payfallback.providers.keys import Key
from payfallback.providers.proofs import Proof, proof
from payfallback.taxonomy import Cause, Verdict

_PATHS: Mapping[Kind, str] = {
    Kind.QUERY: "query",
    Kind.CLOSE: "revoke",
    Kind.REFUND: "refund",
    Kind.QUERY_REFUND: "queryRefund",
    Kind.PLANS: "queryBaiTiaoFQ",
}
_HEADERS = {"content-type": "application/xml; charset=utf-8", "accept": "application/xml"}


class JdPay:
    """One merchant account at JD Pay V2, behind the `Wire` protocol. Does no I/O and is safe for threads.

    sign / verify: the merchant's private keys, and JD's public keys; the first signs, all verify.
    secrets: base64 3DES keys; the first encrypts, all decrypt. options: see `_jdpay_requests.OPTIONS`.
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
        base_url: str = "https://paygate.jd.com",
        clock: Clock,
        options: Mapping[str, str] | None = None,
        nonce: Callable[[], str] | None = None,
        codes: Sequence[CodeRow] = (),
    ) -> None:
        self.account = account
        self._envelope = Envelope(account.merchant, sign, verify, secrets)
        self._base = base_url.rstrip("/") + "/service/"
        self._clock = clock
        self._options = requests.checked(known_options("jdpay", options, requests.OPTIONS))
        self._cashier = Cashier(account.merchant, self._envelope, self._options, base_url.rstrip("/"))
        self._codes = code_table("jdpay", codes)
        self._nonce = nonce if nonce is not None else lambda: chance.token_hex(12)

    def check(self) -> None:
        """Parse every key now, to find a bad one before the first payment does. Raises `ConfigError`."""
        self._envelope.check()

    def capabilities(self, product: str) -> Capabilities:
        """What this product can do. Raises `ConfigError` for a product JD Pay does not have."""
        told = bool(self._options["not_found_code"] and self._options["expiry_counts_from"])
        return products.capabilities(product, absent_is_told=told)

    def takes_terms(self, product: str, terms: int | None) -> bool:
        """Whether a product can be asked for these terms; a payment code carries no number of instalments."""
        return products.takes_terms(product, terms)

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """The order's time, which a refund's bill is looked up by, and which key signed."""
        return {
            "tradeTime": stamp(operation.now or self._clock.epoch()),
            "key": self._envelope.key_id,
        }

    def request(self, operation: Operation) -> HttpRequest:
        """Build the request. A cashier form is made here and posted by the shopper, so its charge only asks whether
        the number is still free.

        Raises `InputMissing` without a payment code, or without the page and the shopper that a form needs,
        `UnknownOption` for terms the product cannot be asked for, `NumberInvalid` for a refund number that does not
        fit, `MoneyInvalid` unless CNY.
        """
        products.capabilities(operation.product)
        fields = requests.fields_of(operation, self._options, self._clock.epoch(), self._nonce)
        return HttpRequest(
            method="POST", url=self._base + _path(operation), headers=dict(_HEADERS), body=self._envelope.seal(fields)
        )

    def read(self, operation: Operation, response: HttpResponse) -> Answer:
        """What a response proves: only its signed inside does. An unsigned failure keeps its code, no more."""
        now = self._clock.epoch()
        wait = retry_after(response.headers, now)
        try:
            outside = parse(text_of(response.body))
        except Unreadable as error:
            return self._dated(
                unknown(_cause(response.status), response.status, str(error), retry_after=wait), response
            )
        try:
            inside = self._envelope.open(outside, now)
        except Unreadable as error:
            answer = self._unsigned(operation, outside, response.status, str(error), wait)
        else:
            answer = self._signed(operation, inside)
        return self._dated(answer, response)

    def _signed(self, operation: Operation, inside: Fields) -> Answer:
        code = text_in(inside, "result", "code")
        if code == answers.TAKEN:
            return answers.answer_to(operation, inside, self.account)
        return self._refused(operation, code, text_in(inside, "result", "desc"))

    def _refused(self, operation: Operation, code: str, text: str) -> Answer:
        """A result.code that says no. JD publishes no list of them: only the merchant's own rows tell."""
        row = self._codes.row("*", code) if code else None
        told = (
            Proof(Verdict.UNKNOWN, Cause.UNRECOGNISED, unlisted=bool(code))
            if row is None
            else proof(operation.kind, row)
        )
        return told.answer(code, text)

    def _unsigned(self, operation: Operation, outside: Fields, status: int, why: str, wait: float | None) -> Answer:
        """A body without a valid inside. JD's refusals come like this; so would anybody's."""
        code, text = text_in(outside, "result", "code"), text_in(outside, "result", "desc")
        if code in ("", answers.TAKEN):
            return unknown(_cause(status), code or status, why, retry_after=wait)
        if status == 200 and operation.kind is Kind.CHARGE and operation.product in products.FORMS:
            # Whatever it says, the number is not known to be taken, and nothing moves without the form.
            form = self._cashier.form(operation, self._clock.epoch())
            return Answer(verdict=Verdict.PENDING, cause=Cause.AWAITING_SHOPPER, code=clean_code(code), action=form)
        if status == 200 and operation.kind is Kind.QUERY and code == self._options["not_found_code"]:
            return Answer(verdict=Verdict.NOT_FOUND, cause=Cause.AWAITING_PROVIDER, code=clean_code(code))
        told = self._refused(operation, code, text)  # an unsigned refusal proves nothing, whatever a row says: only why
        return changed(told, verdict=Verdict.UNKNOWN, final=False, resendable=False, retry_after=wait)

    def _dated(self, answer: Answer, response: HttpResponse) -> Answer:
        return changed(answer, provider_time=http_date(response.headers))

    def notification(self, headers: Mapping[str, str], body: bytes, query: str) -> Notice:
        """Read and verify a notification: of a payment, of a refund, or of a revoke. Raises `NotAuthentic`."""
        try:
            inside = self._envelope.open(parse(text_of(body)), self._clock.epoch())
        except Unreadable as error:
            raise NotAuthentic(f"not a notification of JD Pay's: {error}") from None
        notice = _notice(inside)
        return changed(notice, answer=changed(notice.answer, account=answers.account_of(inside, self.account)))

    def acknowledge(self, handled: bool) -> tuple[int, Mapping[str, str], bytes]:
        """`success` ends the notifications; `fail` asks for another one (JD's demo)."""
        return 200 if handled else 500, {"content-type": "text/plain"}, b"success" if handled else b"fail"


def _path(operation: Operation) -> str:
    return _PATHS.get(operation.kind) or products.charged_by(operation.product)


def _cause(status: int) -> Cause:
    if status == 429:
        return Cause.RATE_LIMITED
    return Cause.PROVIDER_ERROR if status >= 500 else Cause.API_FAILURE


def _notice(inside: Fields) -> Notice:
    number, original = plain_number(text_in(inside, "tradeNum")), plain_number(text_in(inside, "oTradeNum"))
    match text_in(inside, "tradeType"):
        case "0" if number:
            return Notice(number=number, answer=answers.trade(inside))
        case "1" if number and original and number == requests.revoke_number(original):
            return Notice(number=original, answer=answers.refund(inside))  # our revoke found it paid
        case "1" if number and original:
            return Notice(number=original, answer=answers.refund(inside), kind=Kind.REFUND, refund_number=number)
        case "2" if number and original:  # seen in a sample that JD signed; it names the revoke and the payment
            return Notice(number=original, answer=answers.revoke(inside))
    raise NotAuthentic("authentic, but neither a payment nor a refund", hint="JD sent a tradeType that is not known")

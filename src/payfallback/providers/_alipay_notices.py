"""Alipay's notifications: a form whose sorted fields are signed (AlipaySignature, rsaCheckV1: without `sign` and
`sign_type`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote_to_bytes

from payfallback._core.operations import Answer, Kind, Notice
from payfallback._values import changed
from payfallback.errors import NotAuthentic
from payfallback.policy import Account
from payfallback.providers._alipay_answers import trade
from payfallback.providers._alipay_json import beijing, text_in, trade_number, yuan
from payfallback.providers.codes import clean_code
from payfallback.taxonomy import Cause, Verdict

LARGEST = 64 * 1024
MOST_FIELDS = 100
_CHARSETS = {"utf-8": "utf-8", "gbk": "gbk", "gb2312": "gb18030", "gb18030": "gb18030"}
_DECIDES = b"app_id|seller_id|out_trade_no|trade_no|trade_status|total_amount|refund_fee|out_biz_no|gmt_payment"
# The signed text joins fields with `&`, so a genuine one could be cut into fields at other places.
_RESPLIT = re.compile(rb"&(?:" + _DECIDES + rb")=")

Form = Mapping[str, bytes]


def parse(body: bytes) -> Form:
    """The fields of a form, each name once. Raises `NotAuthentic` for anything else."""
    fields: dict[str, bytes] = {}
    parts = body.split(b"&", MOST_FIELDS) if len(body) <= LARGEST else []
    for part in parts:
        name, equals, text = part.partition(b"=")
        if not equals or not re.fullmatch(rb"[A-Za-z][0-9A-Za-z_.-]{0,63}", name) or name.decode() in fields:
            raise NotAuthentic("not a notification of Alipay's", hint="hand over the body as it came")
        fields[name.decode()] = unquote_to_bytes(text.replace(b"+", b" "))
    if not 0 < len(parts) <= MOST_FIELDS or any(_RESPLIT.search(text) for text in fields.values()):
        raise NotAuthentic("not a notification of Alipay's", hint="hand over the body as it came")
    return fields


def signed_texts(form: Form) -> Iterator[bytes]:
    """What may have been signed: Alipay's documents disagree on whether empty fields are."""
    named = sorted((name, text) for name, text in form.items() if name not in ("sign", "sign_type"))
    filled = [(name, text) for name, text in named if text]
    for fields in [filled] if len(filled) == len(named) else [filled, named]:
        yield b"&".join(name.encode() + b"=" + text for name, text in fields)


def notice(form: Form, account: Account) -> Notice:
    """What an authentic form is about. Raises `NotAuthentic` when it is about nothing that this library knows."""
    fields = _decoded(form)
    number = trade_number(fields, "out_trade_no")
    app, seller = text_in(fields, "app_id"), text_in(fields, "seller_id")
    if text_in(fields, "notify_type") != "trade_status_sync" or not number:
        raise NotAuthentic("authentic, but about no trade", hint="only notifications of trades belong here")
    if not app or not seller:
        raise NotAuthentic("authentic, but names no merchant", hint="app_id and seller_id have to be there")
    whose = changed(account, app=app, merchant=seller).id
    kind, refund, answer = _proven(fields, whose)
    dated = changed(answer, provider_time=beijing(fields, "notify_time"))
    return Notice(
        number=number, answer=dated, kind=kind, refund_number=refund, id=clean_code(text_in(fields, "notify_id"))
    )


def _proven(fields: Mapping[str, str], whose: str) -> tuple[Kind, str, Answer]:
    """A payment; a trade that gave back all of its money; or one of several refunds, which a query has to show:
    the notification only tells the sum of them (`refund_fee`)."""
    answer = trade(fields, account=whose)
    fee, total = yuan(fields, "refund_fee"), yuan(fields, "total_amount")
    if answer.verdict is not Verdict.CAPTURED or fee is None or not fee.minor:
        return Kind.CHARGE, "", answer
    if fee == total:
        return Kind.CHARGE, "", changed(answer, verdict=Verdict.REFUNDED, named=True)
    asked = changed(answer, verdict=Verdict.ACCEPTED, cause=Cause.AWAITING_PROVIDER, amount=None, paid_at=None)
    return Kind.REFUND, trade_number(fields, "out_biz_no"), asked


def _decoded(form: Form) -> Mapping[str, str]:
    charset = _CHARSETS.get(form.get("charset", b"utf-8").decode("ascii", "replace").lower(), "")
    try:
        return {name: text.decode(charset) for name, text in form.items()}
    except (LookupError, UnicodeDecodeError):
        raise NotAuthentic("authentic, but in a charset that cannot be read", hint="utf-8 and GBK are known") from None

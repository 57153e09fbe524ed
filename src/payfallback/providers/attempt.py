"""What a wrapped callable and a reader are told about the attempt at hand."""

from __future__ import annotations

from collections.abc import Mapping

from payfallback._core.operations import Kind, Operation
from payfallback._values import field, value
from payfallback.model import Money, Option


@value(kw_only=True)
class Attempt:
    """One request under one attempt number. Times are epoch seconds; `timeout` is the seconds that are left for it.

    kind: what is asked: charge, query, close, capture, refund or query_refund; readers look at it first.
    number: the merchant's own number of this attempt; send it as the provider's idempotency key or trade number.
    expires_at: the absolute expiry that must go with a charge, where `wrap` was given an `expiry`.
    provider_ref: the provider's own id, once an answer has told it. memo: what `keeps` journalled of the inputs.
    resend: the same request was sent before, under the same number.
    inputs, ref, ip, device and return_url are there for a live charge only, and never show in `repr`.
    """

    kind: Kind
    order_id: str
    number: str
    amount: Money
    option: Option
    title: str = ""
    timeout: float = 3.0
    now: float = 0.0
    sent_at: float | None = None
    expires_at: float | None = None
    notify_url: str = ""
    provider_ref: str = ""
    memo: Mapping[str, str] = field(factory=dict)
    refund_number: str = ""
    refund_amount: Money | None = None
    reason: str = ""
    resend: bool = False
    inputs: Mapping[str, str] = field(factory=dict, repr=False)
    ref: str = field(default="", repr=False)
    ip: str = field(default="", repr=False)
    device: str = field(default="", repr=False)
    return_url: str = field(default="", repr=False)

    @classmethod
    def of(cls, operation: Operation) -> Attempt:
        """The attempt that an operation is about."""
        return cls(
            kind=operation.kind,
            order_id=operation.order_id,
            number=operation.number,
            amount=operation.amount,
            option=operation.option,
            title=operation.title,
            timeout=operation.timeout,
            now=operation.now,
            sent_at=operation.sent_at,
            expires_at=operation.expires_at,
            notify_url=operation.notify_url,
            provider_ref=operation.provider_ref,
            memo=operation.memo,
            refund_number=operation.refund_number,
            refund_amount=operation.refund_amount,
            reason=operation.reason,
            resend=operation.resend,
            inputs=operation.inputs,
            ref=operation.ref,
            ip=operation.ip,
            device=operation.device,
            return_url=operation.return_url,
        )

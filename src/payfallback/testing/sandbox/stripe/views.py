"""What Stripe tells about intents, charges and refunds, in its field names."""

from __future__ import annotations

from typing import Any

from payfallback.testing.sandbox.stripe.amounts import units_of
from payfallback.testing.sandbox.stripe.intents import Intent
from payfallback.testing.sandbox.trades import Refund, RefundState, State, Trade

_REFUNDS = {RefundState.PROCESSING: "pending", RefundState.DONE: "succeeded", RefundState.FAILED: "failed"}
_CHARGED = frozenset({State.PAID, State.AUTHORIZED, State.PROCESSING})
_NOTHING = (
    *("application", "application_fee_amount", "automatic_payment_methods", "cancellation_reason", "on_behalf_of"),
    *("processing", "receipt_email", "review", "setup_future_usage", "shipping", "source", "statement_descriptor"),
    *("statement_descriptor_suffix", "transfer_data", "transfer_group"),
)


def intent(known: Intent, page: str, extra: int = 0, *, expanded: bool = False, status: str = "") -> dict[str, Any]:
    """A PaymentIntent. `extra` units are told too many (`wrong_amount`); `status`: instead of its own, for a forger."""
    trade, said = known.trade, status or known.status
    whole = units_of(trade.amount, known.currency) + extra
    taken = whole if status else units_of(trade.captured, known.currency) + extra
    happened = trade.state in _CHARGED or known.error is not None
    return {
        **dict.fromkeys(_NOTHING),
        "id": known.id,
        "object": "payment_intent",
        "amount": whole,
        "amount_capturable": whole if said == "requires_capture" else 0,
        "amount_details": {"tip": {}},
        "amount_received": taken if said == "succeeded" else 0,
        "canceled_at": int(trade.created) if said == "canceled" else None,
        "capture_method": "manual" if known.manual else "automatic",
        "client_secret": known.secret,
        "confirmation_method": "automatic",
        "created": int(trade.created),
        "currency": known.currency,
        "customer": known.customer or None,
        "description": trade.title or None,
        "last_payment_error": known.error,
        "latest_charge": (charge(known, extra) if expanded else known.charge_id) if happened else None,
        "livemode": False,
        "metadata": known.metadata,
        "next_action": _next_action(trade, page),
        "payment_method": known.method.id if known.method else None,
        "payment_method_options": {},
        "payment_method_types": known.types,
        "status": said,
    }


def _next_action(trade: Trade, page: str) -> dict[str, Any] | None:
    if trade.state is not State.CONFIRMING:
        return None
    if not trade.back_to:
        return {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": page}}
    return {"type": "redirect_to_url", "redirect_to_url": {"return_url": trade.back_to, "url": page}}


def charge(known: Intent, extra: int = 0) -> dict[str, Any]:
    """The charge of an intent's last try."""
    trade, failed = known.trade, known.error is not None
    taken, back = units_of(trade.captured, known.currency), units_of(trade.refunded, known.currency)
    return {
        "id": known.charge_id,
        "object": "charge",
        "amount": units_of(trade.amount, known.currency) + extra,
        "amount_captured": taken,
        "amount_refunded": back,
        "captured": trade.paid_at is not None,
        "created": int(trade.created if trade.paid_at is None else trade.paid_at),
        "currency": known.currency,
        "livemode": False,
        "metadata": known.metadata,
        "paid": not failed,
        "payment_intent": known.id,
        "payment_method": known.method.id if known.method else None,
        "refunded": bool(taken) and back >= taken,
        "status": "failed" if failed else "pending" if trade.state is State.PROCESSING else "succeeded",
    }


def refund(given_back: Refund, known: Intent, metadata: dict[str, str], extra: int = 0) -> dict[str, Any]:
    """A Refund."""
    told: dict[str, Any] = {
        "id": given_back.ref,
        "object": "refund",
        "amount": units_of(given_back.amount, known.currency) + extra,
        "balance_transaction": None,
        "charge": known.charge_id,
        "created": int(given_back.created),
        "currency": known.currency,
        "metadata": metadata,
        "payment_intent": known.id,
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": _REFUNDS[given_back.state],
        "transfer_reversal": None,
    }
    if given_back.state is RefundState.FAILED:
        told["failure_reason"] = "declined"
    return told

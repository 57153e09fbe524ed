"""How Stripe says no: an `error` with a type, mostly a code, and for declines the issuer's reason.

Names and HTTP statuses: docs.stripe.com/api/errors, /error-codes and /declines/codes. Which of the networks' codes
comes with which reason is this sandbox's choice.
"""

from __future__ import annotations

from typing import Any

Error = dict[str, Any]


class ApiError(Exception):
    """A request that is answered with an error. `saved`: the endpoint had begun, so that its key repeats the answer."""

    def __init__(self, status: int, code: str, message: str, *, saved: bool = False, **more: Any) -> None:
        super().__init__(code)
        self.status, self.saved = status, saved
        kind = more.pop("type", "invalid_request_error")
        self.error: Error = {"type": kind, "message": message, **({"code": code} if code else {}), **more}


def missing(name: str) -> ApiError:
    """A parameter that has to be there."""
    return ApiError(400, "parameter_missing", f"Missing required param: {name}.", param=name)


def invalid(name: str) -> ApiError:
    """A parameter of another form."""
    return ApiError(400, "parameter_invalid", f"Invalid value for {name}.", param=name)


# a cause of the sandbox's vocabulary -> the issuer's reason
OF_CAUSE = {
    "credit_exhausted": "insufficient_funds",
    "limit_reduced": "card_velocity_exceeded",
    "risk_rejected": "fraudulent",
    "account_frozen": "restricted_card",
    "identity_unverified": "authentication_required",
    "regulatory": "transaction_not_allowed",
    "declined": "do_not_honor",
}
_OWN_CODE = frozenset({"expired_card", "incorrect_cvc", "processing_error"})  # reasons that are codes of their own
# reason -> (Stripe's advice, Visa's response code, Mastercard's merchant advice code)
_NETWORK = {
    "insufficient_funds": ("try_again_later", "51", "24"),
    "card_velocity_exceeded": ("try_again_later", "61", "25"),
    "lost_card": ("do_not_try_again", "41", "03"),
    "stolen_card": ("do_not_try_again", "43", "03"),
    "fraudulent": ("do_not_try_again", "59", "03"),
    "expired_card": ("confirm_card_data", "54", "01"),
    "incorrect_cvc": ("confirm_card_data", "N7", "01"),
}


def of_card(cause: str, brand: str) -> Error:
    """Why the issuer declined. `cause`: of the sandbox's vocabulary, or the issuer's reason itself."""
    reason = OF_CAUSE.get(cause, cause)
    if reason == "shopper_cancelled":  # the only thing a shopper can leave with a card is 3-D Secure
        return {
            "type": "invalid_request_error",
            "code": "payment_intent_authentication_failure",
            "message": "The provided PaymentMethod has failed authentication.",
        }
    advice, visa, mastercard = _NETWORK.get(reason, ("try_again_later", "05", "02"))
    error = {"type": "card_error", "message": "Your card was declined.", "advice_code": advice}
    error |= {"code": reason} if reason in _OWN_CODE else {"code": "card_declined", "decline_code": reason}
    if brand == "visa":
        return {**error, "network_decline_code": visa}
    return {**error, "network_advice_code": mastercard} if brand == "mastercard" else error


def of_redirect(cause: str) -> Error:
    """Why another company's page sent the shopper back unpaid."""
    left = cause == "shopper_cancelled"
    code = "payment_method_customer_decline" if left else "payment_method_provider_decline"
    return {"type": "invalid_request_error", "code": code, "message": "The payment was declined."}

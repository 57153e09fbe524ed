"""Stripe's decline and error codes as causes, from codes.tsv (docs.stripe.com/declines/codes and
stripe-python's `LastPaymentError.code`). None of them ends a PaymentIntent: it can be confirmed again."""

from __future__ import annotations

from payfallback.taxonomy import Cause

_WORDS: dict[Cause, str] = {
    Cause.CREDIT_EXHAUSTED: """
        insufficient_funds card_velocity_exceeded withdrawal_count_limit_exceeded
        charge_exceeds_source_limit charge_exceeds_transaction_limit""",
    Cause.RISK_REJECTED: """
        fraudulent merchant_blacklist security_violation pin_try_exceeded card_decline_rate_limit_exceeded""",
    Cause.ACCOUNT_FROZEN: "lost_card stolen_card pickup_card restricted_card",
    Cause.IDENTITY_UNVERIFIED: "authentication_required payment_intent_authentication_failure",
    Cause.AGREEMENT_OUTDATED: """
        revocation_of_all_authorizations revocation_of_authorization stop_payment_order debit_not_authorized
        payment_intent_mandate_invalid""",
    Cause.CREDIT_SCORE: "payment_method_provider_decline",
    Cause.SHOPPER_CANCELLED: "payment_method_customer_decline",
    Cause.MAINTENANCE: "payment_method_not_available",
    Cause.MERCHANT_NOT_ENABLED: "payment_method_unactivated payment_method_unsupported_type",
    Cause.MERCHANT_CONFIG: "testmode_decline payment_method_currency_mismatch",
    Cause.DECLINED: """
        card_declined generic_decline do_not_honor do_not_try_again call_issuer try_again_later processing_error
        reenter_transaction issuer_not_available approve_with_id expired_card invalid_account invalid_amount
        incorrect_number incorrect_cvc incorrect_pin incorrect_zip incorrect_address invalid_number invalid_cvc
        invalid_pin invalid_expiry_month invalid_expiry_year invalid_card_type card_not_supported
        currency_not_supported new_account_information_available no_action_taken not_permitted refer_to_customer
        service_not_allowed transaction_not_allowed payment_intent_payment_attempt_failed
        payment_intent_payment_attempt_expired payment_method_billing_details_address_missing""",
}

DECLINES: dict[str, Cause] = {code: cause for cause, codes in _WORDS.items() for code in codes.split()}

# The trade may have gone either way: it must be retrieved first (codes.tsv: ambiguous, duplicate or in flight).
_ASK = """
    payment_intent_unexpected_state payment_method_unexpected_state intent_invalid_state duplicate_transaction
    payment_method_provider_timeout resource_already_exists charge_already_captured charge_already_refunded
    idempotency_key_in_use lock_timeout payment_intent_rate_limit_exceeded rate_limit"""

ASK = frozenset(_ASK.split())

"""Stripe's PaymentIntents and Refunds, as its API behaves."""

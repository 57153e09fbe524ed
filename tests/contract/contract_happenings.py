"""What may happen on a day in the life of an order, and how often."""

from __future__ import annotations

import payfallback as pf

PART = pf.Money.of("28.00", "CNY")
CODES = (*3 * ("134567890123450001",), "134567890123459901", "134567890123459902")  # paid, to be confirmed, refused
CARDS = (*3 * ("pm_card_visa",), "pm_card_threeDSecure2Required", "pm_card_chargeDeclined")
FAULTS = (
    *("http_503", "http_503:processed", "hang", "hang:processed", "reply_lost", "rate_limited:0.5", "flapping"),
    *("malformed", "unsigned", "captured_late:20", "appears_late:20", "close_refused"),
    *("declined:credit_exhausted", "declined:risk_rejected"),
)
STEPS = {
    "pay": 18,
    "double_click": 6,
    "switch": 16,
    "cancel": 3,
    "status": 6,
    "refund": 4,
    "scan": 24,
    "refuse": 3,
    "recover": 8,
    "fault": 16,
    "announce": 5,
    "wait": 10,
    "bill": 2,
    "arm": 6,
}

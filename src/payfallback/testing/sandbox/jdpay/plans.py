"""Instalment plans that the sandbox's Baitiao offers, by a simple formula of its own.

JD's own terms are not public. Here: amounts from 100.00 to 50,000.00 yuan; 3, 6, 12 or 24 instalments; a fee of 0.5 %
of the amount for each instalment, rounded up to whole fen. All amounts are in fen (an assumption; JD's demo does not
name the unit of these fields).
"""

from __future__ import annotations

TERMS = (3, 6, 12, 24)
LEAST, MOST = 100_00, 50_000_00
FEE_PER_THOUSAND = 5


def plans(amount: int) -> list[dict[str, str]]:
    """What is offered for an amount, in JD's field names; nothing outside the bounds."""
    if not LEAST <= amount <= MOST:
        return []
    return [_plan(amount, terms) for terms in TERMS]


def offered(amount: int, terms: int) -> bool:
    """Whether an amount can be paid in so many instalments; 0 and 1 are in full."""
    return terms in (0, 1) or (terms in TERMS and LEAST <= amount <= MOST)


def _plan(amount: int, terms: int) -> dict[str, str]:
    fee = -(-amount * FEE_PER_THOUSAND * terms // 1000)
    total = amount + fee
    later = total // terms
    values = {
        "plan": terms,
        "rate": f"{FEE_PER_THOUSAND / 1000:.4f}",
        "fee": fee,
        "planFee": fee // terms,
        "firstPay": total - later * (terms - 1),
        "laterPay": later,
        "total": total,
    }
    return {name: str(value) for name, value in values.items()}

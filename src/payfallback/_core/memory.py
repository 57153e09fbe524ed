"""What is remembered over several orders: refusals of a shopper by a channel, and of a card by its network.

Memory changes which channel is tried, never what is true: losing it, or believing a wrong one, costs a sale at worst.
"""

from __future__ import annotations

from payfallback._values import value


@value(kw_only=True)
class Refusal:
    """One refusal that says something about later orders. Times are epoch seconds.

    subject: whom it is about, a keyed hash; never a reference, a card number or a token in clear.
    scope: a channel's name, or "network:visa". cause: a Cause's value, or the network's own code.
    until: when it is forgotten. option, minor, currency: what was refused; for a smaller amount it may not hold.
    """

    subject: str
    scope: str
    cause: str
    at: float
    until: float
    option: str = ""
    minor: int = 0
    currency: str = ""

"""What is raised, by who must act. If `pay` raises, that call sent nothing.

PayfallbackError
├── ConfigError          the operator: the configuration file is wrong (file, line, what was expected)
├── JournalUnavailable   the operator: the journal cannot be read or written; nothing was sent
├── ProgrammingError     the developer: the call is wrong
│   ├── OrderConflict       the same order id with another amount, currency or merchant
│   ├── OrderClosed         the order is settled (cancelled, expired, refunded); a new payment is a new id
│   ├── UnknownOrder        no such order, attempt number or provider reference in the journal
│   ├── UnknownOption       an option id that no route knows
│   ├── InputMissing        the channel needs something of the shopper (openid, payment code ...)
│   ├── NumberInvalid       the attempt number would not fit the provider's alphabet or length
│   ├── MoneyInvalid        a float, excess digits, an unknown currency, a negative amount
│   └── InsideTransaction   called inside the shop's own database transaction
└── NotAuthentic         an answer or notification whose signature does not hold; it proves nothing
"""

from __future__ import annotations


class PayfallbackError(Exception):
    """Base of every error of this library.

    `code` is stable and made for programs; `hint` says what to do. Neither ever carries a secret or personal data.
    """

    code = "payfallback"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(f"{message} ({hint})" if hint else message)
        self.message = message
        self.hint = hint


class ConfigError(PayfallbackError):
    """The configuration is wrong. Nothing was started."""

    code = "config"

    def __init__(self, message: str, *, hint: str = "", file: str | None = None, line: int | None = None) -> None:
        where = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        super().__init__(where + message, hint=hint)
        self.file = file
        self.line = line


class JournalUnavailable(PayfallbackError):
    """The journal cannot be read or written. Raised by `pay` only when this call sent nothing."""

    code = "journal_unavailable"


class ProgrammingError(PayfallbackError):
    """The call is wrong; the same call will fail again. Nothing was sent."""

    code = "programming"


class OrderConflict(ProgrammingError):
    """One order id carries one amount, currency and merchant for ever."""

    code = "order_conflict"


class OrderClosed(ProgrammingError):
    """The order is settled; pay again under a new order id."""

    code = "order_closed"


class UnknownOrder(ProgrammingError):
    """The journal knows no such order, attempt number or provider reference."""

    code = "unknown_order"


class UnknownOption(ProgrammingError):
    """No configured channel offers this option id."""

    code = "unknown_option"


class OrderInvalid(ProgrammingError, ValueError):
    """An order id or a merchant that no order can have; nothing was recorded."""

    code = "order_invalid"


class InputMissing(ProgrammingError):
    """The channel needs an input of the shopper that was not given; the error names it."""

    code = "input_missing"


class NumberInvalid(ProgrammingError):
    """The attempt number does not fit the provider's alphabet or length. Numbers are never hashed or cut."""

    code = "number_invalid"


class MoneyInvalid(ProgrammingError, ValueError):
    """Not an amount of money: a float, too many digits, an unknown currency, or not above zero."""

    code = "money_invalid"


class InsideTransaction(ProgrammingError):
    """Called inside the shop's own database transaction, whose rollback would forget a payment."""

    code = "inside_transaction"


class BillUnavailable(PayfallbackError):
    """A daily bill cannot be had or read: not there yet, none offered, not authentic, or not a bill. Nothing was
    decided from it."""

    code = "bill_unavailable"


class NotAuthentic(PayfallbackError):
    """A signature does not hold, or is missing. What the message said proves nothing."""

    code = "not_authentic"

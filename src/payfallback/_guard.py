"""Refusing to pay inside the shop's own database transaction, whose rollback would forget a payment."""

from __future__ import annotations

import sys
from collections.abc import Callable

from payfallback.errors import InsideTransaction


def refuse_inside_transaction(inside: Callable[[], bool] | None) -> None:
    """Raise `InsideTransaction` when the shop's check, or Django's connection, says that one is open."""
    if inside is not None:
        held = inside()
    else:
        django = sys.modules.get("django.db.transaction")
        held = django is not None and bool(django.get_connection().in_atomic_block)
    if held:
        raise InsideTransaction(
            "pay was called inside a database transaction of the shop",
            hint="commit first: if it rolls back later, the shop forgets what the shopper paid",
        )

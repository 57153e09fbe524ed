"""A shipped adapter with something around it."""

from __future__ import annotations

from collections.abc import Mapping

import payfallback as pf
from payfallback.ports import Billing, HttpRequest, HttpResponse, Notice, Operation, Wire


class Around:
    """Passes everything on. Every method stands here: from Python 3.12 on a protocol asks the class, not the object."""

    def __init__(self, inner: Wire) -> None:
        self.inner = inner
        self.account = inner.account
        if isinstance(inner, Billing):
            self.bill_days, self.bill, self.bill_lines = inner.bill_days, inner.bill, inner.bill_lines

    def capabilities(self, product: str) -> pf.Capabilities:
        """As the adapter."""
        return self.inner.capabilities(product)

    def memo(self, operation: Operation) -> Mapping[str, str]:
        """As the adapter."""
        return self.inner.memo(operation)

    def request(self, operation: Operation) -> HttpRequest:
        """As the adapter."""
        return self.inner.request(operation)

    def read(self, operation: Operation, response: HttpResponse) -> pf.Answer:
        """As the adapter."""
        return self.inner.read(operation, response)

    def notification(self, headers: Mapping[str, str], body: bytes, query: str) -> Notice:
        """As the adapter."""
        return self.inner.notification(headers, body, query)

    def acknowledge(self, handled: bool) -> tuple[int, Mapping[str, str], bytes]:
        """As the adapter."""
        return self.inner.acknowledge(handled)

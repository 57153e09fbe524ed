"""JD Pay and WeChat Pay behind real HTTP on this machine: the real protocols, books of their own, faults on demand.

It needs the extra `sandbox` (starlette, uvicorn). It imports nothing of the rest of this library, so that its
signatures, ciphers and ledger are an independent check of it.
"""

from payfallback.testing.sandbox.blocking import serve
from payfallback.testing.sandbox.errors import SandboxError, UnknownNumber
from payfallback.testing.sandbox.exchange import Arrival
from payfallback.testing.sandbox.faults import FORMS, OPERATIONS
from payfallback.testing.sandbox.keys import Credentials
from payfallback.testing.sandbox.ledger import Entry
from payfallback.testing.sandbox.notices import Sent
from payfallback.testing.sandbox.sandbox import Sandbox

__all__ = [
    "FORMS",
    "OPERATIONS",
    "Arrival",
    "Credentials",
    "Entry",
    "Sandbox",
    "SandboxError",
    "Sent",
    "UnknownNumber",
    "serve",
]

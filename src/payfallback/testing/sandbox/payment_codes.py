"""Payment codes whose last digits choose what happens, as cards do in other sandboxes. Every other code pays at once.

| ends with | what happens |
|---|---|
| 9901 | the shopper's phone asks for the password: undecided until the shopper pays or refuses on the page |
| 9902 | refused: not enough credit or balance |
"""

from __future__ import annotations

CONFIRM = "9901"
REFUSED = "9902"


def asks_to_confirm(code: str) -> bool:
    """Whether the shopper must act before the money moves."""
    return code.endswith(CONFIRM)


def refused_cause(code: str) -> str:
    """Why the code is refused, empty when it is not."""
    return "credit_exhausted" if code.endswith(REFUSED) else ""

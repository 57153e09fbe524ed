"""Where the sandbox's random identifiers come from: reproducible with a seed, unpredictable without one."""

from __future__ import annotations

import random
import string

_LETTERS = string.ascii_letters + string.digits


class Mint:
    """Makes identifiers. Everything but RSA keys is the same again under the same seed and order of calls."""

    def __init__(self, seed: int | None = None) -> None:
        repeated = random.Random(seed)  # noqa: S311  # for repeating a test run: what it makes is worth nothing elsewhere
        self._source: random.Random = random.SystemRandom() if seed is None else repeated

    def digits(self, length: int) -> str:
        """Decimal digits, the first not 0."""
        return self._source.choice("123456789") + "".join(self._source.choices(string.digits, k=length - 1))

    def text(self, length: int) -> str:
        """Letters and digits."""
        return "".join(self._source.choices(_LETTERS, k=length))

    def raw(self, length: int) -> bytes:
        """Random bytes."""
        return self._source.randbytes(length)

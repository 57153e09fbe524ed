"""The machine's clocks."""

from __future__ import annotations

import time


class SystemClock:
    """`monotonic` for waiting, `epoch` for what is written down."""

    monotonic = staticmethod(time.monotonic)
    epoch = staticmethod(time.time)

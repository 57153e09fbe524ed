"""Times as yyyyMMddHHmmss in Beijing, as JD Pay and UnionPay write them."""

from __future__ import annotations

import re
from datetime import datetime

from payfallback.providers.codes import BEIJING

_FORM = "%Y%m%d%H%M%S"


def stamp(epoch: float) -> str:
    """A time of epoch seconds, as it is sent."""
    return datetime.fromtimestamp(int(epoch), BEIJING).strftime(_FORM)


def moment(text: str) -> float | None:
    """Epoch seconds; None for what is no such time."""
    if not re.fullmatch(r"[0-9]{14}", text):
        return None
    try:
        return datetime.strptime(text, _FORM).replace(tzinfo=BEIJING).timestamp()
    except (ValueError, OverflowError):
        return None

"""structlog as a shop runs it in production: JSON lines with level and UTC time, from `info` up. They go to no disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog


@contextmanager
def logging(name: str, wanted: bool = True) -> Iterator[Any]:
    """Configure structlog for as long as this is open: a bound logger. Not `wanted`: nothing, and None."""
    if not wanted:
        yield None
        return
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.processors.format_exc_info,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.make_filtering_bound_logger("info"),
            logger_factory=structlog.WriteLoggerFactory(file=nowhere),
            cache_logger_on_first_use=True,
        )
        try:
            yield structlog.get_logger(name).bind()
        finally:
            structlog.reset_defaults()

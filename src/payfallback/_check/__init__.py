"""What a configuration promises before anything is started, and one to start from: for the command line."""

from payfallback._check.explain import Explanation, NotTried, Tried, explain
from payfallback._check.report import ChannelReport, Report, check, report_of
from payfallback._check.starter import starter_config

__all__ = [
    "ChannelReport",
    "Explanation",
    "NotTried",
    "Report",
    "Tried",
    "check",
    "explain",
    "report_of",
    "starter_config",
]

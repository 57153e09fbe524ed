"""What a configuration promises before anything is started: for the command line. `starter` writes one."""

from payfallback._check.explain import Explanation, NotTried, Tried, explain
from payfallback._check.report import ChannelReport, Report, check, report_of

__all__ = [
    "ChannelReport",
    "Explanation",
    "NotTried",
    "Report",
    "Tried",
    "check",
    "explain",
    "report_of",
]

"""The named schedules: each one that breaks naive designs is there, by name, and runnable alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from payfallback._values import changed
from payfallback.testing.simulator import CASES, Shop, live

DOCS = Path(__file__).parents[2] / "docs" / "reliability.md"

# What breaks naive designs, and the schedules that play it.
NAMED: dict[str, tuple[str, ...]] = {
    "late success after fallback": (
        "late-success-after-fallback",
        "captured-before-the-last-look",
        "captured-past-the-horizon",
    ),
    "crash between send and record": ("crash-between-send-and-record", "crash-between-answer-and-record"),
    "crash between record and send": ("crash-between-record-and-send",),
    "not found, then appears": ("not-found-then-appears",),
    "notification before the response": ("notification-before-response",),
    "notification before the row": ("notification-before-row", "adopted-after-its-notification"),
    "notification twice": ("notification-twice",),
    "notification late": ("notification-late",),
    "notification out of order": ("notification-out-of-order",),
    "notification forged": ("notification-forged", "notification-of-another-account"),
    "notification with another amount": ("notification-with-another-amount",),
    "two recoverers": ("two-recoverers", "recoverer-with-a-clock-ahead", "many-payers-and-recoverers"),
    "a paused process that wakes and sends": ("paused-process-wakes", "paused-before-the-commit"),
    "double click": ("double-click",),
    "double click on another channel": ("double-click-on-another-channel",),
    "the cart edited under the same order id": ("cart-edited",),
    "the shopper switches": ("shopper-switches",),
    "an old QR code paid after the switch": ("old-code-paid-after-switch",),
    "close racing pay": ("close-racing-pay",),
    "close refused": ("close-refused",),
    "close timing out": ("close-timing-out", "captured-after-a-cancel-that-refunds"),
    "the loser's refund failing": ("refund-of-the-loser-fails",),
    "the loser's refund retried under a new key": ("refund-retried",),
    "keys ignored, and forgotten after their lifetime": ("key-ignored", "key-forgotten"),
    "breaker opening in mid-flight": ("breaker-opens-in-flight",),
    "half-open stampede": ("half-open-stampede", "stopped-by-hand"),
    "breaker blocking queries": ("breaker-blocks-queries",),
    "Redis flushed": ("redis-flushed", "health-lost"),
    "clock jumping": ("clock-jumps", "clock-jumps-at-expiry"),
    "disk full between send and record": ("disk-full-between-send-and-record",),
    "journal away, slow, or silent about a commit": (
        "journal-away-before-sending",
        "journal-slow",
        "commit-unacknowledged",
    ),
    "order cancelled while unknown, then captured": ("cancelled-while-unknown",),
    "crash between the death of k and the start of k+1": ("crash-between-death-and-start",),
    "yuan taken for fen": ("yuan-for-fen",),
    "a decline code that was not final": ("decline-that-was-not-final", "decline-then-captured"),
    "a code that nobody lists, an answer that nobody can read": ("unlisted-code", "unreadable-answer"),
    "fork": ("fork-in-flight", "fork-with-evidence-kept", "parent-dies-after-fork"),
    "writer death": ("writer-dies",),
    "CPU-bound neighbours": ("cpu-bound-neighbour", "lease-ends-before-sending"),
    "a payment that other code has open": ("adopted", "adopted-and-the-caller-leaves", "adopted-twice"),
    "a bill that knows more": ("bill-of-a-lost-notification",),
    "money moved by hand, and a provider that contradicts itself": (
        "refunded-in-the-console",
        "provider-contradicts-itself",
    ),
}


def test_every_schedule_that_breaks_naive_designs_is_a_case() -> None:
    """Each has a name of its own, and no case is there that plays none of them."""
    named = [name for names in NAMED.values() for name in names]
    assert sorted(named) == sorted(CASES)


@pytest.mark.parametrize("story", NAMED)
def test_the_documentation_says_which_case_plays_it(story: str) -> None:
    """The table of schedules names the same cases."""
    row = next((line for line in DOCS.read_text().splitlines() if line.startswith(f"| {story} |")), "")
    assert [each.strip(" `") for each in row.rpartition("| ")[2].rstrip(" |").split(",")] == list(NAMED[story])


@pytest.mark.parametrize("name", ["crash-between-record-and-send", "fork-with-evidence-kept", "two-recoverers"])
def test_a_case_plays_on_a_real_file(name: str) -> None:
    """The same schedule over SQLite, where each process has the file open and dies without closing it."""
    case = CASES[name]
    in_memory, on_disk = (live(each, name, case.moves) for each in (case.shop, _on_disk(case.shop)))
    assert on_disk.wrong == ()
    assert (on_disk.captures, on_disk.refunds) == (in_memory.captures, in_memory.refunds)


def _on_disk(shop: Shop) -> Shop:
    return changed(shop, journal="sqlite")

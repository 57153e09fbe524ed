"""The verdict on a shop's day: every promise that the books, the journal and the shop's diary show to be broken."""

from __future__ import annotations

from processes_audit import Audit


def lost_so_far(audit: Audit) -> list[str]:
    """Right after the kills, nothing recovered: whatever happened is written down, and somebody will look at it."""
    wrong = {
        "unknown to the journal": audit.unknown_captures,
        "told, and not in the journal": audit.told_and_gone,
        "nobody will look again": audit.forgotten,
        "holds another sum": audit.wrong_sums,
        "captured after it was told unpaid": audit.paid_after_not_paid,
        "sent, though said not to be": audit.sent_though_unavailable,
    }
    found = [f"the program itself: {each}" for each in audit.broken]
    found += [f"the file: {each}" for each in audit.integrity if each != "ok"]
    found += [f"{what}: {audit.story(each)}" for what, ask in wrong.items() for each in ask()]
    return found + audit.promises(settled=False)


def verdict(audit: Audit) -> list[str]:
    """After recovery: each order is paid once or not at all, the shop knows which, and surplus went back."""
    wrong = {
        "undecided": audit.undecided,
        "open, though it could be settled": audit.open_and_captured,
        "captured twice": audit.twice,
        "neither won nor given back": audit.neither_won_nor_back,
        "called paid, and holds nothing": audit.paid_without_capture,
        "told paid, and the journal says otherwise": audit.paid_and_forgotten,
        "its outcome was never told": audit.untold,
    }
    found = [f"{what}: {audit.story(each)}" for what, ask in wrong.items() for each in ask()]
    return lost_so_far(audit) + found + audit.promises(settled=True)

"""Codes that stand in no table: told once, with what to do."""

from __future__ import annotations

from payfallback._runtime.forks import renew_after_fork
from payfallback.ports import Callables, Observer, Provider

MOST = 1_000  # kinds of news kept; beyond it a code is no news any more


class Unlisted:
    """Tells of each unlisted code once per account, operation and process. Safe for threads, and after a fork."""

    def __init__(self, observer: Observer | None) -> None:
        self._observer = observer
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Everything is news again in a new process."""
        self._told: dict[tuple[str, str, str], object] = {}

    def met(self, channel: str, provider: Provider, operation: str, code: str, *, order_id: str = "") -> None:
        """A provider answered with a code that nobody lists."""
        account = provider.account
        place, mine = (account.id, operation, code), object()
        if self._observer is None or len(self._told) >= MOST or self._told.setdefault(place, mine) is not mine:
            return
        self._observer(
            "provider.unlisted_code",
            order_id=order_id,
            channel=channel,
            account=account.name,
            operation=operation,
            code=code,
            hint=_hint(provider),
        )


def _hint(provider: Provider) -> str:
    if isinstance(provider, Callables):
        return "it proves nothing, and the trade is asked about; ask what it means, and let your reader know"
    return (
        "it proves nothing, and the trade is asked about; ask the provider what it means, and add a row under "
        f"[[accounts.{provider.account.name}.codes]]"
    )

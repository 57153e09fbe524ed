"""What recovery on any engine can be told, checked."""

from __future__ import annotations

from payfallback._values import value
from payfallback.errors import ConfigError

MINUTE, HOUR = 60, 3600


@value(kw_only=True)
class Settings:
    """`every`: seconds between two sweeps. `batch`: looks that wait at most. `within`: seconds that a look may take."""

    every: int
    batch: int
    within: float

    def __post_init__(self) -> None:
        if isinstance(self.every, bool) or not isinstance(self.every, int) or not _divides(self.every):
            raise ConfigError(
                f"every={self.every!r} is no period of a schedule",
                hint="give whole seconds that divide a minute, or whole minutes that divide an hour, such as 5 or 120",
            )
        if self.batch < 1:
            raise ConfigError(f"batch={self.batch!r} would never look at an order", hint="give 1 or more")
        if not 0 < self.within <= HOUR:
            raise ConfigError(f"within={self.within!r} is no time for a look", hint="give seconds, such as 20.0")

    @property
    def cron(self) -> str:
        """The period as a cron expression that begins with seconds."""
        if self.every < MINUTE:
            return f"*/{self.every} * * * * *"
        return f"0 */{self.every // MINUTE} * * * *" if self.every < HOUR else "0 0 * * * *"


def _divides(seconds: int) -> bool:
    if seconds < 1:
        return False
    return MINUTE % seconds == 0 or (seconds % MINUTE == 0 and HOUR % seconds == 0)

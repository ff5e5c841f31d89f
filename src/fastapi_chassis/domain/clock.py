"""Clock: the one source of the time of day, so that tests can hold it."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time of day."""

    def now(self) -> datetime:
        """Returns the time in UTC, with its zone."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Returns the machine's time in UTC."""
        return datetime.now(UTC)


class FrozenClock:
    """A clock that stands still until it is moved.

    Args:
        at: where it stands first; now, where nothing is said. A time without zone is taken as UTC.
    """

    def __init__(self, at: datetime | None = None) -> None:
        at = at or datetime.now(UTC)
        self._now = at if at.tzinfo else at.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Returns the time at which it stands."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Moves the clock and returns the new time.

        Raises:
            ValueError: the clock would go back.
        """
        if by < timedelta(0):
            raise ValueError("a clock never goes back")
        self._now += by
        return self._now

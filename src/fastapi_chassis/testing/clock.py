"""SteppingClock: the time of day in a test, moved by the test alone."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from fastapi_chassis.domain import FrozenClock


class SteppingClock:
    """Stands still until the test moves it; what waits for the time is done before the test goes on.

    Args:
        at: where it stands first; now, where nothing is said.
    """

    def __init__(self, at: datetime | None = None) -> None:
        self.frozen = FrozenClock(at)
        self._followers: list[Callable[[], Awaitable[None]]] = []

    def now(self) -> datetime:
        """Returns the time at which it stands."""
        return self.frozen.now()

    def follow(self, settled: Callable[[], Awaitable[None]]) -> None:
        """Awaits this after each move."""
        self._followers.append(settled)

    async def advance(
        self,
        by: timedelta = timedelta(0),
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> datetime:
        """Moves the clock and lets every message find its end: `await clock.advance(days=7)`.

        Raises:
            ValueError: the clock would go back.
        """
        step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        moved = self.frozen.advance(by + step)
        for settled in self._followers:
            await settled()
        return moved

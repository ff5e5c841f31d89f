"""InMemoryClaimCheckStore: payloads within the process, for development and tests."""

from datetime import datetime, timedelta

from fastapi_chassis.domain import Clock, SystemClock, new_id


class InMemoryClaimCheckStore:
    """Keeps payloads in the process; gone with it.

    Args:
        clock: tells when the time of a payload is over.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._kept: dict[str, tuple[datetime, bytes]] = {}

    async def put(self, payload: bytes, keep: timedelta) -> str:
        """Keeps a payload."""
        name = new_id().hex
        self._kept[name] = (self._clock.now() + keep, payload)
        return name

    async def get(self, name: str) -> bytes | None:
        """Returns a payload."""
        end, payload = self._kept.get(name, (None, b""))
        return payload if end is not None and end > self._clock.now() else None

    async def purge(self, *, limit: int) -> int:
        """Removes payloads whose time is over."""
        now = self._clock.now()
        over = [name for name, (end, _) in self._kept.items() if end <= now][:limit]
        for name in over:
            del self._kept[name]
        return len(over)

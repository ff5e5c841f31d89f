"""Cache: the port to values that may be forgotten at any time."""

from collections.abc import Collection
from datetime import timedelta
from typing import Protocol


class Cache(Protocol):
    """Keeps values for a while; each comes back as exactly what it was, and nobody else's change of it shows.

    Values are what `encode_value` takes: texts, numbers, times, identifiers, bytes, None, lists and dicts.
    """

    async def get(self, key: str, default: object = None) -> object:
        """Returns the value, or the default where there is none, or none any more."""
        ...

    async def set(
        self, key: str, value: object, *, ttl: timedelta | None = None, tags: Collection[str] = ()
    ) -> None:
        """Keeps a value, in the place of the one before.

        Args:
            key: names the value.
            value: what to keep.
            ttl: how long it is good, more than nothing; without one until there is no room for it.
            tags: what it depends on; see `invalidate`.

        Raises:
            TypeError: the value would not come back as what it was.
            ValueError: the time is not more than nothing.
        """
        ...

    async def delete(self, *keys: str) -> int:
        """Forgets values; returns how many there were."""
        ...

    async def invalidate(self, *tags: str) -> None:
        """Forgets every value that was kept with one of the tags."""
        ...

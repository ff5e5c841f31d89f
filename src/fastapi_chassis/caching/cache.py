"""Cache: the port to values that may be forgotten at any time, and the lease of one being computed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to keep a value that is being computed, for as long as nobody forgets or replaces it.

    Args:
        key: names the value.
        token: what the cache knows it by.
        versions: where its tags stood when it began, by tag.
    """

    key: str
    token: bytes
    versions: Mapping[str, bytes]


class Cache(Protocol):
    """Keeps values for a while; each comes back as exactly what it was, and nobody else's change of it shows.

    Values are what `encode_value` takes: texts, numbers, times, identifiers, bytes, None, lists and dicts.
    """

    async def get(self, key: str, default: object = None, *, tags: Collection[str] = ()) -> object:
        """Returns the value, or the default where there is none, or none any more.

        Args:
            key: names the value.
            default: what to return where there is none.
            tags: those that it was kept with, where they are known: a distant cache answers sooner then.
        """
        ...

    async def lease(self, key: str, *, tags: Collection[str] = ()) -> Lease:
        """Begins the computation of a value, which `set` takes only if it is not out of date by then."""
        ...

    async def set(
        self,
        key: str,
        value: object,
        *,
        ttl: timedelta | None = None,
        tags: Collection[str] = (),
        lease: Lease | None = None,
    ) -> bool:
        """Keeps a value, in the place of the one before; returns whether it did.

        Args:
            key: names the value.
            value: what to keep.
            ttl: how long it is good, more than nothing; without one until there is no room for it.
            tags: what it depends on; see `invalidate`.
            lease: keeps the value only if, since the lease began, nobody set or deleted the key, nor
                invalidated one of the tags, which are those of the lease.

        Raises:
            TypeError: the value would not come back as what it was.
            ValueError: the time is not more than nothing.
        """
        ...

    async def delete(self, *keys: str) -> int:
        """Forgets values; returns how many there were."""
        ...

    async def invalidate(self, *tags: str) -> None:
        """Forgets every value that was kept with one of the tags, and ends every lease with one."""
        ...

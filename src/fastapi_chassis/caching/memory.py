"""Memory twins of the cache and the lock, for development, tests and a single process."""

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi_chassis.caching.cache import Lease
from fastapi_chassis.caching.codec import decode_value, encode_value
from fastapi_chassis.domain import Clock, SystemClock, new_id

_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class _Kept:
    data: bytes
    until: datetime | None
    tags: frozenset[str]


class InMemoryCache:
    """Keeps values in this process, and forgets the one that was not asked for longest.

    Args:
        clock: tells when values end.
        max_entries: how many values are kept at most.
    """

    def __init__(self, *, clock: Clock | None = None, max_entries: int = 10_000) -> None:
        self._clock = clock or SystemClock()
        self._max_entries = max_entries
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._keys_by_tag: dict[str, set[str]] = {}
        self._leases: OrderedDict[str, Lease] = OrderedDict()

    async def get(self, key: str, default: object = None, *, tags: Collection[str] = ()) -> object:
        """Returns the value, or the default."""
        del tags
        kept = self._alive(key)
        if kept is None:
            return default
        self._kept.move_to_end(key)
        return decode_value(kept.data)

    async def lease(self, key: str, *, tags: Collection[str] = ()) -> Lease:
        """Begins the computation of a value."""
        begun = self._leases.get(key)
        token = begun.token if begun is not None else new_id().bytes
        lease = Lease(key, token, dict.fromkeys((*tags, *(begun.versions if begun else ())), b""))
        self._leases[key] = lease
        if len(self._leases) > self._max_entries:
            self._leases.popitem(last=False)
        return lease

    async def set(
        self,
        key: str,
        value: object,
        *,
        ttl: timedelta | None = None,
        tags: Collection[str] = (),
        lease: Lease | None = None,
    ) -> bool:
        """Keeps a value."""
        if ttl is not None and ttl <= _NOTHING:
            raise ValueError("a value is kept for more than no time")
        data = encode_value(value)
        if lease is not None and not self._holds(lease):
            return False
        self._leases.pop(key, None)
        until = self._clock.now() + ttl if ttl is not None else None
        kept = _Kept(data, until, frozenset(tags if lease is None else lease.versions))
        self._forget(key)
        self._kept[key] = kept
        for tag in kept.tags:
            self._keys_by_tag.setdefault(tag, set()).add(key)
        while len(self._kept) > self._max_entries:
            self._forget(next(iter(self._kept)))
        return True

    async def delete(self, *keys: str) -> int:
        """Forgets values."""
        there = [key for key in set(keys) if self._alive(key)]
        for key in keys:
            self._leases.pop(key, None)
        for key in there:
            self._forget(key)
        return len(there)

    async def invalidate(self, *tags: str) -> None:
        """Forgets the values with one of the tags."""
        for tag in tags:
            for key in tuple(self._keys_by_tag.get(tag, ())):
                self._forget(key)
        for key in [key for key, lease in self._leases.items() if lease.versions.keys() & set(tags)]:
            del self._leases[key]

    def _holds(self, lease: Lease) -> bool:
        begun = self._leases.get(lease.key)
        return begun is not None and begun.token == lease.token

    def _alive(self, key: str) -> _Kept | None:
        kept = self._kept.get(key)
        if kept is not None and kept.until is not None and kept.until <= self._clock.now():
            self._forget(key)
            return None
        return kept

    def _forget(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        for tag in kept.tags if kept else ():
            keys = self._keys_by_tag[tag]
            keys.discard(key)
            if not keys:
                del self._keys_by_tag[tag]


class InMemoryLock:
    """Lends names to the workers of this process.

    Args:
        clock: tells when a name may be taken by another.
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._held: dict[str, tuple[int, datetime]] = {}
        self._last_token = 0

    async def acquire(self, name: str, *, ttl: timedelta) -> int | None:
        """Takes a name, if it is free."""
        now = self._clock.now()
        if name in self._held and self._held[name][1] > now:
            return None
        self._last_token += 1
        self._held[name] = self._last_token, now + ttl
        return self._last_token

    async def renew(self, name: str, token: int, *, ttl: timedelta) -> bool:
        """Holds on to a name."""
        if not self._holds(name, token):
            return False
        self._held[name] = token, self._clock.now() + ttl
        return True

    async def release(self, name: str, token: int) -> bool:
        """Gives a name back."""
        if not self._holds(name, token):
            return False
        del self._held[name]
        return True

    def _holds(self, name: str, token: int) -> bool:
        holder, until = self._held.get(name, (None, None))
        return holder == token and until is not None and until > self._clock.now()

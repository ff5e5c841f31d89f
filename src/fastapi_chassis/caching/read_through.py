"""ReadThroughCache: answers from the cache, or loads the value once for all who wait for it."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from datetime import timedelta
from functools import partial
from urllib.parse import quote

from fastapi_chassis.application import AbstractUnitOfWork, TransactionRequiredError, current_context
from fastapi_chassis.caching.cache import Cache
from fastapi_chassis.caching.config import CachingConfig
from fastapi_chassis.caching.lock import Lock
from fastapi_chassis.caching.memory import InMemoryCache
from fastapi_chassis.caching.policy import CachePolicy, Found
from fastapi_chassis.caching.single_flight import SingleFlight
from fastapi_chassis.domain import Clock, SystemClock, UnavailableException

_log = logging.getLogger("fastapi_chassis.caching")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.1  # seconds between looks at what another process loads
_CLOSING = 5.0  # seconds that invalidations under way may take when the service stops

type Load[T] = Callable[[], Awaitable[T]]
type Loaded = tuple[object, bytes | None]


class ReadThroughCache:
    """Values of functions: read, loaded once for all processes, loaded again in time, and invalidated.

    What was invalidated while it was being loaded is not kept. Values of tenants are apart.

    Args:
        cache: keeps values, shared by the processes.
        lock: lets one process load.
        config: how long they wait for each other.
        clock: tells when values end.
    """

    def __init__(
        self,
        cache: Cache,
        lock: Lock,
        *,
        config: CachingConfig | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._cache = cache
        self._lock = lock
        self._config = config or CachingConfig()
        self._clock = clock or SystemClock()
        self._local = InMemoryCache(clock=self._clock, max_entries=self._config.local_entries)
        self._flights = SingleFlight[Loaded]()
        self._invalidating: set[asyncio.Task[None]] = set()

    async def read[T](
        self, key: str, load: Load[T], policy: CachePolicy[T], *, tags: Collection[str] = ()
    ) -> T:
        """Returns the value that is kept, or loads and keeps it.

        Args:
            key: names it.
            load: computes it; what it raises is raised here, and not kept.
            policy: how it is kept.
            tags: what it depends on.
        """
        if self._invalidating:  # what this process has changed, it sees
            await asyncio.wait(self._invalidating)
        name = _named(key)
        found = await self._found(name, policy, tags)
        if found is not None:
            is_due = policy.is_due(found, self._now()) and not self._flights.is_running(name)
            return await self._renewed(name, found, load, policy, tags) if is_due else found.value
        value, data = await self._flights.run(name, lambda: self._loaded(name, load, policy, tags), tags=tags)
        # who waited gets a copy of its own
        copy = policy.opened(data)
        return copy.value if copy is not None else value  # type: ignore[return-value]  # of this very policy

    async def invalidate(self, *keys: str, tags: Collection[str] = ()) -> None:
        """Forgets values by key and by tag, those that are being loaded included.

        Args:
            keys: as the template says, or from the function's `key`.
            tags: whose values are out of date.
        """
        await self._invalidated([_named(key) for key in keys], tags)

    def invalidate_after_commit(
        self, unit_of_work: AbstractUnitOfWork, *keys: str, tags: Collection[str] = ()
    ) -> None:
        """Forgets values once a transaction has committed; before, readers would load what was.

        Reads of this process wait for it; those of others may see the former value for that moment.

        Raises:
            TransactionRequiredError: there is no transaction.
        """
        if not unit_of_work.is_active:
            raise TransactionRequiredError("values were to be invalidated after the commit")
        names = [_named(key) for key in keys]
        unit_of_work.after_commit(partial(self._begin_to_invalidate, names, tuple(tags)))

    async def close(self) -> None:
        """Waits for the invalidations that are under way."""
        if self._invalidating:
            _, late = await asyncio.wait(self._invalidating, timeout=_CLOSING)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _found[T](self, name: str, policy: CachePolicy[T], tags: Collection[str]) -> Found[T] | None:
        if policy.local is None:
            return policy.opened(await self._cache.get(name, tags=tags))
        found = policy.opened(await self._local.get(name))
        if found is None:
            data = await self._cache.get(name, tags=tags)
            found = policy.opened(data)
            if found is not None:
                await self._keep_local(name, data, found.until, policy, tags)
        return found

    async def _loaded[T](
        self, name: str, load: Load[T], policy: CachePolicy[T], tags: Collection[str]
    ) -> tuple[T, bytes | None]:
        """Loads a value, unless another process does so meanwhile."""
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + self._config.wait, _FIRST_PAUSE
        while True:
            token, is_free = await self._acquired(name)
            try:
                found = await self._found(name, policy, tags)
                if found is not None:
                    return found.value, policy.closed(found.value, found.until, found.took)
                if is_free or loop.time() >= until:
                    return await self._load(name, load, policy, tags)
            finally:
                await self._released(name, token)
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads looks
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _renewed[T](
        self, name: str, found: Found[T], load: Load[T], policy: CachePolicy[T], tags: Collection[str]
    ) -> T:
        """Loads a value again before it ends, unless somebody does; a failure leaves the one that is good."""
        token, is_free = await self._acquired(name)
        if not is_free:
            return found.value
        try:
            loaded = await self._flights.run(name, lambda: self._load(name, load, policy, tags), tags=tags)
            return loaded[0]  # type: ignore[return-value]  # of this very policy
        except Exception as fault:  # noqa: BLE001 - the next one tries again, and the value is good until then
            _log.warning("%s was not loaded again before its end: %s", name, type(fault).__name__)
            return found.value
        finally:
            await self._released(name, token)

    async def _load[T](
        self, name: str, load: Load[T], policy: CachePolicy[T], tags: Collection[str]
    ) -> tuple[T, bytes | None]:
        lease = await self._cache.lease(name, tags=tags)
        loop = asyncio.get_running_loop()
        began = loop.time()
        value = await load()
        until = self._now() + policy.ttl.total_seconds()
        data = policy.closed(value, until, loop.time() - began)
        if data is not None and await self._cache.set(name, data, ttl=policy.ttl, lease=lease):
            await self._keep_local(name, data, until, policy, tags)
        return value, data

    async def _keep_local[T](
        self, name: str, data: object, until: float, policy: CachePolicy[T], tags: Collection[str]
    ) -> None:
        left = timedelta(seconds=until - self._now())
        if policy.local is not None and left > timedelta(0):
            await self._local.set(name, data, ttl=min(policy.local, left), tags=tags)

    async def _acquired(self, name: str) -> tuple[int | None, bool]:
        """Returns the token of the lock, and whether nobody else loads; also without a lock service."""
        try:
            token = await self._lock.acquire(name, ttl=timedelta(seconds=self._config.lock))
        except UnavailableException:
            return None, True
        return token, token is not None

    async def _released(self, name: str, token: int | None) -> None:
        if token is not None:
            try:
                await self._lock.release(name, token)
            except UnavailableException:
                _log.warning("the lock of %s was not given back; it ends by itself", name)

    async def _invalidated(self, names: Iterable[str], tags: Collection[str]) -> None:
        keys = tuple(names)
        self._flights.forget(keys, tags)
        await self._local.delete(*keys)
        await self._local.invalidate(*tags)
        if keys:
            await self._cache.delete(*keys)
        if tags:
            await self._cache.invalidate(*tags)

    def _begin_to_invalidate(self, names: Iterable[str], tags: Collection[str]) -> None:
        task = asyncio.get_running_loop().create_task(self._invalidated(names, tags), name="invalidate")
        self._invalidating.add(task)
        task.add_done_callback(self._is_invalidated)

    def _is_invalidated(self, task: asyncio.Task[None]) -> None:
        self._invalidating.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            _log.error("an invalidation was lost: %s; values live until the end of their time", fault)

    def _now(self) -> float:
        return self._clock.now().timestamp()


async def open_read_through(
    cache: Cache, lock: Lock, config: CachingConfig, clock: Clock
) -> AsyncIterator[ReadThroughCache]:
    """Makes a cache of functions for a container, which ends it by going on after the yield."""
    values = ReadThroughCache(cache, lock, config=config, clock=clock)
    try:
        yield values
    finally:
        await values.close()


def _named(key: str) -> str:
    tenant = current_context().tenant
    return f"cached:{key}" if tenant is None else f"cached%{quote(tenant, safe='')}:{key}"

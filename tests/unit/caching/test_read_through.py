"""Values of functions: read, loaded once, loaded again in time, and invalidated for good."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from datetime import timedelta

import pytest

from fastapi_chassis.application import (
    InMemoryUnitOfWork,
    MemoryStore,
    MessageContext,
    TransactionRequiredError,
    use_context,
)
from fastapi_chassis.caching import (
    CachePolicy,
    CachingConfig,
    InMemoryCache,
    InMemoryLock,
    ReadThroughCache,
    open_read_through,
)
from fastapi_chassis.domain import FrozenClock, UnavailableException
from fastapi_chassis.testing import eventually

MINUTE = timedelta(minutes=1)
POLICY = CachePolicy[list[int]](list[int], MINUTE, "test", early=0)
LOCAL = CachePolicy[list[int]](list[int], MINUTE, "test", early=0, local=timedelta(seconds=5))


class Source:
    """What is loaded: a list with the number of loads so far."""

    def __init__(self) -> None:
        self.loads = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.fault: Exception | None = None

    async def __call__(self) -> list[int]:
        self.loads += 1
        mine = self.loads
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return [mine]


class Slow(InMemoryCache):
    """A cache whose invalidations wait for a gate, or fail."""

    gate: asyncio.Event | None = None
    is_away = False

    async def invalidate(self, *tags: str) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.is_away:
            raise UnavailableException("away")
        await super().invalidate(*tags)


class Away(InMemoryLock):
    """A lock that is away."""

    async def acquire(self, name: str, *, ttl: timedelta) -> int | None:
        raise UnavailableException("away")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def cache(clock: FrozenClock) -> Slow:
    return Slow(clock=clock)


@pytest.fixture
def lock() -> InMemoryLock:
    return InMemoryLock()


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def values(cache: Slow, lock: InMemoryLock, clock: FrozenClock) -> ReadThroughCache:
    return another(cache, lock, clock)


def another(cache: Slow, lock: InMemoryLock, clock: FrozenClock, *, wait: float = 5) -> ReadThroughCache:
    """Another process, as far as the cache can tell."""
    return ReadThroughCache(cache, lock, config=CachingConfig(wait=wait), clock=clock)


@pytest.fixture(autouse=True)
async def no_task_stays() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before | {asyncio.current_task()}


@pytest.mark.requirement("CCH-3")
async def test_a_miss_loads_and_a_hit_does_not(
    values: ReadThroughCache, source: Source, clock: FrozenClock
) -> None:
    assert await values.read("key", source, POLICY) == [1]
    assert await values.read("key", source, POLICY) == [1]
    assert await values.read("other", source, POLICY) == [2]
    clock.advance(MINUTE)
    assert await values.read("key", source, POLICY) == [3]


async def test_nobody_elses_change_of_a_value_shows(values: ReadThroughCache, source: Source) -> None:
    found = await asyncio.gather(*(values.read("key", source, POLICY) for _ in range(3)))
    for one in (*found, await values.read("key", source, POLICY)):
        assert one == [1]
        one.append(2)
    assert await values.read("key", source, POLICY) == [1]


@pytest.mark.requirement("CCH-3")
async def test_none_is_kept_and_an_exception_is_not(values: ReadThroughCache, source: Source) -> None:
    loads = 0

    async def nothing() -> None:
        nonlocal loads
        loads += 1

    policy = CachePolicy[None](int | None, MINUTE)
    assert [await values.read("none", nothing, policy) for _ in range(3)] == [None] * 3
    assert loads == 1
    source.fault = LookupError()
    for _ in range(2):
        with pytest.raises(LookupError):
            await values.read("key", source, POLICY)
    source.fault = None
    assert await values.read("key", source, POLICY) == [3]


@pytest.mark.requirement("CCH-3")
@pytest.mark.parametrize("policy", [POLICY, LOCAL], ids=["shared", "local"])
async def test_a_thousand_misses_are_one_load(
    cache: Slow, lock: InMemoryLock, clock: FrozenClock, source: Source, policy: CachePolicy[list[int]]
) -> None:
    processes = [another(cache, lock, clock) for _ in range(4)]
    source.gate.clear()
    reads = [asyncio.create_task(one.read("key", source, policy)) for one in processes for _ in range(250)]
    await asyncio.sleep(0.02)
    source.gate.set()
    assert await asyncio.gather(*reads) == [[1]] * 1_000
    assert source.loads == 1


async def test_who_waited_long_for_another_process_loads_itself(
    cache: Slow, lock: InMemoryLock, clock: FrozenClock, source: Source
) -> None:
    await lock.acquire("cached:key", ttl=MINUTE)
    assert await another(cache, lock, clock, wait=0.05).read("key", source, POLICY) == [1]


async def test_where_the_loading_process_failed_the_next_one_loads(
    cache: Slow, lock: InMemoryLock, clock: FrozenClock, source: Source
) -> None:
    token = await lock.acquire("cached:key", ttl=MINUTE)
    assert token is not None
    reading = asyncio.create_task(another(cache, lock, clock).read("key", source, POLICY))
    await asyncio.sleep(0.02)
    await lock.release("cached:key", token)
    assert await reading == [1]


async def test_a_load_that_fails_or_is_cancelled_gives_the_lock_back(
    values: ReadThroughCache, lock: InMemoryLock, source: Source
) -> None:
    source.fault = LookupError()
    with pytest.raises(LookupError):
        await values.read("key", source, POLICY)
    source.gate.clear()
    reading = asyncio.create_task(values.read("key", source, POLICY))
    await eventually(lambda: source.loads == 2)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert await lock.acquire("cached:key", ttl=MINUTE)


async def test_without_a_lock_service_values_are_loaded_all_the_same(
    cache: Slow, clock: FrozenClock, source: Source
) -> None:
    values = another(cache, Away(), clock)
    assert await asyncio.gather(*(values.read("key", source, POLICY) for _ in range(9))) == [[1]] * 9


@pytest.mark.requirement("CCH-3")
async def test_invalidated_by_key_and_by_tag(values: ReadThroughCache, source: Source) -> None:
    async def read() -> list[list[int]]:
        return [
            await values.read(key, source, policy, tags=tags)
            for key, tags in (("a", ["x"]), ("b", ["x", "y"]), ("c", []))
            for policy in (POLICY, LOCAL)
        ]

    assert await read() == [[1], [1], [2], [2], [3], [3]]
    await values.invalidate("a")
    assert await read() == [[4], [4], [2], [2], [3], [3]]
    await values.invalidate(tags=["y"])
    assert await read() == [[4], [4], [5], [5], [3], [3]]
    await values.invalidate("c", tags=["x"])
    assert await read() == [[6], [6], [7], [7], [8], [8]]
    await values.invalidate()
    assert source.loads == 8


@pytest.mark.requirement("CCH-3")
@pytest.mark.parametrize(("keys", "tags"), [(["key"], []), ([], ["tag"])], ids=["key", "tag"])
@pytest.mark.parametrize("policy", [POLICY, LOCAL], ids=["shared", "local"])
async def test_what_was_being_loaded_when_it_was_invalidated_is_not_kept(
    cache: Slow,
    lock: InMemoryLock,
    clock: FrozenClock,
    source: Source,
    keys: Collection[str],
    tags: Collection[str],
    policy: CachePolicy[list[int]],
) -> None:
    values, elsewhere = another(cache, lock, clock), another(cache, lock, clock)
    for invalidating in (values, elsewhere):
        source.gate.clear()
        early = asyncio.create_task(values.read("key", source, policy, tags=["tag"]))
        begun = source.loads
        await eventually(lambda begun=begun: source.loads == begun + 1)
        await invalidating.invalidate(*keys, tags=tags)
        late = asyncio.create_task(invalidating.read("key", source, policy, tags=["tag"]))
        await asyncio.sleep(0.01)
        source.gate.set()
        old, new = await early, await late
        assert new > old, "whoever asks after the invalidation gets what is loaded after it"
        assert await elsewhere.read("key", source, policy, tags=["tag"]) == new
        await values.invalidate("key")
        await elsewhere.invalidate("key")


async def test_tenants_are_apart(values: ReadThroughCache, source: Source) -> None:
    with use_context(MessageContext(tenant="a")):
        assert await values.read("key", source, POLICY) == [1]
    with use_context(MessageContext(tenant="b")):
        assert await values.read("key", source, POLICY) == [2]
        await values.invalidate("key")
    assert await values.read("key", source, POLICY) == [3]
    with use_context(MessageContext(tenant="a")):
        assert await values.read("key", source, POLICY) == [1]


@pytest.mark.requirement("CCH-3")
async def test_a_value_is_loaded_again_before_its_end_by_one(
    cache: Slow, lock: InMemoryLock, clock: FrozenClock, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    eager = CachePolicy[list[int]](list[int], MINUTE, "test", early=1e9)
    values, elsewhere = another(cache, lock, clock), another(cache, lock, clock)

    async def slow() -> list[int]:
        await asyncio.sleep(0.001)
        return await source()

    assert await values.read("key", slow, eager) == [1]
    source.gate.clear()
    renewing = asyncio.create_task(values.read("key", slow, eager))
    await eventually(lambda: source.loads == 2)
    others = await asyncio.gather(
        *(one.read("key", slow, eager) for one in (values, elsewhere) for _ in range(9))
    )
    assert others == [[1]] * 18
    source.gate.set()
    assert await renewing == [2]
    assert await elsewhere.read("key", source, POLICY) == [2]
    source.fault = LookupError()
    assert await values.read("key", slow, eager) == [2], "a failure leaves what is good"
    assert "not loaded again" in caplog.text


async def test_a_local_copy_ends_soon_and_never_after_the_value(
    cache: Slow, lock: InMemoryLock, clock: FrozenClock, source: Source
) -> None:
    values, elsewhere = another(cache, lock, clock), another(cache, lock, clock)
    assert await values.read("key", source, LOCAL) == [1]
    await elsewhere.invalidate("key")
    assert await values.read("key", source, LOCAL) == [1], "others can't reach the copy"
    clock.advance(timedelta(seconds=5))
    assert await values.read("key", source, LOCAL) == [2]
    clock.advance(timedelta(seconds=58))
    assert await elsewhere.read("key", source, LOCAL) == [2]
    clock.advance(timedelta(seconds=2))
    assert await elsewhere.read("key", source, LOCAL) == [3]


@pytest.mark.requirement("CCH-3")
async def test_invalidation_waits_for_the_commit_and_reads_wait_for_it(
    values: ReadThroughCache, cache: Slow, source: Source
) -> None:
    work = InMemoryUnitOfWork(MemoryStore())
    with pytest.raises(TransactionRequiredError):
        values.invalidate_after_commit(work, "key")
    assert await values.read("key", source, POLICY, tags=["tag"]) == [1]
    async with work:
        values.invalidate_after_commit(work, tags=["tag"])
    assert await values.read("key", source, POLICY, tags=["tag"]) == [1], "it was rolled back"
    async with work:
        values.invalidate_after_commit(work, "other", tags=["tag"])
        assert await values.read("key", source, POLICY, tags=["tag"]) == [1]
        cache.gate = asyncio.Event()
        await work.commit()
    reading = asyncio.create_task(values.read("key", source, POLICY, tags=["tag"]))
    await asyncio.sleep(0.01)
    assert not reading.done()
    cache.gate.set()
    assert await reading == [2]


async def test_an_invalidation_that_failed_after_the_commit_is_told(
    values: ReadThroughCache, cache: Slow, caplog: pytest.LogCaptureFixture
) -> None:
    cache.is_away = True
    async with InMemoryUnitOfWork(MemoryStore()) as work:
        values.invalidate_after_commit(work, tags=["tag"])
        await work.commit()
    with caplog.at_level(logging.ERROR):
        await values.close()
    assert "invalidation was lost" in caplog.text


async def test_the_factory_for_containers_ends_with_what_is_under_way(
    cache: Slow, lock: InMemoryLock, clock: FrozenClock, source: Source
) -> None:
    opening = open_read_through(cache, lock, CachingConfig(), clock)
    values = await anext(opening)
    await values.read("key", source, POLICY, tags=["tag"])
    async with InMemoryUnitOfWork(MemoryStore()) as work:
        values.invalidate_after_commit(work, tags=["tag"])
        await work.commit()
    assert await anext(opening, None) is None
    assert await another(cache, lock, clock).read("key", source, POLICY, tags=["tag"]) == [2]

"""The memory twin of the cache obeys the contract of every cache."""

from datetime import timedelta

import pytest

from fastapi_chassis.caching import InMemoryCache
from fastapi_chassis.domain import FrozenClock
from fastapi_chassis.testing.contracts.cache import CacheContract, Pass


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def cache(clock: FrozenClock) -> InMemoryCache:
    return InMemoryCache(clock=clock)


@pytest.fixture
def time_passes(clock: FrozenClock) -> Pass:
    async def passing(by: timedelta) -> None:
        clock.advance(by)

    return passing


@pytest.mark.requirement("TST-1")
class TestCache(CacheContract):
    contract_store = "memory"


async def test_the_value_that_was_not_asked_for_longest_makes_room(clock: FrozenClock) -> None:
    cache = InMemoryCache(clock=clock, max_entries=2)
    await cache.set("a", 1, tags=["t"])
    await cache.set("b", 2)
    await cache.get("a")
    await cache.set("c", 3)
    assert [await cache.get(key) for key in "abc"] == [1, None, 3]
    await cache.invalidate("t")
    assert await cache.get("a") is None

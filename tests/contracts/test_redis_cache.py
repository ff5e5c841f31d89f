"""The cache on a real Redis obeys the contract of every cache."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from fastapi_chassis.plugins.redis import RedisCache
from fastapi_chassis.plugins.redis.testing import open_client
from fastapi_chassis.testing.contracts.cache import CacheContract, Pass

pytestmark = pytest.mark.backends("valkey")


@pytest.fixture(params=[2, 3], ids=["RESP2", "RESP3"])
async def cache(valkey_url: str, request: pytest.FixtureRequest) -> AsyncIterator[RedisCache]:
    async with open_client(valkey_url, protocol=request.param) as client:
        yield RedisCache(client)


@pytest.fixture
def time_passes() -> Pass:
    async def passing(by: timedelta) -> None:
        await asyncio.sleep(by.total_seconds() * 1.05)

    return passing


@pytest.mark.requirement("CCH-1")
class TestCache(CacheContract):
    contract_store = "Redis"

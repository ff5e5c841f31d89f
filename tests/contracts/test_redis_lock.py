"""The lock on a real Redis obeys the contract of every lock."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from fastapi_chassis.plugins.redis import RedisLock
from fastapi_chassis.plugins.redis.testing import open_client
from fastapi_chassis.testing.contracts.lock import LockContract, Pass

pytestmark = pytest.mark.backends("valkey")


@pytest.fixture
async def lock(valkey_url: str) -> AsyncIterator[RedisLock]:
    async with open_client(valkey_url) as client:
        yield RedisLock(client)


@pytest.fixture
def time_passes() -> Pass:
    async def passing(by: timedelta) -> None:
        await asyncio.sleep(by.total_seconds() * 1.05)

    return passing


@pytest.mark.requirement("CCH-2", "MISTAKE-7")
class TestLock(LockContract):
    contract_store = "Redis"

"""Large payloads on a real Redis obey the contract of every store of them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from fastapi_chassis.domain import new_id
from fastapi_chassis.plugins.redis import RedisClaimCheckStore
from fastapi_chassis.plugins.redis.testing import open_client
from fastapi_chassis.testing.contracts.claim_check import ClaimCheckContract, Pass

pytestmark = pytest.mark.backends("valkey")


@pytest.fixture
async def claim_checks(valkey_url: str) -> AsyncIterator[RedisClaimCheckStore]:
    prefix = f"test:{new_id().hex}:"
    async with open_client(valkey_url, prefix=prefix, claim_checks={"prefix": prefix}) as client:
        yield RedisClaimCheckStore(client.connection)


@pytest.fixture
def short() -> timedelta:
    return timedelta(seconds=1)


@pytest.fixture
def time_passes() -> Pass:
    async def passing(by: timedelta) -> None:
        await asyncio.sleep(by.total_seconds() * 1.05)

    return passing


@pytest.mark.requirement("MSG-15")
class TestRedis(ClaimCheckContract):
    contract_store = "Redis"

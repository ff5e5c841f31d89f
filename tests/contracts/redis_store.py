"""Redis, as the contract suites want a store: a prefix of its own for each test, on one server."""

from collections.abc import AsyncIterator

import pytest

from fastapi_chassis.plugins.redis import RedisClient, RedisStore
from fastapi_chassis.plugins.redis.testing import open_client
from fastapi_chassis.testing.contracts.harness import StoreHarness


class RedisHarness(StoreHarness):
    def __init__(self, client: RedisClient) -> None:
        super().__init__(RedisStore(client))
        self.client = client

    async def keys(self) -> list[str]:
        """Every key of the store, without the part that all of them have."""
        return sorted([key.partition("}:")[2] async for key in self.client.scan()])


@pytest.mark.backends("valkey")
class OnRedis:
    """Mixed into a suite, supplies its `store`."""

    contract_store = "Redis"

    @pytest.fixture
    async def store(self, valkey_url: str) -> AsyncIterator[RedisHarness]:
        async with open_client(valkey_url) as client:
            yield RedisHarness(client)

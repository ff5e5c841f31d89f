"""Clients for tests leave nothing behind."""

import pytest
import redis.asyncio as redis

from fastapi_chassis.plugins.redis.testing import open_client

pytestmark = pytest.mark.backends("valkey")


async def test_each_has_a_prefix_of_its_own_and_nothing_is_left(valkey_url: str) -> None:
    async with open_client(valkey_url) as one, open_client(valkey_url) as other:
        await one.set("key", 1)
        assert await other.get("key") is None
        prefix = one.prefix
    async with redis.from_url(valkey_url) as bare:
        assert await bare.keys(f"{prefix}*") == []

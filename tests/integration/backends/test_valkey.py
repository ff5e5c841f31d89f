"""Valkey through redis-py."""

import pytest
import redis.asyncio as redis

pytestmark = pytest.mark.backends("valkey")


@pytest.mark.requirement("TST-3")
async def test_a_value_comes_back_through_the_real_client(valkey_url):
    async with redis.from_url(valkey_url, decode_responses=True) as client:
        await client.set("smoke:key", "value", ex=60)
        assert await client.get("smoke:key") == "value"
        assert await client.eval("return redis.call('get', KEYS[1])", 1, "smoke:key") == "value"


async def test_a_restart_keeps_the_data(private_backend):
    server = private_backend("valkey")
    async with redis.from_url(server.url, decode_responses=True) as client:
        await client.set("smoke:key", "kept")
    server.restart()
    async with redis.from_url(server.url, decode_responses=True) as client:
        assert await client.get("smoke:key") == "kept"

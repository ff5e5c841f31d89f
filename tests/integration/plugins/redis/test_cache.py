"""The cache while its server is away: misses or errors, as configured, and no value that was invalidated."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import redis.asyncio as redis

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.redis import RedisCache, RedisClient, RedisConfig, RedisConnection, open_redis
from fastapi_chassis.testing.backends import Backend

pytestmark = pytest.mark.backends("valkey")

MINUTE = timedelta(minutes=1)


@asynccontextmanager
async def opened(server: Backend, **settings: object) -> AsyncIterator[RedisCache]:
    section = {"url": server.url, "command_timeout": 0.5, "retry_backoff": 0.01, "cache": settings}
    async with open_redis(RedisConnection(RedisConfig.model_validate(section))) as connection:
        yield RedisCache(RedisClient(connection))


async def is_back(cache: RedisCache) -> None:
    async with asyncio.timeout(5):
        while not await cache.set("probe", 1):
            await asyncio.sleep(0.05)


@pytest.mark.requirement("CCH-4")
async def test_away_reads_miss_and_writes_are_dropped(
    server: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(server, retry_after=0.2) as cache:
        await cache.set("key", 1, ttl=MINUTE, tags=["tag"])
        server.kill()
        with caplog.at_level(logging.WARNING):
            assert await cache.get("key", "missed") == "missed"
            assert await cache.get("key", "missed", tags=["tag"]) == "missed"
        assert "without redis" in caplog.text
        assert not await cache.set("key", 2)
        lease = await cache.lease("key")
        await asyncio.to_thread(server.start)
        await is_back(cache)
        assert not await cache.set("key", 2, lease=lease), "nobody knows what happened since the lease began"
        assert await cache.get("key") == 1


@pytest.mark.requirement("CCH-4")
async def test_what_was_invalidated_while_it_was_away_is_not_read_when_it_is_back(server: Backend) -> None:
    async with opened(server, retry_after=0.2) as cache:
        for key in ("tagged", "deleted", "kept"):
            await cache.set(key, 1, ttl=MINUTE, tags=["tag"] if key == "tagged" else [])
        server.stop()
        await cache.invalidate("tag")
        assert await cache.delete("deleted") == 0
        await asyncio.to_thread(server.start)
        await is_back(cache)
        assert [await cache.get(key) for key in ("tagged", "deleted", "kept")] == [None, None, 1]


@pytest.mark.requirement("CCH-4")
async def test_away_every_verb_raises_where_that_is_configured(server: Backend) -> None:
    async with opened(server, on_failure="raise", retry_after=0.2) as cache:
        await cache.set("key", 1, ttl=MINUTE, tags=["tag"])
        server.stop()
        for verb in (cache.get, cache.lease, cache.delete, cache.invalidate):
            with pytest.raises(UnavailableException):
                await verb("tag")
        with pytest.raises(UnavailableException):
            await cache.set("key", 2)
        await asyncio.to_thread(server.start)
        await asyncio.sleep(0.3)
        assert await cache.get("key") is None, "the invalidation was owed"


@pytest.mark.requirement("CCH-4")
async def test_frozen_it_costs_few_time_outs_and_then_nothing(server: Backend) -> None:
    async with opened(server, failures=3, retry_after=60) as cache:
        await cache.set("key", 1)
        server.pause()
        try:
            began = time.monotonic()
            assert [await cache.get("key") for _ in range(1000)] == [None] * 1000
            assert time.monotonic() - began < 3 * 0.5 + 1
        finally:
            server.resume()


async def test_what_somebody_else_wrote_is_no_value(
    client: RedisClient, caplog: pytest.LogCaptureFixture
) -> None:
    cache = RedisCache(client)
    await cache.set("key", 1)
    await client.connection.run("SET", client.key("cache{:key}"), "no value")
    assert await cache.get("key", "default") == "default"
    assert "somebody else writes" in caplog.text


async def test_tags_live_as_long_as_their_values_and_leave_nothing_behind(client: RedisClient) -> None:
    cache = RedisCache(client)
    await cache.set("short", 1, ttl=MINUTE, tags=["short"])
    await cache.set("long", 1, ttl=timedelta(days=9), tags=["long"])
    await cache.set("endless", 1, tags=["endless"])
    for tag, least in (("short", timedelta(hours=23)), ("long", timedelta(days=9))):
        left = await client.time_left(f"tag:{tag}")
        assert left is not None
        assert left > least
    assert await client.time_left("tag:endless") is None
    await cache.set("brief", 1, ttl=MINUTE, tags=["long", "endless"])
    left = await client.time_left("tag:long")
    assert left is not None
    assert left > timedelta(days=9)
    assert await client.time_left("tag:endless") is None
    await cache.invalidate("short", "long", "endless")
    await cache.delete("short", "long", "endless", "brief")
    assert [key async for key in client.scan()] == []


async def test_an_invalidation_is_one_command_however_many_values_there_are(server: Backend) -> None:
    async with opened(server) as cache, redis.from_url(server.url) as bare:
        await asyncio.gather(*(cache.set(f"key-{number}", number, tags=["all"]) for number in range(500)))
        before = (await bare.info("stats"))["total_commands_processed"]
        await cache.invalidate("all")
        assert (await bare.info("stats"))["total_commands_processed"] - before == 2, "and INFO itself"
        found = await asyncio.gather(*(cache.get(f"key-{number}") for number in range(500)))
    assert found == [None] * 500

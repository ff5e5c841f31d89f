"""The plugin in the life of an application, with its server and without."""

import asyncio
from datetime import timedelta

import pytest

from fastapi_chassis.app import ApplicationAbstract, PluginStartError
from fastapi_chassis.caching import Cache, Lock
from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.redis import RedisCache, RedisClient, RedisLock, RedisPlugin
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends import Backend
from tests.integration.plugins.roads import running

pytestmark = pytest.mark.backends("valkey")

MINUTE = timedelta(minutes=1)


class Shop(ApplicationAbstract):
    name = "shop"
    plugins = (RedisPlugin,)


async def test_it_gives_client_cache_and_lock_below_the_name_of_the_service(valkey_url: str) -> None:
    async with running(Shop, url=valkey_url) as assembly:
        client = await assembly.container.get(RedisClient)
        assert client.prefix == "shop:"
        assert isinstance(await assembly.container.get(Cache), RedisCache)
        assert isinstance(await assembly.container.get(Lock), RedisLock)
        assert client.connection.is_open
    assert not client.connection.is_open


async def test_a_prefix_of_its_own_goes_before(valkey_url: str) -> None:
    async with running(Shop, url=valkey_url, prefix="own:") as assembly:
        assert (await assembly.container.get(RedisClient)).prefix == "own:"


async def test_required_the_service_does_not_start_without_it(server: Backend) -> None:
    server.stop()
    with pytest.raises(PluginStartError, match="redis"):
        async with running(Shop, url=server.url, retries=0):
            pytest.fail("it started")


@pytest.mark.requirement("CCH-4", "PLG-4")
async def test_not_required_the_service_starts_degraded_and_heals(server: Backend) -> None:
    server.stop()
    async with running(Shop, url=server.url, retries=0, required=False) as assembly:
        cache, lock = await assembly.container.get(Cache), await assembly.container.get(Lock)
        await assembly.status.check()
        assert assembly.status.health() is HealthStatusEnum.DEGRADED
        assert await cache.get("key", "missed") == "missed"
        with pytest.raises(UnavailableException):
            await lock.acquire("name", ttl=MINUTE)
        await asyncio.to_thread(server.start)
        await assembly.status.check()
        assert assembly.status.health() is HealthStatusEnum.HEALTHY
        assert await lock.acquire("name", ttl=MINUTE)
        await eventually(lambda: cache.set("key", 1))
        assert await cache.get("key") == 1

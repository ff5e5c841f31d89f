"""Health follows the server."""

import asyncio
import os
import signal

import pytest

from fastapi_chassis.plugins.redis import RedisConfig, RedisConnection, open_redis
from fastapi_chassis.plugins.redis.health import Observed, ping
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from tests.integration.plugins.redis.conftest import CLUSTER, at_cluster, is_ready

pytestmark = pytest.mark.backends("valkey")


@pytest.mark.requirement("CCH-4")
async def test_it_turns_with_the_server(server: Backend) -> None:
    url = server.url.replace("redis://", "redis://default:horse@")
    config = RedisConfig.model_validate({"url": server.url, "retries": 0})
    assert "horse" not in RedisConfig.model_validate({"url": url}).place
    async with open_redis(RedisConnection(config)) as connection:
        assert (await ping(Observed(connection))).status is HealthStatusEnum.HEALTHY
        server.stop()
        component = await ping(Observed(connection))
        assert component.status is HealthStatusEnum.UNHEALTHY
        assert config.place in component.detail
        await asyncio.to_thread(server.start)
        assert (await ping(Observed(connection))).status is HealthStatusEnum.HEALTHY


async def test_a_node_of_a_cluster_that_is_away_shows(private_backend: OpenBackend) -> None:
    server = private_backend(CLUSTER)
    async with at_cluster(server) as cluster:
        assert (await ping(Observed(cluster.connection))).status is HealthStatusEnum.HEALTHY
        os.kill(server.pids[1], signal.SIGKILL)
        assert (await ping(Observed(cluster.connection))).status is HealthStatusEnum.UNHEALTHY
        await asyncio.to_thread(server.start)
        async with asyncio.timeout(20):
            while not await is_ready(cluster):
                await asyncio.sleep(0.1)
        assert (await ping(Observed(cluster.connection))).status is HealthStatusEnum.HEALTHY

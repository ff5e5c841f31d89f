import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.redis import RedisClient
from fastapi_chassis.plugins.redis.testing import open_client
from fastapi_chassis.testing.backends import Backend, Recipe
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from fastapi_chassis.testing.backends.valkey import valkey_cluster_sources, valkey_tls_sources

TLS = Recipe("valkey_tls", "9.1", valkey_tls_sources, ("ca", "certificate", "key"))
CLUSTER = Recipe("valkey_cluster", "9.1", valkey_cluster_sources)


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[RedisClient]:
    """A client of the shared server, under a prefix of its own."""
    async with open_client(valkey_url) as client:
        yield client


@pytest.fixture
def server(private_backend: OpenBackend) -> Backend:
    """A server of this test alone."""
    return private_backend("valkey")


@pytest.fixture
def tls_server(backend: OpenBackend) -> Backend:
    """A server that speaks TLS only."""
    return backend(TLS)


@pytest.fixture
def cluster_server(backend: OpenBackend) -> Backend:
    """Three nodes."""
    return backend(CLUSTER)


@pytest.fixture
async def cluster(cluster_server: Backend) -> AsyncIterator[RedisClient]:
    """A client of three nodes, once each knows the others."""
    async with at_cluster(cluster_server) as client:
        yield client


@asynccontextmanager
async def at_cluster(server: Backend) -> AsyncIterator[RedisClient]:
    patient: dict[str, object] = {"rate_limit": {"timeout": 30}, "pool_timeout": 30}
    async with open_client(server.url, cluster=True, required=False, **patient) as client:
        async with asyncio.timeout(20):
            while not await is_ready(client):
                await asyncio.sleep(0.1)
        yield client


async def is_ready(client: RedisClient) -> bool:
    try:
        await asyncio.gather(*(client.exists(f"{number}") for number in range(20)))
    except UnavailableException:
        return False
    return True

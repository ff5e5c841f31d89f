"""Every store with a server of its own goes through that server's restart."""

from collections.abc import AsyncIterator

import pytest

from fastapi_chassis.plugins.redis.testing import open_client
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from fastapi_chassis.testing.contracts.repository_restart import RestartContract
from tests.contracts import odm_store, sqlalchemy_store
from tests.contracts.redis_store import RedisHarness


@pytest.mark.backends("postgresql")
@pytest.mark.requirement("REP-1", "REP-5")
class TestRestartOfPostgres(RestartContract):
    contract_store = "PostgreSQL"

    @pytest.fixture
    def server(self, private_backend: OpenBackend) -> Backend:
        return private_backend("postgresql")

    @pytest.fixture
    async def store(self, server: Backend) -> AsyncIterator[sqlalchemy_store.SqlHarness]:
        async with sqlalchemy_store.harness_at(server.url) as harness:
            yield harness


@pytest.mark.backends("ferretdb")
@pytest.mark.requirement("REP-1", "REP-7")
class TestRestartOfFerret(RestartContract):
    contract_store = "MongoDB"

    @pytest.fixture
    def server(self, private_backend: OpenBackend) -> Backend:
        return private_backend("ferretdb")

    @pytest.fixture
    async def store(self, server: Backend) -> AsyncIterator[odm_store.ODMHarness]:
        async with odm_store.harness_at(server.url, "restart") as harness:
            yield harness


@pytest.mark.backends("valkey")
@pytest.mark.requirement("REP-1", "REP-8")
class TestRestartOfRedis(RestartContract):
    contract_store = "Redis"

    @pytest.fixture
    def server(self, private_backend: OpenBackend) -> Backend:
        return private_backend("valkey")

    @pytest.fixture
    async def store(self, server: Backend) -> AsyncIterator[RedisHarness]:
        async with open_client(server.url) as client:
            yield RedisHarness(client)

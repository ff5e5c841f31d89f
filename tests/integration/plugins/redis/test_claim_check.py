"""What only a server meets; the contract suite tells the rest."""

import asyncio
from datetime import timedelta

import pytest

from fastapi_chassis.domain import UnavailableException, new_id
from fastapi_chassis.messaging import ClaimCheckStore, Transport
from fastapi_chassis.plugins.redis import RedisClaimCheckStore
from fastapi_chassis.plugins.redis.testing import open_client
from fastapi_chassis.testing.backends import Backend
from tests.integration.plugins.redis.test_plugin import Shop
from tests.integration.plugins.roads import running

pytestmark = [pytest.mark.backends("valkey"), pytest.mark.requirement("MSG-15")]

DAY = timedelta(days=1)


async def test_the_plugin_offers_it_where_it_is_asked_for(valkey_url: str) -> None:
    enabled = {"claim_checks.enabled": True, "claim_checks.prefix": f"test:{new_id().hex}:"}
    async with running(Shop, url=valkey_url, **enabled) as assembly:
        store = await assembly.container.get(ClaimCheckStore)  # type: ignore[type-abstract]  # a port
        assert isinstance(store, RedisClaimCheckStore)
        assert await store.get(await store.put(b"payload", timedelta(seconds=5))) == b"payload"
    async with running(Shop, url=valkey_url) as assembly:
        assert not assembly.container.provides(ClaimCheckStore)
    async with running(Shop, url=valkey_url, **enabled, **{"streams.enabled": True}) as assembly:
        assert all(assembly.container.provides(port) for port in (ClaimCheckStore, Transport))


async def test_services_share_payloads_whatever_their_own_prefix(valkey_url: str) -> None:
    async with open_client(valkey_url) as one, open_client(valkey_url) as other:
        assert one.prefix != other.prefix
        name = await RedisClaimCheckStore(one.connection).put(b"payload", timedelta(seconds=30))
        assert await RedisClaimCheckStore(other.connection).get(name) == b"payload"


async def test_away_it_says_so_and_is_used_again_once_it_is_back(server: Backend) -> None:
    async with open_client(server.url, retries=0) as client:
        store = RedisClaimCheckStore(client.connection)
        await asyncio.to_thread(server.stop)
        with pytest.raises(UnavailableException):
            await store.put(b"payload", DAY)
        with pytest.raises(UnavailableException):
            await store.get(new_id().hex)
        await asyncio.to_thread(server.start)
        assert await store.get(await store.put(b"payload", DAY)) == b"payload"


async def test_full_it_refuses_instead_of_forgetting(server: Backend) -> None:
    async with open_client(server.url) as client:
        store = RedisClaimCheckStore(client.connection)
        name = await store.put(b"x" * 1_000_000, DAY)
        await client.connection.run("CONFIG", "SET", "maxmemory", "1mb")
        with pytest.raises(UnavailableException):
            await store.put(b"x" * 1_000_000, DAY)
        assert await store.get(name) == b"x" * 1_000_000
        await client.connection.run("CONFIG", "SET", "maxmemory", "0")

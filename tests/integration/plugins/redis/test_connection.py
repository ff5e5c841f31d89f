"""The connection to real servers: TLS, a cluster, and servers that stop, die, freeze and come back."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from fastapi_chassis.caching import hold
from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.redis import (
    RedisAwayError,
    RedisCache,
    RedisClient,
    RedisCommandError,
    RedisConfig,
    RedisConnection,
    RedisLock,
    Script,
    open_redis,
)
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.backends.ports import free_port

pytestmark = pytest.mark.backends("valkey")

COUNT = Script("count", "return redis.call('INCRBY', KEYS[1], ARGV[1])")
QUICK = {"connect_timeout": 0.5, "command_timeout": 0.5, "pool_timeout": 0.5, "retry_backoff": 0.01}


@asynccontextmanager
async def opened(url: str, *, required: bool = True, **settings: object) -> AsyncIterator[RedisClient]:
    config = RedisConfig.model_validate({"url": url, "prefix": "test:", **QUICK, **settings})
    async with open_redis(RedisConnection(config), required=required) as connection:
        yield RedisClient(connection)


def certificates(server: Backend, *names: str) -> dict[str, str]:
    keys = {"ca": "ca_file", "certificate": "cert_file", "key": "key_file"}
    return {keys[name]: server.endpoints[name] for name in names}


@pytest.mark.requirement("CCH-4")
async def test_tls_with_certificates_of_both_sides(tls_server: Backend) -> None:
    tls = certificates(tls_server, "ca", "certificate", "key")
    async with opened(tls_server.url, tls=tls) as client:
        await client.set("key", 1)
        assert await client.get("key") == 1


@pytest.mark.requirement("CCH-4")
@pytest.mark.parametrize(
    "names",
    [("certificate", "key"), ("ca",), ()],
    ids=["unknown authority", "no certificate of its own", "neither"],
)
async def test_tls_is_refused_without_the_right_certificates(
    tls_server: Backend, names: tuple[str, ...]
) -> None:
    with pytest.raises(RedisAwayError) as caught:
        async with opened(tls_server.url, tls=certificates(tls_server, *names)):
            pytest.fail("it was opened")
    assert "tls.ca_file" in caught.value.findings[0].remedy


@pytest.mark.requirement("CCH-4")
async def test_a_cluster_is_used_on_all_its_nodes(cluster: RedisClient) -> None:
    names = [f"key-{number}" for number in range(100)]
    async with cluster.pipeline() as pipeline:
        for name in names:
            pipeline.set(name, name)
    assert [await cluster.get(name) for name in names] == names
    assert sorted([key async for key in cluster.scan("key-*")]) == sorted(names)
    nodes = cluster.connection._redis.get_primaries()  # type: ignore[union-attr]
    assert len(nodes) == 3
    for node in nodes:
        async with Redis(host=node.host, port=node.port) as one:
            assert await one.dbsize() > 0


@pytest.mark.requirement("CCH-4")
async def test_cache_lock_scripts_and_transactions_work_in_a_cluster(cluster: RedisClient) -> None:
    cache, lock = RedisCache(cluster), RedisLock(cluster)
    for number in range(20):
        key = f"key-{number}"
        lease = await cache.lease(key, tags=["all", key])
        assert await cache.set(key, number, ttl=timedelta(minutes=1), lease=lease)
        assert await cache.get(key) == await cache.get(key, tags=["all", key]) == number
        async with hold(lock, key):
            assert await lock.acquire(key, ttl=timedelta(minutes=1)) is None
        assert await cluster.run(COUNT, keys=(key,), args=(number,)) == number
        async with cluster.pipeline(transaction=True) as pipeline:
            first, second = (
                pipeline.increment(f"{{{key}}}a"),
                pipeline.run(COUNT, keys=(f"{{{key}}}b",), args=(2,)),
            )
        assert (await first, await second) == (1, 2)
    await cache.invalidate("key-0", "key-1")
    assert await cache.delete("key-0", "key-2") == 1
    await cache.invalidate("all")
    assert [await cache.get(f"key-{number}") for number in range(20)] == [None] * 20


async def test_keys_on_several_nodes_are_refused_with_what_to_do(cluster: RedisClient) -> None:
    with pytest.raises(RedisCommandError, match="several nodes") as caught:
        await cluster.get_many("one", "two")
    assert "braces" in caught.value.findings[0].remedy


async def test_a_cluster_that_is_configured_as_one_server_says_so(
    cluster: RedisClient, cluster_server: Backend
) -> None:
    async with opened(cluster_server.url) as client:
        with pytest.raises(RedisCommandError, match="node of a cluster"):
            await asyncio.gather(*(client.get(f"{number}") for number in range(20)))


async def test_a_server_that_is_configured_as_a_cluster_says_so(server: Backend) -> None:
    with pytest.raises(RedisAwayError, match="is no cluster"):
        async with opened(server.url.removesuffix("/0"), cluster=True):
            pytest.fail("it was opened")


async def test_a_login_that_is_refused_says_so_and_not_the_password(server: Backend) -> None:
    async with opened(server.url) as client:
        await client.connection.run("CONFIG", "SET", "requirepass", "right-horse")
        await client.connection.close()
    with pytest.raises(RedisAwayError, match="does not let the service in") as caught:
        async with opened(server.url, password="wrong-horse"):
            pytest.fail("it was opened")
    assert "horse" not in f"{caught.value} {caught.value.__cause__}"
    for login in ({"password": "right-horse"}, {"username": "default", "password": "right-horse"}):
        async with opened(server.url, **login) as client:
            assert await client.get("key") is None


async def test_a_server_that_is_not_there_is_told_at_start() -> None:
    with pytest.raises(RedisAwayError, match="can't be reached") as caught:
        async with opened(f"redis://user:horse@127.0.0.1:{free_port()}/0"):
            pytest.fail("it was opened")
    assert "horse" not in str(caught.value)


@pytest.mark.requirement("PLG-4")
async def test_where_it_is_not_required_the_service_starts_and_redis_may_come_later(
    server: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    server.stop()
    with caplog.at_level(logging.WARNING):
        async with opened(server.url, required=False) as client:
            assert "starts without redis" in caplog.text
            with pytest.raises(UnavailableException):
                await client.get("key")
            await asyncio.to_thread(server.start)
            assert await client.get("key") is None


@pytest.mark.parametrize("protocol", [2, 3])
async def test_a_restart_between_two_commands_is_not_noticed(server: Backend, protocol: int) -> None:
    async with opened(server.url, protocol=protocol) as client:
        await asyncio.gather(*(client.increment("number") for _ in range(20)))
        await asyncio.to_thread(server.restart)
        await asyncio.gather(*(client.increment("number") for _ in range(20)))
        assert await client.get("number") == 40


@pytest.mark.requirement("CCH-4")
async def test_kills_under_load_lose_nothing_that_was_acknowledged(server: Backend) -> None:
    async with opened(server.url) as client:
        acknowledged, attempts = 0, 0
        is_over = False

        async def count() -> None:
            nonlocal acknowledged, attempts
            while not is_over:
                attempts += 1
                try:
                    await client.increment("number")
                except UnavailableException:
                    await asyncio.sleep(0.01)
                else:
                    acknowledged += 1

        await client.connection.run("CONFIG", "SET", "appendfsync", "always")
        workers = [asyncio.create_task(count()) for _ in range(20)]
        for _ in range(3):
            await asyncio.sleep(0.2)
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(0.1)
            await asyncio.to_thread(server.start)
        await asyncio.sleep(0.2)
        is_over = True
        await asyncio.gather(*workers)
        assert 0 < acknowledged <= await client.get("number") <= attempts  # type: ignore[operator]
        assert acknowledged < attempts


@pytest.mark.requirement("CCH-4")
async def test_nothing_hangs_longer_than_its_time_out_while_the_server_is_frozen(server: Backend) -> None:
    async with opened(server.url, pool_size=5) as client:
        await asyncio.gather(*(client.increment("number") for _ in range(5)))
        server.pause()
        try:
            began = time.monotonic()
            async with client.pipeline() as pipeline:
                pipeline.get("x")
                kinds: list[Callable[[], object]] = [
                    lambda: client.get("number"),
                    lambda: client.increment("number"),
                    lambda: client.run(COUNT, keys=("number",), args=(1,)),
                    lambda: client.connection.ping(),
                ]
                outcomes = await asyncio.gather(
                    *(kinds[number % 4]() for number in range(12)),  # type: ignore[misc]
                    return_exceptions=True,
                )
                assert [type(one) for one in outcomes] == [UnavailableException] * 12
                with pytest.raises(UnavailableException):
                    await pipeline.execute()
            # a turn, a connection, its first words, the answer: each has its half second
            assert time.monotonic() - began < 5
        finally:
            server.resume()
        assert isinstance(await client.get("number"), int)


async def test_more_callers_than_connections_take_turns(server: Backend) -> None:
    async with opened(server.url, pool_size=3, pool_timeout=10) as client:
        await asyncio.gather(*(client.increment("number") for _ in range(500)))
        clients = await client.connection.run("CLIENT", "LIST")
        assert await client.get("number") == 500
        assert isinstance(clients, bytes)
        assert clients.count(b"addr=") - clients.count(b"laddr=") <= 2 * 3


async def test_a_cancelled_command_spoils_no_other(server: Backend) -> None:
    async with opened(server.url, pool_size=2) as client:
        await client.set("key", "right")
        for number in range(100):
            task = asyncio.create_task(client.increment("number"))
            for _ in range(number % 7):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert await client.get("key") == "right"


async def test_closed_it_is_away_and_can_be_opened_again(server: Backend) -> None:
    connection = RedisConnection(RedisConfig.model_validate({"url": server.url, **QUICK}))
    client = RedisClient(connection)
    for _ in range(2):
        assert not connection.is_open
        with pytest.raises(UnavailableException):
            await client.get("key")
        async with open_redis(connection):
            assert connection.is_open
            await client.get("key")

"""The rate limiter on a real Redis obeys the contract of every rate limiter, alone or as one of many."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.redis import RedisClient, RedisRateLimiter
from fastapi_chassis.plugins.redis.testing import open_client
from fastapi_chassis.resilience import RateLimit
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from fastapi_chassis.testing.contracts.rate_limiter import Pass, RateLimiterContract, passed

pytestmark = pytest.mark.backends("valkey")

DAY = RateLimit(100, timedelta(days=1))
# Bounds that a busy machine never meets: each call is counted on the server, or the test says nothing.
PATIENT: dict[str, object] = {"rate_limit": {"timeout": 30}, "pool_timeout": 30, "command_timeout": 30}


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[RedisClient]:
    async with open_client(valkey_url, **PATIENT) as client:
        yield client


@pytest.fixture
def limiter(client: RedisClient) -> RedisRateLimiter:
    return RedisRateLimiter(client)


@pytest.fixture
def time_passes() -> Pass:
    async def passing(by: timedelta) -> None:
        await asyncio.sleep(by.total_seconds())

    return passing


@pytest.mark.requirement("API-4")
class TestRateLimiter(RateLimiterContract):
    contract_store = "Redis"


@pytest.mark.requirement("API-4")
async def test_replicas_share_their_counts(client: RedisClient, valkey_url: str) -> None:
    async with open_client(valkey_url, prefix=client.prefix, **PATIENT) as other:
        replicas = [RedisRateLimiter(client), RedisRateLimiter(other)]
        decisions = await asyncio.gather(*(replicas[one % 2].take("a", DAY) for one in range(200)))
    assert sum(one.allowed for one in decisions) == 100


async def test_nothing_is_kept_of_calls_that_count_no_more(
    client: RedisClient, limiter: RedisRateLimiter
) -> None:
    await passed(limiter, "a", RateLimit(10, timedelta(seconds=0.1)), 10)
    await limiter.take("never", DAY, cost=0)
    assert {key async for key in client.scan()} == {"rate:a"}
    await asyncio.sleep(0.15)
    assert [key async for key in client.scan()] == []


async def test_a_limit_is_checked_before_the_server_is_asked(limiter: RedisRateLimiter) -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        await limiter.take("a", DAY, cost=101)


class TestWithoutServer:
    @pytest.fixture
    def server(self, private_backend: OpenBackend) -> Backend:
        return private_backend("valkey")

    @pytest.mark.requirement("API-4", "CCH-4")
    async def test_open_each_process_counts_for_itself(self, server: Backend) -> None:
        limit = RateLimit(5, timedelta(days=1))
        async with open_client(server.url, rate_limit={"retry_after": 0.2}) as client:
            limiter = RedisRateLimiter(client)
            assert await passed(limiter, "a", limit, 2) == 2
            server.stop()  # killed, it may forget what it answered last
            assert await passed(limiter, "a", limit, 10) == 5
            server.start()
            await asyncio.sleep(0.3)
            assert (await limiter.take("a", limit, cost=0)).remaining == 3

    @pytest.mark.requirement("API-4", "CCH-4")
    async def test_closed_nobody_passes(self, server: Backend) -> None:
        settings = {"on_failure": "closed", "retry_after": 0.2}
        async with open_client(server.url, rate_limit=settings) as client:
            limiter = RedisRateLimiter(client)
            assert (await limiter.take("a", DAY)).allowed
            server.kill()
            for _ in range(5):
                with pytest.raises(UnavailableException):
                    await limiter.take("a", DAY)
            server.start()
            await asyncio.sleep(0.3)
            assert (await limiter.take("a", DAY)).allowed

    @pytest.mark.requirement("CCH-4")
    async def test_a_server_that_does_not_answer_holds_nobody_up(self, server: Backend) -> None:
        settings = {"timeout": 0.1, "failures": 2, "retry_after": 0.3}
        async with open_client(server.url, rate_limit=settings) as client:
            limiter = RedisRateLimiter(client)
            await limiter.take("a", DAY)
            server.pause()
            try:
                began = time.monotonic()
                assert await passed(limiter, "a", DAY, 50) == 50
                assert time.monotonic() - began < 1
            finally:
                server.resume()
            await asyncio.sleep(0.4)
            # what had been sent before may have been counted
            assert 97 <= (await limiter.take("a", DAY, cost=0)).remaining <= 99

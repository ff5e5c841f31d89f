"""The shared limiter behind the edge of several replicas, and on a cluster."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from fastapi import APIRouter

from fastapi_chassis.api import rate_limited
from fastapi_chassis.app import ApplicationAbstract, ApplicationGenericBuilder, ServiceModule
from fastapi_chassis.plugins.redis import RedisClient, RedisPlugin, RedisRateLimiter
from fastapi_chassis.resilience import RateLimit
from fastapi_chassis.security import Public
from fastapi_chassis.testing import TestApplication, open_application
from fastapi_chassis.testing.backends import Backend

pytestmark = pytest.mark.backends("valkey")

router = APIRouter(prefix="/api")


@router.get("/prices", dependencies=[Public])
async def prices() -> str:
    return "9"


@router.get("/orders", dependencies=[Public, rate_limited("5/h", by="route")])
async def orders() -> str:
    return "none"


class Shop(ApplicationAbstract):
    name = "shop"
    plugins = (RedisPlugin,)
    modules = (ServiceModule("prices", routers=(router,)),)


def shop(url: str, prefix: str, **redis: object) -> ApplicationAbstract:
    rule = {"limit": "100/h", "match": "/api/prices", "name": "prices"}
    builder = ApplicationGenericBuilder(Shop).with_sources(environ={}, directory="/nonexistent")
    builder.with_setting("api.rate_limits", [rule])
    for name, value in {"url": url, "prefix": prefix, **redis}.items():
        builder.with_setting(f"plugins.redis.{name}", value)
    return builder.build()


# bounds that a busy machine never meets: each call is counted on the server, or the test says nothing
PATIENT = {"rate_limit.timeout": 30, "pool_timeout": 30}


async def statuses(replicas: list[TestApplication], path: str, times: int) -> list[int]:
    calls = (replicas[number % len(replicas)].client.get(path) for number in range(times))
    return sorted(answer.status_code for answer in await asyncio.gather(*calls))


@pytest.mark.requirement("API-4")
async def test_replicas_let_pass_exactly_what_the_limit_says(client: RedisClient, valkey_url: str) -> None:
    async with AsyncExitStack() as stack:
        replicas = [
            await stack.enter_async_context(open_application(shop(valkey_url, client.prefix, **PATIENT)))
            for _ in range(2)
        ]
        assert await statuses(replicas, "/api/prices", 200) == [200] * 100 + [429] * 100
        assert await statuses(replicas, "/api/orders", 10) == [200] * 5 + [429] * 5


@pytest.mark.requirement("API-4", "CCH-4")
@pytest.mark.parametrize(("on_failure", "expected"), [("open", [200] * 5 + [429]), ("closed", [503] * 6)])
async def test_without_redis_the_edge_does_as_configured(
    server: Backend, on_failure: str, expected: list[int]
) -> None:
    built = shop(server.url, "", rate_limit={"on_failure": on_failure}, command_timeout=1)
    async with open_application(built) as running:
        await asyncio.to_thread(server.kill)
        assert await statuses([running], "/api/orders", 6) == expected
        if on_failure == "closed":
            assert (await running.client.get("/api/orders")).headers["retry-after"] == "1"
        await asyncio.to_thread(server.start)


async def test_a_cluster_counts_as_one(cluster: RedisClient) -> None:
    limiter, limit = RedisRateLimiter(cluster), RateLimit(100, timedelta(days=1))
    for key in ("a", "{b}", "c{"):
        decisions = await asyncio.gather(*(limiter.take(key, limit) for _ in range(200)))
        assert sum(one.allowed for one in decisions) == 100

"""A road over Redis: streams, and a server that is given up soon."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.contracts.redis_broker import RedisBroker, broker_at
from tests.integration.plugins.roads import Road

QUICK_SERVER = {"connect_timeout": 1, "command_timeout": 1, "retry_backoff": 0.05}
QUICK = {"publish_timeout": 1, "lease": 3}

type RedisRoad = Road[RedisBroker]


@asynccontextmanager
async def travel(
    url: str, beside: RedisRoad | None = None, *, server: dict[str, object] | None = None, **settings: object
) -> AsyncIterator[RedisRoad]:
    own = {**QUICK_SERVER, **(server or {})}
    prefix = "" if beside is None else beside.broker.streams.config.prefix
    async with broker_at(url, prefix=prefix, **{**QUICK, **settings}, server=own) as broker:
        yield Road(broker, beside)

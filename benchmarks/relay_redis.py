"""The road to Redis Streams on Valkey: pipelines of redis-py beside the library; an append-only file."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from itertools import batched
from typing import Any
from uuid import uuid4

import orjson
from redis.asyncio import Redis

from benchmarks.relay_contest import Road, Rows, attributes
from fastapi_chassis.plugins.redis import RedisConfig, RedisConnection, RedisTransport, open_redis

AT_ONCE = 500  # messages of one pipeline


@asynccontextmanager
async def open_transport(url: str, prefix: str) -> AsyncIterator[RedisTransport]:
    """Opens the library's, on streams whose names begin with the prefix."""
    streams = {"enabled": True, "prefix": prefix, "publish_timeout": 60}
    config = RedisConfig.model_validate({"url": url, "streams": streams, "command_timeout": 60})
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(open_redis(RedisConnection(config))) for _ in range(2)]
        yield await stack.enter_async_context(aclosing(RedisTransport(*connections)))


@asynccontextmanager
async def open_road(url: str) -> AsyncIterator[Road]:
    """Opens both clients on streams of their own."""
    prefix = f"bench:{uuid4().hex}:"
    async with open_transport(url, prefix) as transport, Redis.from_url(url) as bare:

        async def publish(rows: Rows) -> None:
            for part in batched(rows, AT_ONCE):
                pipeline = bare.pipeline(transaction=False)
                for row in part:
                    pipeline.xadd(f"{prefix}by-hand", _fields(row))
                await pipeline.execute()

        try:
            yield Road(
                "Redis Streams", "bench", transport, {"redis-py": publish}, partial(forget, url, prefix)
            )
        finally:
            await forget(url, prefix)


async def forget(url: str, prefix: str) -> None:
    """Removes what begins with the prefix."""
    async with Redis.from_url(url) as redis:
        if names := [name async for name in redis.scan_iter(f"{prefix}*")]:
            await redis.unlink(*names)


def _fields(row: Any) -> dict[Any, Any]:
    return {
        "destination": row["destination"],
        "key": row["aggregateid"],
        "attributes": orjson.dumps(attributes(row, "ce-")),
        "payload": row["payload"],
    }

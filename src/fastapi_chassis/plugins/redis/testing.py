"""Clients for tests: on a server that others use too, each under a prefix of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi_chassis.domain import new_id
from fastapi_chassis.plugins.redis.client import RedisClient
from fastapi_chassis.plugins.redis.config import RedisConfig
from fastapi_chassis.plugins.redis.connection import RedisConnection, open_redis


@asynccontextmanager
async def open_client(url: str, **settings: object) -> AsyncIterator[RedisClient]:
    """Opens a client under a prefix of its own, and removes what lies there at the end of the block.

    Args:
        url: of the server.
        settings: further keys of the section.
    """
    config = RedisConfig.model_validate({"url": url, "prefix": f"test:{new_id().hex}:", **settings})
    async with open_redis(RedisConnection(config), required=config.required) as connection:
        client = RedisClient(connection)
        try:
            yield client
        finally:
            async for key in client.scan():
                await client.delete(key)

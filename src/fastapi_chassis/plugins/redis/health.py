"""Health: whether Redis answers."""

import time

from fastapi_chassis.domain import AppException
from fastapi_chassis.plugins.redis.connection import RedisConnection
from fastapi_chassis.status import Component, healthy, unhealthy


async def ping(connection: RedisConnection) -> Component:
    """Asks every node for an answer."""
    begun = time.perf_counter()
    place = connection.config.place
    try:
        await connection.ping()
    except AppException as error:
        return unhealthy("redis", f"{place}: {error.message}")
    return healthy("redis", f"{place} in {(time.perf_counter() - begun) * 1000:.1f} ms")

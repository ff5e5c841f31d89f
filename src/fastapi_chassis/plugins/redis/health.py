"""Health: whether Redis answers, and gives every group of this process its messages."""

import time
from dataclasses import dataclass

from fastapi_chassis.domain import AppException
from fastapi_chassis.plugins.redis.connection import RedisConnection
from fastapi_chassis.plugins.redis.transport import RedisTransport
from fastapi_chassis.status import Component, healthy, unhealthy


@dataclass(frozen=True, slots=True)
class Observed:
    """What a check looks at.

    Args:
        connection: asks the server.
        transport: knows the groups; None where no messages travel.
    """

    connection: RedisConnection
    transport: RedisTransport | None = None


async def ping(observed: Observed) -> Component:
    """Asks every node for an answer, and which groups are without their messages."""
    begun = time.perf_counter()
    place = observed.connection.config.place
    try:
        await observed.connection.ping()
    except AppException as error:
        return unhealthy("redis", f"{place}: {error.message}")
    if observed.transport is not None and (absent := observed.transport.absent):
        return unhealthy("redis", f"{place}: gives no messages to {', '.join(sorted(absent))}")
    return healthy("redis", f"{place} in {(time.perf_counter() - begun) * 1000:.1f} ms")

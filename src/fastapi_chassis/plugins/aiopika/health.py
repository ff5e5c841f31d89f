"""Health: whether RabbitMQ answers, and gives every group of this process its messages."""

import time
from dataclasses import dataclass

from fastapi_chassis.domain import AppException
from fastapi_chassis.plugins.aiopika.connection import AioPikaConnection
from fastapi_chassis.plugins.aiopika.transport import AioPikaTransport
from fastapi_chassis.status import Component, healthy, unhealthy


@dataclass(frozen=True, slots=True)
class Observed:
    """What a check looks at.

    Args:
        connection: the connection that publishes.
        transport: knows the groups.
    """

    connection: AioPikaConnection
    transport: AioPikaTransport


async def ping(observed: Observed) -> Component:
    """Opens a channel, and asks which groups are without their broker."""
    begun = time.perf_counter()
    place = observed.connection.config.place
    if await observed.connection.is_blocked():  # it would not answer either
        return unhealthy("rabbitmq", f"{place}: takes no messages, for want of memory or disk")
    try:
        await observed.connection.ping()
    except AppException as error:
        return unhealthy("rabbitmq", f"{place}: {error.message}")
    if absent := observed.transport.absent:
        return unhealthy("rabbitmq", f"{place}: gives no messages to {', '.join(sorted(absent))}")
    return healthy("rabbitmq", f"{place} in {(time.perf_counter() - begun) * 1000:.1f} ms")

"""Health: whether NATS answers, and gives every group of this process its messages."""

import time
from dataclasses import dataclass

from fastapi_chassis.domain import AppException, ChassisError
from fastapi_chassis.plugins.nats.connection import NatsConnection
from fastapi_chassis.plugins.nats.transport import NatsTransport
from fastapi_chassis.status import Component, healthy, unhealthy


@dataclass(frozen=True, slots=True)
class Observed:
    """What a check looks at.

    Args:
        connection: the connection that publishes.
        transport: knows the groups.
    """

    connection: NatsConnection
    transport: NatsTransport


async def ping(observed: Observed) -> Component:
    """Asks for the stream, and which groups are without their broker."""
    begun = time.perf_counter()
    place = observed.connection.config.place
    try:
        messages = await observed.connection.ping()
    except AppException as error:
        return unhealthy("nats", f"{place}: {error.message}")
    except ChassisError as error:
        return unhealthy("nats", f"{place}: {error.findings[0].what}")
    if absent := observed.transport.absent:
        return unhealthy("nats", f"{place}: gives no messages to {', '.join(sorted(absent))}")
    took = (time.perf_counter() - begun) * 1000
    return healthy("nats", f"{place}, {messages} messages, in {took:.1f} ms")

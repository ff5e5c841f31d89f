"""Health: whether the cluster answers."""

import time

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.kafka.connection import KafkaConnection
from fastapi_chassis.status import Component, healthy, unhealthy


async def ping(connection: KafkaConnection) -> Component:
    """Asks for the topics."""
    begun, place = time.perf_counter(), connection.config.place
    try:
        topics = await connection.topics()
    except UnavailableException as error:
        return unhealthy("kafka", f"{place}: {error.message}")
    took = (time.perf_counter() - begun) * 1_000
    return healthy("kafka", f"{place}, {len(topics)} topics, in {took:.1f} ms")

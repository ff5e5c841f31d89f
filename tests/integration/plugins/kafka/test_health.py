"""Health follows the cluster, and publishing to one that is away ends in time."""

import asyncio
from time import monotonic

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.kafka import KafkaConnection, KafkaTransport, open_kafka
from fastapi_chassis.plugins.kafka.health import ping
from fastapi_chassis.status import HealthStatusEnum
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from fastapi_chassis.testing.contracts.envelopes import envelope
from tests.integration.plugins.kafka.test_connection import config_for

pytestmark = pytest.mark.backends("kafka")


async def test_health_turns_with_the_server(private_backend: OpenBackend) -> None:
    server = private_backend("kafka")
    async with open_kafka(KafkaConnection(config_for(server.url))) as connection:
        assert (await ping(connection)).status is HealthStatusEnum.HEALTHY
        await asyncio.to_thread(server.kill)
        component = await ping(connection)
        assert component.status is HealthStatusEnum.UNHEALTHY
        assert connection.config.place in component.detail
        transport = KafkaTransport(connection)
        begun = monotonic()
        with pytest.raises(UnavailableException):
            await transport.publish([envelope(1, destination="integration-events.away")])
        assert monotonic() - begun < 3
        await asyncio.to_thread(server.start)

        async def is_healthy() -> bool:
            return (await ping(connection)).status is HealthStatusEnum.HEALTHY

        await eventually(is_healthy)
        await transport.aclose()

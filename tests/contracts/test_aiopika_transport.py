"""RabbitMQ obeys the contract of every transport."""

from collections.abc import AsyncIterator

import pytest

from fastapi_chassis.messaging import Envelope
from fastapi_chassis.plugins.aiopika import AioPikaConfig, AioPikaConnection, AioPikaTransport, open_aiopika
from fastapi_chassis.plugins.aiopika.message import REASON, envelope_of
from fastapi_chassis.plugins.aiopika.topology import dead_queue
from fastapi_chassis.testing.contracts.transport import TransportContract


class RabbitBroker:
    def __init__(self, transport: AioPikaTransport, reading: AioPikaConnection) -> None:
        self.transport = transport
        self._reading = reading

    async def dead_letters(self, group: str) -> list[tuple[Envelope, str]]:
        channel = await self._reading.channel()
        found = []
        while (message := await channel.basic_get(dead_queue(group), timeout=5)).delivery_tag is not None:
            properties = message.header.properties
            reason = (properties.headers or {})[REASON]
            found.append((envelope_of(properties, message.body, "?"), str(reason)))
        await channel.close()
        return found


@pytest.mark.requirement("MSG-6")
@pytest.mark.backends("rabbitmq")
class TestAioPikaTransport(TransportContract):
    @pytest.fixture
    async def broker(self, rabbitmq_url: str) -> AsyncIterator[RabbitBroker]:
        config = AioPikaConfig.model_validate({"url": rabbitmq_url})
        publishing, consuming = AioPikaConnection(config), AioPikaConnection(config)
        async with open_aiopika(publishing), open_aiopika(consuming):
            transport = AioPikaTransport(publishing, consuming)
            yield RabbitBroker(transport, consuming)
            await transport.close()

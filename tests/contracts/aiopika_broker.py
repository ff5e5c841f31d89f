"""RabbitMQ, as the transport's contract wants a broker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi_chassis.messaging import Envelope
from fastapi_chassis.plugins.aiopika import AioPikaConfig, AioPikaConnection, AioPikaTransport, open_aiopika
from fastapi_chassis.plugins.aiopika.message import REASON, envelope_of
from fastapi_chassis.plugins.aiopika.topology import dead_queue


class AioPikaBroker:
    def __init__(self, publishing: AioPikaConnection, consuming: AioPikaConnection) -> None:
        self.publishing, self.consuming = publishing, consuming
        self.transport = AioPikaTransport(publishing, consuming)

    async def dead_letters(self, group: str) -> list[tuple[Envelope, str]]:
        channel = await self.consuming.channel()
        found = []
        while (message := await channel.basic_get(dead_queue(group), timeout=5)).delivery_tag is not None:
            properties = message.header.properties
            reason = (properties.headers or {})[REASON]
            found.append((envelope_of(properties, message.body, "?"), str(reason)))
        await channel.close()
        return found


@asynccontextmanager
async def broker_at(url: str, **settings: object) -> AsyncIterator[AioPikaBroker]:
    config = AioPikaConfig.model_validate({"url": url, **settings})
    publishing, consuming = AioPikaConnection(config, "publishes"), AioPikaConnection(config, "consumes")
    async with open_aiopika(publishing), open_aiopika(consuming):
        broker = AioPikaBroker(publishing, consuming)
        try:
            yield broker
        finally:
            await broker.transport.close()

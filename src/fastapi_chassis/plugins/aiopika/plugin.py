"""AioPikaPlugin: RabbitMQ as part of an application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from fastapi_chassis.app import PluginAbstract, PluginContext
from fastapi_chassis.messaging import Transport
from fastapi_chassis.plugins.aiopika.config import AioPikaConfig
from fastapi_chassis.plugins.aiopika.connection import AioPikaConnection, open_aiopika
from fastapi_chassis.plugins.aiopika.health import Observed, ping
from fastapi_chassis.plugins.aiopika.transport import AioPikaTransport


class AioPikaPlugin(PluginAbstract[AioPikaConfig]):
    """Carries the service's messages over RabbitMQ."""

    name = "aiopika"
    config_type = AioPikaConfig
    provides: ClassVar[tuple[type, ...]] = (Transport,)

    async def start(self, context: PluginContext) -> None:
        """Connects; where RabbitMQ is not required, also while it is away.

        Raises:
            AioPikaAwayError: it is required, and can't be reached.
        """
        service = context.config.service.name
        required = self.config.required
        connections = [
            AioPikaConnection(self.config, f"{service} {use}") for use in ("publishes", "consumes")
        ]
        for connection in connections:
            await context.enter(open_aiopika(connection, required=required))
        publishing, consuming = connections
        transport = await context.enter(_carrying(AioPikaTransport(publishing, consuming)))
        context.provide(Transport, transport)  # type: ignore[type-abstract]  # a port
        context.health(self.instance, ping, Observed(publishing, transport))


@asynccontextmanager
async def _carrying(transport: AioPikaTransport) -> AsyncIterator[AioPikaTransport]:
    try:
        yield transport
    finally:
        await transport.close()

"""NatsPlugin: NATS JetStream as part of an application."""

from contextlib import aclosing
from typing import ClassVar, override

from fastapi_chassis.app import PluginAbstract, PluginContext
from fastapi_chassis.messaging import Transport
from fastapi_chassis.plugins.nats.config import NatsConfig
from fastapi_chassis.plugins.nats.connection import NatsConnection, open_nats
from fastapi_chassis.plugins.nats.health import Observed, ping
from fastapi_chassis.plugins.nats.transport import NatsTransport


class NatsPlugin(PluginAbstract[NatsConfig]):
    """Connects to the server and carries the service's messages over it.

    Args:
        config: its section, checked.
        instance: the section's name; the plugin's own name unless two servers are configured.
    """

    name = "nats"
    config_type = NatsConfig
    provides: ClassVar[tuple[type, ...]] = (Transport,)

    @override
    async def start(self, context: PluginContext) -> None:
        """Connects; where NATS is not required, also while it is away.

        Raises:
            NatsAwayError: it is required, and can't be reached.
            NatsStreamError: it refuses the streams.
        """
        service = context.config.service.name
        connections = [NatsConnection(self.config, f"{service} {use}") for use in ("publishes", "consumes")]
        for connection in connections:
            await context.enter(open_nats(connection, required=self.config.required))
        publishing, consuming = connections
        transport = await context.enter(aclosing(NatsTransport(publishing, consuming)))
        context.provide(Transport, transport)  # type: ignore[type-abstract]  # a port
        context.health(self.instance, ping, Observed(publishing, transport))

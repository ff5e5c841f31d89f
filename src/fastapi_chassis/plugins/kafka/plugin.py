"""KafkaPlugin: Kafka as part of an application."""

from contextlib import aclosing
from typing import ClassVar, override

from fastapi_chassis.app import PluginAbstract, PluginContext
from fastapi_chassis.messaging import Transport
from fastapi_chassis.plugins.kafka.config import KafkaConfig
from fastapi_chassis.plugins.kafka.connection import KafkaConnection, open_kafka
from fastapi_chassis.plugins.kafka.health import ping
from fastapi_chassis.plugins.kafka.transport import KafkaTransport


class KafkaPlugin(PluginAbstract[KafkaConfig]):
    """Connects to the cluster and carries the service's messages over it.

    Args:
        config: its section, checked.
        instance: the section's name; the plugin's own name unless two clusters are configured.
    """

    name = "kafka"
    config_type = KafkaConfig
    provides: ClassVar[tuple[type, ...]] = (Transport,)

    @override
    async def start(self, context: PluginContext) -> None:
        """Connects.

        Raises:
            KafkaAwayError: no broker can be reached, or none lets the service in.
        """
        create = self.config.topics.create
        creates = not context.config.environment.is_production_like if create is None else create
        connection = KafkaConnection(self.config, creates_topics=creates)
        connection.client_id = self.config.client_id or context.config.service.name
        await context.enter(open_kafka(connection))
        transport = await context.enter(aclosing(KafkaTransport(connection)))
        context.provide(Transport, transport)  # type: ignore[type-abstract]  # a port
        context.health(self.instance, ping, connection)

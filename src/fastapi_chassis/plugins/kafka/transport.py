"""KafkaTransport: topics for destinations, one consumer group for each group, partitions by key."""

from collections.abc import Sequence
from typing import Final

from fastapi_chassis.messaging import Envelope, Receive, Subscribed, Subscription
from fastapi_chassis.plugins.kafka.connection import KafkaConnection
from fastapi_chassis.plugins.kafka.member import KafkaMember
from fastapi_chassis.plugins.kafka.producer import KafkaProducer
from fastapi_chassis.plugins.kafka.records import EnvelopeRecord


class KafkaTransport:
    """Carries envelopes over Kafka; a message is confirmed when every in-sync broker has it.

    Args:
        connection: the cluster.
    """

    system: Final = "kafka"  # as metrics name it

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._producer = KafkaProducer(connection)
        self._members: set[KafkaMember] = set()

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Sends a batch in order; messages of one key lie in one partition."""
        if envelopes:
            await self._connection.want({one.destination for one in envelopes})
            await self._producer.send([EnvelopeRecord(one) for one in envelopes])

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        """Joins a consumer group; a group that is new begins with the oldest message that is kept."""
        member = KafkaMember(self._connection, self._producer, subscription, receive)
        await member.start()
        self._members.add(member)
        return member

    async def aclose(self) -> None:
        """Leaves every group and closes the connections."""
        for member in self._members:
            await member.stop()
        await self._producer.close()

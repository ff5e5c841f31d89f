"""Kafka, as the transport's contract wants a broker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer

from fastapi_chassis.messaging import Envelope
from fastapi_chassis.plugins.kafka import KafkaConfig, KafkaConnection, KafkaTransport, open_kafka
from fastapi_chassis.plugins.kafka.records import REASON, TOPIC, dead_topic, envelope_in


class KafkaBroker:
    def __init__(self, connection: KafkaConnection) -> None:
        self.connection = connection
        self.transport = KafkaTransport(connection)

    async def dead_letters(self, group: str) -> list[tuple[Envelope, str]]:
        found = []
        for record in await self._dead(group):
            headers = dict(record.headers)
            envelope = envelope_in(record, topic=headers[TOPIC].decode())
            found.append((envelope, headers[REASON].decode()))
        return found

    async def connection_dead(self, group: str) -> list[tuple[str, str]]:
        """The keys and reasons of all that a group has set aside, messages or not."""
        records = await self._dead(group)
        reasons = {dict(one.headers)[REASON].decode(): one for one in records}
        return [
            ((one.key or b"").decode() if "ce_id" in dict(one.headers) else "", why)
            for why, one in reasons.items()
        ]

    async def _dead(self, group: str) -> list[Any]:
        if dead_topic(group) not in await self.connection.topics():
            return []
        found: list[Any] = []
        consumer = self.connection.client(AIOKafkaConsumer, dead_topic(group), auto_offset_reset="earliest")
        await consumer.start()
        try:
            ends = await consumer.end_offsets(consumer.assignment())
            while any([await consumer.position(one) < end for one, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += records
        finally:
            await consumer.stop()
        return sorted(found, key=lambda record: record.timestamp)


@asynccontextmanager
async def broker_at(url: str, **settings: object) -> AsyncIterator[KafkaBroker]:
    given = {"bootstrap_servers": url.removeprefix("kafka://"), "topics": {"partitions": 3}, **settings}
    async with open_kafka(KafkaConnection(KafkaConfig.model_validate(given))) as connection:
        broker = KafkaBroker(connection)
        try:
            yield broker
        finally:
            await broker.transport.aclose()

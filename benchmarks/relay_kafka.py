"""The road to Kafka: aiokafka's own producer, idempotent and with acks of all, beside the library's."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import uuid4

import orjson
from aiokafka import AIOKafkaProducer

from benchmarks.relay_contest import Road, Rows, attributes
from fastapi_chassis.plugins.kafka import KafkaConfig, KafkaConnection, KafkaTransport, open_kafka

type Headers = list[tuple[str, bytes]]


@asynccontextmanager
async def open_road(url: str) -> AsyncIterator[Road]:
    """Opens both clients on a topic of their own."""
    servers, topic = url.removeprefix("kafka://"), f"bench.{uuid4().hex}"
    kafka = KafkaConnection(KafkaConfig.model_validate({"bootstrap_servers": servers}))
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, acks="all", enable_idempotence=True, linger_ms=2, max_batch_size=131_072
    )
    async with open_kafka(kafka):
        transport = KafkaTransport(kafka)
        await kafka.want({topic})
        await producer.start()
        bare = {
            "aiokafka": partial(_publish, producer, _headers),
            "aiokafka, id and headers": partial(_publish, producer, _few_headers),
        }
        try:
            yield Road("Kafka", topic, transport, bare, _keep)
        finally:
            await producer.stop()
            await transport.aclose()


async def _publish(producer: AIOKafkaProducer, headers: Callable[[Any], Headers], rows: Rows) -> None:
    sent = [
        await producer.send(
            row["destination"], row["payload"], key=row["aggregateid"].encode(), headers=headers(row)
        )
        for row in rows
    ]
    await asyncio.gather(*sent)


async def _keep() -> None:
    """Leaves the topic as it is: a longer log costs its writers nothing."""


def _headers(row: Any) -> Headers:
    return [(name, value.encode()) for name, value in attributes(row, "ce_").items()]


def _few_headers(row: Any) -> Headers:
    given = orjson.loads(row["headers"]).items()
    return [("ce_id", str(row["id"]).encode()), *((name, value.encode()) for name, value in given)]

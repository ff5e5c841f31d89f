"""The road to RabbitMQ: aio-pika itself, mandatory and with confirms, beside the library; a quorum queue."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import batched
from typing import Any
from uuid import uuid4

import aio_pika

from benchmarks.relay_contest import Road, Rows, attributes
from fastapi_chassis.plugins.aiopika import AioPikaConfig, AioPikaConnection, AioPikaTransport, open_aiopika

AT_ONCE = 500  # messages whose confirms are awaited together; aio-pika is slower with more of them


@asynccontextmanager
async def open_road(url: str) -> AsyncIterator[Road]:
    """Opens both clients on one exchange and a queue of their own."""
    name = f"bench.{uuid4().hex}"
    config = AioPikaConfig.model_validate({"url": url, "exchange": name, "publish_timeout": 60})
    async with AsyncExitStack() as stack:
        connections = [
            await stack.enter_async_context(open_aiopika(AioPikaConnection(config, use)))
            for use in ("publishes", "consumes")
        ]
        transport = AioPikaTransport(*connections)
        stack.push_async_callback(transport.close)
        bare = await stack.enter_async_context(await aio_pika.connect(url))
        channel = await bare.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await channel.declare_exchange(name, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
        await queue.bind(exchange, name)
        stack.push_async_callback(exchange.delete)
        stack.push_async_callback(queue.delete, if_unused=False, if_empty=False)

        async def publish(rows: Rows) -> None:
            for part in batched(rows, AT_ONCE):
                await asyncio.gather(*(_publish(exchange, row) for row in part))

        yield Road("RabbitMQ", name, transport, {"aio-pika": publish}, queue.purge)


async def _publish(exchange: aio_pika.abc.AbstractExchange, row: Any) -> None:
    message = aio_pika.Message(
        row["payload"],
        content_type=row["content_type"],
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=str(row["id"]),
        headers={"cloudEvents_partitionkey": row["aggregateid"], **attributes(row, "cloudEvents_")},
    )
    await exchange.publish(message, row["destination"], mandatory=True)

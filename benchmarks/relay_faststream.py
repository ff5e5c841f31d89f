"""faststream-outbox over Kafka, which keeps no order, with settings that make it quick.

As its pages on performance and relaying advise: deletes in batches, its strongest lever; as many workers as
still help, each with a connection; fetches that keep them busy; vacuum at full speed. Besides, no types are
applied and no lines logged, and messages have no key, which spares it the hash. Payload and headers are those
of the others, and its producer is idempotent with acks of all, as theirs is.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from faststream.kafka import KafkaBroker
from faststream_outbox import OutboxBroker, make_outbox_table, outbox_autovacuum_ddl
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from benchmarks.relay_contest import HEADERS, PAYLOAD, Stopwatch, Turn

GIVEN = HEADERS | {"content-type": "application/octet-stream"}  # which spares it an attempt to read JSON
NAME = "faststream-outbox, unordered"
WORKERS, FETCHED, FLUSHED = 32, 1_000, 100
SHARE = 5  # it gets this part of the others' events, which is enough for a steady figure
QUEUE, LEFT = "items", text("SELECT EXISTS (SELECT FROM outbox)")


@asynccontextmanager
async def open_faststream(url: str, servers: str, topic: str) -> AsyncIterator[Turn]:
    """Makes its table beside those of the library, and opens its producer.

    Args:
        url: of the database.
        servers: of Kafka.
        topic: where the messages go.
    """
    database = url.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(
        database, pool_size=WORKERS + 2
    )  # as it says: one each, and one that fetches
    metadata = MetaData()
    table = make_outbox_table(metadata)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
            await connection.execute(text(outbox_autovacuum_ddl(vacuum_cost_delay=0)))
        kafka = KafkaBroker(
            servers.removeprefix("kafka://"),
            acks="all",
            enable_idempotence=True,
            max_batch_size=131_072,
            logger=None,
        )
        stack.push_async_callback(kafka.stop)
        await kafka.start()
        outbox = OutboxBroker(engine, outbox_table=table, apply_types=False, logger=None)

        @kafka.publisher(topic)
        @outbox.subscriber(
            QUEUE,
            max_workers=WORKERS,
            fetch_batch_size=FETCHED,
            terminal_flush_batch_size=FLUSHED,
            min_fetch_interval=0.05,
            propagate_inbound_headers=True,
        )
        async def relay(body: bytes) -> bytes:
            return body

        async def turn(events: int) -> Stopwatch:
            events = max(1, events // SHARE)
            await _fill(engine, outbox, events)
            with Stopwatch(events) as watch:
                await outbox.start()
                await _emptied(engine)
            await outbox.stop()
            return watch

        yield turn


async def _fill(engine: AsyncEngine, outbox: OutboxBroker, events: int) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE outbox"))
    for first in range(0, events, 1_000):
        bodies = [PAYLOAD] * min(1_000, events - first)
        async with engine.begin() as connection:
            await outbox.publish_batch(*bodies, queue=QUEUE, session=connection, headers=GIVEN)
    async with engine.begin() as connection:
        await connection.execute(text("ANALYZE outbox"))


async def _emptied(engine: AsyncEngine) -> None:
    while True:
        async with engine.connect() as connection:
            if not await connection.scalar(LEFT):
                return
        await asyncio.sleep(0.02)

"""The relay from PostgreSQL to Kafka, beside a loop of claim, publish and mark by hand in the same run."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import batched
from statistics import quantiles
from time import perf_counter
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
from aiokafka import AIOKafkaProducer

from benchmarks.harness import Budget, Measured, print_measured
from fastapi_chassis.domain import new_id
from fastapi_chassis.messaging import (
    Envelope,
    Receive,
    Relay,
    RelayConfig,
    Subscribed,
    Subscription,
    outbox_for,
    partition_of,
)
from fastapi_chassis.plugins.kafka import KafkaConfig, KafkaConnection, KafkaTransport, open_kafka
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig, SqlAlchemyStore, migrate
from fastapi_chassis.plugins.sqlalchemy.connection import Database, open_sqlalchemy
from fastapi_chassis.testing.backends import fresh_database, open_backend

OURS, BY_HAND, BARE = "relay", "claim, publish, mark by hand", "the same, with an id for CloudEvent"
BATCH, KEYS, TOGETHER = 2_000, 1_000, 4
HEADERS = {
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "tenant": "a",
    "correlationid": "b",
}


async def run(*, smoke: bool) -> list[Budget]:
    """Measures, prints, and returns what is bounded."""
    events, rounds = (5_000, 2) if smoke else (50_000, 5)
    async with (
        open_backend("postgresql") as server,
        open_backend("kafka") as broker,
        fresh_database(server.url) as url,
        _contestants(url, broker.url.removeprefix("kafka://")) as contestants,
    ):
        measured = await _measured(contestants, events, rounds)
        waits = await contestants.waits(20 if smoke else 300)
    print_measured(f"PostgreSQL to Kafka, {events:,} events of 256 bytes", measured, BY_HAND)
    share = 1 / measured[OURS].ratio
    median, late = quantiles(waits, n=100)[49], quantiles(waits, n=100)[98]
    return [
        Budget(f"relay to Kafka, share of {BY_HAND}", share, 0.8, at_least=True),
        Budget("idle: ms from commit to confirm, median", median, 5),
        Budget("idle: ms from commit to confirm, 99 of 100", late, 25),
    ]


async def _measured(contestants: "Contestants", events: int, rounds: int) -> Mapping[str, Measured]:
    wall: dict[str, list[float]] = {name: [] for name in contestants.drains}
    for _ in range(rounds):
        for name, drain in contestants.drains.items():
            await contestants.fill(events)
            began = perf_counter()
            await drain(events)
            wall[name].append((perf_counter() - began) / events)
    return {
        name: Measured(
            name,
            tuple(seconds),
            tuple(seconds),
            tuple(own / other for own, other in zip(seconds, wall[BY_HAND], strict=True)),
        )
        for name, seconds in wall.items()
    }


class Contestants:
    """Who empties the outbox, and how it is filled."""

    def __init__(
        self, store: SqlAlchemyStore, pool: asyncpg.Pool, transport: KafkaTransport, producer: Any, topic: str
    ) -> None:
        self._store, self._pool, self._transport, self._producer = store, pool, transport, producer
        self._topic = topic
        self.drains: dict[str, Callable[[int], Awaitable[None]]] = {
            BY_HAND: partial(self._drain_by_hand, _headers),
            BARE: partial(self._drain_by_hand, _few_headers),
            OURS: self._drain_by_relay,
        }

    async def fill(self, events: int) -> None:
        for numbers in batched(range(events), 10_000):
            async with self._store.unit_of_work() as work:
                await outbox_for(work.session).add([self._envelope(number) for number in numbers])
                await work.commit()

    def _envelope(self, number: int) -> Envelope:
        return Envelope(
            id=new_id(),
            type="item_created",
            source="bench",
            time=datetime.now(UTC),
            destination=self._topic,
            key=f"key {number % KEYS}",
            aggregate_type="item",
            payload=b"x" * 256,
            headers=HEADERS,
        )

    async def waits(self, count: int) -> list[float]:
        """Measures how long single messages take from their commit to the broker's confirm, in ms."""
        confirming = Confirming(self._transport)
        waits = []
        async with Relay(self._store.outbox(), confirming, RelayConfig()).running() as relay:
            await asyncio.sleep(1)
            for number in range(count):
                confirming.confirmed.clear()
                async with self._store.unit_of_work() as work:
                    envelope = self._envelope(number)
                    await outbox_for(work.session).add([envelope])
                    await work.commit()
                began = perf_counter()
                relay.wake({partition_of(envelope.key)})  # as the outbox of a service does
                await confirming.confirmed.wait()
                waits.append((perf_counter() - began) * 1_000)
                await asyncio.sleep(0.02)
        return waits

    async def _drain_by_relay(self, events: int) -> None:
        config = RelayConfig(batch=BATCH, batches=TOGETHER)
        relay = Relay(self._store.outbox(), self._transport, config)
        async with relay.running():
            while await self._pool.fetchval(LEFT):  # noqa: ASYNC110 - a relay tells nobody that it is done
                await asyncio.sleep(0.02)

    async def _drain_by_hand(self, headers: Callable[[Any], list[tuple[str, bytes]]], events: int) -> None:
        del events

        async def partition(number: int) -> None:
            while True:
                rows = await self._pool.fetch(CLAIM, number, TOGETHER, BATCH)
                if not rows:
                    return
                sent = [
                    await self._producer.send(
                        row["destination"],
                        row["payload"],
                        key=row["aggregateid"].encode(),
                        headers=headers(row),
                    )
                    for row in rows
                ]
                await asyncio.gather(*sent)
                await self._pool.execute(MARK, [row["seq"] for row in rows])

        await asyncio.gather(*map(partition, range(TOGETHER)))


class Confirming:
    """A transport that says when a batch was confirmed."""

    def __init__(self, transport: KafkaTransport) -> None:
        self._transport = transport
        self.confirmed = asyncio.Event()

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        await self._transport.publish(envelopes)
        self.confirmed.set()

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        return await self._transport.subscribe(subscription, receive)


CLAIM = (
    "SELECT seq, id, destination, aggregateid, payload, headers, type, source, version, occurred_at, "
    "aggregatetype, content_type FROM chassis_outbox "
    "WHERE partition_no % $2 = $1 ORDER BY seq LIMIT $3"
)
LEFT = "SELECT EXISTS (SELECT FROM chassis_outbox)"
MARK = "DELETE FROM chassis_outbox WHERE seq = ANY($1::bigint[])"


def _headers(row: Any) -> list[tuple[str, bytes]]:
    """The message that a relay sends: a CloudEvent in binary mode."""
    return [
        ("ce_id", str(row["id"]).encode()),
        ("ce_type", row["type"].encode()),
        ("ce_source", row["source"].encode()),
        ("ce_time", row["occurred_at"].isoformat().encode()),
        ("ce_dataversion", str(row["version"]).encode()),
        ("ce_aggregatetype", row["aggregatetype"].encode()),
        ("content-type", row["content_type"].encode()),
        *_encoded(row["headers"]),
    ]


def _few_headers(row: Any) -> list[tuple[str, bytes]]:
    return [("ce_id", str(row["id"]).encode()), *_encoded(row["headers"])]


def _encoded(headers: str) -> Iterator[tuple[str, bytes]]:
    return ((name, value.encode()) for name, value in orjson.loads(headers).items())


@asynccontextmanager
async def _contestants(url: str, servers: str) -> AsyncIterator[Contestants]:
    config = SqlAlchemyConfig.model_validate({"url": url, "command_timeout": 60, "statement_timeout": 50})
    await migrate(config)
    store = SqlAlchemyStore(Database(config))
    topic = f"bench.{uuid4().hex}"
    kafka = KafkaConnection(KafkaConfig.model_validate({"bootstrap_servers": servers}))
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, acks="all", enable_idempotence=True, linger_ms=2, max_batch_size=131_072
    )
    async with (
        open_sqlalchemy(store.database),
        open_kafka(kafka),
        asyncpg.create_pool(url, min_size=4) as pool,
    ):
        transport = KafkaTransport(kafka)
        await kafka.want({topic})
        await producer.start()
        try:
            yield Contestants(store, pool, transport, producer, topic)
        finally:
            await producer.stop()
            await transport.aclose()

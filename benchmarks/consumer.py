"""The consumer from Kafka to PostgreSQL, inbox and one INSERT as effect, beside loops written by hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import uvloop
from aiokafka import AIOKafkaConsumer

from benchmarks.harness import Budget, Measured, print_measured
from fastapi_chassis.app import Container
from fastapi_chassis.app.heap import settled_heap
from fastapi_chassis.application import (
    AbstractRepository,
    AbstractUnitOfWork,
    Handler,
    bind_repository,
    read_handler,
)
from fastapi_chassis.config import DependencyConfig
from fastapi_chassis.domain import BaseEntity, IntegrationEvent, new_id
from fastapi_chassis.messaging import (
    CloudEventsCodec,
    Consumer,
    Delivery,
    Envelope,
    MessagingConfig,
    Outcome,
    Routing,
)
from fastapi_chassis.plugins.kafka import KafkaConfig, KafkaConnection, KafkaTransport, open_kafka
from fastapi_chassis.plugins.sqlalchemy import (
    SqlAlchemyConfig,
    SqlAlchemyRepository,
    SqlAlchemyStore,
    migrate,
)
from fastapi_chassis.plugins.sqlalchemy.connection import Database, open_sqlalchemy
from fastapi_chassis.testing.backends import fresh_database, open_backend

LOOP = uvloop.new_event_loop  # as a service has it
SHARED, OWN = "consumer, 100 messages a transaction", "consumer, each its own transaction"
SHARED_BY_HAND, OWN_BY_HAND = "by hand, 100 messages a transaction", "by hand, each its own transaction"
BATCH, KEYS, TOGETHER = 100, 1_000, 10
HEADERS = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "correlationid": "b"}

CREATE = "CREATE TABLE effect (id uuid PRIMARY KEY, title text NOT NULL)"
EFFECT = "INSERT INTO effect (id, title) VALUES ($1, $2)"
NOTE = "INSERT INTO chassis_inbox VALUES ($1, $2, statement_timestamp()) ON CONFLICT DO NOTHING"
NOTE_ALL = (
    "INSERT INTO chassis_inbox SELECT $1, id, statement_timestamp() FROM unnest($2::uuid[]) AS given(id) "
    "ON CONFLICT DO NOTHING RETURNING message_id"
)


class TitleTold(IntegrationEvent):
    """What the messages say."""

    title: str


class Effect(BaseEntity[UUID]):
    """What a handler writes."""

    title: str


class Effects(AbstractRepository[Effect, UUID]):
    """Where it writes that."""


async def note(event: TitleTold, effects: Effects) -> None:
    await effects.add(Effect(id=new_id(), title=event.title))


async def run(*, smoke: bool) -> list[Budget]:
    """Measures, prints, and returns what is bounded."""
    events, rounds = (1_000, 1) if smoke else (20_000, 5)
    async with (
        open_backend("postgresql") as server,
        open_backend("kafka") as broker,
        fresh_database(server.url) as url,
        _contestants(url, broker.url.removeprefix("kafka://")) as contestants,
    ):
        measured = await _measured(contestants, events, rounds)
    print_measured(f"Kafka to PostgreSQL, {events:,} events, inbox and one INSERT", measured, SHARED_BY_HAND)
    return [
        Budget("consumer, events a second", 1 / measured[SHARED].median, 5_000, at_least=True),
        Budget(f"consumer, share of {SHARED_BY_HAND}", 1 / measured[SHARED].ratio, 0.35, at_least=True),
    ]


async def _measured(contestants: "Contestants", events: int, rounds: int) -> Mapping[str, Measured]:
    wall: dict[str, list[float]] = {name: [] for name in contestants.drains}
    for _ in range(rounds):
        prefix = await contestants.fill(events)
        for name, drain in contestants.drains.items():
            wall[name].append(await drain(prefix, events) / events)
            await contestants.check(events)
    return {
        name: Measured(
            name,
            tuple(seconds),
            tuple(seconds),
            tuple(own / other for own, other in zip(seconds, wall[SHARED_BY_HAND], strict=True)),
        )
        for name, seconds in wall.items()
    }


class Contestants:
    """Who takes the messages, and how they get to the broker; each drain returns its seconds."""

    def __init__(
        self, container: Container, pool: asyncpg.Pool, transport: KafkaTransport, servers: str
    ) -> None:
        self._container, self._pool, self._transport, self._servers = container, pool, transport, servers
        self.drains: dict[str, Callable[[str, int], Awaitable[float]]] = {
            SHARED_BY_HAND: self._shared_by_hand,
            SHARED: self._shared,
            OWN_BY_HAND: self._own_by_hand,
            OWN: self._own,
        }

    async def fill(self, events: int) -> str:
        prefix = f"bench.{uuid4().hex}"
        destination = Routing(prefix).destination_of(TitleTold)
        await self._transport.publish([_envelope(destination, number) for number in range(events)])
        return prefix

    async def check(self, events: int) -> None:
        async with self._pool.acquire() as connection:
            assert await connection.fetchval("SELECT count(*) FROM effect") == events
            await connection.execute("TRUNCATE effect, chassis_inbox")
            await connection.execute("CHECKPOINT")  # nobody waits for what another has left to write

    async def _shared(self, prefix: str, events: int) -> float:
        return await self._consume(prefix, events, BATCH)

    async def _own(self, prefix: str, events: int) -> float:
        return await self._consume(prefix, events, 1)

    async def _consume(self, prefix: str, events: int, batch: int) -> float:
        config = MessagingConfig.model_validate(
            {"destination_prefix": prefix, "concurrency": TOGETHER, "consumer": {"batch": batch}}
        )
        handler = read_handler(note)
        assert isinstance(handler, Handler)
        consumer = Consumer(
            f"bench.{uuid4().hex}", [handler], scopes=self._container.open_scope, config=config
        )
        clock = Clock(events)

        async def receive(delivery: Delivery) -> Outcome:
            clock.begin()
            outcome = await consumer.receive(delivery)
            clock.count(1)
            return outcome

        subscribed = await self._transport.subscribe(consumer.subscription, receive)
        await clock.done.wait()
        await subscribed.stop()
        return clock.seconds

    async def _shared_by_hand(self, prefix: str, events: int) -> float:
        """Two batches at once, as the consumer does it."""

        async def handle(records: Sequence[Any]) -> None:
            by_id = {UUID(dict(one.headers)["ce_id"].decode()): one for one in records}
            async with self._pool.acquire() as connection, connection.transaction():
                for (message_id,) in await connection.fetch(NOTE_ALL, "bench", list(by_id)):
                    title = orjson.loads(by_id[message_id].value)["title"]
                    await connection.execute(EFFECT, new_id(), title)

        return await self._by_hand(prefix, events, BATCH, 2, handle)

    async def _own_by_hand(self, prefix: str, events: int) -> float:
        async def handle(records: Sequence[Any]) -> None:
            (one,) = records
            async with self._pool.acquire() as connection, connection.transaction():
                message_id = UUID(dict(one.headers)["ce_id"].decode())
                if await connection.execute(NOTE, "bench", message_id) == "INSERT 0 1":
                    await connection.execute(EFFECT, new_id(), orjson.loads(one.value)["title"])

        return await self._by_hand(prefix, events, 1, TOGETHER, handle)

    async def _by_hand(
        self,
        prefix: str,
        events: int,
        batch: int,
        together: int,
        handle: Callable[[Sequence[Any]], Awaitable[None]],
    ) -> float:
        consumer = AIOKafkaConsumer(
            Routing(prefix).destination_of(TitleTold),
            bootstrap_servers=self._servers,
            group_id=f"bench.{uuid4().hex}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        clock = Clock(events)

        async def work(records: Sequence[Any]) -> None:
            for first in range(0, len(records), batch):
                await handle(records[first : first + batch])

        await consumer.start()
        try:
            while not clock.done.is_set():
                found = await consumer.getmany(timeout_ms=200, max_records=1_000)
                records = [record for part in found.values() for record in part]
                if records:
                    clock.begin()
                    share = -(-len(records) // together)
                    parts = [records[first : first + share] for first in range(0, len(records), share)]
                    await asyncio.gather(*map(work, parts))
                    await consumer.commit()
                    clock.count(len(records))
        finally:
            await consumer.stop()
        return clock.seconds


class Clock:
    """The time from the first message to the last one."""

    def __init__(self, events: int) -> None:
        self._left = events
        self._began = self.seconds = 0.0
        self.done = asyncio.Event()

    def begin(self) -> None:
        self._began = self._began or perf_counter()

    def count(self, events: int) -> None:
        self._left -= events
        if self._left <= 0:
            self.seconds = perf_counter() - self._began
            self.done.set()


def _envelope(destination: str, number: int) -> Envelope:
    event = TitleTold(title=f"the title of number {number}")
    return Envelope(
        id=event.event_id,
        type=TitleTold.message_name,
        source="bench",
        time=datetime.now(UTC),
        destination=destination,
        key=f"key {number % KEYS}",
        payload=CloudEventsCodec().write(event).payload,
        headers=HEADERS,
    )


def _bound(store: SqlAlchemyStore) -> Container:
    repository = bind_repository(Effects, SqlAlchemyRepository)

    def unit_of_work() -> AbstractUnitOfWork:
        return store.unit_of_work()

    def effects(work: AbstractUnitOfWork) -> Effects:
        return repository(work)

    return Container(DependencyConfig().bind(AbstractUnitOfWork, unit_of_work).bind(Effects, effects))


@asynccontextmanager
async def _contestants(url: str, servers: str) -> AsyncIterator[Contestants]:
    config = SqlAlchemyConfig.model_validate({"url": url})
    await migrate(config)
    store = SqlAlchemyStore(Database(config))
    kafka = KafkaConnection(KafkaConfig.model_validate({"bootstrap_servers": servers}))
    async with (
        open_sqlalchemy(store.database),
        open_kafka(kafka),
        asyncpg.create_pool(url, min_size=TOGETHER) as pool,
    ):
        await pool.execute(CREATE)
        container, transport = _bound(store), KafkaTransport(kafka)
        container.open()
        try:
            with settled_heap():  # as a service has it
                yield Contestants(container, pool, transport, servers)
        finally:
            await container.close()
            await transport.aclose()

"""What the contests of relays share: an outbox that is filled, a loop by hand, turns, and what is bounded."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import batched
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Any, Self

import asyncpg
import orjson

from benchmarks.harness import Budget, Measured, print_measured
from fastapi_chassis.domain import new_id
from fastapi_chassis.messaging import (
    Envelope,
    Receive,
    Relay,
    RelayConfig,
    Subscribed,
    Subscription,
    Transport,
    outbox_for,
    partition_of,
)
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig, SqlAlchemyStore, migrate
from fastapi_chassis.plugins.sqlalchemy.connection import Database, open_sqlalchemy

RELAY, CLAIM, PUBLISH = "relay", "claim and mark only", "publish only"
SETTINGS = RelayConfig()  # as a service has it; the loop by hand takes as many at once
KEYS = 1_000
HEADERS = {
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "tenant": "a",
    "correlationid": "b",
}
PAYLOAD = b"x" * 256

READ = (
    "SELECT seq, id, destination, aggregateid, payload, headers, type, source, version, occurred_at, "
    "aggregatetype, content_type FROM chassis_outbox WHERE partition_no % $2 = $1 ORDER BY seq LIMIT $3"
)
LEFT = "SELECT EXISTS (SELECT FROM chassis_outbox)"
MARK = "DELETE FROM chassis_outbox WHERE seq = ANY($1::bigint[])"

type Rows = Sequence[Any]
type Publish = Callable[[Rows], Awaitable[None]]
type Turn = Callable[[int], Awaitable["Stopwatch"]]


@dataclass(frozen=True, slots=True)
class Road:
    """A way from the outbox to a broker.

    Args:
        broker: its name.
        destination: where the messages go.
        transport: the library's.
        bare: on the client of others alone, by what the table calls them: returns with the last confirm.
        forget: removes what the broker holds.
    """

    broker: str
    destination: str
    transport: Transport
    bare: Mapping[str, Publish]
    forget: Callable[[], Awaitable[object]]

    @property
    def base(self) -> str:
        """Whom the ratios are taken to."""
        return f"by hand, {next(iter(self.bare))}"


class Stopwatch:
    """Wall clock and processor time of a block, both in seconds per event."""

    def __init__(self, events: int) -> None:
        self._events = events
        self.seconds = self.processor = 0.0

    def __enter__(self) -> Self:
        self._began, self._began_processor = perf_counter(), process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = (perf_counter() - self._began) / self._events
        self.processor = (process_time() - self._began_processor) / self._events


class Outbox:
    """The table, as the library and a loop by hand see it."""

    def __init__(self, store: SqlAlchemyStore, pool: asyncpg.Pool) -> None:
        self.store, self.pool = store, pool

    async def fill(self, destination: str, events: int) -> None:
        for numbers in batched(range(events), 10_000):
            await self.add([envelope(destination, f"key {number % KEYS}") for number in numbers])
        await self.pool.execute("ANALYZE chassis_outbox")

    async def add(self, envelopes: Sequence[Envelope]) -> None:
        async with self.store.unit_of_work() as work:
            await outbox_for(work.session).add(envelopes)
            await work.commit()

    async def rows(self, events: int) -> list[Rows]:
        """Reads everything, in as many parts as work at once."""
        together = SETTINGS.batches
        return [await self.pool.fetch(READ, part, together, events) for part in range(together)]

    async def drain(self, publish: Publish) -> None:
        """Claims, publishes and marks by hand, several batches at once, each of other keys."""
        await asyncio.gather(*(self._drain_part(part, publish) for part in range(SETTINGS.batches)))

    async def _drain_part(self, part: int, publish: Publish) -> None:
        while rows := await self.pool.fetch(READ, part, SETTINGS.batches, SETTINGS.batch):
            await publish(rows)
            await self.pool.execute(MARK, [row["seq"] for row in rows])

    async def emptied(self) -> None:
        while await self.pool.fetchval(LEFT):  # noqa: ASYNC110 - a relay tells nobody that it is done
            await asyncio.sleep(0.002)

    async def clear(self) -> None:
        await self.pool.execute("TRUNCATE chassis_outbox")


class Confirming:
    """A transport that says when so many messages were confirmed."""

    def __init__(self, transport: Transport, wanted: int = 1) -> None:
        self._transport, self._left = transport, wanted
        self.confirmed = asyncio.Event()

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        await self._transport.publish(envelopes)
        self._left -= len(envelopes)
        if self._left <= 0:
            self.confirmed.set()

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        return await self._transport.subscribe(subscription, receive)


class Contest:
    """Who goes the same road, each for itself from an outbox that is full to one that is empty."""

    def __init__(self, outbox: Outbox, road: Road) -> None:
        self.outbox, self.road = outbox, road

    @property
    def turns(self) -> dict[str, Turn]:
        """The library, each bare client in a loop by hand, and what bounds them: either half alone."""
        bare = self.road.bare
        return {
            RELAY: self._by_relay,
            **{f"by hand, {name}": partial(self._by_hand, publish) for name, publish in bare.items()},
            CLAIM: partial(self._by_hand, _nothing),
            PUBLISH: partial(self._publish_only, next(iter(bare.values()))),
        }

    async def _by_relay(self, events: int) -> Stopwatch:
        await self.outbox.fill(self.road.destination, events)
        confirming = Confirming(self.road.transport, events)
        relay = Relay(self.outbox.store.outbox(), confirming, SETTINGS)
        with Stopwatch(events) as watch:
            await relay.start()
            await confirming.confirmed.wait()
            await self.outbox.emptied()
        await relay.stop()
        return watch

    async def _by_hand(self, publish: Publish, events: int) -> Stopwatch:
        await self.outbox.fill(self.road.destination, events)
        with Stopwatch(events) as watch:
            await self.outbox.drain(publish)
        await self.outbox.emptied()
        return watch

    async def _publish_only(self, publish: Publish, events: int) -> Stopwatch:
        await self.outbox.fill(self.road.destination, events)
        parts = await self.outbox.rows(events)

        async def each(rows: Rows) -> None:
            for batch in batched(rows, SETTINGS.batch):
                await publish(batch)

        with Stopwatch(events) as watch:
            await asyncio.gather(*map(each, parts))
        return watch

    async def measured(
        self, events: int, rounds: int, others: Mapping[str, Turn] | None = None
    ) -> Mapping[str, Measured]:
        """Has them take turns, A B A B …, after one short round to warm up."""
        turns = {**self.turns, **(others or {})}
        watches: dict[str, list[Stopwatch]] = {name: [] for name in turns}
        for count in (max(1, events // 10), *[events] * rounds):
            for name, turn in turns.items():
                watches[name].append(await turn(count))
                await self.outbox.clear()
                await self.road.forget()
        base = [watch.seconds for watch in watches[self.road.base][1:]]
        return {name: _measured(name, each[1:], base) for name, each in watches.items()}

    async def waits(self, count: int) -> list[float]:
        """Measures how long single messages take from their commit to the broker's confirm, in ms."""
        confirming = Confirming(self.road.transport)
        waits = []
        async with Relay(self.outbox.store.outbox(), confirming, SETTINGS).running() as relay:
            await asyncio.sleep(1)
            for number in range(count):
                confirming.confirmed.clear()
                one = envelope(self.road.destination, f"key {number}")
                await self.outbox.add([one])
                began = perf_counter()
                relay.wake({partition_of(one.key)})  # as the outbox of a service does
                await confirming.confirmed.wait()
                waits.append((perf_counter() - began) * 1_000)
                await asyncio.sleep(0.02)
        return waits


@asynccontextmanager
async def open_outbox(url: str) -> AsyncIterator[Outbox]:
    """Makes the tables in a fresh database, and opens it."""
    await migrate(_config(url))
    async with open_store(url) as store, asyncpg.create_pool(url, min_size=SETTINGS.batches) as pool:
        yield Outbox(store, pool)


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[SqlAlchemyStore]:
    store = SqlAlchemyStore(Database(_config(url)))
    async with open_sqlalchemy(store.database):
        yield store


async def contested(
    outbox: Outbox, road: Road, *, smoke: bool, floor: float = 0, others: Mapping[str, Turn] | None = None
) -> tuple[Mapping[str, Measured], list[Budget]]:
    """Measures one road, prints it, and returns what every road is bound to.

    Args:
        outbox: where the messages come from.
        road: where they go.
        smoke: whether it is to be short.
        floor: events a second, where claiming alone and publishing alone are quick enough for that.
        others: further contestants.
    """
    contest = Contest(outbox, road)
    events, rounds = (2_000, 1) if smoke else (50_000, 5)
    measured = await contest.measured(events, rounds, others)
    print_measured(f"PostgreSQL to {road.broker}, {events:,} events of 256 bytes", measured, road.base)
    rate, slower = 1 / measured[RELAY].median, min(1 / measured[CLAIM].median, 1 / measured[PUBLISH].median)
    print(f"{RELAY}, share of the slower of {CLAIM} and {PUBLISH}: {rate / slower:.2f}")
    waits = quantiles(await contest.waits(20 if smoke else 300), n=100)
    await road.forget()
    allowed = min(floor, 0.8 * slower)
    why = "" if allowed == floor else f", here 80 % of the slower of {CLAIM} and {PUBLISH}"
    bounds = [Budget(f"relay to {road.broker}, events a second{why}", rate, allowed, at_least=True)]
    return measured, [
        *(bounds if floor else []),
        Budget(f"idle: ms from commit to confirm of {road.broker}, median", waits[49], 5),
        Budget(f"idle: ms from commit to confirm of {road.broker}, 99 of 100", waits[98], 25),
    ]


def share(measured: Mapping[str, Measured], other: str) -> float:
    """Tells the speed of the relay as a share of another one's, the median of the rounds."""
    pairs = zip(measured[RELAY].seconds, measured[other].seconds, strict=True)
    return median(theirs / ours for ours, theirs in pairs)


def envelope(destination: str, key: str) -> Envelope:
    return Envelope(
        id=new_id(),
        type="item_created",
        source="bench",
        time=datetime.now(UTC),
        destination=destination,
        key=key,
        aggregate_type="item",
        payload=PAYLOAD,
        headers=HEADERS,
    )


def attributes(row: Any, prefix: str) -> dict[str, str]:
    """Writes by hand what a relay sends beside the payload: a CloudEvent in binary mode."""
    return {
        f"{prefix}id": str(row["id"]),
        f"{prefix}type": row["type"],
        f"{prefix}source": row["source"],
        f"{prefix}time": row["occurred_at"].isoformat(),
        f"{prefix}dataversion": str(row["version"]),
        f"{prefix}aggregatetype": row["aggregatetype"],
        "content-type": row["content_type"],
        **orjson.loads(row["headers"]),
    }


def _config(url: str) -> SqlAlchemyConfig:
    return SqlAlchemyConfig.model_validate({"url": url, "command_timeout": 60, "statement_timeout": 50})


def _measured(name: str, watches: Sequence[Stopwatch], base: Sequence[float]) -> Measured:
    seconds = tuple(watch.seconds for watch in watches)
    processor = tuple(watch.processor for watch in watches)
    return Measured(
        name, seconds, processor, tuple(own / other for own, other in zip(seconds, base, strict=True))
    )


async def _nothing(_: Rows) -> None:
    return

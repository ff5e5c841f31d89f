"""The relay from PostgreSQL to each broker, beside bare clients in the same run; takeover of a dead one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from statistics import median

import uvloop

from benchmarks import relay_kafka, relay_nats, relay_rabbitmq, relay_redis
from benchmarks.harness import Budget
from benchmarks.relay_contest import PUBLISH, Road, contested, open_outbox, share
from benchmarks.relay_faststream import NAME as FASTSTREAM
from benchmarks.relay_faststream import open_faststream
from benchmarks.relay_takeover import SHOWN, takeovers
from fastapi_chassis.app.heap import settled_heap
from fastapi_chassis.testing.backends import fresh_database, open_backend

LOOP = uvloop.new_event_loop  # as a service has it

type OpenRoad = Callable[[str], AbstractAsyncContextManager[Road]]
type Part = Callable[[str, bool], Awaitable[list[Budget]]]


async def run(*, smoke: bool, parts: Sequence[str] = ()) -> list[Budget]:
    """Measures, prints, and returns what is bounded.

    Args:
        smoke: whether it is to be short.
        parts: of PARTS; all by default.
    """
    budgets: list[Budget] = []
    async with open_backend("postgresql") as server:
        with settled_heap():  # as `chassis relay` has it
            for part in parts or PARTS:
                async with fresh_database(server.url) as url:
                    budgets += await PARTS[part](url, smoke)
    return budgets


async def _kafka(url: str, smoke: bool) -> list[Budget]:
    async with (
        open_backend("kafka") as broker,
        open_outbox(url) as outbox,
        relay_kafka.open_road(broker.url) as road,
        open_faststream(url, broker.url, road.destination) as faststream,
    ):
        others = {FASTSTREAM: faststream}
        measured, budgets = await contested(outbox, road, smoke=smoke, floor=35_000, others=others)
    return [
        _at_least(0.8, f"relay to Kafka, share of {road.base}", share(measured, road.base)),
        _at_least(4, f"relay to Kafka, times {FASTSTREAM}", share(measured, FASTSTREAM)),
        *budgets,
    ]


async def _rabbitmq(url: str, smoke: bool) -> list[Budget]:
    async with (
        open_backend("rabbitmq") as broker,
        open_outbox(url) as outbox,
        relay_rabbitmq.open_road(broker.url) as road,
    ):
        measured, budgets = await contested(outbox, road, smoke=smoke)
    return [
        *(
            _at_least(0.95, f"relay to RabbitMQ, share of {peer}", share(measured, peer))
            for peer in (road.base, PUBLISH)
        ),
        *budgets,
    ]


async def _reaching(backend: str, open_road: OpenRoad, floor: float, url: str, smoke: bool) -> list[Budget]:
    """Holds a road to events a second."""
    async with (
        open_backend(backend) as broker,
        open_outbox(url) as outbox,
        open_road(broker.url) as road,
    ):
        _, budgets = await contested(outbox, road, smoke=smoke, floor=floor)
    return budgets


async def _takeover(url: str, smoke: bool) -> list[Budget]:
    async with open_backend("valkey") as broker:
        waits = await takeovers(url, broker.url, 1 if smoke else 10)
    print(f"\n{SHOWN}: median {median(waits):.2f}, longest {max(waits):.2f} of {len(waits)}")
    return [Budget(f"{SHOWN}, the longest", max(waits), 5)]


def _at_least(bound: float, name: str, figure: float) -> Budget:
    return Budget(name, figure, bound, at_least=True)


PARTS: Mapping[str, Part] = {
    "kafka": _kafka,
    "rabbitmq": _rabbitmq,
    "nats": partial(_reaching, "nats", relay_nats.open_road, 20_000),
    "redis": partial(_reaching, "valkey", relay_redis.open_road, 35_000),
    "takeover": _takeover,
}

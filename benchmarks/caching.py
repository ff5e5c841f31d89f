"""A hit of `@cached` on Valkey, beside a bare redis-py GET that decodes the same value in the same run."""

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import orjson
from redis.asyncio import Redis

from benchmarks.harness import Budget, Work, measure, print_measured
from fastapi_chassis.caching import ReadThroughCache, cached
from fastapi_chassis.domain import ValueObject
from fastapi_chassis.plugins.redis import RedisCache, RedisLock
from fastapi_chassis.plugins.redis.testing import open_client
from fastapi_chassis.testing.backends import open_backend

BASE = "redis-py GET + json.loads"
CALLERS = 1_000


class Card(ValueObject):
    """What is kept: about 500 bytes."""

    id: UUID
    title: str
    price: Decimal
    changed_at: datetime
    words: list[str]


def computed(item_id: UUID) -> Card:
    return Card(
        id=item_id, title="x" * 40, price=Decimal("1.10"), changed_at=datetime.now(UTC), words=["lorem"] * 50
    )


@cached("item:{item_id}", ttl=600)
async def card(item_id: UUID) -> Card:
    return computed(item_id)


@cached("tagged:{item_id}", ttl=600, tags=("items", "item:{item_id}"))
async def tagged(item_id: UUID) -> Card:
    return computed(item_id)


@cached("near:{item_id}", ttl=600, local=600)
async def near(item_id: UUID) -> Card:
    return computed(item_id)


class Slow:
    """A function that counts how often it runs."""

    loads = 0


@cached("slow:{item_id}", ttl=600)
async def slow(item_id: UUID, counted: Slow) -> Card:
    counted.loads += 1
    await asyncio.sleep(0.2)
    return computed(item_id)


async def contestants(bare: Redis, values: ReadThroughCache, key: str) -> dict[str, Work]:
    item_id = uuid4()
    one = computed(item_id)
    plain = {"id": str(one.id), "title": one.title, "price": "1.10", "words": one.words}
    await bare.set(key, json.dumps(plain | {"changed_at": one.changed_at.isoformat()}), ex=600)

    async def get(operations: int) -> None:
        for _ in range(operations):
            json.loads(await bare.get(key))

    async def get_orjson(operations: int) -> None:
        for _ in range(operations):
            orjson.loads(await bare.get(key))

    def hits(function: object) -> Work:
        async def hit(operations: int) -> None:
            for _ in range(operations):
                await function(item_id, cached_values=values)

        return hit

    return {
        BASE: get,
        "redis-py GET + orjson.loads": get_orjson,
        "@cached hit": hits(card),
        "@cached hit, two tags": hits(tagged),
        "@cached hit, local copy": hits(near),
    }


async def run(*, smoke: bool) -> list[Budget]:
    operations, rounds = (50, 2) if smoke else (2_000, 11)
    async with (
        open_backend("valkey") as server,
        open_client(server.url) as client,
        Redis.from_url(server.url) as bare,
    ):
        values = ReadThroughCache(RedisCache(client), RedisLock(client))
        works = await contestants(bare, values, f"{client.prefix}bare")
        measured = await measure(works, operations=operations, rounds=rounds, base=BASE)
        print_measured("cached value of 500 bytes, Valkey", measured, BASE)
        counted, item_id = Slow(), uuid4()
        await asyncio.gather(*(slow(item_id, counted, cached_values=values) for _ in range(CALLERS)))
        print(f"{CALLERS:,} concurrent misses: {counted.loads} load")
    return [
        Budget("@cached hit / redis-py GET + decode", measured["@cached hit"].ratio, 1.3),
        Budget(
            "@cached hit with two tags / redis-py GET + decode", measured["@cached hit, two tags"].ratio, 1.5
        ),
        Budget(f"loads of {CALLERS:,} concurrent misses", counted.loads, 1),
    ]

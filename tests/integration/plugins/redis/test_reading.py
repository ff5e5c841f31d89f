"""How much is read: as little as a question allows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast, override
from uuid import UUID

import pytest

from fastapi_chassis.plugins.redis import RedisClient, RedisConfig, RedisConnection, RedisStore
from fastapi_chassis.plugins.redis.connection import Word
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository

pytestmark = pytest.mark.backends("valkey")


class Listening(RedisConnection):
    """Notes the commands that it carries, and how many words each had."""

    def __init__(self, config: RedisConfig) -> None:
        super().__init__(config)
        self.commands: list[tuple[str, int]] = []

    @override
    async def run(self, *words: Word, again: bool = False) -> object:
        self.commands.append((str(words[0]), len(words)))
        return await super().run(*words, again=again)


@pytest.fixture
async def listening(client: RedisClient) -> AsyncIterator[RedisClient]:
    connection = Listening(client.connection.config)
    connection.open()
    yield RedisClient(connection)
    await connection.close()


@asynccontextmanager
async def samples_of(client: RedisClient) -> AsyncIterator[SampleRepository]:
    store = RedisStore(client)
    async with store.unit_of_work() as work:
        yield cast("SampleRepository", store.repository(SampleRepository)(work))
        await work.commit()


@pytest.fixture
async def batch(client: RedisClient) -> list[Sample]:
    batch = [Sample(code=f"{number:04}", amount=number) for number in range(1_200)]
    async with samples_of(client) as samples:
        await samples.add_many(batch)
    return batch


def heard(client: RedisClient) -> list[str]:
    commands = cast("Listening", client.connection).commands
    return [name for name, _ in commands]


@pytest.mark.requirement("REP-8")
async def test_a_key_or_a_unique_value_reads_one_row(listening: RedisClient, batch: list[Sample]) -> None:
    async with samples_of(listening) as samples:
        assert await samples.get(batch[7].id) == batch[7]
        assert await samples.find(id=batch[7].id, amount=8) == []
        assert heard(listening) == ["MGET", "MGET"]
        assert await samples.find(code="0007", amount__gte=7) == [batch[7]]
        assert heard(listening)[2:] == ["MGET", "MGET"]
        wanted = [one.id for one in (batch[9], batch[3], batch[9])]
        assert await samples.find(id__in=wanted, order=("-id",)) == [batch[9], batch[3]]
        assert await samples.find(id__in=wanted, limit=1) == [batch[3]]
        assert heard(listening)[4:] == ["MGET", "MGET"]
        assert await samples.find(code="nobody") == []
        assert await samples.count(code="0001") == 1


async def test_pages_in_the_order_of_the_identity_read_what_they_show(
    listening: RedisClient, batch: list[Sample]
) -> None:
    async with samples_of(listening) as samples:
        first = await samples.page(limit=10)
        second = await samples.page(limit=10, after=first.next)
        assert [*first.items, *second.items] == batch[:20]
        last = await samples.page(limit=10, order=("-id",))
        before = await samples.page(limit=10, order=("-id",), after=last.next)
        assert [*last.items, *before.items] == batch[:-21:-1]
        assert heard(listening) == ["ZRANGE", "MGET"] * 4


async def test_the_count_of_all_reads_no_row(listening: RedisClient, batch: list[Sample]) -> None:
    async with samples_of(listening) as samples:
        assert await samples.count() == len(batch)
        await samples.remove(batch[0])
        await samples.add_many([Sample(code="x"), Sample(code="y")])
        assert await samples.count() == len(batch) + 1
    assert not {"ZRANGE", "SMEMBERS"} & set(heard(listening))


async def test_a_stream_in_any_order_holds_no_more_than_a_batch(
    listening: RedisClient, batch: list[Sample]
) -> None:
    async with samples_of(listening) as samples:
        seen = [one.amount async for one in samples.stream(order=("-amount",))]
    assert seen == list(range(1_199, -1, -1))
    rows = [words for name, words in cast("Listening", listening.connection).commands if name == "MGET"]
    assert max(rows) <= 501
    assert sum(rows) - len(rows) == 2 * len(batch)


async def test_what_the_transaction_added_stands_where_it_belongs(
    client: RedisClient, batch: list[Sample]
) -> None:
    async with samples_of(client) as samples:
        gone, added = batch[5::100], [Sample(id=new, code=f"new {new}") for new in _between(batch)]
        for one in gone:
            await samples.remove(one)
        await samples.add_many(added)
        expected = sorted({*batch, *added} - set(gone), key=lambda one: one.id)
        assert [one.id async for one in samples.stream()] == [one.id for one in expected]
        falling = [one.id async for one in samples.stream(order=("-id",))]
        assert falling == [one.id for one in reversed(expected)]
        page = await samples.page(limit=700, after=(await samples.page(limit=450)).next)
        assert [one.id for one in page.items] == [one.id for one in expected[450:1150]]


def _between(batch: list[Sample]) -> list[UUID]:
    places = (0, 498, 499, 500, 999, 1_199)
    first, last = UUID(int=0), UUID(int=2**128 - 1)
    return [first, *(UUID(int=batch[place].id.int + 1) for place in places), last]

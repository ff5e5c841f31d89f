"""Whoever comes next to a stream begins with what was given and not settled, in its order."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import Ack, DeadLetter, Deliveries, Held
from fastapi_chassis.plugins.redis.lease import Lease, Leases
from fastapi_chassis.plugins.redis.partition import Given, Partition
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.integration.plugins.redis.road import RedisRoad, travel

pytestmark = [pytest.mark.backends("valkey"), pytest.mark.requirement("MSG-4")]


@pytest.fixture
async def road(valkey_url: str) -> AsyncIterator[RedisRoad]:
    async with travel(valkey_url, partitions=1) as road:
        await road.broker.streams.join(road.group, 1, [road.topic])
        yield road


class Reader:
    """A member that reads one stream, and may settle nothing."""

    def __init__(self, road: RedisRoad, name: str, *, settles: bool = True) -> None:
        self.recorder, self._settles = Recorder(), settles
        self.leases = Leases(road.broker.streams, road.group, name * 32)
        self.lease: Lease = self.leases.of(0)
        self.deliveries = Deliveries[Given](self.recorder, self._settle, concurrency=10)
        self.partition = Partition(road.group, self.lease, self.leases, road.broker.streams, self.deliveries)
        self.partition.share = 1_000

    async def _settle(self, held: Held[Given], _outcome: Ack | DeadLetter) -> None:
        if self._settles:
            self.partition.settle(held.handle)

    async def read(self, count: int) -> None:
        """Reads until so many have come, and breaks off."""
        following = asyncio.create_task(self.partition.follow())
        await eventually(lambda: len(self.recorder.numbers) >= count or following.done())
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_what_was_given_and_not_settled_comes_first(road: RedisRoad) -> None:
    first, second = Reader(road, "a", settles=False), Reader(road, "b")
    await road.transport.publish(road.batch(0, 50, keys=1))
    await first.read(50)
    await road.transport.publish(road.batch(50, 50, keys=1))
    await first.leases.give_back(first.lease)
    await second.read(100)
    assert second.recorder.numbers == list(range(100))
    await second.partition.leave()


async def test_who_lost_the_lease_gets_nothing(road: RedisRoad) -> None:
    first, second = Reader(road, "a"), Reader(road, "b")
    following = asyncio.create_task(first.partition.follow())
    await eventually(lambda: first.lease.holds)
    await road.broker.publishing.run("DEL", first.lease.name)
    assert await second.leases.take(second.lease)
    await road.transport.publish(road.batch(0, 5))
    with pytest.raises(UnavailableException):
        await asyncio.wait_for(following, 30)
    assert first.recorder.numbers == []
    await second.read(5)
    assert sorted(second.recorder.numbers) == list(range(5))
    await second.partition.leave()


async def test_what_is_still_being_handled_is_not_given_twice_after_a_break(road: RedisRoad) -> None:
    reader = Reader(road, "a", settles=False)
    await road.transport.publish(road.batch(0, 20))
    await reader.read(20)
    await reader.read(20)
    await road.transport.publish(road.batch(20, 5))
    await reader.read(25)
    assert sorted(reader.recorder.numbers) == list(range(25))


async def test_what_was_removed_is_settled(road: RedisRoad) -> None:
    first, second = Reader(road, "a", settles=False), Reader(road, "b")
    await road.transport.publish(road.batch(0, 10))
    await first.read(10)
    await road.broker.publishing.run("XTRIM", road.broker.streams.stream(0), "MAXLEN", 0)
    await road.transport.publish(road.batch(10, 1))
    await first.leases.give_back(first.lease)
    await second.read(1)
    await second.partition.leave()
    assert second.recorder.numbers == [10]
    pending = await road.broker.publishing.run("XPENDING", road.broker.streams.stream(0), road.group)
    assert isinstance(pending, list)
    assert pending[0] == 0

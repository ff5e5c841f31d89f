"""The road over Redis bears what every road must, and what only this one meets."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import PublishFailed
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.contracts.redis_broker import RedisBroker
from tests.integration.plugins.redis.road import RedisRoad, travel
from tests.integration.plugins.roads import SharedRoadSuite

pytestmark = [pytest.mark.backends("valkey"), pytest.mark.requirement("MSG-6")]


class TestRoad(SharedRoadSuite[RedisBroker]):
    def travel(self, url: str, beside: RedisRoad | None = None) -> AbstractAsyncContextManager[RedisRoad]:
        return travel(url, beside)

    @pytest.fixture
    def url(self, valkey_url: str) -> str:
        return valkey_url


@pytest.fixture
async def road(valkey_url: str) -> AsyncIterator[RedisRoad]:
    async with travel(valkey_url) as road:
        yield road


async def test_what_redis_can_not_carry_fails_alone(road: RedisRoad) -> None:
    recorder = Recorder()
    await road.join(recorder)
    batch = [road.batch(0, 1)[0], envelope(1, key="\udc00", destination=road.topic), road.batch(3, 1)[0]]
    with pytest.raises(PublishFailed) as caught:
        await road.transport.publish(batch)
    assert list(caught.value.reasons) == [1]
    await eventually(lambda: sorted(recorder.numbers) == [0, 3])


async def test_messages_of_others_are_settled_for_a_group_and_not_given(road: RedisRoad) -> None:
    recorder = Recorder()
    await road.join(recorder)
    await road.transport.publish([envelope(1, destination="others"), *road.batch(2, 1)])
    await eventually(lambda: recorder.numbers == [2])
    await until_settled(road)


async def test_what_is_no_message_is_set_aside(road: RedisRoad) -> None:
    recorder = Recorder()
    await road.join(recorder)
    await road.broker.publishing.run("XADD", road.broker.streams.stream(0), "*", "hello", "world")
    dead = await eventually(lambda: road.broker.dead(road.group))
    assert dead[0].fields[b"hello"] == b"world"
    assert b"destination" in dead[0].fields[b"dead-reason"]
    await until_settled(road)


async def test_a_full_stream_refuses_until_it_is_read_and_trims_nothing_unread(valkey_url: str) -> None:
    async with travel(valkey_url, max_length=100, partitions=1, keep=0) as road:
        recorder = Recorder()
        member = await road.join(recorder)
        await member.stop()
        await road.transport.publish(road.batch(0, 250))
        with pytest.raises(PublishFailed):
            await road.transport.publish(road.batch(250, 10))
        await road.broker.streams.trim([0])
        assert await road.broker.length() == 250
        await road.join(recorder)
        await eventually(lambda: sorted(recorder.numbers) == list(range(250)))
        await until_settled(road)
        await road.broker.streams.trim([0])
        assert await road.broker.length() < 100
        await road.transport.publish(road.batch(250, 10))
        await eventually(lambda: len(recorder.numbers) == 260)


async def test_a_batch_waits_for_replicas(valkey_url: str) -> None:
    async with travel(valkey_url, replicas=1, publish_timeout=0.5) as road:
        with pytest.raises(UnavailableException):
            await road.transport.publish(road.batch(0, 1))


async def until_settled(road: RedisRoad) -> None:
    streams = road.broker.streams

    async def settled() -> bool:
        names = [streams.stream(number) for number in range(await streams.count())]
        return not any([(await road.broker.publishing.run("XPENDING", one, road.group))[0] for one in names])  # type: ignore[index]

    await eventually(settled)
